"""Tells a server which of its people follow an actor of ours, so that it can notice who should not (FEP-8fcf)."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from core.database import rows
from core.federation.addresses import origin_of, synchronization_url
from core.fetch import Refused
from core.instance import here
from core.models import ACCEPTED, Actor

FOLLOWERS_AT_MOST = 25_000
KEEP_SECONDS = 30


def digest_of(uris: Iterable[str]) -> str:
    """The digest of a partial collection of followers: the SHA-256 of each id, XOR-ed, in hexadecimal."""
    total = 0
    for uri in uris:
        total ^= int.from_bytes(hashlib.sha256(uri.encode()).digest(), "big")
    return f"{total:064x}"


async def synchronization_header(sender: Actor, inbox: str) -> dict[str, str]:
    """The header for a delivery to followers; none for an actor with very many."""
    digests = await _digests(sender)
    digest = digests.get(origin_of(inbox)) if digests else None
    if digest is None:
        return {}
    url = synchronization_url(sender.uri)
    return {"Collection-Synchronization": f'collectionId="{sender.followers_url}", url="{url}", digest="{digest}"'}


async def _digests(sender: Actor) -> Mapping[str, str]:
    """The digest of an actor's followers by the origin of their ids; empty where they are too many."""

    async def make() -> Mapping[str, str]:
        found = await rows(
            "SELECT a.uri FROM core_follow f JOIN core_actor a ON a.id = f.follower_id WHERE f.target_id = $1"
            f" AND f.state = '{ACCEPTED}' AND a.domain <> '' AND a.removed_at IS NULL LIMIT {FOLLOWERS_AT_MOST + 1}",
            sender.id,
        )
        if len(found) > FOLLOWERS_AT_MOST:
            return {}
        return await asyncio.to_thread(_by_origin, [one["uri"] for one in found])

    digests: Mapping[str, str] = await here().cache.remember(f"followers-digests:{sender.id}", KEEP_SECONDS, make)
    return digests


def _by_origin(uris: list[str]) -> Mapping[str, str]:
    grouped = defaultdict(list)
    for uri in uris:
        try:
            grouped[origin_of(uri)].append(uri)
        except Refused:
            continue
    return {origin: digest_of(of_it) for origin, of_it in grouped.items()}
