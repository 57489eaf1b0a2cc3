"""Lists of posts: feeds, profiles, bookmarks, comments, threads; one indexed query each."""

from __future__ import annotations

from typing import Any

from core.audience import PLACE, VISIBLE, WANTED, Rule, Viewer, visible_sql
from core.database import HIGHEST_ID, LOWEST_ID, rows
from core.html import tag_key
from core.models import ACCEPTED, Actor, Entry
from core.present import PAGE_COLUMNS, VIA_COLUMNS

Row = dict[str, Any]
_ENTRIES = f"SELECT {PAGE_COLUMNS}, e.id AS position FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
THREAD_AT_MOST = 500
ANCESTORS_AT_MOST = 100


async def home(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the posts in somebody's home timeline, newest first."""
    viewer = Viewer(actor_id=actor.id)
    return await rows(
        f"SELECT {PAGE_COLUMNS}, {VIA_COLUMNS}, t.position FROM core_timeline t JOIN core_entry e ON e.id = t.entry_id"
        " JOIN core_actor a ON a.id = e.author_id LEFT JOIN core_actor v ON v.id = t.via_id"
        f" WHERE t.owner_id = $1 AND t.position < $2 AND {visible_sql(viewer, 1, rule=WANTED)}"
        " AND (t.via_id IS NULL OR (v.suspended_at IS NULL AND v.removed_at IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM core_mute y WHERE y.actor_id = $1 AND y.target_id = t.via_id)))"
        " ORDER BY t.position DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def friends(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """Posts of friends: those who follow and are followed; and one's own."""
    viewer = Viewer(actor_id=actor.id)
    return await rows(
        f"{_ENTRIES} WHERE (e.author_id = $1 OR e.author_id IN (SELECT f.target_id FROM core_follow f"
        f" JOIN core_follow g ON g.follower_id = f.target_id AND g.target_id = $1 AND g.state = '{ACCEPTED}'"
        f" WHERE f.follower_id = $1 AND f.state = '{ACCEPTED}')) AND e.id < $2 AND e.reply_to_uri = ''"
        f" AND e.visibility <> 'direct' AND {visible_sql(viewer, 1, rule=WANTED)} ORDER BY e.id DESC LIMIT $3",
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


async def of_actor(
    author_id: str, viewer: Viewer, before: str | None, limit: int, *, replies: bool = False
) -> list[Row]:
    """What somebody published, as far as the viewer may see it; never what was meant for a few."""
    which = "<>" if replies else "="
    return await rows(
        f"{_ENTRIES} WHERE e.author_id = $4 AND e.reply_to_uri {which} '' AND e.visibility <> 'direct'"
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


async def comments(entry: Entry, viewer: Viewer, after: str | None, limit: int) -> list[Row]:
    """The answers to an entry, oldest first, but for those of whom the viewer mutes."""
    return await rows(
        f"{_ENTRIES} WHERE e.reply_to_id = $4 AND e.id > $2 AND {visible_sql(viewer, 1, rule=WANTED)}"
        " ORDER BY e.id LIMIT $3",
        viewer.parameter,
        after or LOWEST_ID,
        limit + 1,
        entry.id,
    )


def _shown(viewer: Viewer, rule: Rule) -> str:
    """What the rule allows; and a deleted entry keeps its place among what was answered to it, empty."""
    place = visible_sql(viewer, 1, rule=PLACE)
    return f"(({visible_sql(viewer, 1, rule=rule)}) OR (e.replies_count > 0 AND {place}))"


async def ancestors(entry: Entry, viewer: Viewer) -> list[Row]:
    """What an entry answers, up to where the thread began, oldest first."""
    return await rows(
        "WITH RECURSIVE up (id, parent, depth) AS (SELECT x.id, x.reply_to_id, 0 FROM core_entry x WHERE x.id = $2"
        " UNION ALL SELECT x.id, x.reply_to_id, up.depth + 1 FROM core_entry x JOIN up ON x.id = up.parent"
        f" WHERE up.depth < {ANCESTORS_AT_MOST}) {_ENTRIES} JOIN up ON up.id = e.id"
        f" WHERE up.depth > 0 AND {_shown(viewer, VISIBLE)} ORDER BY up.depth DESC",
        viewer.parameter,
        entry.id,
    )


async def descendants(entry: Entry, viewer: Viewer) -> list[Row]:
    """All that was answered to an entry and to its answers, oldest first; at most THREAD_AT_MOST."""
    return await rows(
        "WITH RECURSIVE down (id) AS (SELECT x.id FROM core_entry x WHERE x.reply_to_id = $2"
        " UNION ALL SELECT x.id FROM core_entry x JOIN down ON x.reply_to_id = down.id)"
        f" {_ENTRIES} JOIN (SELECT id FROM down LIMIT {THREAD_AT_MOST}) d ON d.id = e.id"
        f" WHERE {_shown(viewer, WANTED)} ORDER BY e.id",
        viewer.parameter,
        entry.id,
    )


async def revisions(entry: Entry) -> list[Row]:
    """What an entry said before each edit, oldest first."""
    return await rows(
        "SELECT content, content_warning, created_at FROM core_revision WHERE entry_id = $1 ORDER BY id", entry.id
    )
