"""Publishing, changing and removing entries: the one way anything comes into the world here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core import poll_rows, prepared, revisions, timelines
from core.acts import Act as Act
from core.audience import READABLE, Viewer, visible_sql
from core.consent import as_link, needs_consent, reply_waits, still_asking
from core.database import after_commit, execute, is_id, loaded, new_id, now, row, rows, transaction
from core.entry_counts import count
from core.errors import NotFound, Rejected
from core.going_out import ask_to_reply, end_waiting, go_out, withdraw_answer
from core.html import tag_key
from core.instance import here
from core.live_feed import announce_published, announce_removed
from core.models import Actor, Attachment, Entry, EntryTag, Mention
from core.poll_rows import PollDraft
from core.quote_models import QuoteRequest, ReplyRequest
from core.storage.files import discard
from core.tombstones import bury

Document = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What an entry is, and how it crosses the border.

    `recognises` says of a document of a type that others understand too whether it is one of this kind's: then it is.
    `to_document` writes the ActivityStreams object of an entry; `receive` takes one from elsewhere: its author and
    the document, already verified, and publishes it (None where it is to be ignored). `document_types` are the
    object types `receive` understands. `fields` adds to the API form of entries of this kind, given their ids; `card`
    is the template of what stands below the words of such an entry on a page, where `post` is that form. What
    `tells_cameras` tells with what its pictures were taken, where its author wants that: the form has `camera`.
    """

    name: str
    to_document: Callable[[Entry], Awaitable[Document]]
    receive: Callable[[Actor, Document], Awaitable[Entry | None]] | None = None
    document_types: tuple[str, ...] = ()
    recognises: Callable[[Document], bool] | None = None
    fields: Callable[[Sequence[str]], Awaitable[Mapping[str, Mapping[str, Any]]]] | None = None
    card: str = ""
    tells_cameras: bool = False


@dataclass
class AttachmentDraft:
    """A file that will hang on an entry: one that was uploaded here by its id, one elsewhere by its address."""

    type: str
    url: str = ""
    media_type: str = ""
    alt: str = ""
    width: int | None = None
    height: int | None = None
    blurhash: str = ""
    focus: list[float] | None = None
    file_id: str | None = None
    preview_url: str = ""
    """Where a picture of a film or a sound elsewhere is."""


@dataclass
class Draft:
    """An entry that is about to be published; `before_publish` hooks may change it or refuse it."""

    kind: str
    author: Actor
    content: str = ""
    source: str = ""
    source_type: str = "text/markdown"
    """What it was typed as (core.html.CONTENT_TYPES)."""
    title: str = ""
    visibility: str = "public"
    content_warning: str = ""
    sensitive: bool = False
    language: str = ""
    local_only: bool = False
    reply_to: Entry | None = None
    reply_to_uri: str = ""
    is_agreed: bool = False
    """Whether there is proof that whom it answers agrees."""
    quote: Entry | None = None
    reply_policy: str | None = None
    quote_policy: str | None = None
    """Who may answer and who may quote it (core.policies); None is what it was, at first everybody."""
    context_uri: str = ""
    mentions: list[Actor] = field(default_factory=list)
    silent_mentions: list[Actor] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attachments: list[AttachmentDraft] = field(default_factory=list)
    poll: PollDraft | None = None
    """What it asks; None in an edit leaves what it asks as it is."""
    id: str = ""
    uri: str = ""
    url: str = ""
    published_at: datetime | None = None
    edited_at: datetime | None = None
    quiet: bool = False
    """Brought along from elsewhere: it stands where it belongs, and comes into nobody's timeline."""

    @property
    def is_visual(self) -> bool:
        """Whether it has pictures or films."""
        return any(attachment.type in VISUAL for attachment in self.attachments)


