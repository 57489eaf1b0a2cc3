"""What trends are made of: how many people stand behind something, and how old it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.database import one_of, rows


def age_of(entry_id: str, moment: datetime) -> timedelta:
    """How long ago something was published: a UUIDv7 begins with its time in ms (RFC 9562, section 5.7)."""
    return timedelta(milliseconds=moment.timestamp() * 1000 - int(entry_id.replace("-", "")[:12], 16))


async def people_behind(entry_ids: Sequence[str]) -> dict[str, int]:
    """How many people other than the author, and in good standing, liked or shared each of these."""
    found = await rows(
        "SELECT r.entry_id, COUNT(DISTINCT r.actor_id) AS people FROM"
        f" (SELECT entry_id, actor_id FROM core_like WHERE entry_id {one_of(1)} UNION ALL"
        f" SELECT entry_id, actor_id FROM core_boost WHERE entry_id {one_of(1)}) r"
        " JOIN core_entry e ON e.id = r.entry_id AND e.author_id <> r.actor_id"
        " JOIN core_actor w ON w.id = r.actor_id AND w.suspended_at IS NULL AND w.silenced_at IS NULL"
        " AND w.removed_at IS NULL GROUP BY r.entry_id",
        list(entry_ids),
    )
    return {one["entry_id"]: int(one["people"]) for one in found}
