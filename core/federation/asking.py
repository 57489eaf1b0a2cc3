"""Asking whether one may quote or answer, and what is said to that: the same for both (FEP-044f, GoToSocial)."""

from __future__ import annotations

from dataclasses import replace

from core import entries
from core.actors import are_apart
from core.audience import OPEN, may_see, viewer_of
from core.consent import reply_needs_consent, wait_for_answer
from core.database import now
from core.entries import Act, Document
from core.errors import Rejected
from core.federation.addresses import is_ours
from core.federation.consent import document_of, receive
from core.federation.documents import as_list, id_of
from core.federation.incoming import UNKNOWN, Incoming, Later
from core.federation.models import Stamp
from core.federation.outbox import send
from core.federation.stamps import QUOTE, REPLY, Claim, Way, proves, remember, stamp_document, stamp_for
from core.models import Actor, Entry
from core.outbound import Outbound
from core.permissions import allowed
from core.policies import policy_of
from core.quote_models import PENDING, ReplyRequest
from core.reading import address, kind_of
from core.reading.drafts import answered_address

# -- Others ask us -----------------------------------------------------------------------------------------------------


async def receive_request(incoming: Incoming, way: Way) -> str | None:
    """Somebody asks to quote or answer an entry of ours: they may if they see it and its author lets them.

    What not everybody may see is not quoted at all.
    """
    target = await entries.by_uri(incoming.object_id)
    if target is None or not target.is_local or target.local_only:
        return UNKNOWN
    uri = _interacting(incoming, way)
    author = await Actor.get(id=target.author_id)
    sees = await may_see(viewer_of(incoming.actor), target)
    if target.visibility not in OPEN:
        if not sees:
            return UNKNOWN
        if way is QUOTE:
            await _answer("Reject", way, author, incoming, uri)
            return "This is not for everybody, and may not be quoted."
    is_welcome = author.is_here and sees and not await are_apart(author.id, incoming.actor.id)
    is_welcome = is_welcome and await allowed(incoming.actor, way.action, target)
    asks = policy_of(target, way.action) == "ask" and not await Stamp.exists(**way.about(target, uri))
    if is_welcome and way is QUOTE and asks:
        await wait_for_answer(target, incoming.actor, uri, await _to_quote(incoming, uri), incoming.id)
        return None
    if is_welcome and way is REPLY and asks and await reply_needs_consent(incoming.actor, target, target.visibility):
        if await _waits(incoming, target, uri):
            return None
        is_welcome = False
    stamp = await stamp_for(way, target, uri, incoming.actor) if is_welcome else None
    await _answer("Accept" if stamp else "Reject", way, author, incoming, uri, stamp)
    return None if stamp else f"They may not {'quote' if way is QUOTE else 'answer'} this."


async def _to_quote(incoming: Incoming, uri: str) -> Entry | None:
    """What is to quote it, to be shown to whom is asked; None where it is not to be had: they are asked all the same.

    Only the sender's own: what somebody else wrote they cannot have quote anything.
    """
    try:
        entry = await incoming.entry_at(uri, fetch=True)
    except Later:
        return None
    if entry is not None and entry.author_id != incoming.actor.id:
        raise Rejected("What is to quote this is somebody else's.")
    return entry


async def _waits(incoming: Incoming, target: Entry, uri: str) -> bool:
    """Keep an answer for whom it answers, who wants to be asked about it; False where it is none that waits.

    It is read from the request, or fetched where that only names it. Raises Rejected, Later.
    """
    entry = await Entry.get_or_none(uri=uri)
    if entry is None:
        instrument = incoming.document.get("instrument")
        embedded = instrument if isinstance(instrument, dict) else None
        document = await replace(incoming, activity=replace(incoming.activity, object_id=uri, object=embedded)).object()
        kind = kind_of(document)
        if kind is None or kind.receive is None or answered_address(document) != target.uri:
            return False
        entry = await receive(kind, incoming.actor, document)
    if entry is None or entry.author_id != incoming.actor.id:
        return False
    return bool(
        await ReplyRequest.filter(entry_id=entry.id, parent_id=target.id, state=PENDING).update(uri=incoming.id)
    )


