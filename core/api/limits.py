"""How often somebody may ask: per person, or per address where nobody is signed in."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from quart import Request, Response

from core.accounts.sessions import Identity
from core.errors import RateLimited
from core.instance import here
from core.limits import Verdict


def address_of(request: Request) -> str:
    """The address of whoever asks; a forwarded one is believed from trusted proxies only."""
    peer = request.remote_addr or ""
    trusted = here().settings.server.trusted_proxies
    if not trusted or not _is_within(peer, trusted):
        return peer
    for hop in reversed([part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]):
        if hop and not _is_within(hop, trusted):
            return hop
    return peer


@lru_cache(4096)
def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(network, strict=False) for network in networks)


@lru_cache(4096)
def neighbourhood(address: str) -> str:
    """What counts as one address: a single IPv4 one, a /64 of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)


async def take(request: Request, identity: Identity | None) -> Verdict | None:
    """Count one request. Raises RateLimited; None where limits are switched off."""
    settings = here().settings.rate_limits
    if not settings.enabled:
        return None
    if identity:
        verdict = await here().limiter.take(f"user:{identity.actor.id}", settings.user_per_hour, 3600)
    else:
        key = f"address:{neighbourhood(address_of(request))}"
        verdict = await here().limiter.take(key, settings.signed_out_per_five_minutes, 300)
    if not verdict.allowed:
        raise RateLimited(verdict.retry_after)
    return verdict


def describe(response: Response, verdict: Verdict | None) -> None:
    """Say how much is left."""
    if verdict:
        response.headers["RateLimit-Limit"] = str(verdict.limit)
        response.headers["RateLimit-Remaining"] = str(verdict.remaining)
        response.headers["RateLimit-Reset"] = str(round(verdict.reset_seconds))
