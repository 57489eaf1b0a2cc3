"""Quotes and the consent to them (FEP-044f): stamps of ours are given and taken back, those of others looked at."""

from __future__ import annotations

from typing import NamedTuple

from core import entries
from core.audience import OPEN
from core.database import execute, new_id
from core.entries import Document, Kind
from core.federation.addresses import is_ours, same_origin
from core.federation.documents import first_known_type, id_of
from core.federation.fetching import fetch_document
from core.federation.models import QuoteStamp
from core.fetch import FetchError
from core.html import quote_inline_removed
from core.instance import here
from core.models import Actor, Entry
from core.quotes import refuse, set_quote
from core.reading import address
from core.reading.drafts import with_link
from core.reading.words import CONSENT, quoted_address

STAMP = "QuoteAuthorization"


class Claim(NamedTuple):
    """What an object says of its quote: which entry it quotes, and where its author's consent lies."""

    quoting_uri: str
    quoted: Entry
    stamp_uri: str


async def claim_of(document: Document) -> Claim | None:
    """What an object claims that quotes an entry known here; None where it bears no stamp, or quotes nothing."""
    stamp_uri, quoted_uri = address(id_of(document.get(CONSENT))), quoted_address(document)
    quoted = await entries.by_uri(quoted_uri) if stamp_uri and quoted_uri else None
    if quoted is None or quoted.visibility not in OPEN:
        return None
    return Claim(id_of(document), quoted, stamp_uri)


def unstamped(document: Document) -> Document:
    """An object without the consent it claims."""
    return {key: value for key, value in document.items() if key != CONSENT}


async def is_known(claim: Claim) -> bool:
    """Whether the stamp was given here, or was looked at before, and was not taken back since."""
    return await QuoteStamp.exists(
        uri=claim.stamp_uri, quoted_id=claim.quoted.id, quoting_uri=claim.quoting_uri, revoked_at__isnull=True
    )


async def proves(stamp: Document, claim: Claim) -> bool:
    """Whether a stamp, fetched from its own address, is the quoted author's consent to this quote."""
    author = await Actor.get(id=claim.quoted.author_id)
    return (
        first_known_type(stamp, (STAMP,)) == STAMP
        and id_of(stamp) == claim.stamp_uri
        and same_origin(claim.stamp_uri, author.uri)
        and id_of(stamp.get("attributedTo")) == author.uri
        and id_of(stamp.get("interactionTarget")) == claim.quoted.uri
        and id_of(stamp.get("interactingObject")) == claim.quoting_uri
    )


async def checked(document: Document) -> Document:
    """An object that was fetched, with the consent it claims only where that holds.

    Never to be called inside a transaction.
    """
    claim = await claim_of(document)
    if claim is None:
        return unstamped(document)
    if await is_known(claim):
        return document
    if is_ours(claim.stamp_uri):
        return unstamped(document)
    try:
        stamp = await fetch_document(claim.stamp_uri)
    except FetchError:
        return unstamped(document)
    return document if await proves(stamp, claim) else unstamped(document)


async def receive(kind: Kind, author: Actor, document: Document, known: Entry | None = None) -> Entry | None:
    """Have its kind take an object that was `checked`, and give or take the quote of one that is `known` already.

    Consent comes and goes without an edit, and an edit changes no quote. None where there is nothing to publish.
    """
    assert kind.receive is not None
    has_changed = known is not None and await _changes(known, author, document)
    received = await kind.receive(author, document)
    claim = await claim_of(document)
    if claim is not None and received is not None and claim.quoted.author_id != author.id:
        await remember(claim, author)
    return received or (known if has_changed else None)


async def _changes(entry: Entry, author: Actor, document: Document) -> bool:
    """Let a known entry quote what somebody else published, or quote it no more; whether that is news."""
    claim = await claim_of(document)
    if claim is not None and claim.quoted.author_id != author.id:
        await remember(claim, author)
        if entry.quote_id != claim.quoted.id:
            await set_quote(entry, claim.quoted, quote_inline_removed(entry.content))
            return True
    elif claim is None and entry.quote_id is not None:
        quoted = await Entry.get(id=entry.quote_id)
        if quoted.author_id != author.id:
            await withdraw(entry, quoted)
            return True
    return False


