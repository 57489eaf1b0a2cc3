"""The public form of people and entries: what the API answers and the pages show.

The part of an entry's form that is the same for everybody is prepared once per version, as bytes, and spliced into
answers; what depends on the viewer is one query per page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from core import filters, people, policies, poll_forms, reaction_forms
from core.apart import of_blocked_server
from core.audience import OPEN, VISIBLE, Rule, viewer_of, visible_sql
from core.comment_forms import comment
from core.database import one_of, rows
from core.entry_forms import Prepared, prepare
from core.instance import here
from core.models import Actor, Entry
from core.person_forms import SHORT_COLUMNS, Form, Row, row_of, stamp, user, user_short

__all__ = [
    "PAGE_COLUMNS",
    "VIA_COLUMNS",
    "Form",
    "Row",
    "comment",
    "comments",
    "post",
    "posts",
    "row_of",
    "standing_post",
    "stamp",
    "unpacked",
    "user",
    "user_short",
    "users",
    "visible_posts",
]
KEEP_SECONDS = 3600
Finish = Callable[[Row, Prepared, Actor | None, Mapping[str, int], Sequence[filters.Rule]], bytes]
RELATION_KEYS = ("isFollowing", "isFollowedBy", "isFriend", "isRequested", "isBlocked", "isMuted", "isDomainBlocked")


async def users(actors: Sequence[Row], viewer: Actor | None) -> list[Form]:
    """People as the viewer sees them: with what ties the two, where somebody is signed in."""
    forms = [user(actor, own=viewer is not None and viewer.id == actor["id"]) for actor in actors]
    if viewer and actors:
        ties = await people.relations(viewer.id, [actor["id"] for actor in actors])
        for form in forms:
            form |= {key: key in ties[form["userId"]] for key in RELATION_KEYS}
    return forms


# -- Entries -------------------------------------------------------------------
PAGE_COLUMNS = (
    "e.id, e.version, e.author_id, e.visibility, e.reply_policy, e.quote_policy, e.likes_count, e.replies_count,"
    " e.open_replies_count, e.boosts_count, e.quotes_count, e.reactions_count,"
    " a.version AS author_version"
)
VIA_COLUMNS = ", ".join(f"v.{column} AS via_{column}" for column in SHORT_COLUMNS)  # of who shared it


async def comments(page: Sequence[Row], viewer: Actor | None) -> list[bytes]:
    """The forms of a page of comments: JSON, as `posts` answers; what the viewer's filters hide is left out."""
    return await posts(page, viewer, "thread", finish=_finish_comment)


async def posts(
    page: Sequence[Row],
    viewer: Actor | None,
    context: str = "",
    *,
    opened: str | None = None,
    finish: Finish | None = None,
) -> list[bytes]:
    """The forms of a page of entries, rows of PAGE_COLUMNS and, in home timelines, VIA_COLUMNS: JSON, to be spliced.

    With a `context`, one of core.filters.CONTEXTS, the viewer's filters count: what they hide is left out, and what
    they warn of says so; but for the entry that they have `opened`.
    """
    prepared = await _prepared(page)
    moving = _Moving(
        [row["id"] for row in page if prepared[row["id"]].poll],
        [row["id"] for row in page if row["reactions_count"]],
        [row["id"] for row in page if viewer and prepared[row["id"]].closed_quote != b"null"],
    )
    since, sieve = here().cache.mark(), filters.kept(viewer.id) if viewer and page and context else ()
    rules: list[Row] | None = [] if sieve is None else None
    marks = await _marks(viewer, page, moving, rules) if (viewer and page) or any(moving) else {}
    if rules is not None and viewer:
        sieve = filters.load(viewer.id, rules, since)
    sifted = [row for row in page if row["id"] != opened] if viewer and sieve else []
    caught = filters.caught_on(sifted, prepared, viewer.id, sieve, context) if viewer and sieve else {}
    return [
        (finish or _finish)(row, prepared[row["id"]], viewer, marks.get(row["id"], {}), caught.get(row["id"], ()))
        for row in page
        if not any(rule.hides for rule in caught.get(row["id"], ()))
    ]


async def post(entry: Entry, viewer: Actor | None, *, boost_id: str | None = None) -> bytes:
    """The form of one entry, as it was shared where a boost is named."""
    return (await posts(await _page_of(entry.id, boost_id), viewer))[0]


