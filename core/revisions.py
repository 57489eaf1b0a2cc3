"""What an entry said before each change: kept when it changes, and shown as its history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.database import execute, now, rows
from core.models import Entry, Revision

AT_ONCE = timedelta(minutes=1)  # what is described so soon after another change belongs to it
AT_MOST = 100  # of one entry, beside the first: whoever changes theirs without end fills no disk with that


async def keep(entry: Entry) -> None:
    """Keep what an entry says and shows now, which is about to change, in the running transaction.

    Of very many only the first and the latest are kept.
    """
    await Revision.create(
        entry_id=entry.id,
        content=entry.content,
        source=entry.source,
        source_type=entry.source_type,
        content_warning=entry.content_warning,
        files=await shown_files(entry),
        created_at=entry.edited_at or entry.published_at,
    )
    of_it = "SELECT r.id FROM core_revision r WHERE r.entry_id = $1 ORDER BY r.id"
    await execute(
        f"DELETE FROM core_revision WHERE entry_id = $1 AND id > ({of_it} LIMIT 1)"
        f" AND id <= ({of_it} DESC LIMIT 1 OFFSET $2)",
        entry.id,
        AT_MOST,
    )


async def keep_before_describing(entry: Entry) -> None:
    """The same before one of its files is described in other words: pictures described one by one are one change."""
    if entry.edited_at is None or now() - entry.edited_at > AT_ONCE:
        await keep(entry)


async def shown_files(entry: Entry) -> list[dict[str, Any]]:
    """The files an entry shows, in words for its revisions: `type`, `alt` and where it is of each."""
    found = await rows(
        "SELECT COALESCE(f.type, h.type) AS type, COALESCE(f.alt, h.alt) AS alt,"
        " COALESCE(CAST(h.file_id AS TEXT), h.url) AS url FROM core_attachment h"
        " LEFT JOIN core_file f ON f.id = h.file_id WHERE h.entry_id = $1 ORDER BY h.position",
        entry.id,
    )
    return [dict(one) for one in found]
