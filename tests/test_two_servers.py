"""Two real servers that federate over loopback, and what survives when one of them is away or the power fails."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.core.kith_process import CLIENT, Kith, Serving, eventually, free_port, kith_in

PASSWORD = "Quiet-Harbour-47"
NEIGHBOURLY = {
    "KITH_FEDERATION__ALLOW_HTTP": "true",
    "KITH_FEDERATION__ALLOW_PRIVATE_ADDRESSES": "true",
    "KITH_SERVER__ENVIRONMENT": "development",
}


class Server:
    """An instance that is started, stopped and started again at one address."""

    def __init__(self, kith: Kith, port: int) -> None:
        self.kith, self.port = kith, port
        self.host, self.base = f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"
        self.running: Serving | None = None

    def start(self) -> None:
        self.running = self.kith.serve("--port", str(self.port))

    def stop(self) -> None:
        assert self.running is not None
        assert self.running.stop() == 0

    def kill(self) -> None:
        assert self.running is not None
        self.running.kill()

    def user(self, name: str) -> User:
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        answer = CLIENT.post(f"{self.base}/api/v1/auth/register", json=body)
        return User(self, name, answer.json()["data"]["accessToken"])


class User:
    """Somebody signed in on one of the servers."""

    def __init__(self, server: Server, name: str, token: str) -> None:
        self.server, self.name = server, name
        self.address = f"@{name}@{server.host}"
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        url = f"{self.server.base}/api/v1{path}"
        return CLIENT.request(method, url, json=body, headers=self.headers)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.call(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        found: dict[str, Any] = answer.json()["data"]
        return found

    def publish(self, content: str) -> dict[str, Any]:
        return self.ask("POST", "/posts", {"content": content})

    def home(self, limit: int = 50) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"/feed?scope=home&limit={limit}")["posts"]
        return found

    def texts(self) -> list[str]:
        return [post["content"].removeprefix("<p>").removesuffix("</p>") for post in self.home()]


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    async with AsyncExitStack() as stack:
        made = []
        for name in ("here", "there"):
            port = free_port()
            environ = {
                **NEIGHBOURLY,
                "KITH_SERVER__BASE_URL": f"http://127.0.0.1:{port}",
                "KITH_SERVER__DOMAIN": f"127.0.0.1:{port}",
            }
            (tmp_path / name).mkdir()
            server = Server(await stack.enter_async_context(kith_in(tmp_path / name, **environ)), port)
            server.start()
            made.append(server)
        yield made[0], made[1]


async def test_two_servers_share_a_conversation_and_what_one_missed_while_it_was_away(
    servers: tuple[Server, Server],
) -> None:
    here, there = servers
    ann, zoe = here.user("ann"), there.user("zoe")

    assert zoe.ask("POST", f"/users/{ann.address}/follow")["isRequested"]
    eventually(lambda: zoe.ask("GET", f"/users/{ann.address}")["isFollowing"])
    post = ann.publish("Hello over there")
    eventually(lambda: zoe.texts() == ["Hello over there"])

    (arrived,) = zoe.home()
    assert arrived["uri"] == post["uri"]
    zoe.ask("POST", f"/posts/{arrived['postId']}/like")
    zoe.ask("POST", f"/posts/{arrived['postId']}/comments", {"content": "Hello back"})
    eventually(lambda: ann.ask("GET", f"/posts/{post['postId']}")["likesCount"] == 1)
    eventually(lambda: ann.ask("GET", f"/posts/{post['postId']}")["commentsCount"] == 1)

    ann.ask("PUT", f"/posts/{post['postId']}", {"content": "Hello, said better"})
    eventually(lambda: "Hello, said better" in zoe.texts())
    ann.ask("DELETE", f"/posts/{post['postId']}")
    eventually(lambda: "Hello, said better" not in zoe.texts())

    there.stop()
    written = [f"Number {number}" for number in range(50)]
    for text in written:
        ann.publish(text)
    there.start()
    here.kith.run("federation", "retry", "--all")  # it would be tried again by itself a little later
    eventually(lambda: len([text for text in zoe.texts() if text.startswith("Number")]) == 50, seconds=60)
    assert [text for text in zoe.texts() if text.startswith("Number")] == written[::-1]


async def test_the_power_fails_and_nothing_that_was_acknowledged_is_lost(servers: tuple[Server, Server]) -> None:
    here, there = servers
    ann, zoe = here.user("ann"), there.user("zoe")
    fans = [there.user(f"fan{number}") for number in range(8)]
    zoe.ask("POST", f"/users/{ann.address}/follow")
    eventually(lambda: zoe.ask("GET", f"/users/{ann.address}")["isFollowing"])

    acknowledged: list[str] = []
    followed: list[User] = []

    def follow() -> None:
        for fan in fans:
            try:
                answer = fan.call("POST", f"/users/{ann.address}/follow")
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                followed.append(fan)

    def write() -> None:
        for number in range(400):
            try:
                answer = ann.call("POST", "/posts", {"content": f"Number {number}"})
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                acknowledged.append(f"Number {number}")

    writer = threading.Thread(target=write)
    writer.start()
    eventually(lambda: len(acknowledged) >= 15)
    follower = threading.Thread(target=follow)
    follower.start()
    eventually(lambda: len(followed) >= 3)
    there.kill()
    follower.join(30)
    eventually(lambda: len(acknowledged) >= 30)
    here.kill()
    writer.join(30)
    assert acknowledged
    there.start()
    here.start()

    def all_there() -> bool:
        found = [text for page in pages(zoe) for text in page]
        assert len(found) == len(set(found)), "something came twice"
        return set(acknowledged) <= set(found)

    assert set(acknowledged) <= {text for page in pages(ann) for text in page}
    # What was tried while the other one was away waits for minutes; what was under way, for its claim to run out.
    for server in (here, there):
        server.kith.run("federation", "retry", "--all")
    eventually(all_there, seconds=120)
    eventually(lambda: all(fan.ask("GET", f"/users/{ann.address}")["isFollowing"] for fan in followed), seconds=60)
    assert ann.ask("GET", "/users/ann")["followersCount"] >= len(followed) + 1


def pages(user: User) -> list[list[str]]:
    """The home feed, page by page."""
    found, cursor = [], ""
    while True:
        page = user.ask("GET", f"/feed?scope=home&limit=50{cursor}")
        found.append([post["content"].removeprefix("<p>").removesuffix("</p>") for post in page["posts"]])
        if not page["pagination"]["hasMore"]:
            return found
        cursor = f"&cursor={page['pagination']['nextCursor']}"
