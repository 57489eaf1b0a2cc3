"""Lists of what was answered: comments in three orders, what stands above an entry, and all that stands below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from core.audience import PLACE, READABLE, WANTED, Rule, Viewer, visible_sql
from core.database import HIGHEST_ID, LOWEST_ID, new_id, one_of, rows
from core.models import Entry
from core.present import PAGE_COLUMNS

Row = dict[str, Any]
Sort = Literal["oldest", "newest", "top"]
THREAD_AT_MOST = 500
BELOW_AT_MOST = 20_000  # answers that are looked at to find those of one page
ANCESTORS_AT_MOST = 100
_COLUMNS = f"SELECT {PAGE_COLUMNS}, e.id AS position"
_FROM = "FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
_MOST_LIKES = 2_000_000_000
_REMEMBERED = 100  # liked ones shown before, that come no second time where their likes were taken back
_TAIL = 12  # letters at the end of an id, which are random


async def comments(entry: Entry, viewer: Viewer, sort: Sort, after: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the answers to an entry, but for those of whom the viewer mutes.

    A deleted one keeps its place while something was answered to it. `top` is most likes first, as they were when the
    first page was read: `after`, the position of the last one read, says when that was.
    """
    if sort == "top":
        return await _most_liked(entry, viewer, after, limit)
    beyond, order = ("<", "DESC") if sort == "newest" else (">", "ASC")
    return await rows(
        f"{_COLUMNS} {_FROM} WHERE e.reply_to_id = $4 AND e.id {beyond} $2 AND {_shown(viewer, WANTED)}"
        f" ORDER BY e.id {order} LIMIT $3",
        viewer.parameter,
        after or (HIGHEST_ID if sort == "newest" else LOWEST_ID),
        limit + 1,
        entry.id,
    )


# The likes there were at a moment: less those that came since, whose ids say so.
_LIKES_THEN = (
    "CASE WHEN e.likes_count = 0 THEN 0 ELSE e.likes_count"
    " - (SELECT COUNT(*) FROM core_like l WHERE l.entry_id = e.id AND l.id > $8) END"
)
_CANDIDATES = 2  # times a page: of so many of the most liked it is looked up first who may see them
_ALL = 2**31


async def _most_liked(entry: Entry, viewer: Viewer, after: str | None, limit: int) -> list[Row]:
    since, likes, last, shown = _place(after)
    candidates = (
        "SELECT c.id, c.likes_then FROM"
        f" (SELECT e.id, {_LIKES_THEN if after else 'e.likes_count'} AS likes_then FROM core_entry e"
        " WHERE e.reply_to_id = $4 AND (e.deleted_at IS NULL OR e.replies_count > 0)) c"
        " WHERE c.likes_then < $5 OR (c.likes_then = $5 AND c.id > $2) ORDER BY c.likes_then DESC, c.id LIMIT $7"
    )
    few = _CANDIDATES * (limit + 1) + len(shown)
    for at_most in (few, _ALL) if entry.replies_count > few else (_ALL,):
        found = await rows(
            f"SELECT {PAGE_COLUMNS}, t.likes_then FROM ({candidates}) t JOIN core_entry e ON e.id = t.id"
            f" JOIN core_actor a ON a.id = e.author_id WHERE NOT (SUBSTR(e.id::text, {37 - _TAIL}) {one_of(6, 'text')})"
            f" AND {_shown(viewer, WANTED)} ORDER BY t.likes_then DESC, t.id LIMIT $3",
            *(viewer.parameter, last, limit + 1, entry.id, likes, shown, at_most),
            *([since] if after else []),
        )
        if len(found) > limit:
            break
    for row in found:
        if row["likes_then"]:
            shown = [*shown, str(row["id"])[-_TAIL:]][-_REMEMBERED:]
        row["position"] = ".".join((since, str(row["likes_then"]), str(row["id"]), *shown))
    return found


def _place(after: str | None) -> tuple[str, int, str, Sequence[str]]:
    """When the first page was read, the likes and the id of the last one shown, and which were shown before."""
    if after is None:
        return new_id(), _MOST_LIKES, LOWEST_ID, []
    since, likes, last, *shown = after.split(".")
    return since, int(likes), last, shown


def _shown(viewer: Viewer, rule: Rule) -> str:
    """What the rule allows; and a deleted entry keeps its place among what was answered to it, empty."""
    place = visible_sql(viewer, 1, rule=PLACE)
    return f"(({visible_sql(viewer, 1, rule=rule)}) OR (e.replies_count > 0 AND {place}))"


async def line(entry: Entry, viewer: Viewer) -> list[Row]:
    """What an entry answers, up to where the thread began, oldest first; and itself, last."""
    return await rows(
        "WITH RECURSIVE up (id, parent, depth) AS (SELECT x.id, x.reply_to_id, 0 FROM core_entry x WHERE x.id = $2"
        " UNION ALL SELECT x.id, x.reply_to_id, up.depth + 1 FROM core_entry x JOIN up ON x.id = up.parent"
        f" WHERE up.depth < {ANCESTORS_AT_MOST}) {_COLUMNS} {_FROM} JOIN up ON up.id = e.id"
        f" WHERE {_shown(viewer, READABLE)} ORDER BY up.depth DESC",
        viewer.parameter,
        entry.id,
    )


async def descendants(entry: Entry, viewer: Viewer, after: str | None = None) -> list[Row]:
    """One more than THREAD_AT_MOST of all that was answered to an entry and to its answers, oldest first."""
    # Of where a conversation began, the index knows all that belongs to it.
    below = "e.root_id = $2" if entry.root_id is None else f"e.id IN (SELECT id FROM down LIMIT {BELOW_AT_MOST})"
    return await rows(
        f"{_DOWN.format(where='= $2', deepest=BELOW_AT_MOST) if entry.root_id else ''}{_COLUMNS} {_FROM}"
        f" WHERE {below} AND e.id > $3 AND {_shown(viewer, WANTED)} ORDER BY e.id LIMIT {THREAD_AT_MOST + 1}",
        viewer.parameter,
        entry.id,
        after or LOWEST_ID,
    )


async def below(entry_ids: Sequence[str], viewer: Viewer, depth: int) -> list[Row]:
    """All that was answered to these entries, so many steps down, oldest first; at most THREAD_AT_MOST."""
    if not entry_ids:
        return []
    return await rows(
        f"{_DOWN.format(where=one_of(2), deepest=depth)}{_COLUMNS} {_FROM}"
        f" JOIN (SELECT id FROM down LIMIT {THREAD_AT_MOST}) d ON d.id = e.id"
        f" WHERE {_shown(viewer, WANTED)} ORDER BY e.id",
        viewer.parameter,
        list(entry_ids),
    )


async def among(entry: Entry, entry_ids: Sequence[str], viewer: Viewer) -> list[Row]:
    """Those of these entries that belong to the same conversation as `entry`, oldest first."""
    return await rows(
        f"{_COLUMNS} {_FROM} WHERE e.id {one_of(2)} AND e.root_id = $3 AND {visible_sql(viewer, 1, rule=WANTED)}"
        " ORDER BY e.id",
        viewer.parameter,
        list(entry_ids),
        entry.root_id or entry.id,
    )


_DOWN = (
    "WITH RECURSIVE down (id, depth) AS (SELECT x.id, 1 FROM core_entry x WHERE x.reply_to_id {where}"
    " UNION ALL SELECT x.id, down.depth + 1 FROM core_entry x JOIN down ON x.reply_to_id = down.id"
    " WHERE down.depth < {deepest}) "
)
