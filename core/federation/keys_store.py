"""Public keys by their id: our own, those known already, and those that have to be fetched, which is bounded."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakValueDictionary

import structlog

from core.errors import RateLimited, Unavailable
from core.federation.actor_reading import KEYS_AT_MOST
from core.federation.addresses import host_of, is_ours
from core.federation.documents import ACTOR_TYPES, Document, as_list, first_known_type, id_of
from core.federation.domains import is_refused
from core.federation.fetching import NotThere, fetch_document
from core.federation.keys import PublicKey, load_public
from core.federation.models import Key
from core.federation.own_keys import OwnKeys, instance_actor, own_keys
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import FetchError, Refused
from core.instance import here
from core.models import Actor

__all__ = ["KnownKey", "OwnKeys", "find_key", "instance_actor", "own_keys"]

log = structlog.get_logger(__name__)
KEEP_SECONDS = 60
KEPT_BYTES = 4000
ABSENT_SECONDS = 300
FAILED_SECONDS = 30
FETCHES_PER_MINUTE = 60  # of keys, for each host
AT_ONCE = 64  # of keys: whoever names many that hang must not use up all connections, nor all places at the inbox
REFETCH_SECONDS = 300  # one and the same key


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key and the actor it belongs to."""

    key: PublicKey
    actor: Actor


@dataclass(frozen=True, slots=True)
class Unreached:
    """That the server of a key could not be asked; whoever sent what it signed is to come again."""

    def error(self) -> Unavailable:
        return Unavailable(FAILED_SECONDS, "The server of the key cannot be asked just now.")


async def find_key(key_id: str, *, refetch: bool = False) -> KnownKey | None:
    """The key with this id, fetched with its actor where it is not known, or anew with `refetch`.

    None where there is none, its actor left, or its host is refused. Raises Unavailable where the other server gives no
    answer; both are remembered for a while, so that bad signatures cost it nothing. Raises RateLimited where it, or
    where all servers, are asked too much. A known key is fetched anew once in five minutes.
    """
    try:
        host = host_of(key_id)
    except Refused:
        return None
    if is_refused(host):
        return None
    if not refetch:
        kept = here().cache.get(_name(key_id))
        if kept is not None:
            return _kept(kept)
        known = await _known(key_id)
        if known is not None or is_ours(key_id):
            return known
    elif is_ours(key_id) or not (await here().limiter.take(f"key-refetch:{key_id}", 1, REFETCH_SECONDS)).allowed:
        return await _known(key_id)
    return await _fetched_once(key_id, host, refetch)


def _name(key_id: str) -> str:
    return f"key:{key_id}"


def _kept(kept: KnownKey | Literal[False] | Unreached) -> KnownKey | None:
    """What is remembered of a key: that there is none is so for a while, and that nobody could say."""
    if isinstance(kept, Unreached):
        raise kept.error()
    return kept or None


async def _known(key_id: str) -> KnownKey | None:
    """What the database knows; kept for a minute."""
    since = here().cache.mark()
    key = await Key.get_or_none(uri=key_id)
    actor = await Actor.get_or_none(id=_owner(key)) if key else None
    if key is None or actor is None or actor.removed_at is not None:
        return None
    found = KnownKey(load_public(key.public_pem), actor)
    here().cache.put(_name(key_id), found, ttl=KEEP_SECONDS, size=KEPT_BYTES, tags=(f"actor:{actor.id}",), since=since)
    return found


def _owner(key: Key) -> str:
    owner: Any = key.actor_id
    return str(owner)


_under_way: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


async def _fetched_once(key_id: str, host: str, refetch: bool) -> KnownKey | None:
    """Fetch a key; whoever asks for it meanwhile waits for the same answer."""
    name = (id(here().database), key_id)
    lock = _under_way.get(name)
    if lock is None:
        lock = _under_way[name] = asyncio.Lock()
    waited = lock.locked()
    async with lock:
        if waited:
            kept = here().cache.get(_name(key_id))
            return _kept(kept) if kept is not None else await _known(key_id)
        verdict = await here().limiter.take(f"key-fetch:{host}", FETCHES_PER_MINUTE, 60)
        if not verdict.allowed or _fetching[id(here().database)] >= AT_ONCE:
            if refetch and (known := await _known(key_id)):
                return known
            raise RateLimited(FAILED_SECONDS)  # not 503: whoever is told so is not to think that we are ill
        absent_for = await _fetch(key_id)
        found = await _known(key_id)
        if found is not None:
            return found
        if absent_for is None:
            here().cache.put(_name(key_id), Unreached(), ttl=FAILED_SECONDS, size=len(key_id))
            raise Unreached().error()
        here().cache.put(_name(key_id), False, ttl=absent_for, size=len(key_id))
        return None


_fetching: Counter[int] = Counter()  # keys, by the database of the instance


async def _fetch(key_id: str) -> float | None:
    """Fetch what a key's id leads to and store its actor.

    For how many seconds the key may count as absent where it is not there; None where its server gave no answer.
    """
    instance = id(here().database)
    _fetching[instance] += 1
    try:
        document = await fetch_document(key_id)
        if first_known_type(document, ACTOR_TYPES):
            await store_actor(document, id_of(document))
        elif owner := _owner_named(document):
            # The key speaks for itself; whether it is the owner's, the owner's document alone can say.
            await actor_by_uri(owner, refresh=True)
    except Refused as refusal:
        log.info("key_refused", reason=refusal.reason)
    except NotThere as answer:
        log.info("key_not_fetched", reason=answer.reason)
        return FAILED_SECONDS
    except FetchError as failure:
        log.info("key_not_fetched", reason=failure.reason)
        return None
    finally:
        _fetching[instance] -= 1
    return ABSENT_SECONDS


def _owner_named(document: Document) -> str:
    """Who a key document says the key belongs to."""
    nested = [one for one in as_list(document.get("publicKey"))[:KEYS_AT_MOST] if isinstance(one, dict)]
    for one in (document, *nested):
        owner = id_of(one.get("owner")) or id_of(one.get("controller"))
        if owner:
            return owner
    return ""
