"""Pages of recipes: the latest ones, and a form for a new one that works without scripts."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import Viewer, present, render_page, viewer_identity
from core.errors import Invalid, Unauthenticated
from core.web.forms import Form

from . import service

blueprint = Blueprint("recipes_pages", __name__)


@blueprint.get("/recipes")
async def recipes() -> Response:
    """The latest recipes."""
    return await _page(Form(), 200)


async def _page(form: Form, status: int) -> Response:
    identity = await viewer_identity()
    actor = identity.actor if identity else None
    viewer = Viewer(actor_id=actor.id) if actor else service.STRANGER
    posts = present.unpacked(await present.posts((await service.newest(viewer, None, 20))[:20], actor))
    return await render_page("recipes/recipes.html", status=status, posts=posts, pagination=None, form=form)


@blueprint.post("/recipes")
async def cook() -> Response | Redirect:
    """Write one down; what was typed comes back with what is wrong."""
    identity = await viewer_identity()
    if identity is None:
        raise Unauthenticated("Please log in first.")
    typed = {name: str((await request.form).get(name, "")) for name in ("name", "steps", "minutes", "ingredients")}
    try:
        await service.cook(
            identity.actor,
            typed["name"],
            typed["steps"],
            minutes=int(typed["minutes"]) if typed["minutes"].isdecimal() else 0,
            ingredients=typed["ingredients"].splitlines(),
        )
    except Invalid as error:
        return await _page(Form(values=typed, errors=error.errors), 422)
    return redirect("/recipes", 303)
