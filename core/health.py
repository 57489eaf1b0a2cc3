"""Whether the server is alive and ready, and what it measures."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable

from quart import Blueprint, Response, request

from core.api.limits import address_of
from core.errors import NotFound
from core.instance import here
from core.metrics import CONTENT_TYPE, exposition

blueprint = Blueprint("health", __name__)
SECONDS = 5.0


@blueprint.get("/healthz")
async def alive() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
async def ready() -> Response:
    """What the process needs answers too: the database, and Redis where it is used."""
    redis = here().redis
    needed = {"database": here().database.ping()} | ({"redis": redis.ping()} if redis else {})
    asked = {name: asyncio.create_task(_answers(ping)) for name, ping in needed.items()}
    # One that says nothing may not even let go of who asks: nobody waits for that.
    await asyncio.wait(asked.values(), timeout=SECONDS)
    missing = [name for name, task in asked.items() if not (task.done() and task.result())]
    for task in asked.values():
        task.cancel()
    text = "ready\n" if not missing else f"not ready: {', '.join(missing)}\n"
    return Response(text, status=503 if missing else 200, content_type="text/plain; charset=utf-8")


async def _answers(ping: Awaitable[object]) -> bool:
    try:
        await ping
    except Exception:
        return False
    return True


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