async def visible_posts(entry_ids: Iterable[str], viewer: Actor | None, rule: Rule = VISIBLE) -> dict[str, Form]:
    """The forms of those among these entries that the viewer may see, by their ids."""
    looking, wanted = viewer_of(viewer), list(dict.fromkeys(entry_ids))
    if not wanted:
        return {}
    page = await rows(
        f"SELECT {PAGE_COLUMNS} FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.id {one_of(2)} AND {visible_sql(looking, 1, rule=rule)}",
        looking.parameter,
        wanted,
    )
    return {form["postId"]: form for form in unpacked(await posts(page, viewer))}


async def standing_post(entry_id: str, *, boost_id: str | None = None) -> bytes | None:
    """The form that strangers see of an entry, None where it was deleted meanwhile."""
    page = await _page_of(entry_id, boost_id, " AND e.deleted_at IS NULL")
    return (await posts(page, None))[0] if page else None


async def _page_of(entry_id: str, boost_id: str | None, condition: str = "") -> Sequence[Row]:
    return await rows(
        f"SELECT {PAGE_COLUMNS}, {VIA_COLUMNS} FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        " LEFT JOIN core_boost b ON b.id = $2 LEFT JOIN core_actor v ON v.id = b.actor_id"
        f" WHERE e.id = $1{condition}",
        entry_id,
        boost_id,
    )


def unpacked(prepared: Iterable[bytes]) -> list[Form]:
    """The forms as dicts, for pages and comments."""
    return [orjson.loads(form) for form in prepared]


_TAIL = (
    b'%b,"source":%b,"poll":%b,"quote":%b,"likesCount":%d,"commentsCount":%d,"sharesCount":%d,"quotesCount":%d,'
    b'"reactions":%b,'
    b'"isLiked":%b,"isShared":%b,"isBookmarked":%b,"canReply":%b,"canQuote":%b,"sharedBy":%b,"followedTag":%b,'
    b'"filtered":%b}'
)


def _finish(
    row: Row,
    prepared: Prepared,
    viewer: Actor | None,
    marks: Mapping[str, int],
    caught: Sequence[filters.Rule] = (),
) -> bytes:
    own = viewer is not None and viewer.id == row["author_id"]
    return _TAIL % (
        prepared.head,
        prepared.source if own else b"null",
        orjson.dumps(poll_forms.finished(prepared.poll, marks)) if prepared.poll else b"null",
        _quoted(prepared, marks, own=own),
        row["likes_count"],
        row["open_replies_count"] + marks.get("c", 0),
        row["boosts_count"],
        row["quotes_count"],
        orjson.dumps(reaction_forms.finished(marks)) if row["reactions_count"] else b"[]",
        b"true" if "l" in marks else b"false",
        b"true" if "s" in marks else b"false",
        b"true" if "b" in marks else b"false",
        b"true" if own or (viewer and _is_answerable(row, marks)) else b"false",
        b"true" if own or (viewer and _is_quotable(row, marks)) else b"false",
        orjson.dumps(_sharer(row)) if row.get("via_id") else b"null",
        orjson.dumps(row["tag"]) if row.get("tag") else b"null",
        orjson.dumps(filters.shown(caught)) if caught else b"null",
    )


def _quoted(prepared: Prepared, marks: Mapping[str, int], *, own: bool) -> bytes:
    if "q" in marks or (prepared.is_asking and not own):
        return b"null"
    return prepared.closed_quote if "k" in marks else prepared.quote


_COMMENT_TAIL = b'%b,"likesCount":%d,"repliesCount":%d,"isLiked":%b}'


def _finish_comment(
    row: Row,
    prepared: Prepared,
    viewer: Actor | None,
    marks: Mapping[str, int],
    caught: Sequence[filters.Rule] = (),
) -> bytes:
    return _COMMENT_TAIL % (
        prepared.comment,
        row["likes_count"],
        row["open_replies_count"] + marks.get("c", 0),
        b"true" if "l" in marks else b"false",
    )


def _is_answerable(row: Row, marks: Mapping[str, int]) -> bool:
    """Of what is for its author alone, others are shown only what waits for their word: they say that first."""
    return row["visibility"] != "private" and policies.allows(row["reply_policy"], marks)


def _is_quotable(row: Row, marks: Mapping[str, int]) -> bool:
    return row["visibility"] in OPEN and policies.allows(row["quote_policy"], marks)


def _sharer(row: Row) -> Form:
    return user_short({column: row[f"via_{column}"] for column in SHORT_COLUMNS})


class _Moving(NamedTuple):
    """The entries of a page that ask a poll, that were answered with a sign, that quote what is not for everybody."""

    asking: list[str]
    answered: list[str]
    quoting: list[str]


