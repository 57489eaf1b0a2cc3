"""The JSON API of lists of people."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core import people_lists, present
from core.api import Answer, Api, Ask
from core.api.answers import page_of
from core.api.forms import Form, Nothing, StreamQuery, User, stream_of
from core.people import visible_actor
from core.present import Row

api = Api("lists", __name__)
Replies = Literal["followed", "list", "none"]


class NewList(Form):
    title: str = Field(max_length=people_lists.TITLE_CHARACTERS)
    replies: Replies = Field(
        "list", description="Which answers stand in it: to whoever you follow, to people on the list, or none."
    )
    exclusive: bool = Field(False, description="What people on it publish does not come into your home feed.")


class ListBody(Form):
    title: str | None = Field(None, max_length=people_lists.TITLE_CHARACTERS)
    replies: Replies | None = None
    exclusive: bool | None = None


class ListForm(Form):
    list_id: str
    title: str
    replies: Replies
    exclusive: bool
    members_count: int
    created_at: str


class Members(Form):
    user_ids: list[str] = Field(min_length=1, max_length=50, description="Ids or names of people you follow.")


def form_of(row: Row) -> present.Form:
    """A list as it is shown to its owner."""
    return {
        "listId": row["id"],
        "title": row["title"],
        "replies": row["replies"],
        "exclusive": bool(row["exclusive"]),
        "membersCount": row["members_count"],
        "createdAt": present.stamp(row["created_at"]),
    }


@api.get("/lists", answer=stream_of("lists", ListForm))
async def read_lists(ask: Ask[None, None]) -> object:
    """Your lists, by name; all of them at once."""
    return page_of("lists", [form_of(row) for row in await people_lists.lists(ask.actor)], None)


@api.post("/lists", body=NewList, answer=ListForm, status=201)
async def make_list(ask: Ask[NewList, None]) -> Answer:
    """Make a list."""
    body = ask.body
    made = await people_lists.make(ask.actor, body.title, replies=body.replies, exclusive=body.exclusive)
    return Answer(await _form(ask, made.id), 201, location=f"/api/v1/lists/{made.id}")


async def _form(ask: Ask[object, object], list_id: str) -> present.Form:
    return form_of(await people_lists.one(ask.actor, list_id))


@api.get("/lists/<list_id>", answer=ListForm)
async def read_list(ask: Ask[None, None], list_id: str) -> object:
    """A list of yours."""
    return await _form(ask, list_id)


@api.put("/lists/<list_id>", body=ListBody, answer=ListForm)
async def change_list(ask: Ask[ListBody, None], list_id: str) -> object:
    """Rename a list, or change what stands in it; what is left out stays."""
    body = ask.body
    await people_lists.change(ask.actor, list_id, title=body.title, replies=body.replies, exclusive=body.exclusive)
    return await _form(ask, list_id)


@api.delete("/lists/<list_id>", answer=Nothing)
async def delete_list(ask: Ask[None, None], list_id: str) -> object:
    """Delete a list; you go on following the people on it."""
    await people_lists.delete(ask.actor, list_id)
    return {}


@api.get("/lists/<list_id>/members", query=StreamQuery, answer=stream_of("users", User))
async def read_members(ask: Ask[None, StreamQuery], list_id: str) -> object:
    """Who is on a list, latest first."""
    name = f"members:{list_id}"
    found = await people_lists.members(ask.actor, list_id, ask.before(name), ask.query.limit)
    return ask.page("users", name, found, list(await present.users(found[: ask.query.limit], ask.actor)))


@api.post("/lists/<list_id>/members", body=Members, answer=ListForm)
async def add_members(ask: Ask[Members, None], list_id: str) -> object:
    """Put people you follow on a list."""
    await people_lists.owned(ask.actor, list_id)
    people = [await visible_actor(ask.viewer, user_id) for user_id in ask.body.user_ids]
    await people_lists.add(ask.actor, list_id, people)
    return await _form(ask, list_id)


@api.delete("/lists/<list_id>/members", body=Members, answer=ListForm)
async def remove_members(ask: Ask[Members, None], list_id: str) -> object:
    """Take people off a list."""
    await people_lists.owned(ask.actor, list_id)
    people = [await visible_actor(ask.viewer, user_id) for user_id in ask.body.user_ids]
    await people_lists.take_off(ask.actor, list_id, [person.id for person in people])
    return await _form(ask, list_id)
