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

from core.audience import STRANGER, Viewer, may_see, visible_sql
from core.database import execute, many, new_id, one_of, rows, transaction
from core.federation.handles import limit_new
from core.models import Actor, Attachment, Entry
from core.storage.models import File
from core.testing import DIALECT, Person, TestInstance, Visitor, settle, world
from plugins.images.models import AltSuggestion
from plugins.images.service import fields_of
from plugins.posts import lists
from tests.core.plans import plan_of, plans_of

AUTHORS, ENTRIES, READERS = 400, 6_000, 40
BIG = (
    "core_entry",
    "core_timeline",
    "core_follow",
    "core_like",
    "core_boost",
    "core_bookmark",
    "core_entry_tag",
    "core_mention",
)
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
        await Actor.bulk_create(
            [
                Actor(id=one, uri=f"https://x/{one}", username=f"p{n}", username_key=f"p{n}", created_at=START)
                for n, one in enumerate(people)
            ],
            batch_size=500,
        )
        await execute("UPDATE core_actor SET domain = 'far.test' WHERE id " + one_of(1), people[1::2])
        await Entry.bulk_create(entry_rows(dice, entries, authors, people), batch_size=500)
        await show(entries)
        await tie(dice, ann.id, people, entries)
        if DIALECT == "postgres":  # as it does by itself; SQLite never learns how much is where
            await execute("ANALYZE")
    return Town(at, ann, "p0", entries[0])


def entry_rows(dice: random.Random, entries: list[str], authors: list[str], people: list[str]) -> Iterator[Entry]:
    """Some for each audience, most of them public; a third are answers, half of these to the first of all."""
    here = set(people[::2])
    audiences = ["public"] * 4 + ["unlisted", "followers", "friends", "direct", "private"]
    for number, (entry, author) in enumerate(zip(entries, authors, strict=True)):
        parent = entries[0 if number % 2 else dice.randrange(number)] if number % 3 == 1 else None
        at = START + timedelta(minutes=number)
        yield Entry(
            id=entry,
            kind="post",
            author_id=author,
            uri=f"https://x/e/{entry}",
            visibility=dice.choice(audiences),
            content="<p>x</p>",
            source="x",
            language="en",
            reply_to_id=parent,
            reply_to_uri=parent or "",
            root_id=parent,
            is_local=author in here,
            published_at=at,
            received_at=at,
        )


async def show(entries: list[str]) -> None:
    """Every third has a picture."""
    shown = entries[::3]
    await many(
        "INSERT INTO core_attachment (id, entry_id, position, type, url, media_type, alt, blurhash, preview_url)"
        " VALUES ($1, $2, 0, 'image', 'https://x/picture', 'image/png', '', '', '')",
        [(new_id(), entry) for entry in shown],
    )
    await many("UPDATE core_entry SET is_visual = TRUE WHERE id = $1", [(entry,) for entry in shown])


async def tie(dice: random.Random, ann: str, people: list[str], entries: list[str]) -> None:
    """Follows, homes, tags, bookmarks, likes and a few blocks and mutes."""
    followed = dice.sample(people, 350)
    pairs = {(ann, one) for one in followed} | {(one, people[0]) for one in people[1:]}
    pairs |= {(one, ann) for one in followed[:30]}
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
    for table in ("core_bookmark", "core_like", "core_boost"):
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
    await many(
        "INSERT INTO core_domain_block (id, actor_id, domain, created_at) VALUES ($1, $2, $3, $4)",
        [(new_id(), one, f"s{number}.test", START) for one in (ann, *people[:20]) for number in range(20)],
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


def faults(sql: str, plan: str) -> list[str]:
    """The steps of a plan that read a big table from end to end, or sort what an index has in order."""
    if DIALECT == "postgres":  # where it expects a few dozen rows at most, it may well sort them
        return re.findall(rf"Seq Scan on (?:{'|'.join(BIG)})\b.*|.*\bSort\b +\(cost=\S+ rows=\d{{3,}}.*", plan)
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
    "shares": "/posts/{root}/shares",
    "what I like": "/likes",
    "pictures on the profile": "/users/{busy}/posts?media=true",
}


OWN = ("home", "bookmarks", "what I like")


