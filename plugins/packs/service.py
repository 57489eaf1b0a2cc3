"""Making starter packs, taking oneself out of them, and following everybody in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import actors
from core.apart import of_blocked_server, on_blocked_server
from core.audience import Viewer
from core.database import HIGHEST_ID, LOWEST_ID, execute, is_id, new_id, one_at_a_time, row, rows, transaction
from core.errors import Conflict, Forbidden, Invalid, KithError, NotFound
from core.models import Actor
from core.permissions import may, require_over
from core.text import shown_name, without_controls
from plugins.packs.models import Pack, PackMember

PACKS_AT_MOST = 20
MEMBERS_AT_MOST = 100
NAME_AT_MOST, DESCRIPTION_AT_MOST = 80, 500

Row = dict[str, Any]
# Of a member `a`, for a viewer in $2: here, to be found, and apart from them by no block.
_SHOWN = (
    "a.suspended_at IS NULL AND a.removed_at IS NULL AND a.silenced_at IS NULL AND a.is_discoverable"
    " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.actor_id = a.id AND b.target_id = $2)"
    " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.target_id = a.id AND b.actor_id = $2)"
    f" AND NOT {on_blocked_server('$2', 'a.domain')}"
)
# Nobody is recommended by whom they block, or who blocks them.
_WITH_ITS_MAKER = (
    "NOT EXISTS (SELECT 1 FROM core_block b WHERE (b.actor_id = m.actor_id AND b.target_id = p.actor_id)"
    " OR (b.actor_id = p.actor_id AND b.target_id = m.actor_id))"
    f" AND NOT {of_blocked_server('p.actor_id', 'm.actor_id')}"
)
# Packs of whoever is here and not apart from the viewer in $2, each with its maker's columns and how many are in it.
_PACKS = (
    "SELECT p.id AS pack_id, p.name AS pack_name, p.description, p.created_at AS made_at, p.id AS position, a.*,"
    " (SELECT COUNT(*) FROM packs_member m JOIN core_actor x ON x.id = m.actor_id AND x.suspended_at IS NULL"
    " AND x.removed_at IS NULL AND x.is_discoverable WHERE m.pack_id = p.id AND NOT m.left"
    f" AND {_WITH_ITS_MAKER}) AS members_count"
    f" FROM packs_pack p JOIN core_actor a ON a.id = p.actor_id WHERE {_SHOWN.replace(' AND a.is_discoverable', '')}"
)


async def listed(viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the packs of this server, latest first."""
    return await rows(
        f"{_PACKS} AND p.id < $1 ORDER BY p.id DESC LIMIT $3",
        before or HIGHEST_ID,
        viewer.actor_id or LOWEST_ID,
        limit + 1,
    )


async def pack(viewer: Viewer, pack_id: str) -> Row:
    """A pack with its maker. Raises NotFound, also where a block lies between the maker and the viewer."""
    found = await row(f"{_PACKS} AND p.id = $1", pack_id, viewer.actor_id or LOWEST_ID) if is_id(pack_id) else None
    if found is None:
        raise NotFound("There is no such starter pack.")
    return found


