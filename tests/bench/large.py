"""What a large community costs beside a small one: feeds, threads, searches, and a post for five thousand followers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson

from tests.bench.bench import Bench, Place
from tests.bench.databases import ask
from tests.bench.history import VOCABULARY, History
from tests.bench.load import Load, request, run
from tests.bench.posting import drained, written
from tests.bench.reading import FEED, THREAD
from tests.bench.seeding import Wanted
from tests.bench.server import Server

HISTORY = History()
NEWEST = 300
ROUNDS = 4  # of each question, by turns to the small community and to the large one
SECONDS, WARM_SECONDS = 1.5, 0.5
GROWTH = 1.3  # as many times as much a page may cost among fifty times as many posts
FAR_BACK = 12  # pages of forty posts
SEARCH_MILLISECONDS, SEARCHES = 20.0, 30
ANSWER_MILLISECONDS, FILLED_SECONDS, STAR_POSTS = 15.0, 1.0, 12
QUERIES: Sequence[Mapping[str, str]] = tuple(
    {"q": text}
    for text in (
        VOCABULARY[0], VOCABULARY[30], VOCABULARY[900], VOCABULARY[19_000], f"{VOCABULARY[0]} {VOCABULARY[900]}",
        f'"{VOCABULARY[0]} {VOCABULARY[1]}"', f"{VOCABULARY[3]} -{VOCABULARY[0]}", f"{VOCABULARY[5]} from:other7",
        f"{VOCABULARY[40]} before:2024-01-01", f"#{VOCABULARY[3]}", "has:image", "nothinglikeit",
    )
)  # fmt: skip


@dataclass
class Community:
    """A place with a server on it, and what each question cost there: milliseconds of CPU, and the 95th percentiles."""

    place: Place
    server: Server
    costs: dict[str, list[float]] = field(default_factory=dict)
    waits: dict[str, list[float]] = field(default_factory=dict)

    def get(self, path: str, *, who: int | None = 0) -> bytes:
        headers = {"Authorization": f"Bearer {self.place.seeded.members[who].access_token}"} if who is not None else {}
        return request("GET", path, headers, host=f"127.0.0.1:{self.place.port}")

    def ask(self, bench: Bench, what: str, content: bytes, seconds: float) -> None:
        """Put one question over 32 connections for so long; the first time only to warm it up."""
        answered, milliseconds = bench.load(self.server, Load(self.place.port, [content], seconds=seconds))
        if set(answered.statuses) != {200}:
            raise RuntimeError(f"{what}: answered {dict(answered.statuses)}: {answered.last[:500]!r}")
        if seconds == SECONDS:
            self.costs.setdefault(what, []).append(milliseconds)
            self.waits.setdefault(what, []).append(answered.percentile(0.95) * 1000)


def large(bench: Bench) -> None:
    """The same questions to fifty people with two thousand posts, and to five thousand with a hundred thousand."""
    few = bench.place(Wanted())
    began = time.monotonic()
    many = bench.place(Wanted(accounts=51, posts=NEWEST, history=HISTORY))
    bench.note(f"putting {HISTORY.posts} posts into the database", time.monotonic() - began, "s")
    with few.serving() as small, many.serving() as big:
        communities = (Community(few, small), Community(many, big))
        _lists(bench, communities)
        searching(bench, communities[1])
        _star(bench, communities[1])
        bench.note("memory with as many posts", big.megabytes(), "MB")


def _lists(bench: Bench, communities: Sequence[Community]) -> None:
    asked = [_questions(each) for each in communities]
    for what in asked[0]:
        for each, questions in zip(communities, asked, strict=True):
            each.ask(bench, what, questions[what], WARM_SECONDS)
        for _ in range(ROUNDS):
            for each, questions in zip(communities, asked, strict=True):
                each.ask(bench, what, questions[what], SECONDS)
        small, big = (statistics.median(each.costs[what]) for each in communities)
        target = THREAD if "thread" in what else FEED[bench.dialect]
        wait = min(communities[1].waits[what])
        bench.note(f"{what}, large", big, "ms CPU", target, note=f"p95 {wait:.0f} ms at 32 connections")
        bench.note(f"{what}, to that in a small one", big / small, "×", GROWTH, note=f"{small:.2f} ms there")


def _questions(community: Community) -> dict[str, bytes]:
    seeded = community.place.seeded
    feed, profile = "/api/v1/feed?limit=20&scope=", f"/api/v1/users/{seeded.members[3].id}/posts?limit=20"
    return {
        "home feed": community.get(f"{feed}home"),
        "home feed far back": community.get(_far_back(community, f"{feed}home")),
        "friends": community.get(f"{feed}friends"),
        "local feed": community.get(f"{feed}local"),
        "local feed far back": community.get(_far_back(community, f"{feed}local")),
        "local feed, signed out": community.get(f"{feed}local", who=None),
        "global feed": community.get(f"{feed}global"),
        "profile feed": community.get(profile),
        "answers on a profile": community.get(f"{profile}&replies=true"),
        "thread of 500 comments": community.get(f"/api/v1/posts/{seeded.thread[0]}/thread"),
    }


def _far_back(community: Community, path: str) -> str:
    """The path of a page that many others stand before."""
    token, cursor = {"Authorization": f"Bearer {community.place.seeded.members[0].access_token}"}, ""
    for _ in range(FAR_BACK):
        page = orjson.loads(community.server.get(f"{path.replace('=20', '=40')}{cursor}", token)[2])
        cursor = f"&{urlencode({'cursor': page['data']['pagination']['nextCursor']})}"
    return path + cursor


def searching(bench: Bench, community: Community) -> None:
    """Single searches by a member, one after the other, while nobody else asks for anything."""
    everything, slowest = list[float](), (0.0, "")
    for query in QUERIES:
        content = community.get(f"/api/v1/search/posts?{urlencode(query)}")
        answered = bench.apart.do(run, Load(community.place.port, [content], 1, count=SEARCHES))
        if set(answered.statuses) != {200}:
            raise RuntimeError(f"{query} was answered {dict(answered.statuses)}: {answered.last[:500]!r}")
        everything += answered.latencies
        slowest = max(slowest, (answered.percentile(0.95) * 1000, query["q"]))
    everything.sort()
    median, late = (everything[int(share * len(everything))] * 1000 for share in (0.5, 0.95))
    note = f"median {median:.1f} ms; slowest {slowest[0]:.1f} ms: {slowest[1]}"
    bench.note("p95 of a search of posts", late, "ms", SEARCH_MILLISECONDS, note=note)
    people = [community.get(f"/api/v1/search/users?q=other{number}") for number in range(SEARCHES)]
    answered = bench.apart.do(run, Load(community.place.port, people, 1, count=SEARCHES))
    bench.note("p95 of a search of people", answered.percentile(0.95) * 1000, "ms", SEARCH_MILLISECONDS)


def _star(bench: Bench, community: Community) -> None:
    """Single posts of somebody whom all follow: how long the answer takes, and how long until all have it at home."""
    place, star = community.place, community.place.seeded.members[-1]
    answers, fills, costs = list[float](), list[float](), list[float]()
    for number in range(STAR_POSTS):
        before = community.server.cpu_seconds()
        answered = bench.apart.do(run, Load(place.port, [written(place, star, f"Number {number}.")], 1, count=1))
        fills.append(drained(place))
        answers.append(answered.latencies[0] * 1000)
        costs.append((community.server.cpu_seconds() - before) * 1000)
    followers = ask(place.database, "SELECT COUNT(*) FROM core_follow WHERE target_id = $1", star.id)[0][0]
    newest = "SELECT entry_id FROM core_timeline WHERE owner_id = $1 ORDER BY position DESC LIMIT 1"
    filled = ask(place.database, f"SELECT COUNT(*) FROM core_timeline WHERE entry_id = ({newest})", star.id)[0][0]
    if filled != followers + 1:
        raise RuntimeError(f"a post of somebody with {followers} followers stands in {filled} homes")
    answers, fills = sorted(answers[1:]), sorted(fills[1:])  # the first opens the connection and warms everything up
    note = f"at most {answers[-1]:.1f} ms"
    bench.note(
        f"answer to a post for {followers} followers", statistics.median(answers), "ms", ANSWER_MILLISECONDS, note=note
    )
    note = f"at most {fills[-1]:.2f} s; {statistics.median(costs):.0f} ms CPU for all of it"
    bench.note("until it is in all their homes", statistics.median(fills), "s", FILLED_SECONDS, note=note)
