"""The outermost door: puts each request into its instance, names it, counts it, and answers what is prepared.

Public answers that are the same for everybody are kept whole, as a view allows with `cacheable`, and given again
before the framework wakes up; plugins may open a door of their own for what must be answered faster still.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from quart import Request

from core.database import new_id
from core.early_answers import Unread, length_of_body
from core.instance import Instance, inside
from core.logs import AccessLog, bind_request
from core.metrics import http_requests, http_seconds
from core.turns import Turns

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Step = Callable[[Instance], Awaitable[None]]

log = structlog.get_logger(__name__)
LARGEST_KEPT = 256 * 1024
METHODS = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
PERSONAL = frozenset((b"cookie", b"authorization"))
DECISIVE = (b"accept", b"accept-language", b"hx-request", b"hx-history-restore-request")
LONGEST_WISH = 500
SIGNATURES = frozenset((b"signature", b"signature-input"))
_MARK = "kith.cacheable"
ROUTE = "kith.route"  # in the scope: the rule of the route that answers, for metrics and the access log


@dataclass(frozen=True)
class Door:
    """A way in that bypasses the framework: requests of this method whose path matches go straight to `app`."""

    name: str
    method: str
    path: re.Pattern[str]
    app: App


def cacheable(request: Request, seconds: float, *tags: str, signed: bool = False) -> None:
    """Let the answer to this request be kept for strangers; `Cache.drop_tag` of any of the tags forgets it.

    `signed` lets other servers have it too, who sign what they ask for: only where nobody looks at who signed.
    """
    cast(Scope, request.scope)[_MARK] = (seconds, tags, signed)


def answered_by(request: Request, route: str) -> None:
    """Name the route that answers, for the metrics: its rule, not its path."""
    cast(Scope, request.scope)[ROUTE] = route


@dataclass
class _Kept:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    for_signed: bool
    etag: bytes = field(init=False)
    changed: bytes = field(init=False)

    def __post_init__(self) -> None:
        named = {name.lower(): value for name, value in self.headers}
        self.etag, self.changed = named.get(b"etag", b""), named.get(b"last-modified", b"")


class Shell:
    """The ASGI app the server runs: `inner` is the framework's, `doors` are those beside the plugins'."""

    def __init__(self, instance: Instance, inner: Any, *, doors: Sequence[Door] = (), start: Step, stop: Step) -> None:
        self.instance, self.inner = instance, inner
        self._start, self._stop, self._turns = start, stop, Turns()
        self._access = AccessLog(instance.settings.log.access_sample)
        # What every answer bears, whoever makes it: no guessing at types, and no way back to plain http.
        self._guards = [(b"x-content-type-options", b"nosniff")]
        if instance.base_url.startswith("https://"):
            self._guards.append((b"strict-transport-security", b"max-age=31536000"))
        self.doors: list[Door] = [*instance.hooks.collected("doors"), *doors]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        with inside(self.instance):
            if scope["type"] == "http":
                await self._http(scope, receive, send)
            else:
                bind_request(new_id())
                await self.inner(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id, began, status, size = new_id(), time.perf_counter(), 500, 0
        bind_request(request_id)

        async def named(message: Any) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *self._guards, (b"x-request-id", request_id.encode())]
                message = {**message, "headers": headers}
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        given: Send = named
        length = length_of_body(scope)
        if length != 0:
            unread = Unread(scope, length, self._in_turn(receive), named)
            receive, given = unread.receive, unread.send
        try:
            await self._route(scope, receive, given)
        finally:
            seconds, route = time.perf_counter() - began, scope.get(ROUTE, "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            http_requests.labels(method, route, status).inc()
            http_seconds.labels(method, route).observe(seconds)
            self._access.write(method, scope["path"], status, seconds, size)

    def _in_turn(self, receive: Receive) -> Receive:
        async def received() -> Any:
            message = await receive()
            await self._turns.take(len(message.get("body", b"")))
            return message

        return received

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        for door in self.doors:
            if door.method == scope["method"] and door.path.fullmatch(scope["path"]):
                scope[ROUTE] = door.name
                await door.app(scope, receive, send)
                return
        key = _key(scope)
        if key is None:
            await self.inner(scope, receive, send)
            return
        kept: _Kept | None = self.instance.cache.get(key)
        if kept is not None and (kept.for_signed or not _is_signed(scope)):
            scope[ROUTE] = "prepared"
            await _give(kept, scope, send)
            return
        since = self.instance.cache.mark()
        await self.inner(scope, receive, _Keeper(self.instance, scope, key, since, send))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start(self.instance)
                except Exception as error:
                    log.exception("start_failed")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop(self.instance)
                await send({"type": "lifespan.shutdown.complete"})
                return


def _key(scope: Scope) -> str | None:
    """What makes two strangers' requests the same one; None for what is not a stranger's plain read."""
    if scope["method"] != "GET":
        return None
    asked: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in PERSONAL:
            return None
        if name in DECISIVE:
            if name in asked or len(value) > LONGEST_WISH:
                return None  # whoever reads only one of two, or the beginning, must not decide for others
            asked[name] = value.decode("latin-1")
    wishes = "\0".join(asked.get(name, "") for name in DECISIVE)
    return f"answer:{scope['path']}\0{scope['query_string'].decode('latin-1')}\0{wishes}"


def _is_signed(scope: Scope) -> bool:
    return any(name in SIGNATURES for name, _ in scope["headers"])


class _Keeper:
    """Passes an answer on, and keeps it if the view allowed that."""

    def __init__(self, instance: Instance, scope: Scope, key: str, since: int, send: Send) -> None:
        self.instance, self.scope, self.key, self.since, self.send = instance, scope, key, since, send
        self.start: Any = None
        self.body = bytearray()

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body" and _MARK in self.scope and len(self.body) <= LARGEST_KEPT:
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                self._keep()
        await self.send(message)

    def _keep(self) -> None:
        headers = [(bytes(name).lower(), bytes(value)) for name, value in self.start["headers"]]
        is_personal = any(name == b"set-cookie" for name, _ in headers)
        if self.start["status"] == 200 and not is_personal and len(self.body) <= LARGEST_KEPT:
            seconds, tags, for_signed = self.scope[_MARK]
            if _is_signed(self.scope) and not for_signed:
                return
            kept = _Kept(200, headers, bytes(self.body), for_signed)
            self.instance.cache.put(
                self.key, kept, ttl=seconds, size=len(kept.body) + 1000, tags=tags, since=self.since
            )


def _is_known(kept: _Kept, scope: Scope) -> bool:
    """Whether whoever asks has it as it is (RFC 9110, section 13.2.2: a tag goes before a date)."""
    asked = b"".join(value for name, value in scope["headers"] if name == b"if-none-match")
    if asked or not kept.changed:
        return bool(kept.etag) and kept.etag in asked
    return any(value == kept.changed for name, value in scope["headers"] if name == b"if-modified-since")


async def _give(kept: _Kept, scope: Scope, send: Send) -> None:
    if _is_known(kept, scope):
        headers = [(name, value) for name, value in kept.headers if name not in (b"content-length", b"content-type")]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": kept.status, "headers": kept.headers})
    await send({"type": "http.response.body", "body": kept.body})
