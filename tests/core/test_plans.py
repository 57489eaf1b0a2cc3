"""How the databases go about the hot lists: through their indexes, without reading or sorting whole tables."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.audience import STRANGER, Viewer
from core.database import execute, many, new_id, rows
from core.testing import DIALECT, Person, TestInstance, Visitor, world
from plugins.posts import lists

AUTHORS, ENTRIES, READERS = 400, 6_000, 40
BIG = ("core_entry", "core_timeline", "core_follow", "core_like", "core_bookmark", "core_entry_tag", "core_mention")
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Town:
    """A place with a history, and Ann, who knows most of it: `busy` writes much, `root` was answered and liked much."""

    instance: TestInstance
    ann: Person
    busy: str
    root: str


@pytest.fixture(scope="module")
async def town() -> AsyncIterator[Town]:
    async with world("town.test") as (instance,):
        yield await history(instance, await instance.user("ann"))


async def history(at: TestInstance, ann: Person) -> Town:
    """People, posts, answers, tags, homes, bookmarks and likes, as they come together in time."""
    dice = random.Random(5)
    people = [new_id() for _ in range(AUTHORS)]
    entries = [new_id(START + timedelta(minutes=number)) for number in range(ENTRIES)]
    authors = [people[0] if number % 10 == 0 else dice.choice(people) for number in range(ENTRIES)]
    with at.inside():
        await many(
            "INSERT INTO core_actor (id, uri, type, username, username_key, domain, name, summary, summary_source, url,"
            " avatar_url, cover_url, profile_fields, inbox_url, shared_inbox_url, outbox_url, followers_url,"
            " following_url, featured_url, also_known_as, moved_to_uri, is_locked, is_discoverable, is_indexable, role,"
            " followers_count, following_count, posts_count, version, created_at) VALUES ($1, $2, 'person', $3, $3, $4,"
            " '', '', '', '', '', '', '[]', '', '', '', '', '', '', '[]', '', FALSE, TRUE, FALSE, 'user', 0, 0, 0, 1,"
            " $5)",
            [(one, f"https://x/{one}", f"p{n}", "far.test" if n % 2 else "", START) for n, one in enumerate(people)],
        )
        await many(
            "INSERT INTO core_entry (id, kind, author_id, uri, url, visibility, local_only, title, content, source,"
            " content_warning, sensitive, language, reply_to_id, reply_to_uri, root_id, context_uri, is_local,"
            " likes_count, replies_count, boosts_count, version, published_at, received_at) VALUES ($1, 'post', $2, $3,"
            " '', $4, FALSE, '', '<p>x</p>', 'x', '', FALSE, 'en', $5, $6, $5, '', $7, 0, 0, 0, 1, $8, $8)",
            list(entry_rows(dice, entries, authors, people)),
        )
        await tie(dice, ann.id, people, entries)
        await execute("ANALYZE")
    return Town(at, ann, "p0", entries[0])


def entry_rows(
    dice: random.Random, entries: list[str], authors: list[str], people: list[str]
) -> Iterator[tuple[Any, ...]]:
    """Some for each audience, most of them public; a third are answers, half of these to the first of all."""
    here = set(people[::2])
    audiences = ["public"] * 4 + ["unlisted", "followers", "friends", "direct", "private"]
    for number, (entry, author) in enumerate(zip(entries, authors, strict=True)):
        parent = entries[0 if number % 2 else dice.randrange(number)] if number % 3 == 1 else None
        at = START + timedelta(minutes=number)
        uri, audience = f"https://x/e/{entry}", dice.choice(audiences)
        yield entry, author, uri, audience, parent, parent or "", author in here, at


async def tie(dice: random.Random, ann: str, people: list[str], entries: list[str]) -> None:
    """Follows, homes, tags, bookmarks, likes and a few blocks and mutes."""
    followed = dice.sample(people, 350)
    pairs = {(ann, one) for one in followed} | {(one, people[0]) for one in people[1:]}
    pairs |= {(one, other) for one in people for other in dice.sample(people, 25) if one != other}
    await many(
        "INSERT INTO core_follow (id, follower_id, target_id, state, wants_back, uri, created_at)"
        " VALUES ($1, $2, $3, 'accepted', FALSE, '', $4)",
        [(new_id(), one, other, START) for one, other in sorted(pairs)],
    )
    owners = [ann, *people[:READERS]]
    await many(
        "INSERT INTO core_timeline (owner_id, entry_id, position) VALUES ($1, $2, $2)",
        [(owner, entry) for owner in owners for entry in dice.sample(entries, 1200)],
    )
    await many(
        "INSERT INTO core_entry_tag (id, entry_id, name, key) VALUES ($1, $2, $3, $3)",
        [(new_id(), entry, f"tag{dice.randrange(3)}") for entry in entries[::2]],
    )
    await many(
        "INSERT INTO core_mention (id, entry_id, actor_id, silent) VALUES ($1, $2, $3, FALSE)",
        [(new_id(), entry, dice.choice(people)) for entry in entries[::3]],
    )
    for table in ("core_bookmark", "core_like"):
        more = ("", "") if table == "core_bookmark" else (", uri", ", ''")
        await many(
            f"INSERT INTO {table} (id, actor_id, entry_id{more[0]}) VALUES ($1, $2, $3{more[1]})",
            [(new_id(), owner, entry) for owner in owners for entry in dice.sample(entries[1:], 150)]
            + [(new_id(), one, entries[0]) for one in people],
        )
    for table in ("core_block", "core_mute"):
        more = (", uri", ", ''") if table == "core_block" else ("", "")
        await many(
            f"INSERT INTO {table} (id, actor_id, target_id, created_at{more[0]}) VALUES ($1, $2, $3, $4{more[1]})",
            [(new_id(), ann, other, START) for other in dice.sample(people, 5)],
        )


@contextmanager
def reads(instance: TestInstance) -> Iterator[list[tuple[str, Any]]]:
    """What is read from the database meanwhile, each statement with its parameters."""
    engine, read = instance.instance.database.engine, list[tuple[str, Any]]()
    original: Callable[..., Any] = engine.fetch

    async def noted(sql: str, parameters: Any) -> Any:
        read.append((sql, parameters))
        return await original(sql, parameters)

    engine.fetch = noted  # type: ignore[method-assign]
    try:
        yield read
    finally:
        del engine.fetch


async def plan_of(sql: str, parameters: Any) -> str:
    """How the database will go about a statement, a line for each step."""
    if DIALECT == "postgres":
        return "\n".join(step["QUERY PLAN"] for step in await rows(f"EXPLAIN {sql}", *parameters))
    return "\n".join(step["detail"] for step in await rows(f"EXPLAIN QUERY PLAN {sql}", *parameters))


def faults(sql: str, plan: str) -> list[str]:
    """The steps of a plan that read a big table from end to end, or sort what an index has in order."""
    if DIALECT == "postgres":
        return re.findall(rf"Seq Scan on (?:{'|'.join(BIG)})\b.*|.*\bSort\b.*", plan)
    aliases = {alias: table for table, alias in re.findall(r"(core_\w+) (\w+)", sql)}
    scanned = [step for step in re.findall(r"SCAN (\w+).*", plan) if aliases.get(step, step) in BIG]
    return scanned + re.findall(r"USE TEMP B-TREE FOR .*ORDER BY.*", plan)


LISTS = {
    "home": "/feed",
    "local": "/feed?scope=local",
    "global": "/feed?scope=global",
    "profile": "/users/{busy}/posts",
    "answers on the profile": "/users/{busy}/posts?replies=true",
    "comments": "/posts/{root}/comments",
    "followers": "/users/{busy}/followers",
    "following": "/users/ann/following",
    "bookmarks": "/bookmarks",
    "likes": "/posts/{root}/likes",
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_hot_list_is_read_through_its_index(town: Town, name: str) -> None:
    path = LISTS[name].format(busy=town.busy, root=town.root)
    readers: list[Visitor] = [town.ann] if name in ("home", "bookmarks") else [town.ann, town.instance.anon]
    with reads(town.instance) as read:
        for reader in readers:
            page = await reader.get(path)
            assert len(page.get("posts") or page.get("users") or page.get("comments")) == 20
            await reader.get(f"{path}{'&' if '?' in path else '?'}cursor={page['pagination']['nextCursor']}")
    await check(town, read, pages=2 * len(readers))


async def test_a_tag_is_read_through_its_index(town: Town) -> None:
    with reads(town.instance) as read, town.instance.inside():
        for viewer in (STRANGER, Viewer(actor_id=town.ann.id)):
            assert len(await lists.tagged("tag1", viewer, None, 20)) == 21
    await check(town, read, pages=2)


async def check(town: Town, read: list[tuple[str, Any]], *, pages: int) -> None:
    """The pages among what was read have plans without faults."""
    limited = [(sql, parameters) for sql, parameters in read if "LIMIT" in sql]
    assert len(limited) == pages
    with town.instance.inside():
        for sql, parameters in limited:
            plan = await plan_of(sql, parameters)
            assert faults(sql, plan) == [], f"{sql}\n{plan}"