@pytest.mark.parametrize("name", LISTS)
async def test_a_hot_list_is_read_through_its_index(town: Town, name: str) -> None:
    path = LISTS[name].format(busy=town.busy, root=town.root)
    readers: list[Visitor] = [town.ann] if name in OWN else [town.ann, town.instance.anon]
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


async def test_pictures_of_somebody_are_one_range_of_an_index(town: Town) -> None:
    with reads(town.instance) as read:
        assert len((await town.ann.get(f"/users/{town.busy}/posts?media=true"))["posts"]) == 20
    (page,) = [each for each in read if "LIMIT" in each[0]]
    with town.instance.inside():
        plan = await plan_of(*page)
    assert "core_entry_visual" in plan and "core_entry_author" not in plan, plan


async def test_lists_of_people_and_of_friends_are_read_through_indexes(town: Town) -> None:
    followed = (await town.ann.get("/users/ann/following", limit=30))["users"]
    listed = (await town.ann.post("/lists", {"title": "Some"}))["listId"]
    await town.ann.post(f"/lists/{listed}/members", {"userIds": [user["userId"] for user in followed]})
    for path in (f"/lists/{listed}/posts", "/feed?scope=friends"):
        with reads(town.instance) as read:
            assert len((await town.ann.get(path))["posts"]) == 20
        (page,) = [each for each in read if "LIMIT" in each[0]]
        with town.instance.inside():
            plan = await plan_of(*page)
        # What they wrote is sorted, a page of each; no table is read from end to end.
        found = [fault for fault in faults(page[0], plan) if "Sort" not in fault and "TEMP B-TREE" not in fault]
        assert not found and re.search("core_entry_(author|visual)", plan), plan  # both begin with the author


async def test_suggested_descriptions_are_read_and_counted_through_an_index(town: Town) -> None:
    with town.instance.inside():
        entries = [one["id"] for one in await rows("SELECT id FROM core_entry ORDER BY id LIMIT 3000")]
        others = [
            one["id"] for one in await rows("SELECT id FROM core_actor WHERE domain = '' AND id <> $1", town.ann.id)
        ]
        ties = [(town.ann.id, one) for one in others[:40]] + [(one, town.ann.id) for one in others[:40]]
        ties += [(others[number % 150], others[number % 149]) for number in range(len(ties), len(entries))]
        files = [File(owner_id=owner, type="image", media_type="image/png", state="ready") for owner, _helper in ties]
        shown = zip(files, entries, strict=True)
        asked = zip(files, ties, strict=True)
        await File.bulk_create(files, batch_size=500)
        await Attachment.bulk_create(
            [Attachment(entry_id=entry, position=1, file_id=file.id, type="image") for file, entry in shown],
            batch_size=500,
        )
        await AltSuggestion.bulk_create(
            [AltSuggestion(file_id=file.id, author_id=one, actor_id=other, alt="x") for file, (one, other) in asked],
            batch_size=500,
        )
        if DIALECT == "postgres":
            await execute("ANALYZE")
    with reads(town.instance) as read:
        for direction in ("in", "out"):
            assert len((await town.ann.get("/alt-suggestions", direction=direction))["suggestions"]) == 20
        async with town.ann.browser() as browser:
            await browser.get("/settings")  # each page counts those that wait
    mine = [each for each in read if "images_alt_suggestion" in each[0]]
    assert len(mine) == 3
    with town.instance.inside():
        for sql, parameters in mine:
            plan = await plan_of(sql, parameters)
            assert faults(sql, plan) == [] and "images_alt_suggestion_a" in plan, f"{sql}\n{plan}"
            assert not re.search(r"Seq Scan on images_alt_suggestion|SCAN s\b", plan), plan


async def test_with_what_pictures_were_taken_is_looked_up_for_those_that_are_shown(town: Town) -> None:
    with reads(town.instance) as read, town.instance.inside():
        shown = [one["entry_id"] for one in await rows("SELECT entry_id FROM core_attachment LIMIT 20")]
        await fields_of(shown)
    [page] = [each for each in read if "images_image" in each[0]]
    with town.instance.inside():
        for plan in await plans_of(*page):
            assert not re.search(r"Seq Scan on core_attachment|SCAN [hf]\b", plan), plan


