"""All that somebody published and shared, as ActivityStreams activities: a few queries for each batch of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from core.database import LOWEST_ID, from_json, one_of, rows
from core.entries import Document
from core.file_forms import FILE_COLUMNS
from core.instance import here
from core.models import Actor, Entry
from core.outbound import PUBLIC, to_and_cc
from core.person_forms import stamp
from core.storage.backends import SUFFIXES

BATCH = 200
_TURN = (
    "SELECT * FROM (SELECT e.id AS position, e.id AS entry_id, '' AS uri FROM core_entry e"
    " WHERE e.author_id = $1 AND e.deleted_at IS NULL AND e.id > $2 ORDER BY e.id LIMIT $3) AS written"
    " UNION ALL SELECT * FROM (SELECT b.id AS position, b.entry_id, b.uri FROM core_boost b"
    " WHERE b.actor_id = $1 AND b.id > $2 ORDER BY b.id LIMIT $3) AS shared ORDER BY position LIMIT $3"
)
Grouped = Mapping[str, Sequence[Mapping[str, Any]]]
Progress = Callable[[int], Awaitable[None]]


async def activities(actor: Actor, progress: Progress) -> AsyncIterator[bytes]:
    """Every Create and Announce of somebody, whoever may see it; `progress` hears of each batch.

    The oldest come first, so that answers come after what they answer.
    """
    after = LOWEST_ID
    while turn := await rows(_TURN, actor.id, after, BATCH):
        after = turn[-1]["position"]
        entries = {one.id: one for one in await Entry.filter(id__in=[one["entry_id"] for one in turn])}
        written = [entries[one["entry_id"]] for one in turn if not one["uri"] and one["entry_id"] in entries]
        documents = {entry.id: create for entry, create in zip(written, await _creates(actor, written), strict=True)}
        for one in turn:
            entry = entries.get(one["entry_id"])
            if one["uri"] and entry is not None:
                yield orjson.dumps(_announce(actor, one["uri"], entry))
            elif one["entry_id"] in documents:
                yield orjson.dumps(documents[one["entry_id"]])
        await progress(len(turn))


def _announce(actor: Actor, uri: str, entry: Entry) -> Document:
    cc = [actor.followers_url]
    return {"id": uri, "type": "Announce", "actor": actor.uri, "object": entry.uri, "to": [PUBLIC], "cc": cc}


async def _creates(actor: Actor, entries: Sequence[Entry]) -> list[Document]:
    ids = [entry.id for entry in entries]
    # An answer went to all whom its author cannot see to be in a circle: of those not named, only whom it answers.
    mentions = await _grouped(
        "SELECT m.entry_id, m.silent, a.uri, a.username, a.domain FROM core_mention m"
        " JOIN core_actor a ON a.id = m.actor_id JOIN core_entry e ON e.id = m.entry_id"
        " LEFT JOIN core_entry p ON p.id = e.reply_to_id"
        " WHERE (NOT m.silent OR e.reply_to_id IS NULL OR p.author_id = m.actor_id) AND m.entry_id",
        ids,
        "m.id",
    )
    tags = await _grouped("SELECT t.entry_id, t.name, t.key FROM core_entry_tag t WHERE t.entry_id", ids, "t.id")
    files = await _grouped(
        f"SELECT h.entry_id, CAST(h.id AS TEXT) AS attachment_id, {FILE_COLUMNS} FROM core_attachment h"
        " LEFT JOIN core_file f ON f.id = h.file_id WHERE h.entry_id",
        ids,
        "h.position",
    )
    options = await _grouped(
        "SELECT o.entry_id, o.title, o.votes_count, p.multiple, p.expires_at, p.voters_count FROM core_poll_option o"
        " JOIN core_poll p ON p.entry_id = o.entry_id WHERE o.entry_id",
        ids,
        "o.position",
    )
    before = await _grouped(
        "SELECT r.entry_id, r.content, r.source, r.source_type, r.content_warning, r.created_at,"
        " CAST(r.files AS TEXT) AS files"
        " FROM core_revision r WHERE r.entry_id",
        ids,
        "r.id",
    )
    quoted_ids = [entry.quote_id for entry in entries if entry.quote_id]
    quoted = {
        one["id"]: one["uri"] for one in await rows(f"SELECT id, uri FROM core_entry WHERE id {one_of(1)}", quoted_ids)
    }
    found = []
    for entry in entries:
        named = mentions.get(entry.id, ())
        to, cc = to_and_cc(entry.visibility, actor, [one["uri"] for one in named])
        note = _note(actor, entry, to, cc) | {
            "tag": [*_mentions(named), *_hashtags(tags.get(entry.id, ()))],
            "attachment": [_attachment(file) for file in files.get(entry.id, ())],
        }
        if entry.id in options:
            note |= _question(options[entry.id])
        if entry.quote_id in quoted:
            note["quote"] = quoted[entry.quote_id]
        if entry.id in before:
            note["formerVersions"] = [_former(one) for one in before[entry.id]]
        found.append(
            {
                "id": f"{entry.uri}#create",
                "type": "Create",
                "actor": actor.uri,
                "published": note["published"],
                "to": to,
                "cc": cc,
                "object": note,
            }
        )
    return found


async def _grouped(sql: str, ids: Sequence[str], order: str) -> Grouped:
    """Rows by the entry they belong to."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for one in await rows(f"{sql} {one_of(1)} ORDER BY {order}", list(ids)):
        grouped.setdefault(one["entry_id"], []).append(one)
    return grouped


