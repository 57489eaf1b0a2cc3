"""Five who try a route: a stranger, another member, the one whose things are in its path, a moderator, an admin."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import Any
from urllib.parse import urlsplit

import httpx

from core.testing import Closed, Person, TestInstance, Visitor
from core.testing.pages import submit, token_of
from core.web.csrf import FIELD
from tests.core.things import FILES, THINGS

VIEWERS = ("signed out", "another member", "the owner", "a moderator", "an admin")
ARGUMENT = re.compile(r"<(?:([^<>:]+):)?(\w+)>")
# How those are called who own nothing, and what they may.
_ROLES = {
    "another member": ("other", "user"),
    "a moderator": ("minder", "moderator"),
    "an admin": ("keeper", "admin"),
}
SAFE = ("GET", "WS")
# Where people are sent who have to do something else first.
ONWARD = {"/login": "login", "/settings/confirm": "prove"}


class Cast:
    """The people of one try, and what is the owner's: made when a path asks for it."""

    def __init__(self, instance: TestInstance, number: int) -> None:
        self.instance, self.number = instance, number
        self.things: dict[str, str] = {}

    async def enter(self) -> None:
        """Give the owner an account; the others get theirs when they try something."""
        self.owner = await self.instance.user(f"owner{self.number}")
        self.people: dict[str, Visitor] = {"signed out": self.instance.anon, "the owner": self.owner}

    async def who(self, viewer: str) -> Visitor:
        if viewer not in self.people:
            name, role = _ROLES[viewer]
            self.people[viewer] = await self.instance.user(f"{name}{self.number}", role=role)
        return self.people[viewer]

    async def thing(self, name: str) -> str:
        """What stands in a path or body for `<name>`. Fails for a name nobody has said how to make."""
        if name not in self.things:
            assert name in THINGS, (
                f"“{name}” stands in a path, and nothing says what of the owner's it is: add to THINGS in"
                f" tests/core/things.py a function that makes one and returns what stands for it in the path"
            )
            self.things[name] = await THINGS[name](self)
        return self.things[name]

    async def filled(self, text: str) -> str:
        """A text with a thing for each `<name>` in it; of `<any(…):name>` the first choice."""
        parts, end = [], 0
        for found in ARGUMENT.finditer(text):
            converter, name = found[1] or "", found[2]
            choice = re.match(r"any\(([^,)]+)", converter)
            parts += [text[end : found.start()], choice[1] if choice else await self.thing(name)]
            end = found.end()
        return "".join(parts) + text[end:]

    async def body(self, body: object) -> Any:
        """A body with the things of the owner's in it."""
        if isinstance(body, str):
            return await self.filled(body)
        if isinstance(body, Mapping):
            return {await self.filled(str(key)): await self.body(value) for key, value in body.items()}
        return [await self.body(one) for one in body] if isinstance(body, list) else body

    async def try_out(self, viewer: str, method: str, path: str, body: object = None) -> str:
        """What somebody gets: "ok", a word of ONWARD, or the status of a refusal."""
        who = await self.who(viewer)
        self.things["me"] = getattr(who, "name", "nobody")
        path, body = await self.filled(path), await self.body(body)
        if method == "WS":
            return await _socket(who, path)
        if path == "/api/v1/stream":
            return await _stream(who, path)
        answer = await _way(path)(who, method, path, body)
        if answer.is_redirect and (onward := urlsplit(answer.headers["location"]).path) in ONWARD:
            return ONWARD[onward]
        return "ok" if answer.status_code < 400 else str(answer.status_code)


def _way(path: str) -> Callable[[Visitor, str, str, Any], Awaitable[httpx.Response]]:
    return _asked if path.startswith("/api/v1/") else _delivered if path == "/inbox" else _visited


async def _delivered(who: Visitor, method: str, path: str, body: Any) -> httpx.Response:
    """An activity as another server would send it, unsigned."""
    return await who.page(path, method, json=body, headers={"Content-Type": "application/activity+json"})


async def _asked(who: Visitor, method: str, path: str, body: Any) -> httpx.Response:
    """A request to the API, with JSON, with files, or with the bytes of one."""
    if isinstance(body, str):
        headers = {"Content-Type": "application/octet-stream"}
        return await who.page(path, method, content=FILES[body][1], headers=headers)
    files, fields = _files_and_fields(body)
    if files:
        return await who.page(path, method, files=files, data=fields)
    return await who.page(path, method, **({} if body is None else {"json": body}))


def _files_and_fields(body: Any) -> tuple[dict[str, Any], Any]:
    files = {name: FILES[value] for name, value in (body or {}).items() if isinstance(value, str) and value in FILES}
    return files, {name: value for name, value in (body or {}).items() if name not in files}


async def _visited(who: Visitor, method: str, path: str, body: Any) -> httpx.Response:
    """A page in somebody's browser, or a form of it sent in."""
    async with who.browser() if isinstance(who, Person) else who.instance.browser({}) as browser:
        if method != "POST":
            return await browser.request(method, path)
        on = "/settings" if isinstance(who, Person) else "/login"
        files, fields = _files_and_fields(body)
        if not files:
            return await submit(browser, path, fields, on=on)
        token = {FIELD: token_of((await browser.get(on)).text)}
        return await browser.post(path, data={**token, **fields}, files=files)


async def _socket(who: Visitor, path: str) -> str:
    try:
        async with who.socket(path) as socket:
            await socket.send({"type": "auth", "token": getattr(who, "access_token", "of nobody")})
            await socket.receive_type("ready")
    except Closed as closed:
        return str(closed.code)
    return "ok"


async def _stream(who: Visitor, path: str) -> str:
    """The status of an answer that has no end."""
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await started
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status = int(message["status"])
            started.set_result("ok" if status < 400 else str(status))

    instance = who.instance
    headers = {"host": instance.host, "accept": "text/event-stream", **who.headers}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": (instance.host, 443),
    }
    await asyncio.create_task(instance.instance.asgi(scope, receive, send), context=Context())
    return await started
