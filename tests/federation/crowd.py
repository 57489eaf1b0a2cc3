"""Servers by the dozen that take what is delivered to them, or answer as a test wants, and people on them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from core import actors
from core.asgi import Receive, Scope, Send
from core.database import execute, new_id, now
from core.federation.models import Delivery, Host
from core.models import ACCEPTED, Actor, Entry, Follow
from core.testing import Person, TestInstance

Answer = tuple[int, dict[str, str]]


@dataclass
class Post:
    """One delivery as it came."""

    host: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def activity(self) -> dict[str, Any]:
        return orjson.loads(self.body)

    @property
    def type(self) -> str:
        return str(self.activity["type"])


@dataclass
class Crowd:
    """Any number of hosts in one ASGI app: `answer` decides about each delivery, `hangs` answer once `released`."""

    instance: TestInstance
    came: list[Post] = field(default_factory=list)
    answer: Callable[[Post], Answer | int] = field(default=lambda post: 202)
    hangs: set[str] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    hanging: set[str] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    documents: dict[str, dict[str, Any] | int] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers["host"]
        if scope["method"] == "GET":
            await self._serve(f"https://{host}{scope['path']}", send)
            return
        post = Post(host, scope["path"], headers, body)
        if host in self.hangs:
            self.hanging.add(host)
            self.news.set()
            await self.released.wait()
        self.came.append(post)
        self.news.set()
        answer = self.answer(post)
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        raw = [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b""})

    async def _serve(self, url: str, send: Send) -> None:
        found = self.documents.get(url, 404)
        status = found if isinstance(found, int) else 200
        headers = [(b"content-type", b"application/activity+json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": orjson.dumps(found)})

    async def person(self, host: str, name: str = "zoe", *, shared: bool = True) -> Actor:
        """Somebody on one of the hosts, known to the instance already."""
        self.instance.neighbours[host] = self
        base = f"https://{host}/users/{name}"
        with self.instance.inside():
            actor = Actor(id=new_id(), uri=base, username=name, username_key=name, domain=host, name=name, url=base)
            actor.inbox_url, actor.followers_url = f"{base}/inbox", f"{base}/followers"
            actor.shared_inbox_url = f"https://{host}/inbox" if shared else ""
            actor.fetched_at = now()
            await actor.save(force_create=True)
        return actor

    async def follower(self, of: Person, host: str, name: str = "zoe", *, shared: bool = True) -> Actor:
        """Somebody on one of the hosts who follows a person of the instance; nothing has been said about it."""
        actor = await self.person(host, name, shared=shared)
        with self.instance.inside():
            await Follow.create(follower_id=actor.id, target_id=of.id, state=ACCEPTED, uri=f"{actor.uri}/follows/1")
            await execute("UPDATE core_actor SET followers_count = followers_count + 1 WHERE id = $1", of.id)
        return actor

    async def friend(self, of: Person, host: str, name: str = "zoe") -> Actor:
        """Somebody elsewhere who follows and is followed."""
        actor = await self.follower(of, host, name)
        with self.instance.inside():
            await Follow.create(follower_id=of.id, target_id=actor.id, state=ACCEPTED, uri=f"{of.uri}/follows/1")
        return actor

    async def entry(self, author: Actor, *, visibility: str = "public", number: int = 1) -> Entry:
        """A post of somebody elsewhere, known to the instance."""
        with self.instance.inside():
            uri = f"{author.uri}/notes/{number}"
            entry = Entry(id=new_id(), kind="post", author_id=author.id, uri=uri, url=uri, visibility=visibility)
            entry.content = "<p>From elsewhere</p>"
            await entry.save(force_create=True)
        return entry

    def to(self, host: str) -> list[Post]:
        return [post for post in self.came if post.host == host]

    def types(self, host: str = "") -> list[str]:
        """The types of the activities that came, in order, to one host or to all."""
        return [post.type for post in self.came if not host or post.host == host]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, looking whenever something comes."""
        async with asyncio.timeout(20):
            while not is_so():
                self.news.clear()
                await self.news.wait()

    @property
    def hosts(self) -> list[str]:
        return sorted({post.host for post in self.came})

    def only(self, type: str) -> dict[str, Any]:
        """The one activity of a type that came; the same one wherever it came."""
        bodies = {post.body for post in self.came if post.type == type}
        assert len(bodies) == 1, f"{len(bodies)} different activities of type {type}"
        found: dict[str, Any] = orjson.loads(bodies.pop())
        return found

    def by_host(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for post in self.came:
            found[post.host].append(post.type)
        return dict(found)


async def waiting(instance: TestInstance) -> list[Delivery]:
    """The deliveries that are not done, oldest first."""
    with instance.inside():
        return await Delivery.all().order_by("outgoing_id", "inbox")


async def make_due(instance: TestInstance) -> None:
    """Let what waits for another attempt be due, as if the time had come."""
    with instance.inside():
        await Delivery.filter(state="waiting").update(due_at=now())
        await Host.exclude(closed_until=None).update(closed_until=now())


async def follow(instance: TestInstance, follower: Actor, target: Person, uri: str) -> None:
    """Somebody elsewhere follows somebody here, as the inbox would have it."""
    with instance.inside():
        await actors.follow(follower, target.actor, uri=uri)
