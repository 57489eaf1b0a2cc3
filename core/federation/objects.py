"""Objects of other servers: fetched from where they belong, checked, and stored as the kind that understands them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal
from weakref import WeakValueDictionary

from core import entries
from core.database import IntegrityError, one_of, rows, transaction
from core.entries import Document
from core.errors import KithError
from core.federation import consent, origin, stamps
from core.federation.addresses import is_ours, same_origin
from core.federation.documents import id_of
from core.federation.fetching import budget, fetch_document
from core.federation.remote_actors import actor_by_uri
from core.fetch import FetchError, Refused
from core.instance import here
from core.models import Entry
from core.reading.drafts import answered_address, chosen_addresses, mentioned_addresses
from core.reading.kinds import kind_of
from core.reading.words import CONSENT, quoted_address
from core.tombstones import is_buried

DEEPEST_THREAD = 100  # how far up a thread is followed
DEEPEST_QUOTE = 2  # how far quotes of quotes are
STRANGERS_AT_MOST = 10  # of those named, whom nobody here knows yet
CHOSEN_AT_MOST = 40  # of those it was sent to, where it went to people of the author's choice: answers go to them too

_under_way: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


async def fetch_entry(uri: str, *, thread: tuple[str, ...] = ()) -> Entry | None:
    """The entry at an address, known here or fetched with what it answers; None where it is no entry of any kind.

    `thread` is what was followed up to here. Raises FetchErrors: Refused and NotThere where it cannot be had, others
    where trying again may help. Never to be called inside a transaction.
    """
    known = await entries.by_uri(uri)
    if known is not None or is_ours(uri):
        return known
    if thread:  # not under a lock: two threads that answer each other would wait for each other
        return await receive_object(await fetch_document(uri), thread=thread)
    key = (id(here().database), uri)
    lock = _under_way.get(key)
    if lock is None:
        lock = _under_way[key] = asyncio.Lock()
    async with lock:  # many activities at once may be about one object
        known = await entries.by_uri(uri)
        if known is not None:
            return known
        with budget():
            return await receive_object(await fetch_document(uri))


async def receive_object(document: Document, *, thread: tuple[str, ...] = ()) -> Entry | None:
    """Store an object fetched from its own address, after what it answers and refers to. Raises as `fetch_entry`."""
    uri, kind = id_of(document), kind_of(document)
    known = await entries.by_uri(uri)
    if known is not None or kind is None or kind.receive is None:
        return known
    owner = next((one for one in origin.owners_of(document) if same_origin(one, uri)), "")
    if not owner or await is_buried(uri, owner):
        raise Refused("the object is not its author's, or was deleted")
    author = await actor_by_uri(owner)
    if author is None or not author.is_here:
        raise Refused("the object's author is not to be had")
    await fetch_references(document, thread=(*thread, uri))
    document = await stamps.checked(document)
    try:
        async with transaction():
            received = await consent.receive(kind, author, document)
    except IntegrityError:  # another process was faster
        received = None
    except KithError as error:
        raise Refused(error.sentence) from None
    return received or await entries.by_uri(uri)  # it may have been delivered meanwhile, and is then no news


async def fetch_references(document: Document, *, thread: tuple[str, ...] = ()) -> None:
    """Fetch whom and what an object refers to, as far as it is to be had: it can be stored without them."""
    for what, uri in await unknown_references(document):
        with suppress(FetchError):
            if what == "actor" and len(thread) < 2:
                await actor_by_uri(uri)
            elif what == "quoted" and len(thread) <= DEEPEST_QUOTE and uri not in thread:
                await fetch_entry(uri, thread=thread)
            elif what == "entry" and len(thread) < DEEPEST_THREAD and uri not in thread:
                await fetch_entry(uri, thread=thread)


async def unknown_references(document: Document) -> list[tuple[Literal["actor", "entry", "quoted"], str]]:
    """What an object answers, may quote, and whom it names, where that is of other servers and not known here."""
    parent, quoted = answered_address(document), quoted_address(document) if document.get(CONSENT) else ""
    chosen = [uri for uri in chosen_addresses(document) if not is_ours(uri)]
    named = [uri for uri in dict.fromkeys((*mentioned_addresses(document), *chosen)) if not is_ours(uri)]
    parents = [uri for uri in dict.fromkeys((parent, quoted)) if uri and not is_ours(uri)]
    if not named and not parents:
        return []
    known = {
        each["uri"]
        for each in await rows(
            f"SELECT uri FROM core_actor WHERE uri {one_of(1, 'text')}"
            f" UNION ALL SELECT uri FROM core_entry WHERE uri {one_of(2, 'text')}",
            named,
            parents,
        )
    }
    most = CHOSEN_AT_MOST if chosen else STRANGERS_AT_MOST
    strangers = [uri for uri in named if uri not in known][:most]
    missing = [uri for uri in parents if uri not in known]
    return [
        *(("entry" if uri == parent else "quoted", uri) for uri in missing),
        *(("actor", uri) for uri in strangers),
    ]
