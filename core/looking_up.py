"""Finding people and things of other servers for somebody here, so often and no more."""

from __future__ import annotations

from core.errors import RateLimited
from core.instance import here
from core.models import Actor, Entry

HOUR = 3600


async def look_up(actor_id: str, address: str, *, fresh: bool = False) -> Actor | Entry | None:
    """What is behind `@name@host` or an https address, asked of its server where it is not known here; else None.

    With `fresh` a person's server is asked in any case. Only what is asked of others counts. Raises RateLimited where
    this person has asked too often within the hour. Not to be called inside a transaction.
    """
    if "://" in address and not fresh:
        actor = await Actor.get_or_none(uri=address, removed_at__isnull=True)
        known = actor or await Entry.get_or_none(uri=address, deleted_at__isnull=True)
        if known is not None:
            return known
    await _count(actor_id)
    found: Actor | Entry | None = await here().hooks.look_up(address=address, fresh=fresh)
    return found


async def _count(actor_id: str) -> None:
    settings = here().settings.rate_limits
    if not settings.enabled:
        return
    verdict = await here().limiter.take(f"look-up:{actor_id}", settings.look_ups_per_hour, HOUR)
    if not verdict.allowed:
        raise RateLimited(verdict.retry_after, "You have looked for many people of other servers.")
