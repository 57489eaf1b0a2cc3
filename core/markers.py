"""How far somebody has read: one mark for each kind of list, the same on all their devices; it only moves on."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.database import execute, is_id, new_id, now, value
from core.errors import Invalid
from core.feed_models import Marker
from core.models import Actor

HOME = "home"


class Mark(NamedTuple):
    """The latest entry that was read, its place in the list, and when that was noted."""

    entry_id: str
    position: str
    updated_at: datetime


async def read(actor: Actor) -> dict[str, Mark]:
    """Somebody's marks by name. What was read last may have gone from the list since."""
    return {mark.name: Mark(mark.entry_id, mark.position, mark.updated_at) for mark in await _all(actor)}


async def _all(actor: Actor) -> list[Marker]:
    return await Marker.filter(actor_id=actor.id)


async def read_home_to(actor: Actor, entry_id: str) -> None:
    """Note that somebody has read their home feed down from this entry. Raises Invalid where it is not in it."""
    sql = "SELECT position FROM core_timeline WHERE owner_id = $1 AND entry_id = $2"
    position = await value(sql, actor.id, entry_id) if is_id(entry_id) else None
    if position is None:
        raise Invalid({f"{HOME}.lastReadId": "This is not in your home feed."})
    await _move(actor, HOME, entry_id, str(position))


async def _move(actor: Actor, name: str, entry_id: str, position: str) -> None:
    await execute(
        "INSERT INTO core_marker (id, actor_id, name, entry_id, position, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (actor_id, name) DO UPDATE SET entry_id = excluded.entry_id,"
        " position = excluded.position, updated_at = excluded.updated_at"
        " WHERE core_marker.position < excluded.position",
        new_id(),
        actor.id,
        name,
        entry_id,
        position,
        now(),
    )
