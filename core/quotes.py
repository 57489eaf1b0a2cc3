"""Whoever is quoted has a say: a quote is one once they agree, and can be taken out of somebody else's post."""

from __future__ import annotations

from core import prepared
from core.audience import OPEN
from core.database import after_commit, execute, new_id, transaction
from core.entries import Act
from core.errors import Forbidden, NotFound
from core.html import quote_inline_removed, with_quote_inline
from core.instance import here
from core.models import Actor, Entry
from core.quote_models import AGREED, REFUSED, QuoteRequest


async def remove_quote(actor: Actor, quoted: Entry, quoting: Entry) -> None:
    """Have a post quote one's own no more. Raises Forbidden for other people's, NotFound where it does not."""
    if quoted.author_id != actor.id:
        raise Forbidden("This is somebody else's.")
    if quoting.quote_id != quoted.id:
        raise NotFound("This does not quote your post.")
    async with transaction():
        quoter = await Actor.get(id=quoting.author_id)
        await here().hooks.outgoing(act=Act("unquote", actor, entry=quoted, target=quoter, uri=quoting.uri))
        if quoter.is_local:
            await refuse(quoting, quoted)
        else:
            await set_quote(quoting, None, quoting.content)


async def agree(entry: Entry, quoted: Entry) -> None:
    """Have a post of somebody here quote what it asked to quote: its author agrees, and others are told.

    Where who quotes is suspended or about to leave, that is done once they are back (`core.replies.come_back`).
    """
    async with transaction():
        if not (await Actor.get(id=entry.author_id)).is_here:
            await execute("UPDATE core_quote_request SET state = $1 WHERE entry_id = $2", AGREED, entry.id)
            return
        await execute("DELETE FROM core_quote_request WHERE entry_id = $1", entry.id)
        await set_quote(entry, quoted, quote_inline_removed(entry.content))
        await _tell(entry)


async def refuse(entry: Entry, quoted: Entry) -> None:
    """Show a quote by somebody here as a link from now on: whom it quotes does not want it, or no more."""
    async with transaction():
        await execute(
            "INSERT INTO core_quote_request (id, entry_id, quoted_id, state) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (entry_id) DO UPDATE SET state = excluded.state",
            new_id(),
            entry.id,
            quoted.id,
            REFUSED,
        )
        page = quoted.url or quoted.uri
        content = entry.content if "quote-inline" in entry.content else with_quote_inline(entry.content, page)
        await set_quote(entry, None, content)
        await _tell(entry)


async def _tell(entry: Entry) -> None:
    await here().hooks.outgoing(act=Act("update", await Actor.get(id=entry.author_id), entry=entry))


async def set_quote(entry: Entry, quoted: Entry | None, content: str) -> None:
    """Let an entry quote another, or none any more, with these words; it is no edit. Counters change with it."""
    async with transaction():
        # Whoever else changes it or takes it away now waits, or was first: what is gone gets no words again.
        if not await execute(
            "UPDATE core_entry SET version = version + 1 WHERE id = $1 AND deleted_at IS NULL", entry.id
        ):
            return
        before, quoted_id = await Entry.get(id=entry.id), quoted.id if quoted else None
        await execute("UPDATE core_entry SET quote_id = $1, content = $2 WHERE id = $3", quoted_id, content, entry.id)
        entry.quote_id, entry.content = quoted_id, content
        if entry.visibility in OPEN and before.quote_id != quoted_id:
            for step, one in ((-1, before.quote_id), (1, quoted_id)):
                if one:
                    await execute("UPDATE core_entry SET quotes_count = quotes_count + $1 WHERE id = $2", step, one)
                    prepared.forget(prepared.of_entry(one))
        prepared.changed(entry)
        after_commit(lambda: here().hooks.entry_updated(entry=entry))


async def asked_by(entry: Entry) -> QuoteRequest | None:
    """What an entry asked to quote, and what came of it."""
    return await QuoteRequest.get_or_none(entry_id=entry.id).select_related("quoted")
