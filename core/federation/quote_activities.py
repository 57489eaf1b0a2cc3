"""Asking to quote, and taking the consent back: requests from elsewhere, and what we answer (FEP-044f)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import entries
from core.actors import are_apart
from core.audience import OPEN, may_see, viewer_of
from core.consent import wait_for_answer
from core.database import now
from core.entries import Act, Document
from core.errors import Rejected
from core.federation import handlers
from core.federation.addresses import is_ours
from core.federation.documents import as_list, id_of
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming, Later
from core.federation.models import QuoteStamp
from core.federation.outbox import Writer, send
from core.federation.quotes import Claim, document_of, proves, remember, stamp_document, stamp_for
from core.models import Actor, Entry
from core.outbound import Outbound
from core.permissions import allowed
from core.quote_models import QuoteAsked
from core.quotes import agree, asked_by, refuse
from core.reading import address


async def receive_quote_request(incoming: Incoming) -> str | None:
    """Somebody asks to quote an entry of ours: they may if everybody may see it, and its author lets them."""
    quoted = await entries.by_uri(incoming.object_id)
    if quoted is None or not quoted.is_local or quoted.local_only:
        return UNKNOWN
    quoting_uri = _quoting(incoming)
    author = await Actor.get(id=quoted.author_id)
    if quoted.visibility not in OPEN:
        if not await may_see(viewer_of(incoming.actor), quoted):
            return UNKNOWN
        await _answer("Reject", author, incoming, quoting_uri)
        return "This is not for everybody, and may not be quoted."
    is_welcome = author.is_here and not await are_apart(author.id, incoming.actor.id)
    is_welcome = is_welcome and await may_see(viewer_of(incoming.actor), quoted)
    is_welcome = is_welcome and await allowed(incoming.actor, "quote", quoted)
    if is_welcome and quoted.quote_policy == "ask" and not await QuoteStamp.exists(**_about(quoted, quoting_uri)):
        await wait_for_answer(quoted, incoming.actor, quoting_uri, await _to_quote(incoming, quoting_uri), incoming.id)
        return None
    stamp = await stamp_for(quoted, quoting_uri, incoming.actor) if is_welcome else None
    await _answer("Accept" if stamp else "Reject", author, incoming, quoting_uri, stamp)
    return None if stamp else "They may not quote this."


def _about(quoted: Entry, quoting_uri: str) -> dict[str, Any]:
    return {"quoted_id": quoted.id, "quoting_uri": quoting_uri}


async def _to_quote(incoming: Incoming, quoting_uri: str) -> Entry | None:
    """What is to quote it, to be shown to whom is asked; None where it is not to be had: they are asked all the same.

    Only the sender's own: what somebody else wrote they cannot have quote anything.
    """
    try:
        entry = await incoming.entry_at(quoting_uri, fetch=True)
    except Later:
        return None
    if entry is not None and entry.author_id != incoming.actor.id:
        raise Rejected("What is to quote this is somebody else's.")
    return entry


def _quoting(incoming: Incoming) -> str:
    """The address of what quotes: the sender's own. Raises Rejected."""
    instrument = incoming.document.get("instrument")
    uri = id_of(instrument)
    if not incoming.is_of_sender(uri):
        raise Rejected("What is to quote this belongs to another server, or is not named.")
    if isinstance(instrument, dict) and instrument.get("attributedTo") is not None:
        owners = [id_of(one) for one in as_list(instrument["attributedTo"])[:10]]
        if incoming.actor.uri not in owners:
            raise Rejected("What is to quote this is somebody else's.")
    return uri


async def _answer(
    type: str, author: Actor, incoming: Incoming, quoting_uri: str, stamp: QuoteStamp | None = None
) -> None:
    asker = incoming.actor
    answer = _answered(type, asker, incoming.id, incoming.object_id, quoting_uri, stamp)
    await send(author, type.lower(), Outbound(answer, actors=[asker]))


def _answered(
    type: str, asker: Actor, request_uri: str, quoted_uri: str, quoting_uri: str, stamp: QuoteStamp | None
) -> Document:
    request = {
        "id": request_uri,
        "type": "QuoteRequest",
        "actor": asker.uri,
        "object": quoted_uri,
        "instrument": quoting_uri,
    }
    answer: Document = {"type": type, "to": [asker.uri], "cc": [], "object": request}
    return answer if stamp is None else answer | {"result": stamp.uri}


async def answer_later(act: Act) -> Outbound:
    """What an author says, who wanted to be asked, to somebody elsewhere; a no holds for whenever they ask again."""
    quoted, asker = act.entry, act.target
    assert isinstance(quoted, Entry) and asker is not None
    stamp = await stamp_for(quoted, act.uri, asker)
    if act.verb == "quote_reject":
        await QuoteStamp.filter(**_about(quoted, act.uri)).update(revoked_at=now())
        stamp = None
    answer = _answered("Accept" if stamp else "Reject", asker, act.details["uri"], quoted.uri, act.uri, stamp)
    return Outbound(answer, actors=[asker], urgent=True)


