"""Writes down what has to go out, in the transaction in which it happens: the activity's bytes and who gets them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from core.database import execute, new_id, now, transaction
from core.entries import Act, Document
from core.federation.addresses import activity_url
from core.federation.documents import CONTEXT, as_list, is_public
from core.federation.keys import SigningKey
from core.federation.own_keys import own_keys
from core.federation.proofs import proved
from core.federation.recipients import drop_waiting, enqueue, forget_reached, reach_of
from core.instance import here
from core.models import Actor, Entry
from core.outbound import Outbound, may_leave

Writer = Callable[[Act], Awaitable[Outbound | None]]

# A smaller lane goes first (section 12).
FIRST, NEW, CHANGED, VOTED, LAST = 1, 3, 5, 7, 9
LANES = (FIRST, NEW, CHANGED, VOTED, LAST)
_LANE_OF: Mapping[str, int] = {
    "follow": FIRST,
    "unfollow": FIRST,
    "accept": FIRST,
    "reject": FIRST,
    "create": NEW,
    "boost": NEW,
    "like": VOTED,
    "unlike": VOTED,
    "react": VOTED,
    "unreact": VOTED,
    "vote": VOTED,
    "tally": VOTED,
    "unboost": VOTED,
    "delete_actor": LAST,
}
# What is still said in the name of somebody who was suspended or left.
TAKES_BACK = frozenset(
    {
        "delete",
        "delete_actor",
        "quote_reject",
        "reject",
        "reply_reject",
        "reply_withdrawn",
        "unboost",
        "unfollow",
        "unlike",
        "unreact",
        "update_actor",
    }
)
# There is a peer that takes no more (section 9); what can be done without goes first.
LARGEST_FOR_ALL = 65_536
_SPARE = ("replies", "likes", "shares", "source")


async def write(act: Act) -> None:
    """Write the deliveries of an act, if there is anybody elsewhere who has to learn of it; in its transaction."""
    if not here().settings.federation.enabled or (act.entry is not None and not may_leave(act.entry)):
        return
    writers: dict[str, Writer] = dict(here().hooks.collected("outbox"))
    writer = writers.get(act.verb)
    if writer is None or not (act.actor.is_here or act.verb in TAKES_BACK):
        return
    if act.verb == "delete" and act.entry is not None:
        await drop_waiting(act.entry)
    outbound = await writer(act)
    if outbound is not None:
        await send(act.actor, act.verb, outbound, act.entry)
    if act.verb == "delete" and act.entry is not None:
        await forget_reached(act.entry)


async def send(sender: Actor, verb: str, outbound: Outbound, entry: Entry | None = None) -> str | None:
    """Have an activity of one of our actors delivered; it is written down with the running transaction.

    Returns its id among the outgoing, None where it reaches nobody.
    """
    async with transaction():
        reach = await reach_of(sender, outbound, entry)
        if not reach:
            return None
        outgoing_id = new_id()
        await execute(
            "INSERT INTO federation_outgoing (id, sender_id, verb, entry_id, body, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            outgoing_id,
            sender.id,
            verb,
            entry.id if entry else None,
            body_of(outgoing_id, sender, outbound.document, await _key_of_proof(sender, outbound.document)),
            now(),
        )
        lane = FIRST if outbound.urgent else _LANE_OF.get(verb, CHANGED)
        await enqueue(outgoing_id, sender, lane, reach)
    return outgoing_id


async def _key_of_proof(sender: Actor, document: Document) -> SigningKey | None:
    """What is for everybody bears a proof, to be passed on; what is for a few never: nobody should hold it forever."""
    addressees = [*as_list(document.get("to")), *as_list(document.get("cc"))]
    return (await own_keys(sender)).ed25519 if any(map(is_public, addressees)) else None


def body_of(outgoing_id: str, sender: Actor, document: Document, key: SigningKey | None = None) -> str:
    """The text of an activity as every inbox gets it; what is too large for some loses what is not needed.

    With a key it bears a proof of whom it is by (FEP-8b32).
    """
    inner = document.get("object")
    context: Any = CONTEXT
    if isinstance(inner, dict) and "@context" in inner:
        context, inner = inner["@context"], {name: value for name, value in inner.items() if name != "@context"}
    whole = {"@context": context, "id": activity_url(outgoing_id), "actor": sender.uri, **document}
    if inner is not None:
        whole["object"] = inner
    body = _body(whole, key)
    if len(body) > LARGEST_FOR_ALL and isinstance(inner, dict):
        whole["object"] = {name: value for name, value in inner.items() if name not in _SPARE}
        body = _body(whole, key)
    return body.decode()


def _body(document: Document, key: SigningKey | None) -> bytes:
    return orjson.dumps(document if key is None else proved(document, key, now()))
