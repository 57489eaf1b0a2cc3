"""What somebody elsewhere published before anybody here followed them: fetched once, and put where it belongs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog

from core import live_feed, reactions
from core.audience import OPEN
from core.database import execute, new_id, now, transaction, value
from core.entries import Document
from core.errors import KithError
from core.federation import origin
from core.federation.addresses import is_address, is_ours, same_origin
from core.federation.collections import read_collection
from core.federation.documents import first_known_type, id_of
from core.federation.fetching import OutOfBudget, budget
from core.federation.objects import fetch_entry, receive_object
from core.fetch import FetchError
from core.models import ACCEPTED, Actor, Entry
from core.pins import keep_pins
from core.reading import moment, visibility_of
from core.tasks import task

log = structlog.get_logger(__name__)
REQUESTS_AT_MOST = 40
PAGES_AT_MOST = 2
RECENT_AT_MOST = 40
PINNED_AT_MOST = 10
AGAIN_AFTER = timedelta(days=1)
_OTHERS = (
    "SELECT 1 FROM core_follow f JOIN core_actor a ON a.id = f.follower_id AND a.domain = ''"
    f" WHERE f.target_id = $1 AND f.state = '{ACCEPTED}' LIMIT 1 OFFSET 1"
)


async def read_soon(actor: Actor) -> None:
    """Have what an actor elsewhere published lately fetched, where nobody else here follows them, who would have it.

    Inside the transaction in which the follow came about.
    """
    if not await value(_OTHERS, actor.id):
        await read.later(key=f"read_outbox:{actor.id}", actor_id=actor.id)


@task(lane=7, attempts=3, seconds=600)
async def read(actor_id: str) -> None:
    """Fetch the recent and the pinned posts of an actor, within bounds; what they are sent as is what they are here."""
    actor = await Actor.get(id=actor_id)
    if actor.is_local or not actor.is_here or not await _claim(actor):
        return
    with budget(REQUESTS_AT_MOST), live_feed.silence():
        if actor.outbox_url:
            await _read(actor, actor.outbox_url, PAGES_AT_MOST, RECENT_AT_MOST)
        if actor.featured_url:
            pinned = await _read(actor, actor.featured_url, 1, PINNED_AT_MOST)
            found = {entry.uri: entry for entry in await Entry.filter(uri__in=pinned, deleted_at__isnull=True)}
            await keep_pins(actor, [found[uri] for uri in dict.fromkeys(pinned) if uri in found])


async def _claim(actor: Actor) -> bool:
    """Whether it is long enough ago that this was read; now it is read."""
    return bool(
        await execute(
            "INSERT INTO federation_outbox_reading (id, actor_uri, read_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (actor_uri) DO UPDATE SET read_at = excluded.read_at"
            " WHERE federation_outbox_reading.read_at < $4",
            new_id(),
            actor.uri,
            now(),
            now() - AGAIN_AFTER,
        )
    )


async def _read(actor: Actor, source: str, pages: int, items: int) -> list[str]:
    """Take the members of a collection; the addresses of what is in it."""
    named: list[str] = []
    try:
        async for item in read_collection(source, pages=pages, items=items, owner=actor.uri):
            named.append(id_of(item))
            try:
                await _take(actor, item)
            except OutOfBudget:
                raise
            except (FetchError, KithError) as refusal:
                log.info("old_post_refused", reason=getattr(refusal, "reason", None) or type(refusal).__name__)
    except FetchError as failure:
        log.info("outbox_not_read", reason=failure.reason)
    return named


async def _take(actor: Actor, item: Any) -> None:
    """One member of a collection: an activity, an object, or the address of an object."""
    if not isinstance(item, Mapping):
        await _object(actor, id_of(item))
    elif first_known_type(item, ("Announce",)):
        await _share(actor, item)
    elif first_known_type(item, ("Create",)):
        if id_of(item.get("actor")) == actor.uri:
            await _object(actor, _addressed(item))
    elif not item.get("actor"):
        await _object(actor, dict(item))


def _addressed(activity: Mapping[str, Any]) -> Document | str:
    """What was created; for whom it is, its activity says where it does not itself."""
    found = activity.get("object")
    if not isinstance(found, Mapping):
        return id_of(found)
    return {**{name: activity[name] for name in ("to", "cc") if name in activity}, **found}


async def _object(actor: Actor, found: Document | str) -> Entry | None:
    """An object that everybody may see: as it is embedded where it is of the server it came from, else fetched.

    What is of yet another server counts only where a group has it.
    """
    uri = found if isinstance(found, str) else id_of(found)
    is_theirs = same_origin(uri, actor.uri)
    if not is_address(uri) or is_ours(uri) or not (is_theirs or actor.type == "group"):
        return None
    if isinstance(found, str) or not is_theirs or not origin.owners_of(found):
        return await fetch_entry(uri)
    if visibility_of(found, actor) not in OPEN:
        return None
    return await receive_object(found)


async def _share(actor: Actor, activity: Mapping[str, Any]) -> None:
    """What a group passes on is what it has; what a person shared is somebody else's, and is not fetched."""
    if actor.type != "group" or id_of(activity.get("actor")) != actor.uri:
        return
    uri = id_of(activity)
    if uri and not same_origin(uri, actor.uri):
        return  # what others did or will do has that address: theirs would count no more
    shared = activity.get("object")
    if isinstance(shared, Mapping) and first_known_type(shared, ("Create",)):
        shared = _addressed(shared)
    elif isinstance(shared, Mapping) and shared.get("actor"):
        return  # a vote, an edit, what moderators do
    entry = await _object(actor, dict(shared) if isinstance(shared, Mapping) else id_of(shared))
    if entry is None or entry.visibility not in OPEN:
        return
    with suppress(KithError):  # it was shared already
        async with transaction():
            at = min(moment(activity.get("published")) or entry.published_at, now())
            await reactions.boost(actor, entry, uri=uri, at=at)
