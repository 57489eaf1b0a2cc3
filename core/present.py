"""The public form of people and entries: what the API answers and the pages show.

The part of an entry's form that is the same for everybody is prepared once per version, as bytes, and spliced into
answers; what depends on the viewer is one query per page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core import people
from core.audience import OPEN
from core.database import one_of, rows, when
from core.instance import here
from core.models import Actor, Entry
from core.prepared import of_actor, of_entry

Row = Mapping[str, Any]
Form = dict[str, Any]
KEEP_SECONDS = 3600


def stamp(value: Any) -> str | None:
    """A time as the API writes it: RFC 3339 in UTC, milliseconds, `Z`; None stays None."""
    if value is None:
        return None
    moment: datetime | None = when(value)
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def row_of(actor: Actor) -> Row:
    """An actor read by the ORM, as the row it came from."""
    return {column: getattr(actor, column) for column in actor._meta.db_fields}


def user_short(actor: Row) -> Form:
    """Who somebody is, in a few words: for cards and lists of reactions."""
    return {
        "userId": actor["id"],
        "username": actor["username"],
        "acct": _acct(actor),
        "domain": actor["domain"] or here().domain,
        "fullName": actor["name"] or actor["username"],
        "avatar": actor["avatar_url"] or None,
        "url": actor["url"] or actor["uri"],
        "isBot": actor["type"] in ("service", "application"),
    }


def user(actor: Row) -> Form:
    """The public form of a person (api.md, Objects)."""
    listed = actor["profile_fields"]
    return user_short(actor) | {
        "bio": actor["summary"],
        "coverImage": actor["cover_url"] or None,
        "fields": _fields(listed),
        "followersCount": actor["followers_count"],
        "followingCount": actor["following_count"],
        "postsCount": actor["posts_count"],
        "isVerified": any(f.get("verifiedAt") for f in _fields(listed)),
        "isLocked": bool(actor["is_locked"]),
        "role": actor["role"],
        "createdAt": stamp(actor["created_at"]),
    }


def _fields(listed: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(listed) if isinstance(listed, str) else listed
    return [{key: field.get(key) for key in ("name", "value", "verifiedAt")} for field in found]


def _acct(actor: Row) -> str:
    return f"{actor['username']}@{actor['domain']}" if actor["domain"] else str(actor["username"])


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
@dataclass(frozen=True)
class Prepared:
    """An entry's form without its last brace, and what not everybody may see: its source and what it quotes.

    `tags` name what it was made of besides the entry and its author: those mentioned, what is quoted.
    """

    head: bytes
    source: bytes
    quote: bytes
    tags: tuple[str, ...]


PAGE_COLUMNS = (
    "e.id, e.version, e.author_id, e.likes_count, e.replies_count, e.boosts_count, a.version AS author_version"
)


async def posts(page: Sequence[Row], viewer: Actor | None) -> list[bytes]:
    """The forms of a page of entries, rows of `PAGE_COLUMNS` and, in home timelines, `via_id`: JSON, to be spliced."""
    prepared = await _prepared(page)
    marks = await _marks(viewer, [row["id"] for row in page]) if viewer and page else {}
    sharers = await _sharers(page)
    return [_finish(row, prepared[row["id"]], viewer, marks.get(row["id"], ""), sharers) for row in page]


async def post(entry: Entry, viewer: Actor | None) -> bytes:
    """The form of one entry."""
    page = await rows(
        f"SELECT {PAGE_COLUMNS} FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.id = $1",  # noqa: S608
        entry.id,
    )
    return (await posts(page, viewer))[0]


def unpacked(prepared: Iterable[bytes]) -> list[Form]:
    """The forms as dicts, for pages and comments."""
    return [orjson.loads(form) for form in prepared]


_TAIL = (
    b'%b,"source":%b,"quote":%b,"likesCount":%d,"commentsCount":%d,"sharesCount":%d,'
    b'"isLiked":%b,"isShared":%b,"isBookmarked":%b,"sharedBy":%b}'
)


def _finish(row: Row, prepared: Prepared, viewer: Actor | None, marks: str, sharers: Mapping[str, bytes]) -> bytes:
    shared_by = sharers.get(row.get("via_id") or "", b"null")
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
        shared_by,
    )


async def _marks(viewer: Actor, entry_ids: list[str]) -> dict[str, str]:
    """What the viewer did with each entry: l(iked), s(hared), b(ookmarked); q(uote) where a block hides what it quotes."""
    marks: dict[str, str] = {}
    for found in await rows(
        f"SELECT 'l' AS mark, entry_id FROM core_like WHERE entry_id {one_of(2)} AND actor_id = $1"  # noqa: S608
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


async def _sharers(page: Sequence[Row]) -> dict[str, bytes]:
    cache, known = here().cache, {}
    for actor_id in {row["via_id"] for row in page if row.get("via_id")}:
        known[actor_id] = cache.get(f"short:{actor_id}")
    missing = [actor_id for actor_id, form in known.items() if form is None]
    if missing:
        for actor in await rows(f"SELECT * FROM core_actor WHERE id {one_of(1)}", missing):  # noqa: S608
            known[actor["id"]] = orjson.dumps(user_short(actor))
            cache.put(f"short:{actor['id']}", known[actor["id"]], ttl=KEEP_SECONDS, tags=(f"actor:{actor['id']}",))
    return {actor_id: form for actor_id, form in known.items() if form is not None}


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
        for entry, prepared in await _prepare(missing):
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


async def _prepare(entry_ids: list[str]) -> list[tuple[Row, Prepared]]:
    entries = await rows(
        "SELECT e.*, q.uri AS quote_uri, q.url AS quote_url, q.content AS quote_content, q.visibility AS quote_for,"  # noqa: S608
        " q.deleted_at AS quote_gone, q.author_id AS quote_author, a.version AS author_version,"
        " p.author_id AS parent_author FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        " LEFT JOIN core_entry q ON q.id = e.quote_id LEFT JOIN core_entry p ON p.id = e.reply_to_id"
        f" WHERE e.id {one_of(1)}",
        entry_ids,
    )
    named = {e[key] for e in entries for key in ("author_id", "quote_author", "parent_author") if e[key]}
    parts = await _parts(entry_ids, list(named))
    added = await _added_by_kinds(entries)
    return [(entry, _prepared_form(entry, parts, added.get(entry["id"], {}))) for entry in entries]


@dataclass
class _Parts:
    actors: dict[str, Row]
    mentions: dict[str, list[Form]]
    tags: dict[str, list[str]]
    attachments: dict[str, list[Form]]


async def _parts(entry_ids: list[str], actor_ids: list[str]) -> _Parts:
    parts = _Parts({}, {}, {}, {})
    people_found = await rows(
        "SELECT a.*, m.entry_id AS mentioned_in, m.silent FROM core_mention m JOIN core_actor a ON a.id = m.actor_id"  # noqa: S608
        f" WHERE m.entry_id {one_of(1)} UNION ALL SELECT a.*, NULL AS mentioned_in, NULL AS silent"
        f" FROM core_actor a WHERE a.id {one_of(2)}",
        entry_ids,
        actor_ids,
    )
    for actor in people_found:
        if actor["mentioned_in"] is None:
            parts.actors[actor["id"]] = actor
        elif not actor["silent"]:
            mention = {key: user_short(actor)[key] for key in ("userId", "username", "acct", "url")}
            parts.mentions.setdefault(actor["mentioned_in"], []).append(mention)
    for found in await rows(
        "SELECT entry_id, 0 AS place, name, '' AS type, '' AS url, '' AS media_type, '' AS alt, NULL AS width,"  # noqa: S608
        " NULL AS height, '' AS blurhash, NULL AS focus, '' AS file_id FROM core_entry_tag"
        f" WHERE entry_id {one_of(1)} UNION ALL SELECT entry_id, position, NULL, type, url, media_type, alt, width,"
        f" height, blurhash, CAST(focus AS TEXT), CAST(id AS TEXT) FROM core_attachment WHERE entry_id {one_of(1)}"
        " ORDER BY place",
        entry_ids,
    ):
        if found["name"] is not None:
            parts.tags.setdefault(found["entry_id"], []).append(found["name"])
        else:
            parts.attachments.setdefault(found["entry_id"], []).append(_attachment(found))
    return parts


def _attachment(found: Row) -> Form:
    return {
        "fileId": found["file_id"],
        "type": found["type"],
        "url": found["url"],
        "thumbnailUrl": None,
        "alt": found["alt"] or None,
        "width": found["width"],
        "height": found["height"],
        "fileSize": None,
        "format": found["media_type"] or None,
        "blurhash": found["blurhash"] or None,
        "focus": orjson.loads(found["focus"]) if found["focus"] else None,
        "metadata": None,
    }


async def _added_by_kinds(entries: Sequence[Row]) -> dict[str, Mapping[str, Any]]:
    added: dict[str, Mapping[str, Any]] = {}
    for name in {entry["kind"] for entry in entries}:
        kind = here().kinds.get(name)
        if kind and kind.fields:
            added |= await kind.fields([entry["id"] for entry in entries if entry["kind"] == name])
    return added


def _prepared_form(entry: Row, parts: _Parts, added: Mapping[str, Any]) -> Prepared:
    form = {
        "postId": entry["id"],
        "kind": entry["kind"],
        "url": entry["url"] or entry["uri"],
        "uri": entry["uri"],
        "user": user_short(parts.actors[entry["author_id"]]),
        "content": entry["content"],
        "title": entry["title"] or None,
        "contentWarning": entry["content_warning"] or None,
        "sensitive": bool(entry["sensitive"]),
        "language": entry["language"] or None,
        "visibility": entry["visibility"],
        "localOnly": bool(entry["local_only"]),
        "attachments": parts.attachments.get(entry["id"], []),
        "tags": parts.tags.get(entry["id"], []),
        "mentions": parts.mentions.get(entry["id"], []),
        "mediaItem": None,
        "group": None,
        "poll": None,
        "inReplyTo": entry["reply_to_id"],
        "inReplyToUser": _reply_author(entry, parts),
        "rootId": entry["root_id"],
        "createdAt": stamp(entry["published_at"]),
        "editedAt": stamp(entry["edited_at"]),
        "isDeleted": entry["deleted_at"] is not None,
        **added,
    }
    others = {mention["userId"] for mention in form["mentions"]} | {entry["quote_author"], entry["parent_author"]}
    tags = [of_actor(actor_id) for actor_id in others if actor_id]
    return Prepared(
        head=orjson.dumps(form)[:-1],
        source=orjson.dumps(entry["source"] or None),
        quote=orjson.dumps(_quote(entry, parts)),
        tags=(*tags, of_entry(entry["quote_id"])) if entry["quote_id"] else tuple(tags),
    )


def _reply_author(entry: Row, parts: _Parts) -> Form | None:
    author = parts.actors.get(entry["parent_author"] or "")
    return user_short(author) if author else None


def _quote(entry: Row, parts: _Parts) -> Form | None:
    """What is quoted, where everybody may see it; whether a block hides it is found out for each reader."""
    author = parts.actors.get(entry["quote_author"] or "")
    if author is None or entry["quote_gone"] or entry["quote_for"] not in OPEN:
        return None
    if author["suspended_at"] or author["removed_at"]:
        return None
    return {
        "postId": entry["quote_id"],
        "uri": entry["quote_uri"],
        "url": entry["quote_url"] or entry["quote_uri"],
        "user": user_short(author),
        "content": entry["quote_content"],
    }


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
