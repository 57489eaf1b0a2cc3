"""The power fails while a post goes out to hundreds of servers; and what the operator sees of what waits."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.database import new_id, now
from core.federation.models import Delivery, Host
from core.models import ACCEPTED, Actor, Follow
from core.opening import for_a_command, opened
from plugins.posts.service import write
from tests.core.kith_process import Kith, Serving, eventually, kith_in

HOSTS = 300
PASSWORD = "Quiet-Harbour-47"
FEDERATES_AT_HOME = {
    "KITH_SERVER__BASE_URL": "http://localhost:8099",
    "KITH_FEDERATION__ALLOW_HTTP": "true",
    "KITH_FEDERATION__ALLOW_PRIVATE_ADDRESSES": "true",
    "KITH_FEDERATION__DELIVERY_CONCURRENCY": "10",
}


class Peers:
    """Servers on addresses of this machine that take 50 ms over each delivery; they live in a thread of their own."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        self._listener = socket.create_server(("0.0.0.0", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop.close()

    def hosts(self) -> list[str]:
        return [f"127.0.{number // 250 + 1}.{number % 250 + 1}:{self.port}" for number in range(HOSTS)]

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        async with await asyncio.start_server(self._answer, sock=self._listener):
            await self._stopping.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
            await reader.readexactly(int(headers["content-length"]))
            await asyncio.sleep(0.05)
            self.came[headers["host"]] += 1
            writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (OSError, EOFError):  # whoever sent it is dead
            pass
        finally:
            writer.close()


@pytest.fixture
def peers() -> Iterator[Peers]:
    peers = Peers()
    yield peers
    peers.close()


async def make_followers(kith: Kith, hosts: list[str]) -> None:
    """Have somebody on each of the hosts follow ann."""
    async with for_a_command(opened(kith.folder, kith.environ, works_here=False)):
        ann = await Actor.get(username="ann", domain="")
        people = [
            Actor(id=new_id(), uri=f"http://{host}/zoe", username="zoe", username_key="zoe", domain=host)
            for host in hosts
        ]
        for person in people:
            person.inbox_url = person.shared_inbox_url = f"http://{person.domain}/inbox"
        await Actor.bulk_create(people)
        await Follow.bulk_create([Follow(follower_id=one.id, target_id=ann.id, state=ACCEPTED) for one in people])


async def waiting(kith: Kith) -> int:
    async with for_a_command(opened(kith.folder, kith.environ, works_here=False)):
        return await Delivery.all().count()


async def serving_ann(kith: Kith, followers: list[str]) -> tuple[Serving, dict[str, str]]:
    """A server where ann has these followers, and what she proves who she is with."""
    kith.run("account", "create", "ann", "--email", "a@example.org", "--password", PASSWORD, "--verified")
    await make_followers(kith, followers)
    serving = kith.serve()
    return serving, {"Authorization": f"Bearer {serving.sign_in('ann', PASSWORD)}"}


async def test_a_server_that_is_killed_while_it_delivers_loses_nothing(tmp_path: Path, peers: Peers) -> None:
    async with kith_in(tmp_path, **FEDERATES_AT_HOME) as kith:
        serving, headers = await serving_ann(kith, peers.hosts())
        answer = serving.post("/api/v1/posts", json={"content": "to all of you"}, headers=headers)
        assert answer.status_code == 201, answer.text
        eventually(lambda: len(peers.came) >= 40)
        serving.kill()
        assert len(peers.came) < HOSTS
        assert await waiting(kith) > 0
        kith.serve()
        eventually(lambda: len(peers.came) == HOSTS)
        eventually(lambda: json.loads(kith.run("federation", "queue", "--json").stdout) == [])
        assert sorted(peers.came) == sorted(peers.hosts())


async def test_the_operator_sees_what_waits_and_can_have_it_tried(tmp_path: Path) -> None:
    async with kith_in(tmp_path, **FEDERATES_AT_HOME) as kith:
        kith.run("account", "create", "ann", "--email", "a@example.org", "--password", PASSWORD, "--verified")
        await make_followers(kith, ["gone.test", "ill.test"])
        async with for_a_command(opened(kith.folder, kith.environ, works_here=False)):
            await write(await Actor.get(username="ann", domain=""), "hello?")
            await Delivery.filter(host="ill.test").update(attempts=7, error="503", due_at=now() + timedelta(hours=1))
            await Host.create(name="ill.test", failures=5, closed_until=now() + timedelta(hours=1))
        listed = json.loads(kith.run("federation", "queue", "--json").stdout)
        known = ("host", "waiting", "attempts", "failures", "error")
        assert [tuple(one[key] for key in known) for one in listed] == [
            ("gone.test", 1, 0, 0, ""),
            ("ill.test", 1, 7, 5, "503"),
        ]
        assert listed[0]["closedUntil"] is None and listed[1]["closedUntil"] > str(now())
        assert "--all" in kith.run("federation", "retry", code=1).stderr
        assert kith.run("federation", "retry", "ill.test").stdout == "ill.test: 1 tried now.\n"
        async with for_a_command(opened(kith.folder, kith.environ, works_here=False)):
            assert await Delivery.filter(due_at__gt=now()).count() == 0
            assert (await Host.get(name="ill.test")).closed_until is None
