"""What comes of consent: what others agreed to stands in its place here, and what they take back no more."""

from __future__ import annotations

from core import entries, replies
from core.entries import Document, Kind
from core.federation.models import Stamp
from core.federation.stamps import QUOTE, REPLY, Claim, claims_of, remember, stamp_on
from core.html import quote_inline_removed
from core.instance import here
from core.models import Actor, Entry
from core.quotes import refuse, set_quote
from core.reading.drafts import with_link
from core.threads import attach, detach


async def receive(kind: Kind, author: Actor, document: Document, known: Entry | None = None) -> Entry | None:
    """Have its kind take an object that was `checked`, and give or take the quote of one that is `known` already.

    Consent comes and goes without an edit, and an edit changes no quote. None where there is nothing to publish.
    """
    assert kind.receive is not None
    claims = {claim.way: claim for claim in await claims_of(document) if claim.target.author_id != author.id}
    has_changed = known is not None and await _changes(known, author, claims.get(QUOTE))
    if known is not None and (claim := claims.get(REPLY)):
        has_changed = await attach(known, claim.target, is_agreed=True) or has_changed
    received = await kind.receive(author, document)
    if received is not None or known is not None:
        for claim in claims.values():
            await remember(claim, author)
    return received or (known if has_changed else None)


async def _changes(entry: Entry, author: Actor, claim: Claim | None) -> bool:
    """Let a known entry quote what somebody else published, or quote it no more; whether that is news."""
    if claim is not None:
        if entry.quote_id != claim.target.id:
            await set_quote(entry, claim.target, quote_inline_removed(entry.content))
            return True
    elif entry.quote_id is not None:
        quoted = await Entry.get(id=entry.quote_id)
        if quoted.author_id != author.id:
            await unquote(entry, quoted)
            return True
    return False


async def unquote(entry: Entry, quoted: Entry) -> None:
    """Show a quote as a link from now on: whom it quotes does not want it, or has not said so."""
    if entry.is_local:
        await refuse(entry, quoted)
    else:
        await set_quote(entry, None, with_link(entry.content, quoted.uri))


async def unanswer(entry: Entry, parent: Entry) -> None:
    """Take an answer out of its conversation: whom it answers does not want it any more."""
    if entry.is_local:
        await replies.refuse(entry, parent)
    else:
        await detach(entry)


async def revoked_by(actor: Actor, stamp_uri: str) -> bool:
    """Take note that somebody elsewhere takes back what they agreed to; False where no such stamp is known."""
    stamp = await Stamp.get_or_none(uri=stamp_uri)
    target = await Entry.get(id=stamp.target_id) if stamp else None
    if stamp is None or target is None or target.author_id != actor.id:
        return False
    await stamp.delete()
    entry = await entries.by_uri(stamp.interacting_uri)
    if entry is not None and stamp.kind == REPLY.action and entry.reply_to_id == target.id:
        await unanswer(entry, target)
    elif entry is not None and stamp.kind == QUOTE.action and entry.quote_id == target.id:
        await unquote(entry, target)
    return True


async def document_of(entry: Entry) -> Document:
    """The object of an entry of ours as its kind writes it, with the consent to what it quotes and answers."""
    document = await here().kinds[entry.kind].to_document(entry)
    for way, target_id in ((QUOTE, entry.quote_id), (REPLY, entry.reply_to_id)):
        target = await Entry.get(id=target_id) if target_id else None
        if target is None or (way is REPLY and target.reply_policy == "everyone"):
            continue
        if stamp := await stamp_on(way, entry, target):
            document |= dict.fromkeys(way.properties, stamp.uri)
    return document
