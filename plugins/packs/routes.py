"""The JSON API of starter packs."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import Form, StreamQuery, User, UserShort, stream_of
from core.api.named_people import people_named
from core.models import Actor
from plugins.packs import service

api = Api("packs", __name__)


class PackForm(Form):
    """People somebody recommends, to be followed all at once."""

    pack_id: str
    name: str
    description: str
    user: UserShort = Field(description="Who made it.")
    members_count: int
    url: str
    created_at: str


class NewPack(Form):
    name: str
    description: str = ""
    user_ids: list[str] = Field([], description="People who want to be found, here or elsewhere.")


class PackChange(Form):
    name: str | None = None
    description: str | None = None
    user_ids: list[str] | None = Field(None, description="Who is in it from now on; left out, they stay.")


class Gone(Form):
    pack_id: str


class Followed(Form):
    pack_id: str
    followed_count: int = Field(description="How many you did not follow before, asked or at once.")


def form_of(pack: service.Row) -> dict[str, object]:
    """A pack as the API answers it, out of a row of the service."""
    return {
        "packId": pack["pack_id"],
        "name": pack["pack_name"],
        "description": pack["description"],
        "user": present.user_short(pack),
        "membersCount": pack["members_count"],
        "url": f"/packs/{pack['pack_id']}",
        "createdAt": present.stamp(pack["made_at"]),
    }


async def _people(ask: Ask[object, object], user_ids: Sequence[str]) -> list[Actor]:
    return await people_named(ask, user_ids, most=service.MEMBERS_AT_MOST)


@api.get("/packs", query=StreamQuery, answer=stream_of("packs", PackForm), signed_out=True)
async def read_packs(ask: Ask[None, StreamQuery]) -> object:
    """Starter packs made here, latest first."""
    found = await service.listed(ask.viewer, ask.before("packs"), ask.query.limit)
    return ask.page("packs", "packs", found, [form_of(one) for one in found[: ask.query.limit]])


@api.post("/packs", body=NewPack, answer=PackForm, status=201)
async def create_pack(ask: Ask[NewPack, None]) -> Answer:
    """Recommend people under a name; everybody may see it."""
    body = ask.body
    pack_id = await service.create(ask.actor, body.name, body.description, await _people(ask, body.user_ids))
    return Answer(form_of(await service.pack(ask.viewer, pack_id)), 201, location=f"/api/v1/packs/{pack_id}")


@api.get("/packs/<pack_id>", answer=PackForm, signed_out=True)
async def read_pack(ask: Ask[None, None], pack_id: str) -> object:
    """A starter pack."""
    return form_of(await service.pack(ask.viewer, pack_id))


@api.get("/packs/<pack_id>/members", query=StreamQuery, answer=stream_of("users", User), signed_out=True)
async def read_members(ask: Ask[None, StreamQuery], pack_id: str) -> object:
    """Who is in a starter pack."""
    await service.pack(ask.viewer, pack_id)
    name = f"pack:{pack_id}"
    found = await service.members(ask.viewer, pack_id, ask.before(name), ask.query.limit)
    return ask.page("users", name, found, list(await present.users(found[: ask.query.limit], ask.actor_or_none)))


@api.put("/packs/<pack_id>", body=PackChange, answer=PackForm)
async def change_pack(ask: Ask[PackChange, None], pack_id: str) -> object:
    """Change a starter pack of yours."""
    body = ask.body
    await service.pack(ask.viewer, pack_id)
    inside = None if body.user_ids is None else await _people(ask, body.user_ids)
    await service.change(ask.actor, pack_id, name=body.name, description=body.description, people=inside)
    return form_of(await service.pack(ask.viewer, pack_id))


@api.delete("/packs/<pack_id>", answer=Gone)
async def delete_pack(ask: Ask[None, None], pack_id: str) -> object:
    """Take a starter pack away; whoever was followed by it goes on being followed."""
    await service.delete(ask.actor, pack_id)
    return {"packId": pack_id}


@api.post("/packs/<pack_id>/follow", answer=Followed)
async def follow_pack(ask: Ask[None, None], pack_id: str) -> object:
    """Follow everybody in a starter pack, or ask to."""
    return {"packId": pack_id, "followedCount": await service.follow_all(ask.actor, pack_id)}


@api.post("/packs/<pack_id>/leave", answer=Gone)
async def leave_pack(ask: Ask[None, None], pack_id: str) -> object:
    """Take yourself out of a starter pack; you cannot be put in again."""
    await service.leave(ask.actor, pack_id)
    return {"packId": pack_id}
