"""Public posts with a hashtag."""

from __future__ import annotations

from typing import Any

from core.audience import WANTED, Viewer, visible_sql
from core.database import HIGHEST_ID, rows
from core.present import PAGE_COLUMNS

Row = dict[str, Any]


async def tagged(key: str, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the posts with a hashtag that are for everybody, newest first."""
    return await rows(
        f"SELECT {PAGE_COLUMNS}, e.id AS position FROM core_entry_tag g JOIN core_entry e ON e.id = g.entry_id"
        " JOIN core_actor a ON a.id = e.author_id WHERE g.key = $4 AND e.visibility = 'public' AND g.entry_id < $2"
        f" AND a.silenced_at IS NULL AND {visible_sql(viewer, 1, rule=WANTED)} ORDER BY g.entry_id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
        key,
    )