async def undo_quote_request(incoming: Incoming) -> str | None:
    """Somebody does not want to quote any more what they asked for."""
    gone = await QuoteAsked.filter(uri=incoming.object_id, actor_id=incoming.actor.id).delete()
    return None if gone else UNKNOWN


async def quote_request(act: Act) -> Outbound | None:
    """Somebody elsewhere is asked whether an entry of ours may quote them; what everybody may see is shown to them."""
    quoting, author = act.entry, act.target
    assert isinstance(quoting, Entry) and author is not None
    document: Document = {
        "id": _request_uri(quoting),
        "type": "QuoteRequest",
        "to": [author.uri],
        "cc": [],
        "object": act.uri,
        "instrument": await document_of(quoting) if quoting.visibility in OPEN else quoting.uri,
    }
    return Outbound(document, actors=[author])


def _request_uri(quoting: Entry) -> str:
    return f"{quoting.uri}/quote_request"


async def receive_accept(incoming: Incoming) -> str | None:
    """Whom an entry of ours asked agrees to be quoted: it quotes from now on, if their stamp says so too."""
    asked = await _asked(incoming)
    if asked is None:
        return UNKNOWN
    entry, quoted = asked
    if entry.quote_id == quoted.id:
        return "It quotes this already."
    claim = Claim(entry.uri, quoted, address(id_of(incoming.document.get("result"))))
    if not claim.stamp_uri or not await proves(await incoming.document_at(claim.stamp_uri), claim):
        raise Rejected("There is no consent to this quote.")
    await remember(claim, await Actor.get(id=entry.author_id))
    await agree(entry, quoted)
    return None


async def receive_reject(incoming: Incoming) -> str | None:
    """Whom an entry of ours asked does not want to be quoted, or no more."""
    asked = await _asked(incoming)
    if asked is None:
        return UNKNOWN
    entry, quoted = asked
    await QuoteStamp.filter(quoted_id=quoted.id, quoting_uri=entry.uri).delete()
    await refuse(entry, quoted)
    return None


async def _asked(incoming: Incoming) -> tuple[Entry, Entry] | None:
    """Which entry of ours asked to quote which of the sender's: by the request's address, else by what is in it."""
    embedded = incoming.activity.object
    uri = incoming.object_id.removesuffix("/quote_request")
    if embedded is not None and id_of(embedded.get("instrument")):
        uri = id_of(embedded["instrument"])
    entry = await entries.by_uri(uri) if is_ours(uri) else None
    if entry is None or not entry.is_local:
        return None
    request = await asked_by(entry)
    quoted = request.quoted if request else await Entry.get_or_none(id=entry.quote_id) if entry.quote_id else None
    if quoted is None:
        return None
    if quoted.author_id != incoming.actor.id:
        raise Rejected("This is somebody else's to answer.")
    return entry, quoted


async def receive_any_accept(incoming: Incoming) -> str | None:
    """Something is accepted that is only named: a follow, or a quote."""
    reason = await handlers.receive_accept(incoming)
    return await receive_accept(incoming) if reason == UNKNOWN else reason


async def receive_any_reject(incoming: Incoming) -> str | None:
    """Something is rejected that is only named: a follow, or a quote."""
    reason = await handlers.receive_reject(incoming)
    return await receive_reject(incoming) if reason == UNKNOWN else reason


async def unquote(act: Act) -> Outbound | None:
    """The consent to a quote taken back: its stamp is no more, for whoever quotes."""
    quoted, quoter = act.entry, act.target
    assert isinstance(quoted, Entry) and quoter is not None
    stamp = await QuoteStamp.get_or_none(quoted_id=quoted.id, quoting_uri=act.uri, revoked_at__isnull=True)
    if stamp is None:
        return None
    await QuoteStamp.filter(id=stamp.id).update(revoked_at=now())
    if quoter.is_local:
        return None
    gone = await stamp_document(stamp, quoted)
    return Outbound({"type": "Delete", "to": [quoter.uri], "cc": [], "object": gone}, actors=[quoter])


INBOX: Mapping[str, Handler] = {
    "QuoteRequest": receive_quote_request,
    "Undo QuoteRequest": undo_quote_request,
    "Accept QuoteRequest": receive_accept,
    "Reject QuoteRequest": receive_reject,
    "Accept": receive_any_accept,
    "Reject": receive_any_reject,
}
WRITERS: Mapping[str, Writer] = {
    "unquote": unquote,
    "quote_request": quote_request,
    "quote_accept": answer_later,
    "quote_reject": answer_later,
}
