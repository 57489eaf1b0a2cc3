"""Tells the story to two running servers over their API, as the people in it would, and waits for it to federate."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import httpx

from core.demo.drop_ins.backdated import HEADER
from core.demo.scenes import draw
from core.demo.servers import Demo, DemoError
from core.demo.story import Person, Post, Story

ARRIVAL_SECONDS = 60.0
PAUSE_SECONDS = 0.1
PAGE = 50
POLL_SECONDS = 7 * 86_400
STEPS = ("profiles", "follows", "posts", "answers", "edits", "votes", "likes", "shares")
_NAMED = re.compile(r"\{([a-z]+)\}")
Step = Callable[[str], None]


async def tell(demo: Demo, story: Story, step: Step) -> None:
    """Fill both servers; `step` is called with the name of each of STEPS that is done. Raises DemoError.

    Told again, it adds what is missing: every post has an Idempotency-Key, and nothing else can be done twice.
    """
    async with AsyncExitStack() as stack:
        clients = {}
        # A server closes a connection nobody has used for a while, perhaps just when the next request is on its way.
        afresh = httpx.Limits(max_keepalive_connections=0)
        for server in demo.servers.values():
            client = httpx.AsyncClient(base_url=f"{server.base_url}/api/v1", trust_env=False, timeout=30, limits=afresh)
            clients[server.name] = await stack.enter_async_context(client)
        telling = _Telling(demo, story, clients)
        await telling.sign_in()
        for name in STEPS:
            await getattr(telling, name)()
            step(name)


@dataclass
class _Telling:
    demo: Demo
    story: Story
    clients: Mapping[str, httpx.AsyncClient]
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    tokens: dict[str, str] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)  # posts by key, as their author sees them
    seen: dict[tuple[str, str], str] = field(default_factory=dict)  # ids by server and uri

    async def sign_in(self) -> None:
        for person in self.story.people.values():
            login = {"username": person.name, "password": self.demo.password}
            answer = await self.clients[person.server].post("/auth/login", json=login)
            self.tokens[person.name] = _data(answer)["accessToken"]

    async def profiles(self) -> None:
        for person in self.story.people.values():
            fields = [{"name": name, "value": value} for name, value in person.fields]
            more = {"isLocked": person.is_locked, "isBot": person.is_bot}
            await self._call(person, "PUT", "/users/me", {"bio": person.bio, "fields": fields, **more})

    async def follows(self) -> None:
        """Everybody follows whom they follow; this is over once all of it is accepted on both sides."""
        people = self.story.people
        wanted = [(one, people[other]) for one in people.values() for other in one.follows]
        for one, other in wanted:
            await self._call(one, "POST", f"/users/{self._address(other, one)}/follow", {})
        for one in people.values():
            for name in one.befriends:
                await self._call(one, "POST", "/friends/request", {"targetUserId": self._address(people[name], one)})
        for one, other in wanted:
            await self._until(lambda one=one, other=other: self._follows(one, other))  # type: ignore[misc]

    async def _follows(self, one: Person, other: Person) -> bool:
        state = await self._call(one, "GET", f"/users/{self._address(other, one)}")
        if state["isFollowing"]:
            return True
        if other.is_locked:
            for asking in (await self._call(other, "GET", f"/follow-requests?limit={PAGE}"))["users"]:
                await self._call(other, "PUT", f"/follow-requests/{asking['userId']}/accept", {})
        return False

    async def posts(self) -> None:
        for post in self.story.posts:
            if post.depth == 0:
                await self._write(post)

    async def answers(self) -> None:
        """Answers level by level, so that those to the other server have time to arrive there."""
        answers = sorted((post for post in self.story.posts if post.parent), key=lambda post: (post.depth, -post.ago))
        for _, level in groupby(answers, key=lambda post: post.depth):
            for post in level:
                await self._write(post)

    async def _write(self, post: Post) -> None:
        author = self.story.people[post.author]
        headers = {"Idempotency-Key": f"demo-{post.key}", HEADER: (self.began - post.ago).isoformat()}
        if post.is_gallery:
            self.made[post.key] = await self._share(author, post, headers)
            return
        body = {
            "content": self._named(post.text, author),
            "visibility": post.visibility,
            "contentWarning": post.warning or None,
            "language": post.language,
            "inReplyTo": await self._id_for(author, post.parent) if post.parent else None,
            "quote": await self._id_for(author, self._post(post.quote)) if post.quote else None,
            "fileIds": [await self._upload(author, post)] if post.picture else [],
            "poll": {"options": list(post.poll), "expiresIn": POLL_SECONDS} if post.poll else None,
        }
        self.made[post.key] = await self._call(author, "POST", "/posts", body, headers)

    async def _upload(self, author: Person, post: Post) -> str:
        """The id of the picture of a post, the same one when it is told again."""
        key = {"Idempotency-Key": f"demo-{post.key}-picture"}
        sent = await self._send(author, "/files", {"file": await _file(post)}, {"alt": post.alt}, key)
        return str(sent["fileId"])

    async def _share(self, author: Person, post: Post, headers: Mapping[str, str]) -> dict[str, Any]:
        """Show a picture among those of its server; the post that came of it."""
        told = {"caption": self._named(post.text, author), "alt": post.alt}
        shared = await self._send(author, "/images/upload", {"image": await _file(post)}, told, headers)
        return await self._call(author, "GET", f"/posts/{shared['postId']}")

    async def edits(self) -> None:
        for post in self.story.posts:
            if post.edit:
                author, path = self.story.people[post.author], f"/posts/{self.made[post.key]['postId']}"
                if (await self._call(author, "GET", path))["editedAt"] is None:
                    headers = {HEADER: (self.began - post.ago + timedelta(minutes=4)).isoformat()}
                    await self._call(author, "PUT", path, {"content": self._named(post.edit, author)}, headers)

    async def votes(self) -> None:
        for post in self.story.posts:
            for name, place in post.votes.items():
                person = self.story.people[name]
                path = f"/posts/{await self._id_for(person, post)}"
                if not (await self._call(person, "GET", path))["poll"]["hasVoted"]:
                    await self._call(person, "POST", f"{path}/vote", {"choices": [place]})

    async def likes(self) -> None:
        await self._react("like", lambda post: post.likes)
        await self._react("bookmark", lambda post: post.bookmarks)

    async def shares(self) -> None:
        await self._react("share", lambda post: post.shares)

    async def _react(self, verb: str, who: Callable[[Post], tuple[str, ...]]) -> None:
        for post in self.story.posts:
            for name in who(post):
                person = self.story.people[name]
                await self._call(person, "POST", f"/posts/{await self._id_for(person, post)}/{verb}", {})

    async def _id_for(self, person: Person, post: Post) -> str:
        """What a post is called on somebody's own server, once it is there."""
        author, uri = self.story.people[post.author], str(self.made[post.key]["uri"])
        if author.server == person.server:
            return str(self.made[post.key]["postId"])
        key = (person.server, uri)
        await self._until(lambda: self._has_arrived(key, person, post))
        return self.seen[key]

    async def _has_arrived(self, key: tuple[str, str], person: Person, post: Post) -> bool:
        """Look through the list of somebody's server in which a post has to stand."""
        path, cursor = self._list_with(post, person), ""
        while key not in self.seen:
            found = await self._call(person, "GET", f"{path}&limit={PAGE}{cursor}")
            for there in found["posts"]:
                self.seen[(person.server, there["uri"])] = there["postId"]
            if not found["pagination"]["hasMore"]:
                break
            cursor = f"&cursor={found['pagination']['nextCursor']}"
        return key in self.seen

    def _list_with(self, post: Post, person: Person) -> str:
        """Profiles list what is for many, answers by themselves; what is for a few stands in their home feeds."""
        if self.made[post.key]["visibility"] in ("direct", "friends"):
            return "/feed?scope=home"
        replies = "true" if post.parent else "false"
        return f"/users/{self._address(self.story.people[post.author], person)}/posts?replies={replies}"

    async def _until(self, happened: Callable[[], Any]) -> None:
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while not await happened():
            if time.monotonic() > deadline:
                raise DemoError("The two servers do not hear from each other; their logs may say why.")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _call(
        self, person: Person, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask somebody's own server; what is so already (409) is as good as done."""
        bearer = {"Authorization": f"Bearer {self.tokens[person.name]}", **(headers or {})}
        answer = await self.clients[person.server].request(method, path, json=body, headers=bearer)
        return {} if answer.status_code == 409 else _data(answer)

    async def _send(
        self, person: Person, path: str, files: Mapping[str, Any], told: Mapping[str, str], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Upload to somebody's own server."""
        bearer = {"Authorization": f"Bearer {self.tokens[person.name]}", **headers}
        return _data(await self.clients[person.server].post(path, files=files, data=told, headers=bearer))

    def _post(self, key: str) -> Post:
        return next(post for post in self.story.posts if post.key == key)

    def _named(self, text: str, author: Person) -> str:
        """The text with `{name}` as its author would write it."""
        return _NAMED.sub(lambda found: self._address(self.story.people[found[1]], author), text)

    def _address(self, person: Person, seen_by: Person) -> str:
        """`@name`, with the host for those of the other server."""
        is_near = person.server == seen_by.server
        return f"@{person.name}" if is_near else f"@{person.name}@{self.demo.servers[person.server].domain}"


async def _file(post: Post) -> tuple[str, bytes, str]:
    return f"{post.picture}.jpg", await asyncio.to_thread(draw, post.picture), "image/jpeg"


def _data(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise DemoError(f"{answer.request.method} {answer.request.url.path} was answered {answer.status_code}.")
    found: dict[str, Any] = answer.json()["data"]
    return found
