"""Names of foreign actors: that name and actor mean each other, who owns a name that two claim, how many may be new."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from core.addresses import registered
from core.database import now, value
from core.federation.actor_reading import ForeignProfile
from core.federation.fetching import NotThere
from core.federation.webfinger import Finding, Handle, resolve
from core.fetch import Refused
from core.instance import here
from core.models import Actor

STALE = timedelta(days=7)
NEW_HOSTS = 10  # under one registrable domain, in five minutes
NEW_ACTORS = 400  # of one host, in five minutes
WINDOW_SECONDS = 300


def is_older(actor: Actor, age: timedelta) -> bool:
    """Whether an actor was last fetched longer ago than that."""
    return actor.fetched_at is None or now() - actor.fetched_at > age


async def limit_new(host: str) -> None:
    """Bound how fast one domain's servers and people become known here (section 6). Raises Refused."""
    limiter = here().limiter
    counted = f"new-host:{host}"
    is_known = await value("SELECT 1 FROM core_actor WHERE domain = $1 AND domain <> '' LIMIT 1", host)
    if not is_known and (await limiter.take(counted, 1, WINDOW_SECONDS)).allowed:
        verdict = await limiter.take(f"new-hosts:{registered(host)}", NEW_HOSTS, WINDOW_SECONDS)
        if not verdict.allowed:
            await limiter.clear(counted)
            raise Refused("too many servers of one domain at once")
    verdict = await limiter.take(f"new-actors:{host}", NEW_ACTORS, WINDOW_SECONDS)
    if not verdict.allowed:
        raise Refused("too many new people of one server at once")


@dataclass(frozen=True)
class Confirmed:
    """A handle, and the actors its host says it stands for; none where that was not asked, or not answered."""

    handle: Handle
    actors: tuple[str, ...] = ()


async def confirmed_handle(profile: ForeignProfile, known: Actor | None, found: Finding | None) -> Confirmed:
    """The handle that stands for this actor and that this actor stands for; asked anew once a week.

    Raises Refused where the handle leads to somebody else. A server without WebFinger has names of its own host.
    """
    wanted = profile.stated_handle or profile.handle
    if found is not None and profile.uri in found.actors and wanted.is_same(found.subject):
        return Confirmed(found.subject, found.actors)  # of any other host, the actor's own has to say so too
    if known is not None and known.username.lower() == wanted.name.lower() and not is_older(known, STALE):
        current = Handle(known.username, known.domain)
        if profile.stated_handle is None or wanted.is_same(current):
            return Confirmed(current)
    for handle in dict.fromkeys((wanted, profile.handle)):
        try:
            finding = await resolve(handle)
        except NotThere:
            continue
        except Refused:
            if handle == profile.handle:
                raise
            continue
        if profile.uri in finding.actors:
            return Confirmed(finding.subject, finding.actors)
        if handle == profile.handle:
            raise Refused("the actor's handle leads to somebody else")
    return Confirmed(profile.handle)


async def claimed_key(uri: str, known: Actor | None, confirmed: Confirmed) -> str:
    """What the actor is looked up by: its name, unless that is somebody else's by right.

    Servers were set up anew, and some have a person and a group of one name. Whom the host names takes the name from
    whom it does not; else the first one keeps it, and the other is found by its address alone.
    """
    key, domain = confirmed.handle.name.lower(), confirmed.handle.host
    other = await Actor.get_or_none(username_key=key, domain=domain)
    if other is None or other.uri == uri:
        return key
    if other.removed_at is None and (uri not in confirmed.actors or other.uri in confirmed.actors):
        return _set_aside(key, uri)
    await Actor.filter(id=other.id).update(username_key=_set_aside(key, other.uri))
    return key


def _set_aside(key: str, uri: str) -> str:
    """A key that no name can be."""
    return f"{key[:200]}#{hashlib.blake2b(uri.encode(), digest_size=12).hexdigest()}"
