"""Publishing, changing and removing entries: the one way anything comes into the world here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core import prepared, timelines
from core.audience import Viewer, may_see
from core.database import after_commit, execute, is_id, new_id, now, rows, transaction
from core.errors import NotFound, Rejected
from core.html import tag_key
from core.instance import here
from core.live_feed import announce_published, announce_removed
from core.models import Actor, Attachment, Entry, EntryTag, Mention, Revision, Tombstone

Document = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What an entry is, and how it crosses the border.

    `recognises` says of a document of a type that others understand too whether it is one of this kind's: then it is.
    `to_document` writes the ActivityStreams object of an entry; `receive` takes one from elsewhere: its author and
    the document, already verified, and publishes it (None where it is to be ignored). `document_types` are the
    object types `receive` understands. `fields` adds to the API form of entries of this kind, given their ids; `card`
    is the template of what stands below the words of such an entry on a page, where `post` is that form.
    """

    name: str
    to_document: Callable[[Entry], Awaitable[Document]]
    receive: Callable[[Actor, Document], Awaitable[Entry | None]] | None = None
    document_types: tuple[str, ...] = ()
    recognises: Callable[[Document], bool] | None = None
    fields: Callable[[Sequence[str]], Awaitable[Mapping[str, Mapping[str, Any]]]] | None = None
    card: str = ""


@dataclass
class AttachmentDraft:
    """A file that will hang on an entry."""

    type: str
    url: str
    media_type: str = ""
    alt: str = ""
    width: int | None = None
    height: int | None = None
    blurhash: str = ""
    focus: list[float] | None = None


@dataclass
class Draft:
    """An entry that is about to be published; `before_publish` hooks may change it or refuse it."""

    kind: str
    author: Actor
    content: str = ""
    source: str = ""
    title: str = ""
    visibility: str = "public"
    content_warning: str = ""
    sensitive: bool = False
    language: str = ""
    local_only: bool = False
    reply_to: Entry | None = None
    reply_to_uri: str = ""
    quote: Entry | None = None
    context_uri: str = ""
    mentions: list[Actor] = field(default_factory=list)
    silent_mentions: list[Actor] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attachments: list[AttachmentDraft] = field(default_factory=list)
    id: str = ""
    uri: str = ""
    url: str = ""
    published_at: datetime | None = None
    edited_at: datetime | None = None


@dataclass(frozen=True)
class Act:
    """Something done here that other servers may have to learn of.

    `verb` is a key of the `outbox` hook's tables. The hook `outgoing` gets it inside the transaction that did it.
    """

    verb: str
    actor: Actor
    entry: Entry | None = None
    target: Actor | None = None
    uri: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@asynccontextmanager
async def publishing(draft: Draft) -> AsyncIterator[Entry]:
    """Store an entry with all that belongs to it in one transaction, and tell of it once that is committed.

    The body of the `async with` adds the kind's own rows. Raises Rejected where a plugin says no.
    """
    if draft.kind not in here().kinds:
        raise Rejected(f"Nothing here publishes “{draft.kind}”.")
    async with transaction():
        await here().hooks.before_publish(draft=draft)
        entry = _entry_of(draft)
        await entry.save(force_create=True)
        await _store_parts(entry, draft)
        await _count(entry, 1)
        prepared.published(entry, map(tag_key, draft.tags))
        yield entry
        await timelines.place(entry)
        if draft.author.is_local:
            await here().hooks.outgoing(act=Act("create", draft.author, entry=entry))
        after_commit(lambda: announce_published(entry))
        after_commit(lambda: here().hooks.entry_published(entry=entry))


def _entry_of(draft: Draft) -> Entry:
    instance, author = here(), draft.author
    published_at = min(draft.published_at or now(), now() + timedelta(seconds=1))
    # The id carries the time of publication, so that whatever comes late from elsewhere is sorted where it belongs.
    entry_id = draft.id or (new_id(published_at) if draft.published_at else new_id())
    return Entry(
        id=entry_id,
        kind=draft.kind,
        author_id=author.id,
        uri=draft.uri or instance.url(f"/objects/{entry_id}"),
        url=draft.url or instance.url(f"/@{author.username}/{entry_id}"),
        visibility=draft.visibility,
        local_only=draft.local_only,
        title=draft.title,
        content=draft.content,
        source=draft.source,
        content_warning=draft.content_warning,
        sensitive=draft.sensitive or bool(draft.content_warning),
        language=draft.language,
        reply_to_id=draft.reply_to.id if draft.reply_to else None,
        reply_to_uri=draft.reply_to.uri if draft.reply_to else draft.reply_to_uri,
        root_id=(draft.reply_to.root_id or draft.reply_to.id) if draft.reply_to else None,
        context_uri=draft.context_uri or (draft.reply_to.context_uri if draft.reply_to else ""),
        quote_id=draft.quote.id if draft.quote else None,
        is_local=author.is_local,
        published_at=published_at,
        edited_at=draft.edited_at,
    )


