"""What goes out: one post to two hundred servers, each on an address of its own."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from tests.bench.bench import Bench, Place, free_port
from tests.bench.load import Load, run
from tests.bench.peers import Peer
from tests.bench.posting import drained, written
from tests.bench.seeding import Strangers, seed_strangers
from tests.bench.server import Server

HOSTS = 200
HANGING = 10
FOLLOWED = 49  # the member whom somebody on each host follows; the others post for people here
ROUNDS = 3
AT_ONCE, SLOWLY, BESIDE_HANGING = 0.8, 1.5, 1.5  # seconds until all have it
SLOW_SECONDS = 0.1
HANG_SECONDS = 60.0


@dataclass(frozen=True)
class Manner:
    """How the hosts answer: after so many seconds, and the first few of them not at all."""

    seconds: float = 0.0
    hanging: int = 0


class Hosts:
    """Two hundred small servers in another process, each on a loopback address of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self._told, other = get_context("spawn").Pipe()
        self._process = get_context("spawn").Process(target=_serve, args=(other, self.port), daemon=True)
        self._process.start()
        self._told.recv()

    def peers(self) -> list[Peer]:
        """Somebody on each of them."""
        made = []
        for number in range(1, HOSTS + 1):
            place = f"http://127.0.1.{number}:{self.port}"
            made.append(Peer("reader", f"127.0.1.{number}:{self.port}", f"{place}/users/reader", f"{place}/inbox"))
        return made

    def behave(self, manner: Manner) -> None:
        """Answer so from now on, and forget who has come."""
        self._told.send(manner)
        self._told.recv()

    def arrivals(self) -> dict[int, float]:
        """When what was sent had come to each host for the first time."""
        self._told.send("arrivals")
        found: dict[int, float] = self._told.recv()
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.join()


def _serve(told: Connection, port: int) -> None:
    uvloop.run(_hosts(told, port))


async def _hosts(told: Connection, port: int) -> None:
    crowd, loop = Crowd(), asyncio.get_running_loop()
    servers = [
        await asyncio.start_server(partial(crowd.answer, number), f"127.0.1.{number}", port)
        for number in range(1, HOSTS + 1)
    ]
    told.send(len(servers))
    while True:
        message = await loop.run_in_executor(None, told.recv)
        if isinstance(message, Manner):
            crowd.manner, crowd.arrivals = message, {}
        told.send(dict(crowd.arrivals))


class Crowd:
    """What the hosts do, and when something came to each of them first."""

    def __init__(self) -> None:
        self.manner = Manner()
        self.arrivals: dict[int, float] = {}

    async def answer(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of host `number`."""
        try:
            while True:
                headers = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(headers.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                if number <= self.manner.hanging:
                    await asyncio.sleep(HANG_SECONDS)
                    return
                self.arrivals.setdefault(number, time.monotonic())
                if self.manner.seconds:
                    await asyncio.sleep(self.manner.seconds)
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def prepare(bench: Bench, place: Place) -> Hosts:
    """Have somebody on each host follow a member; before the server starts."""
    hosts = Hosts()
    strangers = Strangers(hosts.peers(), follow=place.seeded.members[FOLLOWED].id)
    bench.apart.do(seed_strangers, place.folder, place.environ, strangers)
    return hosts


def delivery(bench: Bench, place: Place, server: Server, hosts: Hosts) -> None:
    """One post at a time: how long after it was sent off the last host has it, the best of a few."""
    _deliver(bench, place, hosts, Manner(), HOSTS)  # keys are made, connections are opened
    cases = (
        ("at once", Manner(), HOSTS, AT_ONCE, "0.3 s"),
        ("each takes 100 ms", Manner(SLOW_SECONDS), HOSTS, SLOWLY, "5 s"),
        ("10 hang, the other 190", Manner(hanging=HANGING), HOSTS - HANGING, BESIDE_HANGING, "66 s"),
    )
    for what, manner, expected, target, peer in cases:
        before = server.cpu_seconds()
        rounds = 1 if manner.hanging else ROUNDS  # those who hang are left in peace after a few times
        taken = [_deliver(bench, place, hosts, manner, expected) for _ in range(rounds)]
        milliseconds = (server.cpu_seconds() - before) * 1000 / rounds / expected
        all_of_them = ", ".join(f"{seconds:.2f}" for seconds in taken)
        bench.note(
            f"a post on {HOSTS} hosts: {what}",
            min(taken),
            "s",
            target,
            peer=peer,
            note=f"{all_of_them} s; {milliseconds:.2f} ms CPU for each",
        )


def _deliver(bench: Bench, place: Place, hosts: Hosts, manner: Manner, expected: int) -> float:
    hosts.behave(manner)
    began = time.monotonic()
    posted: Future[Any] = bench.apart.begin(
        run, Load(place.port, [written(place, place.seeded.members[FOLLOWED], "To all of you.")], 1, count=1)
    )
    while len(arrivals := hosts.arrivals()) < expected:
        if time.monotonic() - began > 60:
            raise RuntimeError(f"after a minute {len(arrivals)} of {expected} hosts have the post")
        time.sleep(0.02)
    posted.result()
    if not manner.hanging:
        drained(place)
    return max(arrivals.values()) - began
