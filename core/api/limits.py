"""How often somebody may ask: per person, or per address where nobody is signed in."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from quart import Quart, Request, Response, Websocket, g, request

from core.accounts.sessions import Identity, identify
from core.errors import KithError, RateLimited
from core.instance import here
from core.limits import Verdict

API = "/api/v1/"


def address_of(request: Request | Websocket) -> str:
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
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return any(found in ipaddress.ip_network(network, strict=False) for network in networks)


@lru_cache(4096)
def neighbourhood(address: str) -> str:
    """What counts as one address: a single IPv4 one, a /64 of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network(f"{found}/64", strict=False))
    return str(found)


def count_requests(app: Quart) -> None:
    """Before all else, find out who makes a request to the API, and count it; every answer says how much is left."""

    @app.before_request
    async def enter() -> None:
        if request.path.startswith(API) and request.method != "OPTIONS":
            g.identity, refusal = None, None
            try:
                g.identity = await identify(request)
            except KithError as error:  # whoever bears a token that is no good asks as a stranger
                refusal = error
            g.verdict = await _take(request, g.identity)
            _refuse_too_many()
            if refusal:
                raise refusal

    @app.after_request
    async def describe(response: Response) -> Response:
        if verdict := g.get("verdict"):
            response.headers.update(verdict.headers())
        return response


def current_identity() -> Identity | None:
    """Who makes the request to the API that is being answered; None for a stranger."""
    identity: Identity | None = g.identity
    return identity


async def count_form(identity: Identity) -> None:
    """Count what a member does on pages like what they ask of the API. Raises RateLimited."""
    g.verdict = await _take(request, identity)
    _refuse_too_many()


def _refuse_too_many() -> None:
    if g.verdict and not g.verdict.allowed:
        raise RateLimited(g.verdict.retry_after)


async def _take(request: Request, identity: Identity | None) -> Verdict | None:
    settings = here().settings.rate_limits
    if not settings.enabled:
        return None
    if identity:
        return await here().limiter.take(f"user:{identity.actor.id}", settings.user_per_hour, 3600)
    key = f"address:{neighbourhood(address_of(request))}"
    return await here().limiter.take(key, settings.signed_out_per_five_minutes, 300)