VISUAL = ("image", "video")
_quiet: ContextVar[bool] = ContextVar("kith_quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """Whatever is published inside is `quiet`, as what others said long ago and is only found now."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


@asynccontextmanager
async def publishing(draft: Draft) -> AsyncIterator[Entry]:
    """Store an entry with all that belongs to it in one transaction, and tell of it once that is committed.

    The body of the `async with` adds the kind's own rows. Raises Rejected where a plugin says no.
    """
    if draft.kind not in here().kinds:
        raise Rejected(f"Nothing here publishes “{draft.kind}”.")
    quiet = draft.quiet or _quiet.get()
    if draft.author.is_local and draft.author.moved_to_uri and not quiet:
        raise Rejected("You have moved to another account: write there, or come back first, in your settings.")
    async with transaction():
        await here().hooks.before_publish(draft=draft)
        entry = _entry_of(draft)
        waits = not draft.is_agreed and await reply_waits(draft.author, draft.reply_to, draft.visibility, quiet=quiet)
        if waits:  # for nobody else, until whom it answers agrees
            entry.visibility = "private"
        await entry.save(force_create=True)
        await _store_parts(entry, draft)
        if draft.poll is not None:
            await poll_rows.store(entry.id, draft.poll)
        if draft.quote and not entry.quote_id:
            await QuoteRequest.create(entry_id=entry.id, quoted_id=draft.quote.id)
        if waits and draft.reply_to:
            await ReplyRequest.create(
                entry_id=entry.id,
                parent_id=draft.reply_to.id,
                author_id=draft.reply_to.author_id if draft.reply_to.is_local else None,
                visibility=draft.visibility,
            )
        await count(entry, 1)
        prepared.published(entry, map(tag_key, draft.tags))
        yield entry
        if not quiet:
            await timelines.place(entry, draft.author, [tag_key(name) for name in draft.tags])
            if waits and draft.reply_to:
                await ask_to_reply(entry, draft.author, draft.reply_to, draft.visibility)
            elif draft.author.is_local:
                await go_out(entry, draft.author, draft.quote)
            after_commit(lambda: announce_published(entry))
        await here().hooks.entry_stored(entry=entry)
        if not waits:
            after_commit(lambda: here().hooks.entry_published(entry=entry, quiet=quiet))


def _entry_of(draft: Draft) -> Entry:
    instance, author = here(), draft.author
    asks = needs_consent(author, draft.quote, draft.visibility)
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
        content=as_link(draft.content, draft.quote) if asks else draft.content,
        source=draft.source,
        source_type=draft.source_type,
        content_warning=draft.content_warning,
        sensitive=draft.sensitive or bool(draft.content_warning),
        language=draft.language,
        reply_to_id=draft.reply_to.id if draft.reply_to else None,
        reply_to_uri=draft.reply_to.uri if draft.reply_to else draft.reply_to_uri,
        root_id=(draft.reply_to.root_id or draft.reply_to.id) if draft.reply_to else None,
        context_uri=draft.context_uri or (draft.reply_to.context_uri if draft.reply_to else ""),
        quote_id=draft.quote.id if draft.quote and not asks else None,
        reply_policy=draft.reply_policy or "everyone",
        quote_policy=draft.quote_policy or "everyone",
        is_local=author.is_local,
        published_at=published_at,
        edited_at=draft.edited_at,
        is_visual=draft.is_visual,
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
        await revisions.keep(entry)
        entry.content, entry.source, entry.title = await still_asking(entry, draft.content), draft.source, draft.title
        entry.source_type = draft.source_type
        entry.content_warning, entry.language = draft.content_warning, draft.language
        entry.sensitive = draft.sensitive or bool(draft.content_warning)
        entry.reply_policy = draft.reply_policy or entry.reply_policy
        entry.quote_policy = draft.quote_policy or entry.quote_policy
        entry.edited_at, entry.is_visual = draft.edited_at or now(), draft.is_visual
        await entry.save(update_fields=_WORDS)
        old_keys, new_keys = {tag.key for tag in await EntryTag.filter(entry_id=entry.id)}, {*map(tag_key, draft.tags)}
        for model in (Mention, EntryTag, Attachment):
            await model.filter(entry_id=entry.id).delete()
        await _store_parts(entry, draft)
        if draft.poll is not None:
            await poll_rows.replace(entry.id, draft.poll)
        if old_keys != new_keys:
            await timelines.retag(entry)
        prepared.changed(entry, old_keys | new_keys)
        if draft.author.is_local:
            await here().hooks.outgoing(act=Act("update", draft.author, entry=entry))
        await here().hooks.entry_stored(entry=entry)
        after_commit(lambda: here().hooks.entry_updated(entry=entry))
    return entry


_WORDS = (
    "content source source_type title content_warning language sensitive reply_policy quote_policy edited_at is_visual"
).split()


async def remove(entry: Entry, by: Actor) -> None:
    """Take an entry away: its words and all that hung on it go, an empty place and a tombstone stay.

    The row stays so that a thread keeps its shape; the tombstone keeps the same thing from coming back.
    """
    async with transaction():
        await end_waiting([entry.id])
        was = await row(
            "UPDATE core_entry SET deleted_at = $1, content = '', source = '', title = '', content_warning = '',"
            " likes_count = 0, boosts_count = 0, reactions_count = 0, version = version + 1"
            " WHERE id = $2 AND deleted_at IS NULL RETURNING visibility, reply_to_id, root_id, quote_id",
            now(),
            entry.id,
        )
        if was is None:
            raise NotFound()
        for name, now_is in was.items():  # whoever had to agree may have done so since it was read: others know of it
            setattr(entry, name, now_is)
        prepared.removed(entry)
        author = await Actor.get(id=entry.author_id)
        if author.is_local:  # before its parts go: who must learn of it is read from them
            await here().hooks.outgoing(act=Act("delete", author, entry=entry))
            await withdraw_answer(entry, author)
        await count(entry, -1)
        await poll_rows.remove(entry.id)
        shown = await rows("SELECT file_id FROM core_attachment WHERE entry_id = $1 AND file_id IS NOT NULL", entry.id)
        for table in _PARTS:
            await execute(f"DELETE FROM {table} WHERE entry_id = $1", entry.id)
        await execute("DELETE FROM core_quote_asked WHERE quoted_id = $1", entry.id)
        await discard([one["file_id"] for one in shown])
        homes = await rows("DELETE FROM core_timeline WHERE entry_id = $1 RETURNING owner_id", entry.id)
        await bury(entry.uri, author.uri, entry.kind)
        await here().hooks.entry_stored(entry=entry)
        after_commit(lambda: announce_removed(entry, [home["owner_id"] for home in homes]))
        after_commit(lambda: here().hooks.entry_deleted(entry=entry))


_PARTS = (
    "core_linked_card",
    "core_mention",
    "core_entry_tag",
    "core_attachment",
    "core_revision",
    "core_quote_request",
    "core_quote_asked",
    "core_reply_request",
    "core_pin",
    "core_like",
    "core_boost",
    "core_bookmark",
    "core_reaction",
)


async def by_uri(uri: str) -> Entry | None:
    """The entry with this identity, if it is known here and not deleted."""
    return await Entry.get_or_none(uri=uri, deleted_at__isnull=True)


async def visible_entry(viewer: Viewer, entry_id: str) -> Entry:
    """The entry, if this viewer may see it; NotFound otherwise, whatever the reason."""
    found = is_id(entry_id) and await row(
        "SELECT e.* FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.id = $2 AND {visible_sql(viewer, 1, rule=READABLE)}",
        viewer.parameter,
        entry_id,
    )
    if not found:
        raise NotFound("There is no such post.")
    return loaded(Entry, found)


async def addressed(entry: Entry) -> list[str]:
    """The ids of those an entry names or is addressed to."""
    return [str(actor_id) for actor_id in await Mention.filter(entry_id=entry.id).values_list("actor_id", flat=True)]
