"""The inbox: lets in what is signed by whoever it says it is from, stores it, and only then acknowledges it."""

from __future__ import annotations

import asyncio
import re
from weakref import WeakKeyDictionary

import orjson
import structlog

from core.asgi import Door, Receive, Scope, Send
from core.database import Database, is_id
from core.errors import (
    Forbidden,
    Gone,
    KithError,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from core.federation.addresses import host_of
from core.federation.follower_comparison import compare_followers
from core.federation.forwarded import is_forwarded, look_later
from core.federation.handling import is_handled
from core.federation.hosts import heard_from
from core.federation.intake import Arrival, Intake, Load
from core.federation.normalise import Activity, parse, read_activity
from core.federation.origin import check_sender
from core.federation.verification import Signed, author_by_proof, claim_of, covers, examined, signer_with
from core.hook_calls import trace
from core.instance import Instance, here
from core.metrics import inbox as received_activities
from core.models import Actor

log = structlog.get_logger(__name__)
READ_SECONDS = 20.0
OWNER_SECONDS = 60.0
MEDIA_TYPES = frozenset({b"application/activity+json", b"application/ld+json"})
PATH = re.compile(r"/inbox|/actors/([^/]+)/inbox")


class Hangup(Exception):
    """Whoever sent the request is not there any more."""


class TooSlow(KithError):
    """The body did not come in time."""

    status, code, title = 408, "too_slow", "The request took too long"


class Inbox:
    """The inbox of one instance; what it counts is of this process."""

    def __init__(self) -> None:
        self.intake = Intake()
        self.load = Load()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one POST (section 3): bad input is never answered 5xx, which would only make peers try again."""
        body = _Body(self.load)
        self.load.requests += 1
        try:
            await self._take(scope, receive, body)
        except Hangup:
            return
        except KithError as error:
            await _answer(send, error)
        except Exception as error:
            log.error("inbox_failed", error=type(error).__name__, trace=trace(error))
            await _answer(send, Unavailable())
        else:
            await _answer(send)
        finally:
            body.release()
            self.load.requests -= 1

    async def _take(self, scope: Scope, receive: Receive, body: _Body) -> None:
        """Let one activity in, the cheap checks first."""
        if not here().settings.federation.enabled:
            raise NotFound()
        self.load.check()
        headers = {name.lower(): value for name, value in scope["headers"]}
        _check_headers(headers)
        owner = await _owner(scope["path"])
        claim = claim_of(scope["headers"])
        host = host_of(claim.key_id)
        self.load.check_host(host)
        content = await body.read(receive)
        evidence = examined(Signed.of(scope), claim, content)
        activity = read_activity(parse(content))
        is_unproved = host_of(activity.actor) != host and "proof" not in activity.document
        if is_unproved and not is_forwarded(content, activity):
            raise Unauthenticated("The activity is in the name of somebody of another server than its signature.")
        signer = sender = await signer_with(evidence)
        if is_unproved:
            await _look_up(activity, signer, host)
            return
        if activity.actor != signer.uri and "proof" in activity.document:
            sender = await author_by_proof(content, activity)
        check_sender(activity, sender.uri)
        if sender.suspended_at is not None or signer.suspended_at is not None:
            raise Forbidden("The sender is suspended here.")
        await heard_from(host)
        if not is_handled(activity.type):
            received_activities.labels("other", "ignored").inc()
            return
        text = orjson.dumps(activity.document).decode()
        await self.intake.store(Arrival(activity.id, activity.actor, activity.type, text, owner))
        self.load.accepted(host)
        followers = headers.get(b"collection-synchronization")
        if followers and sender.uri == signer.uri and covers(claim, "collection-synchronization"):
            await compare_followers(sender, followers.decode("latin-1"))


class _Body:
    """A body that is read in pieces, bounded by itself and together with all others that are being read."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.counted = 0

    async def read(self, receive: Receive) -> bytes:
        """All of it. Raises TooLarge before it is read to its end, TooSlow, Unavailable, Hangup."""
        limit = here().settings.federation.document_bytes
        pieces = []
        try:
            async with asyncio.timeout(READ_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Hangup
                    piece = message.get("body", b"")
                    if self.counted + len(piece) > limit:
                        raise TooLarge(f"An activity may have {limit} bytes.")
                    self.load.add_bytes(len(piece))
                    self.counted += len(piece)
                    pieces.append(piece)
                    if not message.get("more_body"):
                        return b"".join(pieces)
        except TimeoutError:
            raise TooSlow("The body did not come in time.") from None

    def release(self) -> None:
        """Count what was read as gone."""
        self.load.bytes -= self.counted
        self.counted = 0


def _check_headers(headers: dict[bytes, bytes]) -> None:
    """Raise UnsupportedMediaType for what is no activity, TooLarge where the length says so already."""
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType("An activity is sent as application/activity+json.")
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("An activity is not sent compressed.")
    length = headers.get(b"content-length", b"")
    limit = here().settings.federation.document_bytes
    if length.isdigit() and (len(length) > 15 or int(length) > limit):
        raise TooLarge(f"An activity may have {limit} bytes.")


async def _look_up(activity: Activity, signer: Actor, host: str) -> None:
    """Nothing of it is stored: where it concerns us, its origin is asked. Raises Forbidden."""
    if signer.suspended_at is not None:
        raise Forbidden("The sender is suspended here.")
    await heard_from(host)
    is_looked_up = await look_later(activity, host)
    received_activities.labels(activity.type, "looked_up" if is_looked_up else "ignored").inc()


async def _owner(path: str) -> str | None:
    """Whose inbox a path is; None for the one that all share. Raises NotFound, Gone, Forbidden."""
    match = PATH.fullmatch(path)
    actor_id = match[1] if match else None
    if actor_id is None:
        return None
    state = await here().cache.remember(
        f"inbox:{actor_id}", OWNER_SECONDS, lambda: _state_of(actor_id), tags=(f"actor:{actor_id}",)
    )
    if state == "gone":
        raise Gone("Whose inbox this was has left.")
    if state == "suspended":
        raise Forbidden("Whose inbox this is may not use it at the moment.")
    if state != "here":
        raise NotFound("There is no such inbox.")
    return actor_id


async def _state_of(actor_id: str) -> str:
    actor = await Actor.get_or_none(id=actor_id, domain="") if is_id(actor_id) else None
    if actor is None:
        return "nobody"
    if actor.removed_at is not None:
        return "gone"
    return "here" if actor.suspended_at is None else "suspended"


async def _answer(send: Send, error: KithError | None = None) -> None:
    status, body = 202, b""
    headers = [(b"cache-control", b"no-store")]
    if error is not None:
        status = error.status
        problem = {"type": "about:blank", "title": error.title, "status": status, "detail": error.sentence}
        body = orjson.dumps({"success": False, **problem, "code": error.code})
        headers.append((b"content-type", b"application/problem+json"))
        if isinstance(error, RateLimited | Unavailable):
            headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


_inboxes: WeakKeyDictionary[Database, Inbox] = WeakKeyDictionary()


def begin(instance: Instance) -> None:
    """Open the inbox of an instance, with nothing under way."""
    _inboxes[instance.database] = Inbox()


async def _knock(scope: Scope, receive: Receive, send: Send) -> None:
    inbox = _inboxes.get(here().database)
    if inbox is None:  # the server has only just come up, or is about to go
        await _answer(send, Unavailable())
    else:
        await inbox(scope, receive, send)


DOOR = Door("inbox", "POST", PATH, _knock)
