"""The JSON API of recipes."""

from __future__ import annotations

from core import Answer, Api, Ask, Form, present
from core.api.forms import Post, StreamQuery, Visibility, stream_of

from . import service

api = Api("recipes", __name__)


class NewRecipe(Form):
    name: str
    steps: str
    minutes: int
    ingredients: list[str]
    visibility: Visibility = "public"


@api.post("/recipes", body=NewRecipe, answer=Post, status=201)
async def create_recipe(ask: Ask[NewRecipe, None]) -> Answer:
    """Write a recipe down."""
    body = ask.body
    entry = await service.cook(
        ask.actor,
        body.name,
        body.steps,
        minutes=body.minutes,
        ingredients=body.ingredients,
        visibility=body.visibility,
    )
    return Answer(await present.post(entry, ask.actor), 201, location=f"/api/v1/posts/{entry.id}")


@api.get("/recipes", query=StreamQuery, answer=stream_of("posts", Post), signed_out=True)
async def read_recipes(ask: Ask[None, StreamQuery]) -> object:
    """Recipes, newest first."""
    found = await service.newest(ask.viewer, ask.before("recipes"), ask.query.limit)
    return ask.page("posts", "recipes", found, await present.posts(found[: ask.query.limit], ask.actor_or_none))