async def test_people_of_a_server_that_asks_are_not_looked_for_among_all(town: Town) -> None:
    with reads(town.instance) as read, town.instance.inside():
        for entry in await Entry.filter(visibility="followers").limit(2):
            assert await may_see(Viewer(host="far.test"), entry) is not None
        await rows(*listed_for("far.test"))
    asked = [each for each in read if each[1][-1] == "far.test"]
    assert len(asked) == 3
    with town.instance.inside():
        for sql, parameters in asked:
            for plan in await plans_of(sql, parameters):
                assert not re.search(r"(Seq Scan on core_actor|SCAN) [vw]\b", plan), plan


async def test_whether_a_server_is_known_is_not_looked_for_among_all_people(town: Town) -> None:
    with reads(town.instance) as read, town.instance.inside():
        await limit_new("new.test")
    [(sql, parameters)] = [each for each in read if "core_actor" in each[0]]
    with town.instance.inside():
        plan = await plan_of(sql, parameters)
    assert "core_actor_host" in plan, plan


def listed_for(host: str) -> tuple[str, str]:
    """A list as a server reads it, which signs for all its people."""
    return (
        "SELECT e.id FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE {visible_sql(Viewer(host=host), 1)} ORDER BY e.id DESC LIMIT 20",
        host,
    )


async def check(town: Town, read: list[tuple[str, Any]], *, pages: int) -> None:
    """The pages among what was read have plans without faults."""
    limited = [(sql, parameters) for sql, parameters in read if "LIMIT" in sql]
    assert len(limited) == pages
    with town.instance.inside():
        for sql, parameters in limited:
            for plan in await plans_of(sql, parameters):
                assert faults(sql, plan) == [], f"{sql}\n{plan}"


@pytest.mark.skipif(DIALECT != "postgres", reason="SQLite merges nothing")
async def test_what_belongs_to_a_post_is_looked_up_and_not_merged_with_everybody(town: Town) -> None:
    """To come to the newest of all people, a merge would pass by everybody else."""
    newest = await town.instance.user("newest")
    with reads(town.instance) as read:
        await newest.publish("By whoever came last.")
        await settle(town.instance)
    assert [sql for sql, _ in read if "JOIN core_actor" in sql]
    with town.instance.inside():
        for sql, parameters in read:
            for plan in await plans_of(sql, parameters):
                assert "Merge" not in plan, f"{sql}\n{plan}"


@pytest.mark.skipif(DIALECT != "postgres", reason="SQLite compiles no queries")
async def test_a_new_database_compiles_no_query() -> None:
    """Before it knows how much is where, PostgreSQL would compile what joins much: for half a second, each time."""
    async with world("new.test") as (instance,):
        ann = await instance.user("ann")
        await ann.publish("First.")
        instance.instance.cache.drop_prefix("")
        with reads(instance) as read:
            await ann.feed()
        (prepared,) = [each for each in read if "LEFT JOIN core_linked_card" in each[0]]
        with instance.inside():
            plan = await plan_of(*prepared)
            assert "JIT:" not in plan and await rows("SHOW jit") == [{"jit": "off"}], plan


@pytest.mark.skipif(DIALECT != "postgres", reason="SQLite keeps every plan")
async def test_a_list_of_ids_is_not_planned_for_again_and_again(town: Town) -> None:
    """To plan what joins much takes PostgreSQL twenty times as long as to look up a few ids with it."""
    with town.instance.inside():
        sql = f"SELECT e.id FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.id {one_of(1)}"
        ids = [one["id"] for one in await rows("SELECT id FROM core_entry ORDER BY id LIMIT 40")]
        async with transaction():  # on one connection
            for number in range(8):
                assert await rows(sql, [ids[number]]) == [{"id": ids[number]}]
            assert {one["id"] for one in await rows(sql, ids)} == set(ids)
            found = await rows("SELECT custom_plans FROM pg_prepared_statements WHERE statement = $1", sql)
        for plan in await plans_of(sql, [ids]):
            assert "Seq Scan on core_entry" not in plan, plan
    assert found == [{"custom_plans": 5}]
