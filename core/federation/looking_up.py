"""What is behind an address somebody typed: `@name@host`, a person's or a post's address on another server."""

from __future__ import annotations

from datetime import timedelta

import structlog

from core.entries import by_uri
from core.federation.addresses import host_of, is_ours
from core.federation.documents import ACTOR_TYPES, first_known_type
from core.federation.fetching import budget, fetch_document, refuse_host
from core.federation.handles import is_older
from core.federation.objects import receive_object
from core.federation.remote_actors import fetch_actor, store_actor
from core.federation.webfinger import Handle, read_handle, resolve
from core.fetch import FetchError, TimedOut, Unreachable
from core.instance import here
from core.models import Actor, Entry
from core.people import named_here

log = structlog.get_logger(__name__)
FRESH = timedelta(days=1)
REQUESTS_AT_MOST = 30  # for one address: with what a post answers and whom it names


async def look_up(address: str, *, fresh: bool = False) -> Actor | Entry | None:
    """The actor or entry behind an address, now known here; None where there is none, or it cannot be had."""
    try:
        return await find_elsewhere(address, fresh=fresh)
    except FetchError as failure:
        log.info("look_up_failed", reason=failure.reason)
        return None


async def find_elsewhere(address: str, *, fresh: bool = False) -> Actor | Entry | None:
    """As `look_up`, but raises FetchErrors that say what is in the way."""
    with budget(REQUESTS_AT_MOST):
        if "://" in address:
            return await _behind(address.strip(), fresh)
        return await _person(read_handle(address), fresh)


async def _person(handle: Handle, fresh: bool) -> Actor | None:
    if handle.host in (here().domain, host_of(here().base_url)):
        return await named_here(handle.name)
    known = await Actor.get_or_none(username_key=handle.name.lower(), domain=handle.host)
    if known is not None and not fresh and not is_older(known, FRESH):
        return known if known.removed_at is None else None
    refuse_host(handle.host)
    try:
        finding = await resolve(handle)
        return await fetch_actor(finding.actors[0], finding)
    except (Unreachable, TimedOut):
        if known is None or known.removed_at is not None or fresh:
            raise
        return known


async def _behind(address: str, fresh: bool) -> Actor | Entry | None:
    if is_ours(address):
        return None
    refuse_host(host_of(address))
    known = await Actor.get_or_none(uri=address, removed_at=None) or await by_uri(address)
    if known is not None and not (fresh and isinstance(known, Actor)):
        return known
    document = await fetch_document(address)
    if first_known_type(document, ACTOR_TYPES):
        return await store_actor(document, str(document["id"]))
    return await receive_object(document)
