"""Pinned posts: what somebody, here or elsewhere, wants to be seen first on their profile."""

from __future__ import annotations

from collections.abc import Sequence

from core import prepared
from core.audience import OPEN
from core.database import execute, new_id, rows, transaction, value
from core.entries import Act
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.instance import here
from core.models import Actor, Entry

AT_MOST = 5
OF_OTHERS_AT_MOST = 20  # that are kept of somebody elsewhere


async def pin(actor: Actor, entry: Entry) -> None:
    """Show one's own post first. Raises Forbidden, Invalid where it is not for all or too many are, Conflict."""
    if entry.author_id != actor.id:
        raise Forbidden("This is somebody else's.")
    if entry.visibility not in OPEN:
        raise Invalid({"visibility": "Only what everybody may see can be pinned."})
    async with transaction():
        # Whoever pins at the same moment waits, so that nobody pins more than may be.
        await execute("UPDATE core_actor SET id = id WHERE id = $1", actor.id)
        if await value("SELECT 1 FROM core_pin WHERE entry_id = $1", entry.id):
            raise Conflict("You have pinned this already.", code="already_pinned")
        most = AT_MOST if actor.is_local else OF_OTHERS_AT_MOST
        if await value("SELECT COUNT(*) FROM core_pin WHERE actor_id = $1", actor.id) >= most:
            raise Invalid({"pins": f"You have pinned {most} posts; unpin one of them first."})
        await _store(actor, entry)
        await _tell("pin", actor, entry)


async def unpin(actor: Actor, entry: Entry) -> None:
    """Show a post where it belongs again. Raises NotFound where it is not pinned, or is somebody else's."""
    async with transaction():
        if not await execute("DELETE FROM core_pin WHERE entry_id = $1 AND actor_id = $2", entry.id, actor.id):
            raise NotFound("You have not pinned this.")
        await _changed(entry)
        await _tell("unpin", actor, entry)


async def keep_pins(actor: Actor, entries: Sequence[Entry]) -> None:
    """Take over all pins of somebody elsewhere, as their server has them, first to last; of their own open posts."""
    wanted = [entry for entry in entries if entry.author_id == actor.id and entry.visibility in OPEN]
    wanted = wanted[:OF_OTHERS_AT_MOST]
    async with transaction():
        gone = await rows("DELETE FROM core_pin WHERE actor_id = $1 RETURNING entry_id", actor.id)
        for entry in reversed(wanted):
            await _store(actor, entry)
        others = {one["entry_id"] for one in gone} - {entry.id for entry in wanted}
        for entry in await Entry.filter(id__in=list(others)):
            await _changed(entry)


async def pinned_by(actor: Actor) -> list[Entry]:
    """What somebody pinned, the latest first."""
    found = await rows("SELECT entry_id FROM core_pin WHERE actor_id = $1 ORDER BY id DESC", actor.id)
    known = await Entry.in_bulk([one["entry_id"] for one in found], "id")
    return [known[one["entry_id"]] for one in found if one["entry_id"] in known]


async def _store(actor: Actor, entry: Entry) -> None:
    await execute(
        "INSERT INTO core_pin (id, actor_id, entry_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        new_id(),
        actor.id,
        entry.id,
    )
    await _changed(entry)


async def _changed(entry: Entry) -> None:
    await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1", entry.id)
    prepared.changed(entry)
    prepared.forget(prepared.of_profile(entry.author_id))


async def _tell(verb: str, actor: Actor, entry: Entry) -> None:
    if actor.is_local:
        await here().hooks.outgoing(act=Act(verb, actor, entry=entry))
