"""Real time: what happens, over a WebSocket or as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from pydantic import Field
from quart import Response, request, websocket

from core import filters, live_counts, live_feed, people_lists
from core.accounts.sessions import COOKIE, Identity, by_cookie, by_token, lets_in_until
from core.api import limits
from core.api.forms import Form
from core.api.open_streams import check_person, unnamed
from core.api.routes import Api
from core.api.scopes import require_scope
from core.audience import Viewer
from core.database import now
from core.entries import visible_entry
from core.errors import InsufficientScope, Invalid, KithError, RateLimited, Unauthenticated
from core.instance import here
from core.live import Frame, Subscription
from core.metrics import open_sockets
from core.storage.processing import files_of

api = Api("stream", __name__)
log = structlog.get_logger(__name__)
AUTH_SECONDS = 15
FRAME_BYTES = 64 * 1024
CHANNELS_AT_MOST = 50
KEEP_ALIVE_SECONDS = 25
RESUMING_SECONDS = 10  # so long after a `resume`, what was missed on a channel comes with subscribing to it
STREAM = "/stream"
_CONTEXTS = {"home": "home", "local": "public", "list": "lists", "post": "thread"}  # what filters call the channels
SCOPE = "read:stream"  # what apps need for the socket, as for the events


class ChannelsQuery(Form):
    channel: list[str] = Field(
        ["home"],
        description="`home`, `local`, `files`, `navigation`, `list:ID`, `post:ID`, `counts:ID`; it may stand again.",
    )


class _Watch:
    """One open socket: who looks, what they listen to, and what they may see of it. Raises RateLimited for too many."""

    def __init__(self, identity: Identity) -> None:
        check_person(identity.account.id)
        self.identity = identity
        self.subscription: Subscription = here().live.subscribe((), owners=(identity.account.id, identity.session_id))
        self._resumed_from, self._resumed_at = "", 0.0
        self._until = identity.expires_at

    async def is_let_in(self) -> bool:
        """Whether what let them in still does: an app's token runs out, unless the app has exchanged it since."""
        if self._until is not None and self._until <= now():
            self._until = await lets_in_until(self.identity)
        return self._until is None or self._until > now()

    def channel(self, name: object) -> tuple[str, str]:
        """The channel a client names, and the entry it is about, if any. Raises Invalid for what is none."""
        kind, _, thing = name.partition(":") if isinstance(name, str) else ("", "", "")
        if kind == "home" and not thing:
            return live_feed.home_of(self.identity.actor.id), ""
        if kind == "local" and not thing:
            return live_feed.LOCAL, ""
        if kind == "files" and not thing:
            return files_of(self.identity.actor.id), ""
        if kind == "navigation" and not thing:
            return live_counts.navigation_of(self.identity.actor.id), ""
        if kind == "post" and thing:
            return live_feed.of_entry(thing), thing
        if kind == "counts" and thing:
            return live_counts.counts_of(thing), thing
        if kind == "list" and thing:
            return live_feed.of_list(thing), ""
        raise Invalid({"channel": "There is no such channel."})

    async def subscribe(self, name: object) -> None:
        """Listen to a channel from now on. Raises Invalid, NotFound for what they may not see."""
        channel, entry_id = self.channel(name)
        if len(self.subscription.channels) >= CHANNELS_AT_MOST:
            raise Invalid({"channel": f"At most {CHANNELS_AT_MOST} channels at once."})
        if entry_id:
            await visible_entry(Viewer(actor_id=self.identity.actor.id), entry_id)
        if channel.startswith("list:"):
            await people_lists.owned(self.identity.actor, channel.partition(":")[2])
            self.subscription.add(live_feed.LISTS)
        self.subscription.add(channel)
        if time.monotonic() - self._resumed_at < RESUMING_SECONDS:
            await self.subscription.resume(self._resumed_from)

    async def resume(self, last_id: object) -> bool:
        """Replay what came after a frame; False where some of it is gone. Raises Invalid for what is no frame's id."""
        complete = await self.subscription.resume(str(last_id))
        self._resumed_from, self._resumed_at = str(last_id), time.monotonic()
        return complete

    async def seen(self, frame: Frame) -> str | None:
        """A frame as this person may see it, with the channel it came by, as they named it; None for what they may not.

        Nothing by, or brought by, whom they block or mute, who blocks them, or anybody of a server they block. What
        comes late is looked at anew: it may have been deleted, or its author suspended, since.
        """
        event = orjson.loads(frame.text)
        data = event.get("data") or {}
        unwanted = await live_feed.unwanted_authors(self.identity.actor.id)
        if data.get("user") in unwanted or data.get("sharedBy") in unwanted:
            return None
        quote = data.get("quote") or {}
        if event["type"] in ("counts", "card", "poll") and not await self._may_see(data["postId"]):
            return None  # it was for their eyes when they began to look
        if frame.replayed and event["type"] == "post" and not await self._may_see(data["postId"]):
            return None
        if event["type"] == "post" and data.get("user"):
            caught = await self._caught(frame.channel, data)
            if any(rule.hides for rule in caught):
                return None
            if caught:
                data["filtered"] = filters.shown(caught)
                frame = replace(frame, text=orjson.dumps(event).decode())
        if quote.get("user") in unwanted or (frame.replayed and quote and not await self._may_see(quote["postId"])):
            data["quote"] = None
            return _by(frame.channel, orjson.dumps(event).decode())
        return _by(frame.channel, frame.text)

    async def _caught(self, channel: str, form: dict[str, Any]) -> list[filters.Rule]:
        """The filters that catch a post where it would be shown; one's own is never caught."""
        actor_id = self.identity.actor.id
        sieve = await filters.of(actor_id) if form["user"]["userId"] != actor_id else ()
        context = _CONTEXTS.get(channel.partition(":")[0], "")
        return filters.caught(sieve, context, filters.words_of(form, form.get("quote")), form) if sieve else []

    async def _may_see(self, entry_id: str) -> bool:
        return await live_feed.is_wanted(entry_id, self.identity.actor.id)


