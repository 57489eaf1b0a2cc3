"""What entries of other servers, of every kind, and what people there do with ours and theirs, become here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from core import emoji_reactions, entries, reactions
from core.database import now
from core.entries import Document
from core.errors import NotFound, Rejected
from core.federation import consent
from core.federation import reactions as signs
from core.federation.forwarding import pass_on_later
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming
from core.federation.normalise import ACTIVITY_TYPES
from core.federation.poll_handlers import receive_votes, votes_in
from core.federation.relevance import UNASKED, before, is_asked_for
from core.instance import here
from core.models import Actor, Entry
from core.reaction_models import Boost, Like
from core.reading import id_of, is_vote, kind_of, moment
from core.tombstones import bury

LATEST_UNKNOWN = timedelta(days=1)  # what is older and not known here is not made known by an edit


async def receive_create(incoming: Incoming) -> str | None:
    """Somebody published something, or voted in a poll of ours."""
    if votes := votes_in(incoming):
        return await receive_votes(incoming, votes)
    document = await incoming.object()
    return await (receive_votes(incoming, [document]) if is_vote(document) else _publish(incoming, document))


async def _publish(incoming: Incoming, document: Document) -> str | None:
    kind = kind_of(document)
    if kind is None or kind.receive is None:
        return UNKNOWN
    there = await before(id_of(document), incoming.actor)
    if there.is_known:
        return "This is known already."
    if there.is_buried:
        raise Rejected("This was deleted.")
    if not (there.is_heard or await is_asked_for(document, incoming.actor)):
        return UNASKED
    published = await consent.receive(kind, incoming.actor, document)
    await pass_on_later(incoming, published)
    return None if published else "There is nothing to publish."


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
    changed = await consent.receive(own_kind, incoming.actor, document, known)
    await pass_on_later(incoming, changed)
    return None if changed else "There is nothing newer in it."


async def receive_delete(incoming: Incoming) -> str | None:
    """Somebody took away what they had published; what is not known here cannot come later either.

    It may be no entry, so that whoever else knows of deletions is asked too.
    """
    uri = incoming.object_id
    known = await Entry.get_or_none(uri=uri)
    if known is None:
        if not incoming.is_of_sender(uri):
            raise Rejected("This belongs to another server.")
        if await consent.revoked_by(incoming.actor, uri):
            return None
        await bury(uri, incoming.actor.uri)
        return UNKNOWN
    if known.author_id != incoming.actor.id:
        raise Rejected("This is somebody else's.")
    if known.deleted_at is not None:
        return "This was deleted already."
    await entries.remove(known, by=incoming.actor)
    await pass_on_later(incoming, known)
    return None


async def receive_like(incoming: Incoming) -> str | None:
    """Somebody likes something, or answers it with a sign."""
    entry = await incoming.entry()
    if entry is None:
        return UNKNOWN
    if sign := await signs.sign_in(incoming.document, incoming.actor.domain):
        await emoji_reactions.react(incoming.actor, entry, *sign, uri=incoming.id)
        return None
    await reactions.like(incoming.actor, entry, uri=incoming.id)
    return None


async def receive_announce(incoming: Incoming) -> str | None:
    """Somebody passes something on, which is fetched from where it comes from if it is not known here.

    A group may pass on all that is done in it (FEP-1b12): nothing is fetched for votes and what moderators do.
    """
    if incoming.activity.object_type in ACTIVITY_TYPES - {"Question"}:
        return UNKNOWN
    return await share(incoming, incoming.object_id)


async def share(incoming: Incoming, uri: str) -> str | None:
    """Have the sender share the entry at an address."""
    entry = await incoming.entry_at(uri, fetch=await incoming.is_heard())
    if entry is None:
        return UNKNOWN
    await reactions.boost(incoming.actor, entry, uri=incoming.id, at=incoming.published_at)
    return None


async def receive_undo_like(incoming: Incoming) -> str | None:
    """Somebody takes a like back, or a sign."""
    if await signs.undo_react(incoming) != UNKNOWN:
        return None
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


INBOX: Mapping[str, Handler] = {
    "Create": receive_create,
    "Update": receive_update,
    "Delete": receive_delete,
    "Like": receive_like,
    "Undo Like": receive_undo_like,
    "Announce": receive_announce,
    "Undo Announce": receive_undo_announce,
}
