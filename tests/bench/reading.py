"""What reading costs: feeds, profiles, documents, pages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from core.accounts.sessions import COOKIE
from core.database import recorded
from core.logs import configure
from core.opening import for_a_command, opened
from tests.bench.bench import Bench, Place
from tests.bench.load import Load, request
from tests.bench.server import Server

SECONDS = 3.0
WARM_SECONDS = 0.7
QUERIES = 5
PREPARED = 0.35
IDENTIFYING = 0.3
FEED = {"sqlite": 1.5, "postgres": 2.0}
THREAD = 15.0
PEER_FEED = {"sqlite": "0.47", "postgres": "0.65"}  # milliseconds of GoToSocial


def reading(bench: Bench, place: Place, server: Server) -> None:
    """Feeds for somebody signed in, what other servers ask for, and the pages of a post and of home."""
    me, other = place.seeded.members[0], place.seeded.members[3]
    post_id, author = place.seeded.public[-1]
    thread_id, beginner = place.seeded.thread
    token, feed = {"Authorization": f"Bearer {me.access_token}"}, FEED[bench.dialect]
    page = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    resource = f"acct:{me.name}@{place.environ['KITH_SERVER__DOMAIN']}"
    asked: list[tuple[str, str, Mapping[str, str], float | None, str]] = [
        ("home feed of 20", "/api/v1/feed?scope=home&limit=20", token, feed, PEER_FEED[bench.dialect]),
        ("local feed of 20", "/api/v1/feed?scope=local&limit=20", token, feed, "0.98"),
        ("local feed of 20, signed out", "/api/v1/feed?scope=local&limit=20", {}, feed, ""),
        ("profile feed of 20", f"/api/v1/users/{other.id}/posts?limit=20", token, feed, ""),
        ("thread of 500 comments", f"/api/v1/posts/{thread_id}/thread", token, THREAD, ""),
        ("20 comments of it, most liked", f"/api/v1/posts/{thread_id}/comments?sort=top", token, feed, ""),
        ("page of that thread", f"/@{beginner}/{thread_id}", {**page, "Cookie": f"kith_session={me.cookie}"}, None, ""),
        ("actor document", f"/actors/{me.id}", {"Accept": "application/activity+json"}, PREPARED, "0.17"),
        ("WebFinger", f"/.well-known/webfinger?resource={resource}", {}, PREPARED, "0.05"),
        ("NodeInfo", "/nodeinfo/2.1", {}, PREPARED, ""),
        ("page of a post, signed out", f"/@{author}/{post_id}", page, PREPARED, ""),
        ("page of home", "/", {**page, "Cookie": f"kith_session={me.cookie}"}, None, ""),
        ("an answer that is no work", "/healthz", {}, None, ""),
        ("who I am", "/api/v1/users/me", token, None, ""),
    ]
    for what, path, headers, target, peer in asked:
        content = request("GET", path, headers, host=f"127.0.0.1:{place.port}")
        bench.load(server, Load(place.port, [content], seconds=WARM_SECONDS))
        answered, milliseconds = bench.load(server, Load(place.port, [content], seconds=SECONDS))
        if set(answered.statuses) != {200}:
            raise RuntimeError(f"{path} was answered {dict(answered.statuses)}: {answered.last[:500]!r}")
        note = f"{answered.per_second:.0f}/s, p99 {answered.percentile(0.99) * 1000:.0f} ms, {len(answered.last)} bytes"
        bench.note(what, milliseconds, "ms CPU", target, peer=peer, note=note)


def authentication(bench: Bench, place: Place, server: Server) -> None:
    """What it costs to find out who asks: the same answer to a stranger, by access token, and by a browser's cookie."""
    member, costs = place.seeded.members[0], []
    by_token, by_cookie = {"Authorization": f"Bearer {member.access_token}"}, {"Cookie": f"{COOKIE}={member.cookie}"}
    for headers in ({}, by_token, by_cookie):
        content = request("GET", "/api/v1/instance", headers, host=f"127.0.0.1:{place.port}")
        bench.load(server, Load(place.port, [content], seconds=WARM_SECONDS))
        costs.append(bench.load(server, Load(place.port, [content], seconds=SECONDS))[1])
    bench.note("finding out who asks, by token", costs[1] - costs[0], "ms CPU", IDENTIFYING)
    bench.note("finding out who asks, by cookie", costs[2] - costs[0], "ms CPU", IDENTIFYING)


def queries(bench: Bench, place: Place, server: Server) -> None:
    """How many statements a page takes, however long it is, while nothing is prepared."""
    for what, (few, many) in bench.apart.do(count_queries, place).items():
        bench.note(f"queries of the {what}, 5 and 40 posts", many, "queries", QUERIES, note=f"{few} for 5")


def count_queries(place: Place) -> dict[str, tuple[int, int]]:
    """Count in this process, on the same data: the statements of a page of 5 and of one of 40."""
    configure("development", "error")
    instance = opened(place.folder, {**os.environ, **place.environ}, works_here=False)
    me, other = place.seeded.members[0], place.seeded.members[3]
    token = {"Authorization": f"Bearer {me.access_token}"}
    paths = {
        "home feed": "/api/v1/feed?scope=home",
        "local feed": "/api/v1/feed?scope=local",
        "profile feed": f"/api/v1/users/{other.id}/posts?replies=false",
    }

    async def work() -> dict[str, tuple[int, int]]:
        async with for_a_command(instance):
            client, found = instance.app.test_client(), dict[str, tuple[int, int]]()
            await client.get("/api/v1/users/me", headers=token)
            for what, path in paths.items():
                counts = []
                for limit in (5, 40):
                    for kept in ("post:", "short:"):  # who asks is known already
                        instance.cache.drop_prefix(kept)
                    with recorded() as statements:
                        answer = await client.get(f"{path}&limit={limit}", headers=token)
                        await answer.get_data()
                    counts.append(len(statements))
                found[what] = (counts[0], counts[1])
            return found

    return asyncio.run(work())