async def _marks(
    viewer: Actor | None, page: Sequence[Row], moving: _Moving, rules: list[Row] | None
) -> dict[str, dict[str, int]]:
    """What lies between the viewer and each entry, and how its polls and signs stand, in one query.

    l(iked), s(hared), b(ookmarked); q where a block hides what it quotes, k where the viewer is one of the few who may
    see that; c(omments) is how many answers that are not for everybody the viewer may see; where an entry may not be
    answered or quoted by all, what ties the viewer to it.
    Of polls `p` and `v` with the place of an option (core/poll_forms.py), of signs `r ` and `m ` with the sign
    (core/reaction_forms.py). Where there is a list for `rules`, the viewer's filters are put into it.
    """
    marks: dict[str, dict[str, int]] = {}
    sql, arguments = (_own_marks(), [viewer.id, [row["id"] for row in page]]) if viewer else ("", [])
    parts = [sql] if sql else []
    if moving.asking:
        arguments.append(moving.asking)
        parts.append(poll_forms.tallies(len(arguments)))
        parts += [poll_forms.own_votes(1, len(arguments))] if viewer else []
    if moving.answered:
        arguments.append(moving.answered)
        parts.append(reaction_forms.signs(len(arguments)))
        parts += [reaction_forms.own_signs(1, len(arguments))] if viewer else []
    sql = " UNION ALL ".join(parts)
    if viewer and (partly_open := [row["id"] for row in page if row["replies_count"] > row["open_replies_count"]]):
        arguments.append(partly_open)
        sql += (
            " UNION ALL SELECT 'c' AS mark, e.reply_to_id AS entry_id, COUNT(*) AS number FROM core_entry e"
            f" JOIN core_actor a ON a.id = e.author_id WHERE e.reply_to_id {one_of(len(arguments))}"
            f" AND e.visibility NOT IN ('public', 'unlisted') AND {visible_sql(viewer_of(viewer), 1)}"
            " GROUP BY e.reply_to_id"
        )
    if viewer and moving.quoting:
        arguments.append(moving.quoting)
        sql += (
            " UNION ALL SELECT 'k' AS mark, x.id AS entry_id, 1 AS number FROM core_entry x"
            " JOIN core_entry e ON e.id = x.quote_id JOIN core_actor a ON a.id = e.author_id"
            f" WHERE x.id {one_of(len(arguments))} AND {visible_sql(viewer_of(viewer), 1)}"
        )
    if viewer and (restricted := policies.restricted(page)):
        arguments.append(restricted)
        sql += f" UNION ALL {policies.ties_sql(1, len(arguments))}"
    if rules is not None:
        sql = f"{filters.rules_sql(1)} UNION ALL SELECT k.*, {filters.NO_RULE} FROM ({sql}) AS k"
    for found in await rows(sql, *arguments):
        if rules is not None and found["mark"] == filters.RULE:
            rules.append(found)
            continue
        marks.setdefault(found["entry_id"], {})[found["mark"]] = found["number"]
    return marks


def _own_marks() -> str:
    acts = (("l", "core_like"), ("s", "core_boost"), ("b", "core_bookmark"))
    parts = [
        f"SELECT '{mark}' AS mark, entry_id, 1 AS number FROM {table} WHERE entry_id {one_of(2)} AND actor_id = $1"
        for mark, table in acts
    ]
    hidden = (
        "SELECT 'q' AS mark, x.id AS entry_id, 1 AS number FROM core_entry x JOIN core_entry q ON q.id = x.quote_id"
        f" WHERE x.id {one_of(2)} AND EXISTS (SELECT 1 FROM core_block k WHERE (k.actor_id = $1"
        " AND k.target_id = q.author_id) OR (k.actor_id = q.author_id AND k.target_id = $1)"
        f" UNION ALL SELECT 1 WHERE {of_blocked_server('$1', 'q.author_id')})"
    )
    return " UNION ALL ".join([*parts, hidden])


async def _prepared(page: Sequence[Row]) -> dict[str, Prepared]:
    cache, found, missing = here().cache, {}, []
    since = cache.mark()
    for row in page:
        kept = cache.get(f"post:{row['id']}:{row['version']}:{row['author_version']}")
        if kept is None:
            missing.append(row["id"])
        else:
            found[row["id"]] = kept
    if missing:
        for entry, prepared in await prepare(missing):
            found[entry["id"]] = prepared
            cache.put(
                f"post:{entry['id']}:{entry['version']}:{entry['author_version']}",
                prepared,
                ttl=KEEP_SECONDS,
                size=len(prepared.head) * (2 if entry["reply_to_uri"] else 1)  # it is a comment as well
                + len(prepared.source)
                + len(prepared.quote)
                + len(prepared.closed_quote),
                tags=prepared.tags,
                since=since,
            )
    return found
