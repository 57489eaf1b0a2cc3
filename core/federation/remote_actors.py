"""Actors of other servers: found, checked, stored, kept fresh and, where their server says so, removed."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import structlog

from core.database import IntegrityError, after_commit, execute, new_id, now, transaction, value
from core.entries import by_uri, is_buried
from core.federation.actor_reading import KEYS_AT_MOST, ForeignKey, ForeignProfile, read_actor, read_key
from core.federation.addresses import host_of, is_ours, same_origin
from core.federation.documents import ACTOR_TYPES, Document, first_known_type, id_of
from core.federation.domains import is_silenced
from core.federation.fetching import NotThere, fetch_document, refuse_host
from core.federation.models import Key
from core.federation.removal import remove_actor
from core.federation.webfinger import Finding, Handle, read_handle, resolve
from core.fetch import FetchError, Refused
from core.instance import here
from core.models import Actor, Entry
from core.tasks import task

log = structlog.get_logger(__name__)
FRESH = timedelta(days=1)
STALE = timedelta(days=7)
NEW_HOSTS = 10  # under one registrable domain, in five minutes
NEW_ACTORS = 400  # of one host, in five minutes
WINDOW_SECONDS = 300
NAMED_KEYS = 2


async def actor_by_uri(uri: str, *, fetch: bool = True, refresh: bool = False) -> Actor | None:
    """The actor with this identity, fetched where it is not known yet, or anew with `refresh`.

    None for whom there is not, who left, or who is refused. Raises FetchErrors for what may be mended by trying
    again: Unreachable, TimedOut.
    """
    known = await Actor.get_or_none(uri=uri)
    if known is not None and (known.is_local or not refresh):
        if known.removed_at is not None:
            return None
        if fetch and not known.is_local and _is_older(known, STALE):
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
    refuse_host(profile.handle.host)
    async with _lock(profile.uri):
        known = await Actor.get_or_none(uri=profile.uri)
        if (known and known.removed_at) or await is_buried(profile.uri, profile.uri):
            raise Refused("this actor has left")
        if known is None:
            await _limit_new(profile.handle.host)
        confirmed = await _confirmed(profile, known, found)
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


async def _limit_new(host: str) -> None:
    """Bound how fast one domain's servers and people become known here (section 6). Raises Refused."""
    limiter = here().limiter
    if not await value("SELECT 1 FROM core_actor WHERE domain = $1 LIMIT 1", host):
        verdict = await limiter.take(f"new-hosts:{_registrable(host)}", NEW_HOSTS, WINDOW_SECONDS)
        if not verdict.allowed:
            raise Refused("too many servers of one domain at once")
    verdict = await limiter.take(f"new-actors:{host}", NEW_ACTORS, WINDOW_SECONDS)
    if not verdict.allowed:
        raise Refused("too many new people of one server at once")


def _registrable(host: str) -> str:
    """Roughly the domain that somebody registered: two labels, three where the second is short as in co.uk."""
    labels = host.partition(":")[0].split(".")
    count = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-count:])


@dataclass(frozen=True)
class _Confirmed:
    """A handle, and the actors its host says it stands for; none where that was not asked, or not answered."""

    handle: Handle
    actors: tuple[str, ...] = ()


async def _confirmed(profile: ForeignProfile, known: Actor | None, found: Finding | None) -> _Confirmed:
    """The handle that stands for this actor and that this actor stands for; asked anew once a week.

    Raises Refused where the handle leads to somebody else. A server without WebFinger has names of its own host.
    """
    wanted = profile.stated_handle or profile.handle
    if found is not None and profile.uri in found.actors and found.subject.name.lower() == wanted.name.lower():
        return _Confirmed(found.subject, found.actors)
    if known is not None and known.username.lower() == wanted.name.lower() and not _is_older(known, STALE):
        current = Handle(known.username, known.domain)
        if profile.stated_handle is None or wanted.is_same(current):
            return _Confirmed(current)
    for handle in dict.fromkeys((wanted, profile.handle)):
        try:
            finding = await resolve(handle)
        except NotThere:
            continue
        if profile.uri in finding.actors:
            return _Confirmed(finding.subject, finding.actors)
        if handle == profile.handle:
            raise Refused("the actor's handle leads to somebody else")
    return _Confirmed(profile.handle)


