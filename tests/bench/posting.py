"""What posting costs, and what is left over afterwards."""

from __future__ import annotations

import random
import time

import orjson

from tests.bench.bench import Bench, Place
from tests.bench.databases import waiting
from tests.bench.load import Answered, Load, request
from tests.bench.seeding import Member, Wanted, text
from tests.bench.server import Server

SECONDS = 5.0
CONNECTIONS = 8
MILLISECONDS = 8.0
PER_SECOND = 100.0
PEER = "27–66"
CROWD = 2000
FOLLOWERS = 1000
GROWTH = 1.25  # as many times the cost may be said to be the same
SINGLE_POSTS = 40


def posting(bench: Bench, place: Place, server: Server) -> None:
    """Members post as fast as they can; then it is seen how long what came of it takes."""
    answered, milliseconds = _post(bench, place, server)
    bench.note("posting", milliseconds, "ms CPU", MILLISECONDS, peer=PEER)
    remarks = f"p99 {answered.percentile(0.99) * 1000:.0f} ms, {CONNECTIONS} at a time"
    bench.note("posts per second", answered.per_second, "/s", PER_SECOND, at_least=True, peer="72", note=remarks)
    left = waiting(place.database)
    bench.note("left over at once afterwards", left, "jobs", note=f"nothing left after {drained(place):.1f} s")


def crowd(bench: Bench) -> None:
    """The same with forty times as many members, one of whom has a thousand followers."""
    few, many = Wanted(posts=300), Wanted(accounts=CROWD, posts=300, star_followers=FOLLOWERS, hashed_well=False)
    costs = []
    for wanted in (few, many):
        place = bench.place(wanted)
        with place.serving() as server:
            costs.append(_post(bench, place, server)[1])
            if wanted is many:
                _famous(bench, place, server)
    remarks = f"{costs[0]:.2f} and {costs[1]:.2f} ms CPU"
    bench.note(f"cost of a post with {CROWD} members, to that with 50", costs[1] / costs[0], "×", GROWTH, note=remarks)


def _post(bench: Bench, place: Place, server: Server) -> tuple[Answered, float]:
    chance = random.Random(2)
    requests = [written(place, member, text(chance)) for member in place.seeded.members[1:49] for _ in range(10)]
    chance.shuffle(requests)
    bench.load(server, Load(place.port, requests, CONNECTIONS, seconds=1.0))
    drained(place)
    answered, milliseconds = bench.load(server, Load(place.port, requests, CONNECTIONS, seconds=SECONDS))
    if set(answered.statuses) != {201}:
        raise RuntimeError(f"posts were answered {dict(answered.statuses)}: {answered.last[:500]!r}")
    return answered, milliseconds


def _famous(bench: Bench, place: Place, server: Server) -> None:
    """Single posts of somebody with many followers, and of somebody with few: how long each takes to be answered."""
    medians = []
    for member in (place.seeded.members[1], place.seeded.members[-1]):
        content = written(place, member, "A few words to whoever reads them.")
        answered, _ = bench.load(server, Load(place.port, [content], 1, count=SINGLE_POSTS, pause=0.1))
        medians.append(answered.percentile(0.5) * 1000)
        took = drained(place)
    remarks = f"{medians[0]:.1f} ms with 10 followers; all timelines filled {took:.1f} s later"
    bench.note(f"answer to a post for {FOLLOWERS} followers here", medians[1], "ms", medians[0] * 2, note=remarks)


def written(place: Place, member: Member, content: str) -> bytes:
    """The request with which somebody posts."""
    headers = {"Authorization": f"Bearer {member.access_token}", "Content-Type": "application/json"}
    return request("POST", "/api/v1/posts", headers, orjson.dumps({"content": content}), host=f"127.0.0.1:{place.port}")


def drained(place: Place, seconds: float = 180.0) -> float:
    """Wait until nothing is left to be done; how many seconds that took."""
    began = time.monotonic()
    while waiting(place.database):
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"something is still left to be done after {seconds:g} seconds")
        time.sleep(0.02)
    return time.monotonic() - began
