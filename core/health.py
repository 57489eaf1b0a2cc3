"""Whether the server is alive and ready, and what it measures."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress

from quart import Blueprint, Response, request

from core.api.limits import address_of
from core.errors import NotFound
from core.instance import here
from core.metrics import CONTENT_TYPE, exposition

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
async def alive() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
async def ready() -> Response:
    """What the process needs answers too: the database, and Redis where it is used."""
    missing = []
    try:
        await here().database.ping()
    except Exception:
        missing.append("database")
    redis = here().redis
    try:
        if redis:
            await redis.ping()
    except Exception:
        missing.append("redis")
    text = "ready\n" if not missing else f"not ready: {', '.join(missing)}\n"
    return Response(text, status=503 if missing else 200, content_type="text/plain; charset=utf-8")


@blueprint.get("/metrics")
async def metrics() -> Response:
    """Prometheus metrics: for this machine, or for whoever bears the token."""
    token = here().settings.security.metrics_token
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not (token and hmac.compare_digest(offered.encode(), token.encode())) and not _is_loopback():
        raise NotFound()
    # Thousands of series take a while to write down; meanwhile others are answered.
    return Response(await asyncio.to_thread(exposition), content_type=CONTENT_TYPE)


def _is_loopback() -> bool:
    """Asked from this machine itself, and not on behalf of somebody by a proxy on it."""
    if request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"):
        return False
    try:
        return ipaddress.ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
