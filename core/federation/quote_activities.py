"""Asking to quote, and taking the consent back: requests from elsewhere, and what we answer (FEP-044f)."""

from __future__ import annotations

from collections.abc import Mapping

from core.audience import OPEN
from core.database import now
from core.entries import Act
from core.errors import Rejected
from core.federation.asking import answered, asking_entry, receive_request, request, take_back, take_consent
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming
from core.federation.models import Stamp
from core.federation.outbox import Writer
from core.federation.stamps import QUOTE, stamp_for
from core.models import Entry
from core.outbound import Outbound
from core.quote_models import QuoteAsked
from core.quotes import agree, asked_by, refuse


async def receive_quote_request(incoming: Incoming) -> str | None:
    """Somebody asks to quote an entry of ours."""
    return await receive_request(incoming, QUOTE)


async def answer_later(act: Act) -> Outbound:
    """What an author says, who wanted to be asked, to somebody elsewhere; a no holds for whenever they ask again."""
    quoted, asker = act.entry, act.target
    assert isinstance(quoted, Entry) and asker is not None
    stamp = await stamp_for(QUOTE, quoted, act.uri, asker)
    if act.verb == "quote_reject":
        await Stamp.filter(**QUOTE.about(quoted, act.uri)).update(revoked_at=now())
        stamp = None
    type = "Accept" if stamp else "Reject"
    answer = answered(type, QUOTE, asker, act.details["uri"], quoted.uri, act.uri, stamp)
    return Outbound(answer, actors=[asker], urgent=True)


async def undo_quote_request(incoming: Incoming) -> str | None:
    """Somebody does not want to quote any more what they asked for."""
    gone = await QuoteAsked.filter(uri=incoming.object_id, actor_id=incoming.actor.id).delete()
    return None if gone else UNKNOWN


async def quote_request(act: Act) -> Outbound | None:
    """Somebody elsewhere is asked whether an entry of ours may quote them; what everybody may see is shown to them."""
    return await request(act, QUOTE, is_whole=act.entry is not None and act.entry.visibility in OPEN)


async def receive_accept(incoming: Incoming) -> str | None:
    """Whom an entry of ours asked agrees to be quoted: it quotes from now on, if their stamp says so too."""
    asked = await _asked(incoming)
    if asked is None:
        return UNKNOWN
    entry, quoted = asked
    if entry.quote_id == quoted.id:
        return "It quotes this already."
    await take_consent(incoming, QUOTE, entry, quoted)
    await agree(entry, quoted)
    return None


async def receive_reject(incoming: Incoming) -> str | None:
    """Whom an entry of ours asked does not want to be quoted, or no more."""
    asked = await _asked(incoming)
    if asked is None:
        return UNKNOWN
    entry, quoted = asked
    await Stamp.filter(**QUOTE.about(quoted, entry.uri)).delete()
    await refuse(entry, quoted)
    return None


async def _asked(incoming: Incoming) -> tuple[Entry, Entry] | None:
    """Which entry of ours asked to quote which of the sender's."""
    entry = await asking_entry(incoming, QUOTE)
    if entry is None:
        return None
    asked = await asked_by(entry)
    quoted = asked.quoted if asked else await Entry.get_or_none(id=entry.quote_id) if entry.quote_id else None
    if quoted is None:
        return None
    if quoted.author_id != incoming.actor.id:
        raise Rejected("This is somebody else's to answer.")
    return entry, quoted


async def unquote(act: Act) -> Outbound | None:
    """The consent to a quote taken back."""
    return await take_back(act, QUOTE)


INBOX: Mapping[str, Handler] = {
    "QuoteRequest": receive_quote_request,
    "Undo QuoteRequest": undo_quote_request,
    "Accept QuoteRequest": receive_accept,
    "Reject QuoteRequest": receive_reject,
}
WRITERS: Mapping[str, Writer] = {
    "unquote": unquote,
    "quote_request": quote_request,
    "quote_accept": answer_later,
    "quote_reject": answer_later,
}
