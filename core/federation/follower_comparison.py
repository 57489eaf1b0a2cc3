"""Compares who here follows somebody elsewhere with what their server believes of it (FEP-8fcf)."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import structlog

from core import actors
from core.database import new_id, rows, transaction
from core.entries import Act
from core.errors import KithError
from core.federation.addresses import is_ours, same_origin
from core.federation.collections import read_collection
from core.federation.documents import id_of
from core.federation.fetching import budget
from core.federation.synchronization import FOLLOWERS_AT_MOST, digest_of
from core.fetch import FetchError
from core.instance import here
from core.models import ACCEPTED, REQUESTED, Actor, Follow
from core.tasks import task

log = structlog.get_logger(__name__)
REQUESTS_AT_MOST = 30
PAGES_AT_MOST = 25
COMPARED_PER_HOUR = 6  # of one actor: what is fetched and answered for it is bounded, whatever it claims
EXPLAINED_AT_MOST = 100  # at once, of those who never followed
HOUR = 3600
KEEP_SECONDS = 60.0

_PARAMETER = re.compile(r'\s*([A-Za-z]+)="([^"]*)"\s*(?:,|\Z)')
_DIGEST = re.compile(r"[0-9a-f]{64}")


async def compare_followers(sender: Actor, header: str) -> None:
    """Look at a signed Collection-Synchronization header: where the followers differ, a job finds out who."""
    claimed = dict(_PARAMETER.findall(header[:8192]))
    url, digest = claimed.get("url", ""), claimed.get("digest", "").lower()
    if not _DIGEST.fullmatch(digest) or not sender.followers_url or claimed.get("collectionId") != sender.followers_url:
        return
    if not same_origin(sender.uri, url) or digest == await _own_digest(sender):
        return
    if (await here().limiter.take(f"compare-followers:{sender.id}", COMPARED_PER_HOUR, HOUR)).allowed:
        await compare.later(key=f"compare_followers:{sender.id}", actor_id=sender.id, url=url, digest=digest)


async def _own_digest(actor: Actor) -> str:
    """The digest of those here who follow somebody elsewhere; what it was a moment ago will do."""

    async def make() -> str:
        return await asyncio.to_thread(digest_of, await _followers_here(actor))

    found: str = await here().cache.remember(f"followers-here:{actor.id}", KEEP_SECONDS, make)
    return found


async def _followers_here(actor: Actor) -> list[str]:
    found = await rows(
        "SELECT a.uri FROM core_follow f JOIN core_actor a ON a.id = f.follower_id AND a.domain = ''"
        f" WHERE f.target_id = $1 AND f.state = '{ACCEPTED}' LIMIT {FOLLOWERS_AT_MOST}",
        actor.id,
    )
    return [one["uri"] for one in found]


@task(lane=6, attempts=3)
async def compare(actor_id: str, url: str, digest: str) -> None:
    """Fetch the list of those here who follow an actor as its server has it, and make both sides agree.

    Where the list is not the one the digest was made of, nothing is done: something has changed meanwhile.
    """
    actor = await Actor.get(id=actor_id)
    try:
        with budget(REQUESTS_AT_MOST):
            listed = {
                uri
                async for item in read_collection(url, pages=PAGES_AT_MOST, items=FOLLOWERS_AT_MOST, owner=actor.uri)
                if (uri := id_of(item)) and is_ours(uri)
            }
    except FetchError as failure:
        log.info("followers_not_fetched", reason=failure.reason)
        return
    if digest_of(listed) != digest:
        return
    here().cache.drop(f"followers-here:{actor.id}")
    known = set(await _followers_here(actor))
    for uri in known - listed:
        await _end(uri, actor)
    for uri in sorted(listed - known)[:EXPLAINED_AT_MOST]:
        await _explain(uri, actor)


async def _end(follower_uri: str, actor: Actor) -> None:
    """Somebody here follows who does not know of it: they are not shown what is for followers any more."""
    follower = await Actor.get(uri=follower_uri)
    with suppress(KithError):
        await actors.reject(actor, follower)


async def _explain(follower_uri: str, actor: Actor) -> None:
    """Their server counts somebody here among the followers: so be it where that was asked for, else it is undone."""
    follower = await Actor.get_or_none(uri=follower_uri, domain="")
    if follower is None or not follower.is_here:
        return
    with suppress(KithError):
        if await Follow.exists(follower_id=follower.id, target_id=actor.id, state=REQUESTED):
            await actors.accept(actor, follower)
        elif not await actors.is_following(follower.id, actor.id):
            async with transaction():
                act = Act("unfollow", follower, target=actor, uri=f"{follower.uri}/follows/{new_id()}")
                await here().hooks.outgoing(act=act)
