"""What an entry looks like to everybody: read and prepared once for each of its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core.audience import OPEN
from core.database import one_of, rows
from core.instance import here
from core.person_forms import Form, Row, stamp, user_short
from core.prepared import of_actor, of_entry


@dataclass(frozen=True)
class Prepared:
    """An entry's form without its last brace, and what not everybody may see: its source and what it quotes.

    `tags` name what it was made of besides the entry and its author: those mentioned, what is quoted.
    """

    head: bytes
    source: bytes
    quote: bytes
    tags: tuple[str, ...]


async def prepare(entry_ids: list[str]) -> list[tuple[Row, Prepared]]:
    """These entries, each with what is prepared of it; four queries however many they are."""
    entries = await rows(
        "SELECT e.*, q.uri AS quote_uri, q.url AS quote_url, q.content AS quote_content, q.visibility AS quote_for,"
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
        "SELECT a.*, m.entry_id AS mentioned_in, m.silent FROM core_mention m JOIN core_actor a ON a.id = m.actor_id"
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
        "SELECT entry_id, 0 AS place, name, '' AS type, '' AS url, '' AS media_type, '' AS alt, NULL AS width,"
        " NULL AS height, '' AS blurhash, NULL AS focus, CAST(id AS TEXT) AS file_id FROM core_entry_tag"
        f" WHERE entry_id {one_of(1)} UNION ALL SELECT entry_id, position, NULL, type, url, media_type, alt, width,"
        f" height, blurhash, CAST(focus AS TEXT), CAST(id AS TEXT) FROM core_attachment WHERE entry_id {one_of(1)}"
        " ORDER BY place, file_id",
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
        source=_kept(entry["source"] or None),
        quote=_kept(_quote(entry, parts)),
        tags=(*tags, of_entry(entry["quote_id"])) if entry["quote_id"] else tuple(tags),
    )


def _kept(value: object) -> bytes:
    """JSON for the cache: what orjson answers lies in four kilobytes, however little it is."""
    return b"null" if value is None else bytes(memoryview(orjson.dumps(value)))


def _reply_author(entry: Row, parts: _Parts) -> Form | None:
    author = parts.actors.get(entry["parent_author"] or "")
    return user_short(author) if author and _is_present(author) else None


def _is_present(author: Row) -> bool:
    return not (author["suspended_at"] or author["removed_at"])


def _quote(entry: Row, parts: _Parts) -> Form | None:
    """What is quoted, where everybody may see it; whether a block hides it is found out for each reader."""
    author = parts.actors.get(entry["quote_author"] or "")
    if author is None or entry["quote_gone"] or entry["quote_for"] not in OPEN:
        return None
    if not _is_present(author):
        return None
    return {
        "postId": entry["quote_id"],
        "uri": entry["quote_uri"],
        "url": entry["quote_url"] or entry["quote_uri"],
        "user": user_short(author),
        "content": entry["quote_content"],
    }