def _interacting(incoming: Incoming, way: Way) -> str:
    """The address of what is to quote or answer: the sender's own. Raises Rejected."""
    instrument = incoming.document.get("instrument")
    uri = id_of(instrument)
    if not incoming.is_of_sender(uri):
        raise Rejected("What this is asked for belongs to another server, or is not named.")
    if isinstance(instrument, dict):
        owners = [id_of(one) for one in as_list(instrument.get("attributedTo"))[:10]]
        if owners and incoming.actor.uri not in owners:
            raise Rejected("What this is asked for is somebody else's.")
        if way is not QUOTE and answered_address(instrument) not in ("", incoming.object_id):
            raise Rejected("What this is asked for answers something else.")
    return uri


async def _answer(type: str, way: Way, author: Actor, incoming: Incoming, uri: str, stamp: Stamp | None = None) -> None:
    asker = incoming.actor
    answer = answered(type, way, asker, incoming.id, incoming.object_id, uri, stamp)
    await send(author, type.lower(), Outbound(answer, actors=[asker]))


def answered(
    type: str, way: Way, asker: Actor, request_uri: str, target_uri: str, uri: str, stamp: Stamp | None
) -> Document:
    """The answer to a request, which it repeats; with a yes goes its stamp."""
    request = {
        "id": request_uri,
        "type": way.asking,
        "actor": asker.uri,
        "object": target_uri,
        "instrument": uri,
    }
    answer: Document = {"type": type, "to": [asker.uri], "cc": [], "object": request}
    return answer if stamp is None else answer | {"result": stamp.uri}


async def take_back(act: Act, way: Way) -> Outbound | None:
    """What an author agreed to, taken back: its stamp is no more, for whoever quotes or answers."""
    target, whose = act.entry, act.target
    assert isinstance(target, Entry) and whose is not None
    stamp = await Stamp.get_or_none(revoked_at__isnull=True, **way.about(target, act.uri))
    if stamp is None:
        return None
    await Stamp.filter(id=stamp.id).update(revoked_at=now())
    if whose.is_local:
        return None
    gone = await stamp_document(stamp, target)
    return Outbound({"type": "Delete", "to": [whose.uri], "cc": [], "object": gone}, actors=[whose])


# -- We ask others -----------------------------------------------------------------------------------------------------


async def request(act: Act, way: Way, *, is_whole: bool) -> Outbound:
    """Somebody elsewhere is asked whether an entry of ours may quote or answer theirs, shown to them `is_whole`."""
    entry, author = act.entry, act.target
    assert isinstance(entry, Entry) and author is not None
    document: Document = {
        "id": entry.uri + way.suffix,
        "type": way.asking,
        "to": [author.uri],
        "cc": [],
        "object": act.uri,
        "instrument": await document_of(entry) if is_whole else entry.uri,
    }
    return Outbound(document, actors=[author])


async def asking_entry(incoming: Incoming, way: Way) -> Entry | None:
    """Which entry of ours a yes or no is about: by the request's address, else by what is in it.

    To an answer that did not ask, yes is said by its own address.
    """
    embedded = incoming.activity.object
    if embedded is not None and id_of(embedded.get("instrument")):
        uri = id_of(embedded["instrument"])
    elif incoming.object_id.endswith(way.suffix) or way is not QUOTE:
        uri = incoming.object_id.removesuffix(way.suffix)
    else:
        return None
    entry = await entries.by_uri(uri) if is_ours(uri) else None
    return entry if entry is not None and entry.is_local else None


async def take_consent(incoming: Incoming, way: Way, entry: Entry, target: Entry) -> None:
    """Remember what an Accept says of an entry of ours. Raises Rejected where no consent is proved, Later."""
    claim = Claim(way, entry.uri, target, address(id_of(incoming.document.get("result"))))
    if not claim.stamp_uri or not await proves(await incoming.document_at(claim.stamp_uri), claim):
        raise Rejected("There is no consent to this.")
    await remember(claim, await Actor.get(id=entry.author_id))