def _note(actor: Actor, entry: Entry, to: list[str], cc: list[str]) -> Document:
    note: Document = {
        "id": entry.uri,
        "type": "Note",
        "attributedTo": actor.uri,
        "to": to,
        "cc": cc,
        "published": stamp(entry.published_at),
        "url": entry.url,
        "content": entry.content,
        "contentMap": {entry.language: entry.content} if entry.language else {},
        "summary": entry.content_warning or None,
        "sensitive": entry.sensitive,
        "inReplyTo": entry.reply_to_uri or None,
        "kind": entry.kind,
        "visibility": entry.visibility,
        "localOnly": entry.local_only,
    }
    if entry.title:
        note["name"] = entry.title
    if entry.source:
        note["source"] = {"content": entry.source, "mediaType": entry.source_type}
    if entry.edited_at:
        note["updated"] = stamp(entry.edited_at)
    return note


def _mentions(named: Sequence[Mapping[str, Any]]) -> list[Document]:
    return [
        {"type": "Mention", "href": one["uri"], "name": f"@{one['username']}@{one['domain'] or here().domain}"}
        for one in named
        if not one["silent"]
    ]


def _hashtags(tags: Sequence[Mapping[str, Any]]) -> list[Document]:
    return [{"type": "Hashtag", "href": here().url(f"/tags/{tag['key']}"), "name": f"#{tag['name']}"} for tag in tags]


def _attachment(file: Mapping[str, Any]) -> Document:
    url = here().url(file["url"]) if file["url"].startswith("/") else file["url"]
    if file["file_id"]:
        url = path_in_archive(file["file_id"], file["media_type"])
    return {"type": "Document", "mediaType": file["media_type"] or None, "url": url, "name": file["alt"] or None}


def _question(options: Sequence[Mapping[str, Any]]) -> Document:
    poll = options[0]
    return {
        "type": "Question",
        "anyOf" if poll["multiple"] else "oneOf": [
            {"type": "Note", "name": one["title"], "replies": {"type": "Collection", "totalItems": one["votes_count"]}}
            for one in options
        ],
        "endTime": stamp(poll["expires_at"]),
        "votersCount": poll["voters_count"],
    }


def path_in_archive(file_id: str, media_type: str) -> str:
    """Where a file lies in the archive that somebody uploaded."""
    return f"media_attachments/{file_id}.{SUFFIXES.get(media_type, 'bin')}"


def _former(revision: Mapping[str, Any]) -> Document:
    return {
        "content": revision["content"],
        "source": {"content": revision["source"], "mediaType": revision["source_type"]} if revision["source"] else None,
        "summary": revision["content_warning"] or None,
        "attachment": [
            {"type": "Document", "name": file["alt"] or None} for file in from_json(revision["files"] or "[]")
        ],
        "published": stamp(revision["created_at"]),
    }
