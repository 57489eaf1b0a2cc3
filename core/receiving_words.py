"""Taking in what other servers publish or edit: anything that has words, with what its kind keeps beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core import entries, polls
from core.changing_policies import change_policies
from core.database import transaction, value
from core.entries import Document, Draft, publishing
from core.errors import Rejected
from core.html import plain
from core.models import Actor, Entry
from core.reading import draft_of, moment

Beside = Callable[[Entry], Awaitable[None]]


async def receive_words(author: Actor, document: Document, kind: str, beside: Beside | None = None) -> Entry | None:
    """Publish an entry of another server, or change what is known of it where it was edited since.

    `beside` stores what the kind has besides words, in the same transaction. Where there is nothing to be seen at all
    nothing is stored, as Mastodon does; an edit may take everything away. Raises Rejected.
    """
    draft = await draft_of(author, document, kind)
    if not await value("SELECT 1 FROM core_entry WHERE uri = $1", draft.uri):
        if beside is None and _is_empty(draft):
            return None
        async with publishing(draft) as entry:
            await polls.end_later(entry, draft.poll)
            if beside:
                await beside(entry)
        return entry
    known = await Entry.get(uri=draft.uri)
    if known.author_id != author.id or known.deleted_at is not None:
        raise Rejected("This was deleted, or is somebody else's.")
    if _is_older(known, draft):
        return None
    has_changed = await change_policies(known, reply=draft.reply_policy, quote=draft.quote_policy)
    is_undated = moment(document.get("updated")) is None
    if edited := await _edited(known, draft, is_undated, beside if known.kind == kind else None):
        return edited
    if draft.poll is not None and await polls.receive_tallies(known, draft.poll):
        return known
    return known if has_changed else None


def _is_older(known: Entry, draft: Draft) -> bool:
    """Whether this is what it was before an edit that is known: somebody may have kept it, and it may come late."""
    return known.edited_at is not None and draft.edited_at is not None and draft.edited_at < known.edited_at


def _is_empty(draft: Draft) -> bool:
    has_words = draft.title or draft.content_warning or "<img" in draft.content or plain(draft.content).strip()
    asks = draft.poll is not None and draft.poll.options
    return not (has_words or draft.attachments or asks or draft.quote)


async def _edited(known: Entry, draft: Draft, is_undated: bool, beside: Beside | None) -> Entry | None:
    """Give an entry its new words, unless what came is no newer; counts that change are no edit."""
    if is_undated:
        is_newer = (draft.content, draft.title, draft.content_warning) != (
            known.content,
            known.title,
            known.content_warning,
        )
    else:
        is_newer = draft.edited_at is not None and draft.edited_at > (known.edited_at or known.published_at)
    if not is_newer:
        return None
    async with transaction():
        await polls.end_later(known, draft.poll)
        if beside:
            await beside(known)
        return await entries.edit(known, draft)
