"""Stamps: what proves that an author agrees to a quote (FEP-044f) or to an answer; ours, and those of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core import entries
from core.audience import OPEN
from core.database import execute, new_id
from core.entries import Document
from core.federation.addresses import is_ours, same_origin
from core.federation.documents import first_known_type, id_of
from core.federation.fetching import fetch_document
from core.federation.models import Stamp
from core.fetch import FetchError
from core.instance import here
from core.models import Actor, Entry
from core.policies import Action
from core.reading import address
from core.reading.drafts import answered_address
from core.reading.words import CONSENT, REPLY_CONSENT, quoted_address


@dataclass(frozen=True)
class Way:
    """One way of making something of somebody else's entry that its author may have a say in.

    `asking` is the type of the activity by which they are asked, `type` that of their stamp. `properties` is where
    the address of the stamp may stand on an object, the first is its name; `path` and `suffix` are ours.
    """

    action: Action
    asking: str
    type: str
    properties: tuple[str, ...]
    path: str
    suffix: str

    def about(self, target: Entry, interacting_uri: str) -> dict[str, Any]:
        """The one stamp there may be for this."""
        return {"kind": self.action, "target_id": target.id, "interacting_uri": interacting_uri}


QUOTE = Way("quote", "QuoteRequest", "QuoteAuthorization", (CONSENT,), "quote_authorizations", "/quote_request")
# `approvedBy` is how GoToSocial called it before 0.21.
REPLY = Way(
    "reply",
    "ReplyRequest",
    "ReplyAuthorization",
    (REPLY_CONSENT, "approvedBy"),
    "reply_authorizations",
    "/reply_request",
)
WAYS = (QUOTE, REPLY)


@dataclass(frozen=True)
class Claim:
    """What an object says of itself: that the author of an entry agrees to what it makes of that, and where."""

    way: Way
    interacting_uri: str
    target: Entry
    stamp_uri: str


async def claims_of(document: Document) -> list[Claim]:
    """What an object claims that quotes or answers an entry known here, where it takes consent at all."""
    found = []
    for way, target_uri in ((QUOTE, quoted_address(document)), (REPLY, answered_address(document))):
        stamp_uri = next((uri for key in way.properties if (uri := address(id_of(document.get(key))))), "")
        target = await entries.by_uri(target_uri) if stamp_uri and target_uri else None
        if target is not None and _takes_consent(way, target):
            found.append(Claim(way, id_of(document), target, stamp_uri))
    return found


def _takes_consent(way: Way, target: Entry) -> bool:
    return target.visibility in OPEN if way is QUOTE else target.reply_policy != "everyone"


def unstamped(document: Document) -> Document:
    """An object without any consent it claims."""
    return {key: value for key, value in document.items() if not any(key in way.properties for way in WAYS)}


def stamped(document: Document, claims: list[Claim]) -> Document:
    """An object with the consent that holds, each under its name, and no other."""
    return unstamped(document) | {claim.way.properties[0]: claim.stamp_uri for claim in claims}


async def is_known(claim: Claim) -> bool:
    """Whether the stamp was given here, or was looked at before, and was not taken back since."""
    about = claim.way.about(claim.target, claim.interacting_uri)
    return await Stamp.exists(uri=claim.stamp_uri, revoked_at__isnull=True, **about)


async def proves(stamp: Document, claim: Claim) -> bool:
    """Whether a stamp, fetched from its own address, is the consent of the target's author to just this."""
    author = await Actor.get(id=claim.target.author_id)
    return (
        first_known_type(stamp, (claim.way.type,)) == claim.way.type
        and id_of(stamp) == claim.stamp_uri
        and same_origin(claim.stamp_uri, author.uri)
        and id_of(stamp.get("attributedTo")) == author.uri
        and id_of(stamp.get("interactionTarget")) == claim.target.uri
        and id_of(stamp.get("interactingObject")) == claim.interacting_uri
    )


async def checked(document: Document) -> Document:
    """An object that was fetched, with the consent it claims only where that holds.

    Never to be called inside a transaction.
    """
    return stamped(document, [claim for claim in await claims_of(document) if await _holds(claim)])


async def _holds(claim: Claim) -> bool:
    if await is_known(claim):
        return True
    if is_ours(claim.stamp_uri):
        return False
    try:
        return await proves(await fetch_document(claim.stamp_uri), claim)
    except FetchError:
        return False


_STORE = (
    "INSERT INTO federation_stamp (id, uri, kind, target_id, interacting_uri, actor_id)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (target_id, interacting_uri, kind) DO "
)


async def remember(claim: Claim, author: Actor) -> None:
    """Remember a stamp of others that was looked at, for what `author` made; the latest counts."""
    if not is_ours(claim.stamp_uri):
        stored = (new_id(), claim.stamp_uri, claim.way.action, claim.target.id, claim.interacting_uri, author.id)
        await execute(f"{_STORE} UPDATE SET uri = excluded.uri", *stored)


# -- Ours --------------------------------------------------------------------------------------------------------------


async def stamp_for(way: Way, target: Entry, interacting_uri: str, author: Actor) -> Stamp | None:
    """Our stamp for what `author` makes of an entry of ours, made now where there is none; None where taken back."""
    stamp_id = new_id()
    uri = here().url(f"/{way.path}/{stamp_id}")
    await execute(f"{_STORE} NOTHING", stamp_id, uri, way.action, target.id, interacting_uri, author.id)
    stamp = await Stamp.get(**way.about(target, interacting_uri))
    return stamp if stamp.revoked_at is None else None


async def stamp_on(way: Way, entry: Entry, target: Entry) -> Stamp | None:
    """The stamp that an entry of ours bears: one that we were given, or one of ours; oneself needs none."""
    if target.author_id == entry.author_id:
        return None
    if target.is_local:
        return await stamp_for(way, target, entry.uri, await Actor.get(id=entry.author_id))
    return await Stamp.get_or_none(revoked_at__isnull=True, **way.about(target, entry.uri))


async def stamp_document(stamp: Stamp, target: Entry) -> Document:
    """A stamp of ours, without `@context`."""
    return {
        "id": stamp.uri,
        "type": next(way.type for way in WAYS if way.action == stamp.kind),
        "attributedTo": (await Actor.get(id=target.author_id)).uri,
        "interactionTarget": target.uri,
        "interactingObject": stamp.interacting_uri,
    }


async def given_to(entry: Entry) -> list[Actor]:
    """Who elsewhere was given a stamp for what they make of an entry."""
    given = await Stamp.filter(target_id=entry.id)  # most have none
    whom = [stamp.actor_id for stamp in given]
    return await Actor.filter(id__in=whom, domain__not="", removed_at__isnull=True) if whom else []
