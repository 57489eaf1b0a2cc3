"""How many small pictures of other servers are remembered: what nobody here looks at goes first.

A server may name millions of them. Those that a sign on an entry here shows go last, those somebody looked at lately
before them; what is gone is remembered again when it is next named.
"""

from __future__ import annotations

from datetime import timedelta

from core.database import execute, now, value
from core.tasks import periodic, task

OF_A_SERVER_AT_MOST = 5_000  # large servers have a few thousand
IN_ALL_AT_MOST = 100_000  # about 40 MB
_LEFT = 0.9  # of as many as may be there, so that making room is rare
_SEEN_EVERY = timedelta(days=1)


async def make_room(domain: str) -> None:
    """Forget some pictures of a server of which too many are remembered; nothing of this server."""
    known = await value("SELECT COUNT(*) FROM core_emoji WHERE domain = $1", domain)
    if domain and known > OF_A_SERVER_AT_MOST:
        await _forget("e.domain = $2", int(OF_A_SERVER_AT_MOST * _LEFT), domain)


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def make_room_in_all() -> None:
    """Forget some pictures where all other servers together have named too many."""
    if await value("SELECT COUNT(*) FROM core_emoji WHERE domain <> ''") > IN_ALL_AT_MOST:
        await _forget("e.domain <> ''", int(IN_ALL_AT_MOST * _LEFT))


async def _forget(which: str, left: int, *parameters: str) -> None:
    await execute(
        f"DELETE FROM core_emoji WHERE id IN (SELECT e.id FROM core_emoji e WHERE {which} ORDER BY"
        " EXISTS (SELECT 1 FROM core_reaction r WHERE r.custom_id = e.id) DESC, e.seen_at IS NULL, e.seen_at DESC,"
        f" e.id DESC LIMIT {2**31} OFFSET $1)",
        left,
        *parameters,
    )


async def looked_at(emoji_id: str) -> None:
    """Somebody's browser asked for this picture; noted once a day."""
    await execute(
        "UPDATE core_emoji SET seen_at = $1 WHERE id = $2 AND (seen_at IS NULL OR seen_at < $3)",
        now(),
        emoji_id,
        now() - _SEEN_EVERY,
    )
