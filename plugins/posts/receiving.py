"""What entries of other servers, and what people there do with ours and theirs, become here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from core import entries, reactions
from core.database import now, row, value
from core.entries import Document, Draft, publishing
from core.errors import NotFound, Rejected
from core.instance import here
from core.models import Actor, Boost, Entry, Like
from core.reading import draft_of, id_of, is_vote, kind_of, moment

if TYPE_CHECKING:  # plugins are handed these, and import nothing of federation
    from core.federation.incoming import Incoming

KIND = "post"
TYPES = ("Note", "Question", "Article", "Page", "Video", "Audio", "Image", "Event")
UNKNOWN = "unknown"
_BEFORE = (
    "SELECT 'entry' AS what FROM core_entry WHERE uri = $1"
    " UNION ALL SELECT 'tombstone' FROM core_tombstone WHERE uri = $1 AND actor_uri = $2"
)
LATEST_UNKNOWN = timedelta(days=1)  # what is older and not known here is not made known by an edit


async def receive(author: Actor, document: Document) -> Entry | None:
    """Publish a post of another server, or change what is known of it where it was edited since."""
    if is_vote(document):
        return None
    draft = await draft_of(author, document, KIND)
    if not await value("SELECT 1 FROM core_entry WHERE uri = $1", draft.uri):
        async with publishing(draft) as entry:
            pass
        return entry
    known = await Entry.get(uri=draft.uri)
    if known.author_id != author.id or known.deleted_at is not None:
        raise Rejected("This was deleted, or is somebody else's.")
    return await _edited(known, draft, moment(document.get("updated")) is None)


async def _edited(known: Entry, draft: Draft, is_undated: bool) -> Entry | None:
    """Give an entry its new words, unless what came is no newer; counts that change are no edit."""
    if is_undated:
        is_newer = (draft.content, draft.title, draft.content_warning) != (
            known.content,
            known.title,
            known.content_warning,
        )
    else:
        is_newer = draft.edited_at is not None and draft.edited_at > (known.edited_at or known.published_at)
    return await entries.edit(known, draft) if is_newer else None


async def receive_create(incoming: Incoming) -> str | None:
    """Somebody published something."""
    return await _publish(incoming, await incoming.object())


async def _publish(incoming: Incoming, document: Document) -> str | None:
    kind = kind_of(document)
    if kind is None or kind.receive is None:
        return UNKNOWN
    before = await row(_BEFORE, id_of(document), incoming.actor.uri)
    if before and before["what"] == "entry":
        return "This is known already."
    if before:
        raise Rejected("This was deleted.")
    return None if await kind.receive(incoming.actor, document) else "There is nothing to publish."


async def receive_update(incoming: Incoming) -> str | None:
    """Somebody changed what they had published; what is unknown here and recent is published now."""
    document = await incoming.object()
    kind = kind_of(document)
    if kind is None or kind.receive is None:
        return UNKNOWN
    known = await entries.by_uri(id_of(document))
    if known is None:
        published_at = moment(document.get("published"))
        if published_at is None or now() - published_at > LATEST_UNKNOWN:
            return "This is not known here, and old."
        return await _publish(incoming, document)
    if known.author_id != incoming.actor.id:
        raise Rejected("This is somebody else's.")
    own_kind = here().kinds.get(known.kind)
    if own_kind is None or own_kind.receive is None:
        return UNKNOWN
    return None if await own_kind.receive(incoming.actor, document) else "There is nothing newer in it."


async def receive_delete(incoming: Incoming) -> str | None:
    """Somebody took away what they had published; what is not known here cannot come later either.

    It may be no entry, so that whoever else knows of deletions is asked too.
    """
    uri = incoming.object_id
    known = await Entry.get_or_none(uri=uri)
    if known is None:
        if not incoming.is_of_sender(uri):
            raise Rejected("This belongs to another server.")
        await entries.bury(uri, incoming.actor.uri)
        return UNKNOWN
    if known.author_id != incoming.actor.id:
        raise Rejected("This is somebody else's.")
    if known.deleted_at is not None:
        return "This was deleted already."
    await entries.remove(known, by=incoming.actor)
    return None


async def receive_like(incoming: Incoming) -> str | None:
    """Somebody likes something; reactions with a sign of their own count as likes."""
    entry = await incoming.entry()
    if entry is None:
        return UNKNOWN
    await reactions.like(incoming.actor, entry, uri=incoming.id)
    return None


async def receive_announce(incoming: Incoming) -> str | None:
    """Somebody passes something on, which is fetched from where it comes from if it is not known here."""
    entry = await incoming.entry(fetch=True)
    if entry is None:
        return UNKNOWN
    await reactions.boost(incoming.actor, entry, uri=incoming.id, at=incoming.published_at)
    return None


async def receive_undo_like(incoming: Incoming) -> str | None:
    """Somebody takes a like back."""
    return await _undo(incoming, Like, reactions.unlike)


async def receive_undo_announce(incoming: Incoming) -> str | None:
    """Somebody takes a share back."""
    return await _undo(incoming, Boost, reactions.unboost)


async def _undo(
    incoming: Incoming, model: type[Like | Boost], take_back: Callable[[Actor, Entry], Awaitable[None]]
) -> str | None:
    """Take back what the sender did, found by its own address, else by what it was done to."""
    inner = incoming.inner
    if inner.actor:
        incoming.must_own(inner.actor)
    done = await model.get_or_none(uri=inner.id, actor_id=incoming.actor.id) if inner.id else None
    entry = await Entry.get_or_none(id=done.entry_id) if done else await entries.by_uri(inner.object_id)
    if entry is None:
        return UNKNOWN
    try:
        await take_back(incoming.actor, entry)
    except NotFound:
        return UNKNOWN
    return None


INBOX: Mapping[str, Callable[[Incoming], Awaitable[str | None]]] = {
    "Create": receive_create,
    "Update": receive_update,
    "Delete": receive_delete,
    "Like": receive_like,
    "Undo Like": receive_undo_like,
    "Announce": receive_announce,
    "Undo Announce": receive_undo_announce,
}
