"""Real time: what happens, over a WebSocket or as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import orjson
from quart import Blueprint, Response, request, websocket

from core import live_feed
from core.accounts.sessions import COOKIE, Identity, by_access_token, by_cookie, identify
from core.audience import Viewer
from core.entries import visible_entry
from core.errors import Invalid, KithError, NotFound, Unauthenticated
from core.instance import here
from core.live import Frame, Subscription
from core.metrics import open_sockets

blueprint = Blueprint("stream", __name__)
AUTH_SECONDS = 15
FRAME_BYTES = 64 * 1024
CHANNELS_AT_MOST = 50
KEEP_ALIVE_SECONDS = 25
STREAM = "/api/v1/stream"


class _Watch:
    """One open socket: who looks, what they listen to, and what they may see of it."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.subscription: Subscription = here().live.subscribe((), owners=(identity.account.id, identity.session_id))

    async def channel(self, name: object) -> str:
        """The channel a client names. Raises Invalid for what is none, NotFound for what they may not see."""
        kind, _, thing = str(name).partition(":")
        if kind == "home" and not thing:
            return live_feed.home_of(self.identity.actor.id)
        if kind == "local" and not thing:
            return live_feed.LOCAL
        if kind == "post" and thing:
            await visible_entry(Viewer(actor_id=self.identity.actor.id), thing)
            return live_feed.of_entry(thing)
        raise Invalid({"channel": "There is no such channel."})

    async def subscribe(self, name: object) -> None:
        if len(self.subscription.channels) >= CHANNELS_AT_MOST:
            raise Invalid({"channel": f"At most {CHANNELS_AT_MOST} channels at once."})
        self.subscription.add(await self.channel(name))

    async def wanted(self, frame: Frame) -> bool:
        """Whether a frame is for this person: nothing by those they block or mute, or who block them."""
        event = orjson.loads(frame.text)
        author = (event.get("data") or {}).get("user", {}).get("userId")
        return author not in await live_feed.unwanted_authors(self.identity.actor.id)


@blueprint.websocket(STREAM)
async def stream() -> None:
    """The first frame authenticates, unless a cookie does; then frames go both ways until either side leaves."""
    await websocket.accept()
    try:
        watch = _Watch(await _who())
    except (KithError, TimeoutError) as error:
        sentence = error.sentence if isinstance(error, KithError) else "The first frame must authenticate."
        await websocket.send(_frame("error", {"code": "unauthenticated", "message": sentence}))
        await websocket.close(4401)
        return
    open_sockets.inc()
    talk = asyncio.ensure_future(_listen(watch))
    try:
        async with watch.subscription:
            await websocket.send(_frame("ready", {"userId": watch.identity.actor.id}))
            async for frame in watch.subscription:
                if await watch.wanted(frame):
                    await websocket.send(frame.text)
        await websocket.close(4403 if watch.subscription.reason == "suspended" else 1012)
    finally:
        talk.cancel()
        open_sockets.dec()


async def _who() -> Identity:
    cookie = websocket.cookies.get(COOKIE)
    if cookie and _is_own_page(websocket.headers.get("Origin", "")):
        identity = await by_cookie(cookie)
        if identity:
            return identity
    async with asyncio.timeout(AUTH_SECONDS):
        frame = _read(await websocket.receive())
    token = frame.get("token")
    if frame.get("type") == "auth" and isinstance(token, str):
        identity = await by_access_token(token)
        if identity:
            return identity
    raise Unauthenticated("The first frame must authenticate.")


def _is_own_page(origin: str) -> bool:
    ours = urlsplit(here().base_url)
    return origin == f"{ours.scheme}://{ours.netloc}"


async def _listen(watch: _Watch) -> None:
    """What the client says; a frame that is no good gets an error and breaks nothing else."""
    while True:
        try:
            await _obey(watch, _read(await websocket.receive()))
        except Invalid as error:
            await websocket.send(_frame("error", {"code": error.code, "message": next(iter(error.errors.values()))}))
        except NotFound as error:
            await websocket.send(_frame("error", {"code": error.code, "message": error.sentence}))


def _read(data: Any) -> dict[str, Any]:
    if len(data) > FRAME_BYTES:
        raise Invalid({"frame": "This frame is too large."})
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Invalid({"frame": "A frame is a JSON object."}) from None
    if not isinstance(frame, dict):
        raise Invalid({"frame": "A frame is a JSON object."})
    return frame


async def _obey(watch: _Watch, frame: dict[str, Any]) -> None:
    kind = frame.get("type")
    if kind == "ping":
        await websocket.send(_frame("pong", {}))
    elif kind == "subscribe":
        await watch.subscribe(frame.get("channel"))
    elif kind == "unsubscribe":
        watch.subscription.remove(await watch.channel(frame.get("channel")))
    elif kind == "resume":
        complete = await watch.subscription.resume(str(frame.get("lastId")))
        if not complete:
            await websocket.send(_frame("error", {"code": "incomplete", "message": "Some of it is gone; load anew."}))
    elif kind != "auth":
        raise Invalid({"type": "There is no such frame."})


def _frame(kind: str, data: dict[str, Any]) -> str:
    return orjson.dumps({"type": kind, "id": None, "data": data}).decode()


@blueprint.get(STREAM)
async def events() -> Response:
    """The same, one way, as `text/event-stream`; `?channel=` may stand several times, `home` unless told."""
    identity = await identify(request)
    if identity is None:
        raise Unauthenticated()
    watch = _Watch(identity)
    try:
        for name in request.args.getlist("channel") or ["home"]:
            await watch.subscribe(name)
    except KithError:
        watch.subscription.close()
        raise
    last_id = request.headers.get("Last-Event-ID")
    response = Response(_events(watch, last_id), content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None
    return response


async def _events(watch: _Watch, last_id: str | None) -> AsyncIterator[bytes]:
    async with watch.subscription as subscription:
        yield b": ready\n\n"
        if last_id:
            await subscription.resume(last_id)
        while subscription.reason is None:
            try:
                frame = await asyncio.wait_for(anext(subscription), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield b": still here\n\n"
            except StopAsyncIteration:
                return
            else:
                if await watch.wanted(frame):
                    yield f"id: {frame.id}\ndata: {frame.text}\n\n".encode()