async def _write(profile: ForeignProfile, known: Actor | None, confirmed: _Confirmed) -> Actor:
    handle, own = confirmed.handle, profile.handle
    name = own.name if own.name.lower() == handle.name.lower() else handle.name
    columns = {**profile.columns, "username": name, "domain": handle.host}
    keys = [*profile.keys, *await _named_keys(profile)]
    async with transaction():
        columns["username_key"] = await _claimed_key(profile.uri, known, confirmed)
        if is_silenced(handle.host) and (known is None or known.silenced_at is None):
            columns["silenced_at"] = now()
        if known is None:
            actor = Actor(id=new_id(), uri=profile.uri, fetched_at=now(), **columns)
            actor.created_at = profile.created_at or now()
            await actor.save(force_create=True)
        else:
            actor = known
            await _change(actor, {column: new for column, new in columns.items() if getattr(actor, column) != new})
        await _store_keys(actor, keys)
    return actor


async def _claimed_key(uri: str, known: Actor | None, confirmed: _Confirmed) -> str:
    """What the actor is looked up by: its name, unless that is somebody else's by right.

    Servers were set up anew, and some have a person and a group of one name. Whom the host names takes the name from
    whom it does not; else the first one keeps it, and the other is found by its address alone.
    """
    key, domain = confirmed.handle.name.lower(), confirmed.handle.host
    other = await Actor.get_or_none(username_key=key, domain=domain)
    if other is None or other.uri == uri:
        return key
    if uri not in confirmed.actors or other.uri in confirmed.actors:
        return _set_aside(key, uri)
    await Actor.filter(id=other.id).update(username_key=_set_aside(key, other.uri))
    return key


def _set_aside(key: str, uri: str) -> str:
    """A key that no name can be."""
    return f"{key[:200]}#{hashlib.blake2b(uri.encode(), digest_size=12).hexdigest()}"


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


def _is_older(actor: Actor, age: timedelta) -> bool:
    return actor.fetched_at is None or now() - actor.fetched_at > age


@task(lane=7, attempts=3)
async def refresh_actor(actor_id: str) -> None:
    """Fetch an actor that has not been looked at for long anew."""
    actor = await Actor.get(id=actor_id)
    if not actor.is_local and actor.removed_at is None and _is_older(actor, FRESH):
        with suppress(Refused, NotThere):
            await fetch_actor(actor.uri)


async def look_up(address: str) -> Actor | Entry | None:
    """What is behind `@name@host`, or the address of an actor or an entry on another server; None where nothing is."""
    try:
        if "://" in address:
            return await _behind(address)
        return await _person(read_handle(address))
    except FetchError as failure:
        log.info("look_up_failed", reason=failure.reason)
        return None


async def _person(handle: Handle) -> Actor | None:
    if handle.host in (here().domain, host_of(here().base_url)):
        return await Actor.get_or_none(username_key=handle.name.lower(), domain="")
    known = await Actor.get_or_none(username_key=handle.name.lower(), domain=handle.host)
    if known is not None and not _is_older(known, FRESH):
        return known if known.removed_at is None else None
    refuse_host(handle.host)
    finding = await resolve(handle)
    return await fetch_actor(finding.actors[0], finding)


async def _behind(address: str) -> Actor | Entry | None:
    if is_ours(address):
        return None
    known = await Actor.get_or_none(uri=address) or await by_uri(address)
    if known is not None:
        return known
    document = await fetch_document(address)
    if first_known_type(document, ACTOR_TYPES):
        return await store_actor(document, str(document["id"]))
    return await receive_entry(document)


async def receive_entry(document: Document) -> Entry | None:
    """Store an object fetched from its own address, as the kind that understands it does; None where none does.

    Raises FetchErrors: Refused where it is not of its author's server.
    """
    uri, author_uri = id_of(document), id_of(document.get("attributedTo"))
    known = await by_uri(uri)
    if known is not None:
        return known
    kind = next((one for one in here().kinds.values() if first_known_type(document, one.document_types)), None)
    if kind is None or kind.receive is None:
        return None
    if not same_origin(uri, author_uri):
        raise Refused("the document is not of its author's server")
    author = await actor_by_uri(author_uri)
    if author is None or not author.is_here:
        return None
    return await kind.receive(author, document)
