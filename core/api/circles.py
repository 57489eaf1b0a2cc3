"""The JSON API of circles: friends somebody has chosen, as an audience. All of it is their owner's alone."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core import circles, people, present
from core.api import Answer, Api, Ask
from core.api.answers import page_of
from core.api.forms import Form, StreamPagination, StreamQuery, User, stream_of
from core.api.named_people import people_named
from core.models import Actor

api = Api("circles", __name__)


class CircleForm(Form):
    """Some of your friends under a name; nobody but you learns of either."""

    circle_id: str
    name: str
    members_count: int
    created_at: str


class Circles(Form):
    circles: list[CircleForm]
    pagination: StreamPagination


class NewCircle(Form):
    name: str
    user_ids: list[str] = Field([], description="Friends of yours.")


class CircleChange(Form):
    name: str | None = None
    user_ids: list[str] | None = Field(None, description="Who is in it from now on; left out, they stay.")


class NewMember(Form):
    user_id: str


class Membership(Form):
    circle_id: str
    user_id: str
    is_member: bool


class Gone(Form):
    circle_id: str


def _form(circle: circles.Row) -> object:
    return {
        "circleId": circle["id"],
        "name": circle["name"],
        "membersCount": circle["members_count"],
        "createdAt": present.stamp(circle["created_at"]),
    }


async def _people(ask: Ask[object, object], user_ids: Sequence[str]) -> list[Actor]:
    return await people_named(ask, user_ids, most=circles.MEMBERS_AT_MOST)


@api.get("/circles", answer=Circles)
async def read_circles(ask: Ask[None, None]) -> object:
    """Your circles, by name."""
    return page_of("circles", [_form(circle) for circle in await circles.of_actor(ask.actor)], None)


@api.post("/circles", body=NewCircle, answer=CircleForm, status=201)
async def create_circle(ask: Ask[NewCircle, None]) -> Answer:
    """Make a circle of some of your friends."""
    circle_id = await circles.create(ask.actor, ask.body.name, await _people(ask, ask.body.user_ids))
    return Answer(_form(await circles.own(ask.actor, circle_id)), 201, location=f"/api/v1/circles/{circle_id}")


@api.get("/circles/<circle_id>", answer=CircleForm)
async def read_circle(ask: Ask[None, None], circle_id: str) -> object:
    """One of your circles."""
    return _form(await circles.own(ask.actor, circle_id))


@api.put("/circles/<circle_id>", body=CircleChange, answer=CircleForm)
async def change_circle(ask: Ask[CircleChange, None], circle_id: str) -> object:
    """Call a circle something else, or say anew who is in it. Posts that were sent stay with whom they were sent to."""
    await circles.own(ask.actor, circle_id)
    people_in_it = None if ask.body.user_ids is None else await _people(ask, ask.body.user_ids)
    await circles.change(ask.actor, circle_id, name=ask.body.name, people=people_in_it)
    return _form(await circles.own(ask.actor, circle_id))


@api.delete("/circles/<circle_id>", answer=Gone)
async def delete_circle(ask: Ask[None, None], circle_id: str) -> object:
    """Forget a circle. Posts that were sent stay with whom they were sent to."""
    await circles.delete(ask.actor, circle_id)
    return {"circleId": circle_id}


@api.get("/circles/<circle_id>/members", query=StreamQuery, answer=stream_of("users", User))
async def read_members(ask: Ask[None, StreamQuery], circle_id: str) -> object:
    """Who is in one of your circles; who is no friend any more is sent nothing."""
    name = f"circle:{circle_id}"
    found = await circles.members(ask.actor, circle_id, ask.before(name), ask.query.limit)
    return ask.page("users", name, found, list(await present.users(found[: ask.query.limit], ask.actor)))


@api.post("/circles/<circle_id>/members", body=NewMember, answer=Membership, status=201)
async def add_member(ask: Ask[NewMember, None], circle_id: str) -> Answer:
    """Take a friend into a circle; nobody is told."""
    await circles.own(ask.actor, circle_id)
    person = await people.visible_actor(ask.viewer, ask.body.user_id)
    await circles.add(ask.actor, circle_id, person)
    state = {"circleId": circle_id, "userId": person.id, "isMember": True}
    return Answer(state, 201, location=f"/api/v1/circles/{circle_id}/members")


@api.delete("/circles/<circle_id>/members/<user_id>", answer=Membership)
async def remove_member(ask: Ask[None, None], circle_id: str, user_id: str) -> object:
    """Take somebody out of a circle; nobody is told."""
    await circles.own(ask.actor, circle_id)
    person = await people.known_actor(user_id)
    await circles.take_out(ask.actor, circle_id, person)
    return {"circleId": circle_id, "userId": person.id, "isMember": False}
