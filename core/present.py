"""The public form of people and entries: what the API answers and the pages show.

The part of an entry's form that is the same for everybody is prepared once per version, as bytes, and spliced into
answers; what depends on the viewer is one query per page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from core import people
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
    "post",
    "posts",
    "row_of",
    "standing_post",
    "stamp",
    "unpacked",
    "user",
    "user_short",
    "users",
]
KEEP_SECONDS = 3600
RELATION_KEYS = ("isFollowing", "isFollowedBy", "isFriend", "isRequested", "isBlocked", "isMuted")


async def users(actors: Sequence[Row], viewer: Actor | None) -> list[Form]:
    """People as the viewer sees them: with what ties the two, where somebody is signed in."""
    forms = [user(actor) for actor in actors]
    if viewer and actors:
        ties = await people.relations(viewer.id, [actor["id"] for actor in actors])
        for form in forms:
            form |= {key: key in ties[form["userId"]] for key in RELATION_KEYS}
    return forms


# -- Entries -------------------------------------------------------------------
PAGE_COLUMNS = (
    "e.id, e.version, e.author_id, e.likes_count, e.replies_count, e.boosts_count, a.version AS author_version"
)
VIA_COLUMNS = ", ".join(f"v.{column} AS via_{column}" for column in SHORT_COLUMNS)  # of who shared it


async def posts(page: Sequence[Row], viewer: Actor | None) -> list[bytes]:
    """The forms of a page of entries, rows of PAGE_COLUMNS and, in home timelines, VIA_COLUMNS: JSON, to be spliced."""
    prepared = await _prepared(page)
    marks = await _marks(viewer, [row["id"] for row in page]) if viewer and page else {}
    return [_finish(row, prepared[row["id"]], viewer, marks.get(row["id"], "")) for row in page]


async def post(entry: Entry, viewer: Actor | None, *, boost_id: str | None = None) -> bytes:
    """The form of one entry, as it was shared where a boost is named."""
    return (await posts(await _page_of(entry.id, boost_id), viewer))[0]


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
    b'%b,"source":%b,"quote":%b,"likesCount":%d,"commentsCount":%d,"sharesCount":%d,'
    b'"isLiked":%b,"isShared":%b,"isBookmarked":%b,"sharedBy":%b}'
)


def _finish(row: Row, prepared: Prepared, viewer: Actor | None, marks: str) -> bytes:
    own = viewer is not None and viewer.id == row["author_id"]
    return _TAIL % (
        prepared.head,
        prepared.source if own else b"null",
        b"null" if "q" in marks else prepared.quote,
        row["likes_count"],
        row["replies_count"],
        row["boosts_count"],
        b"true" if "l" in marks else b"false",
        b"true" if "s" in marks else b"false",
        b"true" if "b" in marks else b"false",
        orjson.dumps(_sharer(row)),
    )


def _sharer(row: Row) -> Form | None:
    if not row.get("via_id"):
        return None
    return user_short({column: row[f"via_{column}"] for column in SHORT_COLUMNS})


async def _marks(viewer: Actor, entry_ids: list[str]) -> dict[str, str]:
    """What the viewer did with each entry: l(iked), s(hared), b(ookmarked); q where a block hides what it quotes."""
    marks: dict[str, str] = {}
    for found in await rows(
        f"SELECT 'l' AS mark, entry_id FROM core_like WHERE entry_id {one_of(2)} AND actor_id = $1"
        f" UNION ALL SELECT 's' AS mark, entry_id FROM core_boost WHERE entry_id {one_of(2)} AND actor_id = $1"
        f" UNION ALL SELECT 'b' AS mark, entry_id FROM core_bookmark WHERE entry_id {one_of(2)} AND actor_id = $1"
        " UNION ALL SELECT 'q' AS mark, x.id AS entry_id FROM core_entry x JOIN core_entry q ON q.id = x.quote_id"
        f" WHERE x.id {one_of(2)} AND EXISTS (SELECT 1 FROM core_block k WHERE (k.actor_id = $1"
        " AND k.target_id = q.author_id) OR (k.actor_id = q.author_id AND k.target_id = $1))",
        viewer.id,
        entry_ids,
    ):
        marks[found["entry_id"]] = marks.get(found["entry_id"], "") + found["mark"]
    return marks


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
                size=len(prepared.head) + len(prepared.source) + len(prepared.quote),
                tags=prepared.tags,
                since=since,
            )
    return found


def comment(form: Form) -> Form:
    """A reply post in the form of a comment (api.md, Objects)."""
    return {
        "commentId": form["postId"],
        "postId": form["rootId"] or form["inReplyTo"],
        "parentId": form["inReplyTo"] if form["inReplyTo"] != form["rootId"] else None,
        "userId": form["user"]["userId"],
        "username": form["user"]["username"],
        "user": form["user"],
        "content": form["content"],
        "contentWarning": form["contentWarning"],
        "likesCount": form["likesCount"],
        "repliesCount": form["commentsCount"],
        "isLiked": form["isLiked"],
        "createdAt": form["createdAt"],
        "editedAt": form["editedAt"],
    }