@api.websocket(STREAM)
async def stream() -> None:
    """The first frame authenticates, unless a cookie does; then frames go both ways until either side leaves."""
    await websocket.accept()
    try:
        with unnamed(limits.neighbourhood(limits.address_of(websocket))):
            identity = await _who()
        watch = _Watch(identity)
    except RateLimited as error:
        await websocket.send(
            _frame("error", {"code": error.code, "message": error.sentence, "retryAfter": round(error.retry_after)})
        )
        await websocket.close(4429)
        return
    except (KithError, TimeoutError) as error:
        sentence = error.sentence if isinstance(error, KithError) else "The first frame must authenticate."
        code = error.code if isinstance(error, InsufficientScope) else Unauthenticated.code
        await websocket.send(_frame("error", {"code": code, "message": sentence}))
        await websocket.close(4401)
        return
    open_sockets.inc()
    talk = asyncio.ensure_future(_listen(watch))
    try:
        async with watch.subscription:
            await websocket.send(_frame("ready", {"userId": watch.identity.actor.id}))
            async for frame in watch.subscription:
                if not await watch.is_let_in():
                    await websocket.close(4401)
                    return
                if text := await watch.seen(frame):
                    await websocket.send(text)
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
        identity = await by_token(token)
        if identity:
            require_scope(identity, SCOPE)
            return identity
    raise Unauthenticated("The first frame must authenticate.")


def _is_own_page(origin: str) -> bool:
    ours = urlsplit(here().base_url)
    return origin == f"{ours.scheme}://{ours.netloc}"


async def _listen(watch: _Watch) -> None:
    """What the client says; a frame that is no good gets an error and breaks nothing else."""
    while True:
        data = await websocket.receive()
        try:
            await _obey(watch, _read(data))
        except Invalid as error:
            await _complain(error.code, next(iter(error.errors.values())))
        except KithError as error:
            await _complain(error.code, error.sentence)
        except Exception:
            log.exception("frame_failed")
            await _complain(KithError.code, KithError.title)


async def _complain(code: str, sentence: str) -> None:
    await websocket.send(_frame("error", {"code": code, "message": sentence}))


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
        watch.subscription.remove(watch.channel(frame.get("channel"))[0])
    elif kind == "resume":
        if not await watch.resume(frame.get("lastId")):
            await _complain("incomplete", "Some of it is gone; load anew.")
    elif kind != "auth":
        raise Invalid({"type": "There is no such frame."})


def _by(channel: str, text: str) -> str:
    """The JSON object of an event with the channel it came by: one socket may listen to many."""
    kind = channel.partition(":")[0]
    name = kind if kind in ("home", "files", "navigation") else channel  # whose they are goes without saying
    return f'{text[:-1]},"channel":"{name}"}}'


def _frame(kind: str, data: dict[str, Any]) -> str:
    return orjson.dumps({"type": kind, "id": None, "data": data}).decode()


# -- Server-sent events --------------------------------------------------------
@api.raw("GET", STREAM, query=ChannelsQuery, media_type="text/event-stream")
async def events() -> Response:
    """What happens, as events; what came after `Last-Event-ID` comes first."""
    identity = limits.current_identity()
    if identity is None:
        raise Unauthenticated()
    channels = request.args.getlist("channel") or ["home"]
    told = _events(_Watch(identity), channels, request.headers.get("Last-Event-ID", ""))
    await anext(told)  # from here on what is listened to is left again, though nobody may ever read what comes
    if request.method == "HEAD":
        await told.aclose()
    response = Response(told, content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None
    return response


async def _events(watch: _Watch, channels: Sequence[str], last_id: str) -> AsyncGenerator[bytes, None]:
    """First of all nothing, once all that was asked for is listened to; then events. Raises KithErrors before."""
    async with watch.subscription as subscription:
        for name in channels:
            await watch.subscribe(name)
        await subscription.listening()
        if last_id:
            await _resume(watch, last_id)
        yield b""
        open_sockets.inc()
        try:
            yield b": ready\n\n"
            while subscription.reason is None:
                try:
                    frame = await asyncio.wait_for(anext(subscription), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                except StopAsyncIteration:
                    return
                else:
                    if not await watch.is_let_in():
                        return
                    if text := await watch.seen(frame):
                        yield f"id: {frame.id}\ndata: {text}\n\n".encode()
        finally:
            open_sockets.dec()


async def _resume(watch: _Watch, last_id: str) -> None:
    try:
        await watch.resume(last_id)
    except Invalid as error:
        raise Invalid({"Last-Event-ID": next(iter(error.errors.values()))}) from None
