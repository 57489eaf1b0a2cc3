"""Lists of posts: feeds, profiles, bookmarks; one indexed query each. What was answered is in conversations."""

from __future__ import annotations

from typing import Any, Literal

from core.apart import on_blocked_server
from core.audience import WANTED, Viewer, visible_sql
from core.database import HIGHEST_ID, from_json, rows
from core.html import tag_key
from core.models import Actor, Entry
from core.present import PAGE_COLUMNS, VIA_COLUMNS

Row = dict[str, Any]
REVISED_AT_MOST = 2_000_000  # characters of what a post said before
_ENTRIES = f"SELECT {PAGE_COLUMNS}, e.id AS position FROM core_entry e JOIN core_actor a ON a.id = e.author_id"


_READ_TO = "(SELECT k.position FROM core_marker k WHERE k.actor_id = $1 AND k.name = 'home') AS read_to"


async def home(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the posts in somebody's home timeline, newest first; and how far they have read it."""
    viewer = Viewer(actor_id=actor.id)
    return await rows(
        f"SELECT {PAGE_COLUMNS}, {VIA_COLUMNS}, t.position, t.tag, {_READ_TO} FROM core_timeline t"
        " JOIN core_entry e ON e.id = t.entry_id"
        " JOIN core_actor a ON a.id = e.author_id LEFT JOIN core_actor v ON v.id = t.via_id"
        f" WHERE t.owner_id = $1 AND t.position < $2 AND {visible_sql(viewer, 1, rule=WANTED)}"
        " AND (t.via_id IS NULL OR (v.suspended_at IS NULL AND v.removed_at IS NULL AND NOT EXISTS"
        f" (SELECT 1 FROM core_mute y WHERE y.actor_id = $1 AND y.target_id = t.via_id)"
        f" AND NOT {on_blocked_server('$1', 'v.domain')}))"
        " ORDER BY t.position DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def public(viewer: Viewer, before: str | None, limit: int, *, local: bool) -> list[Row]:
    """Public posts that answer nothing, of this server only or of all that is known here."""
    where = "e.is_local AND " if local else ""
    return await rows(
        f"{_ENTRIES} WHERE {where}e.visibility = 'public' AND e.reply_to_uri = '' AND e.id < $2"
        f" AND a.silenced_at IS NULL AND {visible_sql(viewer, 1, rule=WANTED)} ORDER BY e.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
    )


Part = Literal["posts", "replies", "media"]
_PARTS: dict[Part, str] = {
    "posts": "e.reply_to_uri = ''",
    "replies": "e.reply_to_uri <> ''",
    # What had pictures is one range of an index; whether they are still there is looked up for each.
    "media": (
        "e.is_visual = TRUE AND EXISTS (SELECT 1 FROM core_attachment x WHERE x.entry_id = e.id"
        " AND x.type IN ('image', 'video'))"
    ),
}


async def of_actor(
    author_id: str, viewer: Viewer, before: str | None, limit: int, *, part: Part = "posts"
) -> list[Row]:
    """What somebody published, as far as the viewer may see it; never what was meant for a few."""
    return await rows(
        f"{_ENTRIES} WHERE e.author_id = $4 AND {_PARTS[part]} AND e.visibility <> 'direct'"
        f" AND e.id < $2 AND {visible_sql(viewer, 1)} ORDER BY e.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
        author_id,
    )


async def bookmarks(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """What somebody wants to find again, newest bookmark first."""
    return await rows(
        f"SELECT {PAGE_COLUMNS}, k.id AS position FROM core_bookmark k JOIN core_entry e ON e.id = k.entry_id"
        " JOIN core_actor a ON a.id = e.author_id WHERE k.actor_id = $1 AND k.id < $2"
        f" AND {visible_sql(Viewer(actor_id=actor.id), 1)} ORDER BY k.id DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def liked(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """What somebody likes, latest like first."""
    return await rows(
        f"SELECT {PAGE_COLUMNS}, k.id AS position FROM core_like k JOIN core_entry e ON e.id = k.entry_id"
        " JOIN core_actor a ON a.id = e.author_id WHERE k.actor_id = $1 AND k.id < $2"
        f" AND {visible_sql(Viewer(actor_id=actor.id), 1)} ORDER BY k.id DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def tagged(tag: str, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """Public posts with a hashtag, newest first."""
    return await rows(
        f"SELECT {PAGE_COLUMNS}, e.id AS position FROM core_entry_tag g JOIN core_entry e ON e.id = g.entry_id"
        " JOIN core_actor a ON a.id = e.author_id WHERE g.key = $4 AND e.visibility = 'public' AND g.entry_id < $2"
        f" AND a.silenced_at IS NULL AND {visible_sql(viewer, 1, rule=WANTED)} ORDER BY g.entry_id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
        tag_key(tag),
    )


async def revisions(entry: Entry) -> list[Row]:
    """What an entry said before each edit, oldest first; of endless words only what was said last."""
    found = await rows(
        "SELECT content, content_warning, CAST(files AS TEXT) AS files, created_at FROM (SELECT r.*,"
        " SUM(LENGTH(r.content)) OVER (ORDER BY r.id DESC) AS said FROM core_revision r WHERE r.entry_id = $1) AS told"
        " WHERE said <= $2 ORDER BY id",
        entry.id,
        REVISED_AT_MOST,
    )
    return [{**row, "files": from_json(row["files"] or "[]")} for row in found]


async def quotes(entry: Entry, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """The posts that quote an entry, newest first, but for those of whom the viewer mutes."""
    return await rows(
        f"{_ENTRIES} WHERE e.quote_id = $4 AND e.id < $2 AND {visible_sql(viewer, 1, rule=WANTED)}"
        " ORDER BY e.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
        entry.id,
    )


async def pinned(author_id: str, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """What somebody pinned to their profile, the latest pin first, as far as the viewer may see it."""
    return await rows(
        f"SELECT {PAGE_COLUMNS}, n.id AS position FROM core_pin n JOIN core_entry e ON e.id = n.entry_id"
        " JOIN core_actor a ON a.id = e.author_id WHERE n.actor_id = $4 AND n.id < $2"
        f" AND {visible_sql(viewer, 1)} ORDER BY n.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
        author_id,
    )