async def _store_parts(entry: Entry, draft: Draft) -> None:
    named = {actor.id: False for actor in draft.mentions}
    for actor in draft.silent_mentions:
        named.setdefault(actor.id, True)
    if named:
        mentions = [Mention(entry_id=entry.id, actor_id=actor_id, silent=silent) for actor_id, silent in named.items()]
        await Mention.bulk_create(mentions)
    tags = {tag_key(name): name for name in draft.tags}
    if tags:
        await EntryTag.bulk_create([EntryTag(entry_id=entry.id, name=name, key=key) for key, name in tags.items()])
    if draft.attachments:
        await Attachment.bulk_create(
            [Attachment(entry_id=entry.id, position=i, **vars(a)) for i, a in enumerate(draft.attachments)]
        )


async def _count(entry: Entry, step: int) -> None:
    """Counters change in the transaction of the rows they count; a deleted entry counts no longer."""
    if entry.reply_to_id:
        await execute("UPDATE core_entry SET replies_count = replies_count + $1 WHERE id = $2", step, entry.reply_to_id)
    # Entries before actors, always: so nobody who deletes waits for somebody who answers, and the other way round.
    await execute("UPDATE core_actor SET posts_count = posts_count + $1 WHERE id = $2", step, entry.author_id)


async def edit(entry: Entry, draft: Draft) -> Entry:
    """Give an entry new words; what it said before is kept as a revision. Raises Rejected, NotFound if it has gone."""
    async with transaction():
        await here().hooks.before_publish(draft=draft)
        # Whoever else changes it now waits, and then finds what it says by then.
        if not await execute(
            "UPDATE core_entry SET version = version + 1 WHERE id = $1 AND deleted_at IS NULL", entry.id
        ):
            raise NotFound("There is no such post.")
        await entry.refresh_from_db()
        await Revision.create(
            entry_id=entry.id,
            content=entry.content,
            source=entry.source,
            content_warning=entry.content_warning,
            created_at=entry.edited_at or entry.published_at,
        )
        entry.content, entry.source, entry.title = draft.content, draft.source, draft.title
        entry.content_warning, entry.language = draft.content_warning, draft.language
        entry.sensitive = draft.sensitive or bool(draft.content_warning)
        entry.edited_at = draft.edited_at or now()
        await entry.save(update_fields=_WORDS)
        tag_keys = {tag.key for tag in await EntryTag.filter(entry_id=entry.id)} | set(map(tag_key, draft.tags))
        for model in (Mention, EntryTag, Attachment):
            await model.filter(entry_id=entry.id).delete()
        await _store_parts(entry, draft)
        prepared.changed(entry, tag_keys)
        if draft.author.is_local:
            await here().hooks.outgoing(act=Act("update", draft.author, entry=entry))
        after_commit(lambda: here().hooks.entry_updated(entry=entry))
    return entry


_WORDS = ("content", "source", "title", "content_warning", "language", "sensitive", "edited_at")


async def remove(entry: Entry, by: Actor) -> None:
    """Take an entry away: its words and all that hung on it go, an empty place and a tombstone stay.

    The row stays so that a thread keeps its shape; the tombstone keeps the same thing from coming back.
    """
    async with transaction():
        if not await execute(
            "UPDATE core_entry SET deleted_at = $1, content = '', source = '', title = '', content_warning = '',"
            " likes_count = 0, boosts_count = 0, version = version + 1 WHERE id = $2 AND deleted_at IS NULL",
            now(),
            entry.id,
        ):
            raise NotFound()
        prepared.removed(entry)
        author = await Actor.get(id=entry.author_id)
        if author.is_local:  # before its parts go: who must learn of it is read from them
            await here().hooks.outgoing(act=Act("delete", author, entry=entry))
        await _count(entry, -1)
        for table in _PARTS:
            await execute(f"DELETE FROM {table} WHERE entry_id = $1", entry.id)
        homes = await rows("DELETE FROM core_timeline WHERE entry_id = $1 RETURNING owner_id", entry.id)
        await bury(entry.uri, author.uri, entry.kind)
        after_commit(lambda: announce_removed(entry, [home["owner_id"] for home in homes]))
        after_commit(lambda: here().hooks.entry_deleted(entry=entry))


_PARTS = (
    "core_mention",
    "core_entry_tag",
    "core_attachment",
    "core_revision",
    "core_like",
    "core_boost",
    "core_bookmark",
)


async def bury(uri: str, actor_uri: str, former_type: str = "") -> None:
    """Remember that whoever `actor_uri` is deleted the thing at `uri`, known here or not."""
    await Tombstone.get_or_create(uri=uri, actor_uri=actor_uri, defaults={"former_type": former_type})


async def is_buried(uri: str, actor_uri: str) -> bool:
    """Whether that actor has deleted the thing at `uri`, so that it does not come back."""
    return await Tombstone.exists(uri=uri, actor_uri=actor_uri)


async def by_uri(uri: str) -> Entry | None:
    """The entry with this identity, if it is known here and not deleted."""
    return await Entry.get_or_none(uri=uri, deleted_at__isnull=True)


async def visible_entry(viewer: Viewer, entry_id: str) -> Entry:
    """The entry, if this viewer may see it; NotFound otherwise, whatever the reason."""
    entry = await Entry.get_or_none(id=entry_id) if is_id(entry_id) else None
    if entry is None or not await may_see(viewer, entry):
        raise NotFound("There is no such post.")
    return entry


async def addressed(entry: Entry) -> list[str]:
    """The ids of those an entry names or is addressed to."""
    return [str(actor_id) for actor_id in await Mention.filter(entry_id=entry.id).values_list("actor_id", flat=True)]
