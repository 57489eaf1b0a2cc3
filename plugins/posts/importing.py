"""Posts somebody wrote elsewhere or long ago, brought along: copies under their own name, which stay here.

An archive proves nothing about who wrote what, or when. So a copy is always its importer's own, says that it is one,
keeps to this server, names nobody and answers nobody but copies of the same importer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.database import now, one_of, rows, transaction
from core.entries import Document, Draft, Kind, by_uri, publishing
from core.entry_document import entry_document
from core.errors import KithError
from core.html import CONTENT_TYPES, counted_length, plain, render, without_controls
from core.instance import here
from core.models import VISIBILITIES, Actor, Entry
from core.person_forms import stamp
from core.poll_rows import PollDraft
from core.reading import poll_of
from core.reading.drafts import answered_address, tags_of, visibility_of
from core.reading.values import address, first_known_type, id_of, moment
from core.reading.words import content_of, language_of, title_of, warning_of
from plugins.posts.models import ImportedPost

KIND = "imported_post"
TYPES = ("Note", "Article", "Page", "Question")
LONGEST = 100_000  # characters, whatever a new post may have
Outcome = tuple[str, str]
DONE, ALREADY = ("done", ""), ("already", "")


def _failed(reason: str) -> Outcome:
    return "failed", reason


async def bring(author_id: str, outbox: Mapping[str, Any]) -> dict[str, Any]:
    """Take over the posts of an outbox that are by the one whose outbox it is; what came of how many.

    `outbox` has `actor`, their `followers` and some `orderedItems`. What came before is there already.
    """
    author, origin = await Actor.get(id=author_id), address(outbox.get("actor"))
    readers = outbox.get("followers")
    writer = Actor(uri=origin, followers_url=readers if isinstance(readers, str) else "")
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for item in outbox.get("orderedItems", []):
        if _is_of_another_kind(item):
            continue
        outcome, reason = await _take(author, writer, item)
        counts[outcome] += 1
        if reason:
            reasons[reason] += 1
    return {**counts, "reasons": dict(reasons)}


def _is_of_another_kind(item: Any) -> bool:
    """Whether a plugin brings it that is on here: it has a folder of its own in the archive."""
    note = item.get("object") if isinstance(item, Mapping) else None
    kind = note.get("kind") if isinstance(note, Mapping) else None
    return isinstance(kind, str) and kind in here().kinds and kind not in (KIND, "post")


async def _take(author: Actor, writer: Actor, item: Any) -> Outcome:
    note = item.get("object") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or item.get("type") != "Create" or not isinstance(note, Mapping):
        return _failed("This is no post: shares are not repeated.")
    uri = address(id_of(note))
    if not first_known_type(note, TYPES) or not uri:
        return _failed("This is of a kind that cannot be imported.")
    if not writer.uri or id_of(item.get("actor")) != writer.uri or id_of(note.get("attributedTo")) != writer.uri:
        return _failed("Somebody else wrote this.")
    if await _is_here(author, uri):
        return ALREADY
    published_at = moment(note.get("published"))
    if published_at is None or published_at > now():
        return _failed("It does not say when it was written.")
    draft = await _draft(author, writer, {**note}, published_at)
    if not plain(draft.content).strip():
        return _failed("There are no words in it; pictures and films are not brought along.")
    try:
        async with transaction(), publishing(draft) as entry:
            await ImportedPost.create(id=entry.id, entry_id=entry.id, author_id=author.id, uri=uri)
    except KithError as error:
        return _failed(error.sentence)
    return DONE


async def _is_here(author: Actor, uri: str) -> bool:
    """Whether it is still here as it was, or as a copy that nobody deleted."""
    original = await by_uri(uri)
    if original is not None and original.author_id == author.id:
        return True
    copy = await ImportedPost.get_or_none(author_id=author.id, uri=uri).select_related("entry")
    if copy is not None and copy.entry.deleted_at is not None:
        await copy.delete()
        return False
    return copy is not None


async def _draft(author: Actor, writer: Actor, note: Document, published_at: datetime) -> Draft:
    source = _source(note)
    content = _rendered(source, _typed_as(note)) if source else content_of(note)
    edited_at, answered = moment(note.get("updated")), answered_address(note)
    return Draft(
        kind=KIND,
        author=author,
        content=content,
        source=source or plain(content),
        source_type=_typed_as(note) if source else "text/markdown",
        title=title_of(note),
        visibility=_visibility(note, writer),
        content_warning=warning_of(note),
        sensitive=note.get("sensitive") is True,
        language=language_of(note),
        local_only=True,
        reply_to=await _own(author, answered) if answered else None,
        reply_to_uri=answered,
        tags=tags_of(note),
        poll=_over(poll_of(note), published_at),
        published_at=published_at,
        edited_at=edited_at if edited_at and published_at < edited_at <= now() else None,
        quiet=True,
    )


def _over(poll: PollDraft, published_at: datetime) -> PollDraft:
    """A poll that came along: as it stood, and nobody votes any more."""
    return replace(poll, expires_at=min(poll.expires_at or published_at, now()))


def _source(note: Document) -> str:
    source = note.get("source")
    if not isinstance(source, Mapping) or not _typed_as(note):
        return ""
    text = source.get("content")
    text = without_controls(text) if isinstance(text, str) else ""
    return text if 0 < counted_length(text) <= LONGEST else ""


def _typed_as(note: Document) -> str:
    """The media type of what was typed, where it is one that can be typed here."""
    source = note.get("source")
    said = source.get("mediaType") if isinstance(source, Mapping) else None
    return said if isinstance(said, str) and said in CONTENT_TYPES else ""


def _rendered(source: str, content_type: str) -> str:
    return render(
        source, format=CONTENT_TYPES[content_type], mentions={}, tag_url=lambda tag: here().url(f"/tags/{tag}")
    )


def _visibility(note: Document, writer: Actor) -> str:
    """For whom it was; what was for a few people by name is for nobody but its importer."""
    said = note.get("visibility")
    found = said if isinstance(said, str) and said in VISIBILITIES else visibility_of(note, writer)
    return "private" if found in ("direct", "circle") else found


async def _own(author: Actor, uri: str) -> Entry | None:
    """What it answers, where that is the importer's own."""
    copy = await ImportedPost.get_or_none(author_id=author.id, uri=uri).select_related("entry")
    found = copy.entry if copy else await by_uri(uri)
    return found if found and found.author_id == author.id and found.deleted_at is None else None


# -- What it is on its way out -------------------------------------------------
async def _to_document(entry: Entry) -> Document:
    return await entry_document(entry, "Note")


async def _fields(entry_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Where each came from, and when."""
    found = await rows(
        f"SELECT entry_id, uri, created_at FROM posts_imported WHERE entry_id {one_of(1)}", list(entry_ids)
    )
    return {one["entry_id"]: {"imported": {"uri": one["uri"], "importedAt": stamp(one["created_at"])}} for one in found}


IMPORTED = Kind(KIND, _to_document, fields=_fields, card="posts/_imported.html")
