"""Feeds of some people, merged from the latest of each: what members of a list publish and share, and friends."""

from __future__ import annotations

from typing import Any

from core.audience import WANTED, Viewer, visible_sql
from core.database import HIGHEST_ID, current_database, rows
from core.feed_models import PeopleList
from core.models import ACCEPTED, Actor
from core.present import PAGE_COLUMNS, VIA_COLUMNS

Row = dict[str, Any]

# But for whom the owner has muted and who is suspended: what these bring would stand there for what others wrote.
_MEMBERS = (
    "SELECT f.target_id, f.shows_shares FROM core_list_member m JOIN core_follow f ON f.id = m.follow_id"
    f" AND f.state = '{ACCEPTED}' JOIN core_actor z ON z.id = f.target_id AND z.suspended_at IS NULL"
    " WHERE m.list_id = $4 AND NOT EXISTS"
    " (SELECT 1 FROM core_mute u WHERE u.actor_id = $1 AND u.target_id = f.target_id)"
)
# Which answers of its members stand in a list; `p` is what is answered. What somebody adds to their own words is none.
_ANSWERS = {
    "followed": (
        "p.author_id = $1 OR EXISTS (SELECT 1 FROM core_follow r WHERE r.follower_id = $1 AND r.target_id = p.author_id"
        f" AND r.state = '{ACCEPTED}')"
    ),
    "list": f"p.author_id IN (SELECT n.target_id FROM ({_MEMBERS}) n)",
    "none": "1 = 0",
}


def _stands(replies: str) -> str:
    """Whether what a member wrote, `e`, stands in the list for its own sake."""
    return (
        "(e.reply_to_uri = '' OR EXISTS (SELECT 1 FROM core_entry p WHERE p.id = e.reply_to_id"
        f" AND (p.author_id = e.author_id OR {_ANSWERS[replies]})))"
    )


async def of_list(found: PeopleList, actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of what stands in a list, newest first; each entry once, at its own place where it has one,
    else where the first member shared it.

    Of each member no more is read than the page can hold, so that it costs the same however much they wrote.
    """
    wanted, stands = visible_sql(Viewer(actor_id=actor.id), 1, rule=WANTED), _stands(found.replies)
    written = (
        "SELECT e.id FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.author_id = n.target_id"
        f" AND e.id < $2 AND {stands} AND {wanted} ORDER BY e.id DESC LIMIT $3"
    )
    shared = (
        "SELECT b.id FROM core_boost b JOIN core_entry e ON e.id = b.entry_id JOIN core_actor a ON a.id = e.author_id"
        " WHERE b.actor_id = n.target_id AND n.shows_shares AND b.id < $2 AND e.author_id <> $1"
        f" AND NOT (e.author_id IN (SELECT w.target_id FROM ({_MEMBERS}) w) AND {stands})"
        " AND NOT EXISTS (SELECT 1 FROM core_boost c WHERE c.entry_id = b.entry_id AND c.id < b.id AND c.actor_id IN"
        f" (SELECT w.target_id FROM ({_MEMBERS}) w WHERE w.shows_shares)) AND {wanted} ORDER BY b.id DESC LIMIT $3"
    )
    return await rows(
        f"SELECT {PAGE_COLUMNS}, {VIA_COLUMNS}, t.position FROM ("
        f"SELECT y.id AS entry_id, y.id AS position, NULL{_UUID} AS via_id FROM ({_MEMBERS}) n"
        f" JOIN core_entry y ON y.id {_any_of(written)} UNION ALL"
        f" SELECT y.entry_id, y.id, y.actor_id FROM ({_MEMBERS}) n JOIN core_boost y ON y.id {_any_of(shared)}"
        " ORDER BY position DESC LIMIT $3) t JOIN core_entry e ON e.id = t.entry_id"
        " JOIN core_actor a ON a.id = e.author_id LEFT JOIN core_actor v ON v.id = t.via_id ORDER BY t.position DESC",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
        found.id,
    )


async def friends(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the posts of friends, those who follow and are followed, and one's own; newest first.

    Of each no more is read than the page can hold.
    """
    written = (
        "SELECT e.id FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.author_id = n.target_id"
        " AND e.id < $2 AND e.reply_to_uri = '' AND e.visibility <> 'direct'"
        f" AND {visible_sql(Viewer(actor_id=actor.id), 1, rule=WANTED)} ORDER BY e.id DESC LIMIT $3"
    )
    return await rows(
        f"SELECT {PAGE_COLUMNS}, e.id AS position FROM ({_FRIENDS}) n JOIN core_entry e ON e.id {_any_of(written)}"
        " JOIN core_actor a ON a.id = e.author_id ORDER BY e.id DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )


_UUID = "::uuid"
_FRIENDS = (
    f"SELECT $1{_UUID} AS target_id UNION ALL SELECT f.target_id FROM core_follow f JOIN core_follow g"
    f" ON g.follower_id = f.target_id AND g.target_id = $1 AND g.state = '{ACCEPTED}'"
    f" WHERE f.follower_id = $1 AND f.state = '{ACCEPTED}'"
)


def _any_of(query: str) -> str:
    """SQL that follows a column and is true for what the query finds for each row beside it, looked up by an index."""
    return f"= ANY(ARRAY({query}))" if current_database().dialect == "postgres" else f"IN ({query})"