async def members(viewer: Viewer, pack_id: str, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of those in a pack whom the viewer may see, the first put in first."""
    return await rows(
        "SELECT a.*, m.id AS position FROM packs_member m JOIN packs_pack p ON p.id = m.pack_id"
        " JOIN core_actor a ON a.id = m.actor_id WHERE m.pack_id = $1 AND NOT m.left AND m.id > $3"
        f" AND {_SHOWN} AND {_WITH_ITS_MAKER} ORDER BY m.id LIMIT $4",
        pack_id,
        viewer.actor_id or LOWEST_ID,
        before or LOWEST_ID,
        limit + 1,
    )


async def create(actor: Actor, name: str, description: str, people: Sequence[Actor]) -> str:
    """Make a pack, and answer its id. Raises Invalid naming the fields, Conflict for too many."""
    name, description = _checked(name, description)
    async with transaction():
        await one_at_a_time(f"packs:{actor.id}")
        if await Pack.filter(actor_id=actor.id).count() >= PACKS_AT_MOST:
            raise Conflict(f"You have {PACKS_AT_MOST} starter packs, and there can be no more.", code="too_many_packs")
        pack_id = new_id()
        await Pack.create(id=pack_id, actor_id=actor.id, name=name, description=description)
        await _set(actor, pack_id, people)
    return pack_id


async def change(
    actor: Actor,
    pack_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    people: Sequence[Actor] | None = None,
) -> None:
    """Change one's own pack; what is None stays. Raises NotFound, Forbidden for other people's, Invalid."""
    async with transaction():
        own = await _own(actor, pack_id)
        own.name, own.description = _checked(
            own.name if name is None else name, own.description if description is None else description
        )
        await own.save(update_fields=["name", "description"])
        if people is not None:
            await _set(actor, pack_id, people)


async def delete(actor: Actor, pack_id: str) -> None:
    """Take a pack away: one's own, or as somebody who acts on reports anybody's. Raises NotFound, Forbidden."""
    async with transaction():
        await _own(actor, pack_id, or_permission="reports.manage")
        await execute("DELETE FROM packs_member WHERE pack_id = $1", pack_id)
        await execute("DELETE FROM packs_pack WHERE id = $1", pack_id)


async def leave(actor: Actor, pack_id: str) -> None:
    """Not be in a pack; its maker cannot put one in again. Raises NotFound for who is not in it."""
    if not is_id(pack_id) or not await PackMember.filter(pack_id=pack_id, actor_id=actor.id, left=False).update(
        left=True
    ):
        raise NotFound("You are not in this starter pack.")


async def follow_all(actor: Actor, pack_id: str) -> int:
    """Follow everybody in a pack, or ask to; how many were not followed before. Raises NotFound."""
    viewer, followed = Viewer(actor_id=actor.id), 0
    await pack(viewer, pack_id)
    for one in await members(viewer, pack_id, None, MEMBERS_AT_MOST):
        if one["id"] == actor.id:
            continue
        try:
            await actors.follow(actor, await Actor.get(id=one["id"]))
        except KithError:
            continue  # they are followed, or have moved or left meanwhile
        followed += 1
    return followed


async def exported(actor_id: str) -> list[dict[str, Any]]:
    """Somebody's packs, to take along."""
    found = []
    for own in await Pack.filter(actor_id=actor_id).order_by("id"):
        inside = await rows(
            "SELECT a.uri FROM packs_member m JOIN core_actor a ON a.id = m.actor_id WHERE m.pack_id = $1", own.id
        )
        found.append({"name": own.name, "description": own.description, "members": [one["uri"] for one in inside]})
    return found


async def erase(actor_id: str) -> None:
    """Forget the packs somebody made, and that they are in others."""
    await execute(
        "DELETE FROM packs_member WHERE actor_id = $1"
        " OR pack_id IN (SELECT p.id FROM packs_pack p WHERE p.actor_id = $1)",
        actor_id,
    )
    await execute("DELETE FROM packs_pack WHERE actor_id = $1", actor_id)


def _checked(name: str, description: str) -> tuple[str, str]:
    name, description = shown_name(name, ""), without_controls(description).strip()
    errors = {}
    if not name:
        errors["name"] = "Call it something."
    elif len(name) > NAME_AT_MOST:
        errors["name"] = f"This is too long: at most {NAME_AT_MOST} characters."
    if len(description) > DESCRIPTION_AT_MOST:
        errors["description"] = f"This is too long: at most {DESCRIPTION_AT_MOST} characters."
    if errors:
        raise Invalid(errors)
    return name, description


async def _own(actor: Actor, pack_id: str, *, or_permission: str = "") -> Pack:
    found = await Pack.get_or_none(id=pack_id) if is_id(pack_id) else None
    if found is None:
        raise NotFound("There is no such starter pack.")
    if found.actor_id != actor.id:
        if not (or_permission and may(actor, or_permission)):
            if await actors.are_apart(actor.id, found.actor_id):
                raise NotFound("There is no such starter pack.")
            raise Forbidden("This is somebody else's.")
        await require_over(actor, or_permission, found.actor_id)
    return found


async def _set(actor: Actor, pack_id: str, people: Sequence[Actor]) -> None:
    """Have exactly these people in a pack; nobody who does not want to be found, or took themselves out."""
    wanted = {person.id: person for person in people}
    if len(wanted) > MEMBERS_AT_MOST:
        raise Invalid({"userIds": f"These are too many: at most {MEMBERS_AT_MOST}."})
    known = {one.actor_id: one for one in await PackMember.filter(pack_id=pack_id)}
    for person in wanted.values():
        left = person.id in known and known[person.id].left
        if left or not person.is_discoverable or await actors.are_apart(actor.id, person.id):
            raise Invalid({"userIds": f"@{person.acct} does not want to be recommended."})
    gone = [one.id for one in known.values() if one.actor_id not in wanted and not one.left]
    await PackMember.filter(id__in=gone).delete()
    for person_id in wanted:
        if person_id not in known:
            await PackMember.create(pack_id=pack_id, actor_id=person_id)