async def withdraw(entry: Entry, quoted: Entry) -> None:
    """Show a quote as a link from now on: whom it quotes does not want it, or has not said so."""
    if entry.is_local:
        await refuse(entry, quoted)
    else:
        await set_quote(entry, None, with_link(entry.content, quoted.uri))


_STORE = (
    "INSERT INTO federation_quote_stamp (id, uri, quoted_id, quoting_uri, actor_id) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (quoted_id, quoting_uri) DO "
)


async def remember(claim: Claim, author: Actor) -> None:
    """Remember a stamp of others that was looked at; the latest for a quote counts."""
    if not is_ours(claim.stamp_uri):
        stored = (new_id(), claim.stamp_uri, claim.quoted.id, claim.quoting_uri, author.id)
        await execute(f"{_STORE} UPDATE SET uri = excluded.uri", *stored)


async def revoked_by(actor: Actor, stamp_uri: str) -> bool:
    """Take note that somebody elsewhere takes back their consent to a quote; False where no such stamp is known."""
    stamp = await QuoteStamp.get_or_none(uri=stamp_uri)
    quoted = await Entry.get(id=stamp.quoted_id) if stamp else None
    if stamp is None or quoted is None or quoted.author_id != actor.id:
        return False
    await stamp.delete()
    entry = await entries.by_uri(stamp.quoting_uri)
    if entry is not None and entry.quote_id == quoted.id:
        await withdraw(entry, quoted)
    return True


# -- Ours --------------------------------------------------------------------------------------------------------------


async def stamp_for(quoted: Entry, quoting_uri: str, author: Actor) -> QuoteStamp | None:
    """Our stamp for a quote of an entry of ours, made now where there is none; None where it was taken back."""
    stamp_id = new_id()
    uri = here().url(f"/quote_authorizations/{stamp_id}")
    await execute(f"{_STORE} NOTHING", stamp_id, uri, quoted.id, quoting_uri, author.id)
    stamp = await QuoteStamp.get(quoted_id=quoted.id, quoting_uri=quoting_uri)
    return stamp if stamp.revoked_at is None else None


async def document_of(entry: Entry) -> Document:
    """The object of an entry of ours as its kind writes it, with the consent to what it quotes."""
    document = await here().kinds[entry.kind].to_document(entry)
    stamp = await _stamp_on(entry) if entry.quote_id else None
    return document if stamp is None else document | {CONSENT: stamp.uri}


async def _stamp_on(entry: Entry) -> QuoteStamp | None:
    """The stamp for what an entry of ours quotes: one that we were given, or one of ours; oneself needs none."""
    quoted = await Entry.get(id=entry.quote_id)
    if quoted.author_id == entry.author_id:
        return None
    if quoted.is_local:
        return await stamp_for(quoted, entry.uri, await Actor.get(id=entry.author_id))
    return await QuoteStamp.get_or_none(quoted_id=quoted.id, quoting_uri=entry.uri, revoked_at__isnull=True)


async def stamp_document(stamp: QuoteStamp, quoted: Entry) -> Document:
    """A stamp of ours, without `@context`."""
    return {
        "id": stamp.uri,
        "type": STAMP,
        "attributedTo": (await Actor.get(id=quoted.author_id)).uri,
        "interactionTarget": quoted.uri,
        "interactingObject": stamp.quoting_uri,
    }


async def quoters_of(entry: Entry) -> list[Actor]:
    """Who elsewhere was given a stamp to quote an entry."""
    given = await QuoteStamp.filter(quoted_id=entry.id)  # most have none
    quoters = [stamp.actor_id for stamp in given]
    return await Actor.filter(id__in=quoters, domain__not="", removed_at__isnull=True) if quoters else []
