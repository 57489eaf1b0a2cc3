"""Asking to answer, and what is said to that: whoever lets only some answer has a say in it (GoToSocial)."""

from __future__ import annotations

from collections.abc import Mapping

from core import entries, replies
from core.audience import OPEN
from core.database import now
from core.entries import Act
from core.errors import Rejected
from core.federation import handlers, quote_activities
from core.federation.addresses import is_ours
from core.federation.asking import answered, asking_entry, receive_request, request, take_back, take_consent
from core.federation.documents import id_of
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming
from core.federation.models import Stamp
from core.federation.outbox import Writer
from core.federation.stamps import REPLY, Claim, proves, remember, stamp_for
from core.models import Actor, Entry
from core.outbound import PUBLIC, Outbound
from core.reading import address
from core.threads import attach


async def receive_reply_request(incoming: Incoming) -> str | None:
    """Somebody asks to answer an entry of ours: it is known at once whether they may. The answer itself comes later."""
    return await receive_request(incoming, REPLY)


async def reply_request(act: Act) -> Outbound | None:
    """Somebody elsewhere is asked whether an entry of ours may answer them, and shown what it says."""
    return await request(act, REPLY, is_whole=True)


async def answer_later(act: Act) -> Outbound:
    """What an author says, who wanted to be asked, to whoever answers from elsewhere; a no holds for good.

    Who did not ask is told by the address of the answer. A yes to that is for everybody who may see both: nobody else
    can know of it from them.
    """
    parent, asker = act.entry, act.target
    assert isinstance(parent, Entry) and asker is not None
    stamp = await stamp_for(REPLY, parent, act.uri, asker)
    if act.verb == "reply_reject":
        await Stamp.filter(**REPLY.about(parent, act.uri)).update(revoked_at=now())
        stamp = None
    type, request_uri = "Accept" if stamp else "Reject", act.details["uri"]
    answer = answered(type, REPLY, asker, request_uri, parent.uri, act.uri, stamp)
    if not request_uri:
        answer |= {"object": act.uri, "target": parent.uri}
        if stamp and parent.visibility in OPEN and act.details["visibility"] in OPEN:
            answer["cc"] = [PUBLIC, act.actor.followers_url]
    return Outbound(answer, actors=[asker], urgent=True)


async def withdrawn(act: Act) -> Outbound | None:
    """An answer that waited is gone: told to whom was asked, for nobody else knew of it."""
    assert act.target is not None
    gone = {"id": act.uri, "type": "Tombstone"}
    return Outbound({"type": "Delete", "to": [act.target.uri], "cc": [], "object": gone}, actors=[act.target])


async def receive_accept(incoming: Incoming) -> str | None:
    """Whom an entry of ours answers agrees: it is published now, if their stamp says so too."""
    asked = await _asked(incoming)
    if asked is None:
        return await _agreed_with_others(incoming)
    entry, parent, waits = asked
    if not waits:
        return "It answers this already."
    await take_consent(incoming, REPLY, entry, parent)
    await replies.agree(entry)
    return None


async def _agreed_with_others(incoming: Incoming) -> str | None:
    """Somebody agrees to an answer of a third, who did not ask: it finds its place, if their stamp says so too."""
    uri, stamp_uri = incoming.object_id, address(id_of(incoming.document.get("result")))
    parent = await entries.by_uri(id_of(incoming.document.get("target"))) if stamp_uri else None
    if parent is None or parent.is_local or not uri or is_ours(uri):
        return UNKNOWN
    if parent.author_id != incoming.actor.id:
        raise Rejected("This is somebody else's to answer.")
    claim = Claim(REPLY, uri, parent, stamp_uri)
    if not await proves(await incoming.document_at(stamp_uri), claim):
        raise Rejected("There is no consent to this.")
    entry = await incoming.entry_at(uri, fetch=True)
    if entry is None or entry.reply_to_uri != parent.uri:
        return "What they agree to is not to be had."
    await remember(claim, await Actor.get(id=entry.author_id))
    return None if await attach(entry, parent, is_agreed=True) else "It has a place already."


async def receive_reject(incoming: Incoming) -> str | None:
    """Whom an entry of ours answers does not want that, or no more."""
    asked = await _asked(incoming)
    if asked is None:
        return UNKNOWN
    entry, parent, _waits = asked
    await Stamp.filter(**REPLY.about(parent, entry.uri)).delete()
    await replies.refuse(entry, parent)
    return None


async def _asked(incoming: Incoming) -> tuple[Entry, Entry, bool] | None:
    """Which entry of ours is to answer which of the sender's, and whether it waits; only of those that had to ask."""
    entry = await asking_entry(incoming, REPLY)
    if entry is None:
        return None
    asked = await replies.asked_for(entry)
    stamp = None if asked else await Stamp.get_or_none(kind=REPLY.action, interacting_uri=entry.uri)
    parent = asked.parent if asked else await Entry.get(id=stamp.target_id) if stamp else None
    if parent is None or parent.deleted_at is not None:
        return None
    if parent.author_id != incoming.actor.id:
        raise Rejected("This is somebody else's to answer.")
    return entry, parent, asked is not None


async def unanswer(act: Act) -> Outbound | None:
    """The consent to an answer taken back, for good also where none was asked for."""
    parent, author = act.entry, act.target
    assert isinstance(parent, Entry) and author is not None
    is_known_there = await Stamp.exists(revoked_at__isnull=True, **REPLY.about(parent, act.uri))
    await stamp_for(REPLY, parent, act.uri, author)
    taken = await take_back(act, REPLY)
    return taken if is_known_there else None


async def receive_any_accept(incoming: Incoming) -> str | None:
    """Something is accepted that is only named: a follow, a quote or an answer."""
    return await _first(incoming, handlers.receive_accept, quote_activities.receive_accept, receive_accept)


async def receive_any_reject(incoming: Incoming) -> str | None:
    """Something is rejected that is only named: a follow, a quote or an answer."""
    return await _first(incoming, handlers.receive_reject, quote_activities.receive_reject, receive_reject)


async def _first(incoming: Incoming, *asked: Handler) -> str | None:
    for handler in asked:
        outcome = await handler(incoming)
        if outcome != UNKNOWN:
            return outcome
    return UNKNOWN


INBOX: Mapping[str, Handler] = {
    "ReplyRequest": receive_reply_request,
    "Accept ReplyRequest": receive_accept,
    "Reject ReplyRequest": receive_reject,
    "Accept": receive_any_accept,
    "Reject": receive_any_reject,
}
WRITERS: Mapping[str, Writer] = {
    "reply_request": reply_request,
    "reply_accept": answer_later,
    "reply_reject": answer_later,
    "reply_withdrawn": withdrawn,
    "unanswer": unanswer,
}
