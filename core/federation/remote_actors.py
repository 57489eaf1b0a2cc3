"""Actors of other servers: found, checked, stored, kept fresh and, where their server says so, removed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import structlog

from core import emoji
from core.database import IntegrityError, after_commit, execute, new_id, now, transaction
from core.federation.actor_reading import KEYS_AT_MOST, ForeignKey, ForeignProfile, read_actor, read_key
from core.federation.addresses import is_address, is_ours, same_origin
from core.federation.documents import Document
from core.federation.domains import silenced_since
from core.federation.fetching import NotThere, fetch_document, refuse_host
from core.federation.handles import STALE, Confirmed, claimed_key, confirmed_handle, is_older, limit_new
from core.federation.models import Key
from core.federation.removal import remove_actor
from core.federation.webfinger import Finding
from core.fetch import Refused
from core.instance import here
from core.models import Actor
from core.tasks import task
from core.tombstones import is_buried

log = structlog.get_logger(__name__)
FRESH = timedelta(days=1)  # a refresh asked for twice is made once
NAMED_KEYS = 2


async def actor_by_uri(uri: str, *, fetch: bool = True, refresh: bool = False) -> Actor | None:
    """The actor with this identity, fetched where it is not known yet, or anew with `refresh`.

    None for whom there is not, who left, or who is refused. Raises FetchErrors for what may be mended by trying
    again: Unreachable, TimedOut.
    """
    if not is_address(uri):
        return None
    known = await Actor.get_or_none(uri=uri)
    if known is not None and (known.is_local or not refresh):
        if known.removed_at is not None:
            return None
        if fetch and not known.is_local and is_older(known, STALE):
            await refresh_actor.later(key=f"refresh_actor:{known.id}", actor_id=known.id)
        return known
    if not fetch:
        return None
    try:
        actor = await fetch_actor(uri)
    except (Refused, NotThere) as refusal:
        log.info("actor_refused", reason=refusal.reason)
        return None
    return actor if actor.uri == uri else None


async def fetch_actor(uri: str, found: Finding | None = None) -> Actor:
    """Fetch an actor and store it; `found` is what WebFinger said, where that led here. Raises FetchErrors.

    One that answers 410 is removed here too (section 3).
    """
    try:
        document = await fetch_document(uri)
    except NotThere as answer:
        known = await Actor.get_or_none(uri=uri)
        if answer.gone and known is not None and not known.is_local:
            await remove_actor(known)
        raise
    return await store_actor(document, str(document["id"]), found)


async def store_actor(document: Document, fetched_url: str, found: Finding | None = None) -> Actor:
    """Store what a document says about an actor, or change what is known (sections 1, 2 and 6).

    `fetched_url` is where it came from, or the id of whoever's signature vouches for it. Raises FetchErrors: Refused
    where the document is not to be believed or its server not to be talked with.
    """
    profile = read_actor(document)
    if not same_origin(profile.uri, fetched_url) or is_ours(profile.uri):
        raise Refused("the actor's id is not of the server it came from")
    if not profile.uri.startswith("https:") and not here().settings.federation.allow_http:
        raise Refused("the actor's id is no https address")
    refuse_host(profile.handle.host)
    async with _lock(profile.uri):
        known = await Actor.get_or_none(uri=profile.uri)
        if (known and known.removed_at) or await is_buried(profile.uri, profile.uri):
            raise Refused("this actor has left")
        if known is None:
            await limit_new(profile.handle.host)
        confirmed = await confirmed_handle(profile, known, found)
        refuse_host(confirmed.handle.host)
        try:
            return await _write(profile, known, confirmed)
        except IntegrityError:  # another process stored this actor, or another one of this name, at the same time
            return await _write(profile, await Actor.get_or_none(uri=profile.uri), confirmed)


_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


def _lock(uri: str) -> asyncio.Lock:
    """One at a time for each actor in this process; the database settles it among processes."""
    key = (id(here().database), uri)
    lock = _locks.get(key)
    if lock is None:
        lock = _locks[key] = asyncio.Lock()
    return lock


async def _write(profile: ForeignProfile, known: Actor | None, confirmed: Confirmed) -> Actor:
    handle, own = confirmed.handle, profile.handle
    name = own.name if own.name.lower() == handle.name.lower() else handle.name
    columns = {**profile.columns, "username": name, "domain": handle.host}
    keys = [*profile.keys, *await _named_keys(profile)]
    async with transaction():
        await emoji.remember(handle.host, profile.emojis)
        columns["emojis"] = await emoji.packed_for(
            handle.host, columns["name"], columns["summary"], columns["profile_fields"]
        )
        columns["username_key"] = await claimed_key(profile.uri, known, confirmed)
        if known is None:
            columns["silenced_at"] = silenced_since(handle.host, own.host)
            actor = Actor(id=new_id(), uri=profile.uri, fetched_at=now(), **columns)
            actor.created_at = profile.created_at or now()
            await actor.save(force_create=True)
        else:
            actor = known
            await _change(actor, {column: new for column, new in columns.items() if getattr(actor, column) != new})
        await _store_keys(actor, keys)
        await here().hooks.actor_stored(actor=actor)
    return actor


async def _named_keys(profile: ForeignProfile) -> list[ForeignKey]:
    """Keys that the document names without showing them; two are fetched."""
    keys = []
    for address in profile.key_addresses[:NAMED_KEYS]:
        with suppress(Refused, NotThere):
            document = await fetch_document(address)
            if key := read_key({**document, "id": address}, profile.uri):
                keys.append(key)
    return keys


async def _store_keys(actor: Actor, keys: list[ForeignKey]) -> None:
    """Make these the actor's keys; one that is another actor's stays theirs."""
    listed = {key.uri: key for key in keys[:KEYS_AT_MOST]}
    stored = {key.uri: key for key in await Key.filter(actor_id=actor.id)}
    for uri, old in stored.items():
        if uri not in listed:
            await old.delete()
    changed = {uri: key for uri, key in listed.items() if uri not in stored or stored[uri].public_pem != key.pem}
    for key in changed.values():
        await execute(
            "INSERT INTO federation_key (id, uri, actor_id, kind, public_pem, private_sealed, fetched_at)"
            " VALUES ($1, $2, $3, $4, $5, '', $6) ON CONFLICT (uri) DO UPDATE SET kind = excluded.kind,"
            " public_pem = excluded.public_pem, fetched_at = excluded.fetched_at"
            " WHERE federation_key.actor_id = excluded.actor_id",
            new_id(),
            key.uri,
            actor.id,
            key.kind,
            key.pem,
            now(),
        )
    if changed or stored.keys() - listed.keys():
        after_commit(lambda: here().cache.drop_tag(f"actor:{actor.id}"))


async def _change(actor: Actor, changes: dict[str, Any]) -> None:
    if changes:
        changes["version"] = actor.version + 1
        after_commit(lambda: here().cache.drop_tag(f"actor:{actor.id}"))
        after_commit(lambda: here().hooks.actor_updated(actor=actor))
    changes["fetched_at"] = now()
    await Actor.filter(id=actor.id).update(**changes)
    for name, new in changes.items():
        setattr(actor, name, new)


@task(lane=7, attempts=3)
async def refresh_actor(actor_id: str) -> None:
    """Fetch an actor that has not been looked at for long anew."""
    actor = await Actor.get(id=actor_id)
    if not actor.is_local and actor.removed_at is None and is_older(actor, FRESH):
        with suppress(Refused, NotThere):
            await fetch_actor(actor.uri)
