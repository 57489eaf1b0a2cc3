"""Real time one way: server-sent events."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from core.accounts import administration
from core.accounts.models import Account
from core.testing import Person, TestInstance, Visitor
from core.testing.people import fields_of, problem_of


class Events:
    """An answer that never ends by itself: iterate over it for its events, each a dict of its fields."""

    def __init__(self) -> None:
        self.started, self.gone = asyncio.Event(), asyncio.Event()
        self.status = 0
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        await self._parts.put(message["body"])
        if not message.get("more_body"):
            await self._parts.put(None)
        self.started.set()

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> dict[str, Any]:
        while (part := await asyncio.wait_for(self._parts.get(), 60)) is not None:
            if part.startswith(b"id: "):
                fields = dict(line.split(": ", 1) for line in part.decode().strip().splitlines())
                return {"eventId": fields["id"], **orjson.loads(fields["data"])}
        raise StopAsyncIteration


def ask(person: Person, events: Events, query: str = "", **headers: str) -> asyncio.Future[None]:
    """Somebody asks for events; what is returned is done once nobody serves them any more."""
    pairs = {"host": person.instance.host, **person.headers}
    pairs |= {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        **{"type": "http", "http_version": "1.1", "method": "GET", "scheme": "https", "root_path": ""},
        **{"path": "/api/v1/stream", "raw_path": b"/api/v1/stream", "query_string": query.encode()},
        **{"client": ("127.0.0.1", 50000), "server": (person.instance.host, 443)},
        **{"asgi": {"version": "3.0"}, "extensions": {}},
        "headers": [(name.lower().encode(), value.encode()) for name, value in pairs.items()],
    }
    return asyncio.ensure_future(person.instance.instance.asgi(scope, events.receive, events.send))


@asynccontextmanager
async def listening(person: Person, query: str = "", **headers: str) -> AsyncIterator[Events]:
    """The events somebody gets while the block runs."""
    events = Events()
    serving = ask(person, events, query, **headers)
    try:
        await asyncio.wait_for(events.started.wait(), 60)
        assert events.status == 200
        yield events
    finally:
        events.gone.set()
        await asyncio.wait_for(serving, 60)


class LostBeforeItBegan(Events):
    """An answer whose reader is gone before any of it has come."""

    async def send(self, message: dict[str, Any]) -> None:
        self.gone.set()
        await asyncio.Event().wait()


async def test_events_come_one_way_too(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    async with listening(ann) as heard:
        post = (await bob.publish("hello"))["postId"]
        event = await anext(heard)
        assert (event["type"], event["data"]["postId"]) == ("post", post)


async def test_events_go_on_after_the_last_one_seen(ann: Person, bob: Person) -> None:
    async with listening(ann, "channel=local") as heard:
        await bob.publish("first")
        last_id = (await anext(heard))["eventId"]
    missed = (await bob.publish("second"))["postId"]
    async with listening(ann, "channel=local", Last_Event_ID=last_id) as heard:
        assert (await anext(heard))["data"]["postId"] == missed


async def test_events_need_a_session_and_channels_that_are(ann: Person, anon: Visitor) -> None:
    await anon.refused(401, "GET", "/stream")
    assert fields_of(await ann.refused(422, "GET", "/stream?channel=nonsense")) == ["channel"]
    await ann.refused(404, "GET", "/stream?channel=post:nonsense")
    answer = await ann.call("GET", "/stream", headers={"Last-Event-ID": "nonsense"})
    assert fields_of(problem_of(answer, 422)) == ["Last-Event-ID"]


async def test_events_end_when_their_reader_is_suspended(alpha: TestInstance, ann: Person) -> None:
    async with listening(ann) as heard:
        with alpha.inside():
            await administration.suspend(ann.actor)
        with pytest.raises(StopAsyncIteration):
            await anext(heard)


async def test_nothing_stays_open_for_who_leaves_before_their_events_begin(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        account = await Account.get(actor_id=ann.id)
    await asyncio.wait_for(ask(ann, LostBeforeItBegan(), "channel=local"), 60)
    gc.collect()  # where something still refers to what was never read, that is over now
    for _ in range(1000):
        if not alpha.instance.live.open_of(account.id):
            break
        await asyncio.sleep(0.01)
    assert alpha.instance.live.open_of(account.id) == 0


async def test_whoever_asks_only_for_the_head_is_not_kept_waiting_for_events(ann: Person, anon: Visitor) -> None:
    async with asyncio.timeout(30):
        answer = await ann.call("HEAD", "/stream")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (await anon.call("HEAD", "/stream")).status_code == 401
