"""The index stands and falls with what it is about, can be written anew, and is read by its indexes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from core.database import execute, recorded, rows, value
from core.entries import Draft, publishing
from core.models import Actor
from core.testing import DIALECT, Person, TestInstance, Visitor, settle, world
from plugins.search import finding, service
from plugins.search.postgres_index import NEWEST_FIRST
from plugins.search.query import understood
from tests.core.many_posts import write_many
from tests.core.plans import plans_of


async def found(viewer: Visitor, q: str) -> int:
    return len((await viewer.get("/search/posts", q=q))["posts"])


async def test_what_is_taken_back_never_stood_in_the_index(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    with alpha.inside():
        author = await Actor.get(id=ann.id)
        with pytest.raises(RuntimeError):
            async with publishing(Draft("post", author, content="<p>halfway</p>")):
                raise RuntimeError("the kind's own rows could not be written")
        assert not await value("SELECT COUNT(*) FROM search_document")
    assert await found(anon, "halfway") == 0


async def test_edits_and_deletions_are_in_the_index_at_once(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("before")
    await ann.put(f"/posts/{post['postId']}", {"content": "after"})
    assert (await found(anon, "before"), await found(anon, "after")) == (0, 1)
    await ann.delete(f"/posts/{post['postId']}")
    assert await found(anon, "after") == 0


async def test_nothing_of_somebody_erased_stays_in_the_index(alpha: TestInstance, ann: Person, admin: Person) -> None:
    await ann.publish("to be forgotten")
    await admin.delete(f"/users/{ann.id}")
    await settle(alpha)
    with alpha.inside():
        assert not await value("SELECT COUNT(*) FROM search_person WHERE actor_id = $1", ann.id)
        assert not await value("SELECT COUNT(*) FROM search_document")
        if DIALECT == "sqlite":
            assert not await value("SELECT COUNT(*) FROM search_words")
            names = await rows("SELECT rowid AS id FROM search_names")
            assert {name["id"] for name in names} == {
                person["id"] for person in await rows("SELECT id FROM search_person")
            }


async def test_an_index_that_is_lost_is_written_anew(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    posts = [await ann.publish("needle", visibility=each) for each in ("public", "private", "public")]
    await bob.put("/users/me", {"settings": {"searchable": False}})
    await bob.publish("needle")
    with alpha.inside():
        await execute("DELETE FROM search_document")
        await execute("DELETE FROM search_person")
    assert await found(ann, "needle") == 0
    steps: list[object] = []
    with alpha.inside():
        length = await service.size()
        assert await service.rebuild(steps.append) == len(posts) + 1
    assert len(steps) == length == 2
    assert (await found(anon, "needle"), await found(ann, "needle"), await found(bob, "needle")) == (2, 3, 3)
    assert [user["acct"] for user in (await anon.get("/search/users", q="ann"))["users"]] == ["ann"]


async def test_a_server_that_had_posts_before_the_search_fills_its_index(
    alpha: TestInstance, ann: Person, anon: Visitor
) -> None:
    await ann.publish("needle")
    with alpha.inside():
        await execute("DELETE FROM search_document")
        await execute("DELETE FROM search_person")
        await service.fill_if_needed()
    await settle(alpha)
    assert await found(anon, "needle") == 1


@pytest.mark.skipif(DIALECT == "postgres", reason="PostgreSQL stems by itself")
async def test_an_index_that_knows_no_forms_of_words_yet_is_written_anew_once(
    alpha: TestInstance, ann: Person, anon: Visitor
) -> None:
    await ann.publish("One boat", language="en")
    await ann.publish("Two boats", language="en")
    with alpha.inside():
        await execute("UPDATE search_words SET marks = SUBSTR(marks, 1, INSTR(marks, ' stems1') - 1)")
    assert await found(anon, "boat lang:en") == 1
    with alpha.inside():
        await service.fill_if_needed()
    await settle(alpha)
    assert await found(anon, "boat lang:en") == 2
    with alpha.inside(), recorded() as statements:
        await service.fill_if_needed()
    assert not any("core_job" in statement for statement in statements)


async def test_posts_of_one_millisecond_all_have_a_place(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    ids = [f"0190a000-0000-7000-8000-00000000000{number}" for number in range(4)]
    with alpha.inside():
        author = await Actor.get(id=ann.id)
        for entry_id in ids:
            async with publishing(Draft("post", author, content="<p>needle</p>", id=entry_id)):
                pass
    assert await found(anon, "needle") == 4


# -- Among thousands of posts ----------------------------------------------------
@dataclass
class Library:
    """A place with more posts than PostgreSQL looks at one by one, by Bob; Ann wrote before and after that."""

    instance: TestInstance
    ann: Person
    needles: list[str]


@pytest.fixture(scope="module")
async def library() -> AsyncIterator[Library]:
    async with world("library.test") as (instance,):
        ann, bob = await instance.user("ann"), await instance.user("bob")
        needles = [(await ann.publish("old needle"))["postId"] for _ in range(3)]
        with instance.inside():
            await write_many(bob, NEWEST_FIRST + 500)
            await service.rebuild(lambda step: None)
            if DIALECT == "postgres":
                await execute("ANALYZE")
        needles += [(await ann.publish("needle in"))["postId"] for _ in range(4)]
        yield Library(instance, ann, needles)


QUERIES = ("needle", "needle from:ann", '"needle in" -hay before:2999-01-01', "has:link")


@pytest.mark.parametrize("limit", [1, 3, 4, 6, 7])
async def test_what_is_older_than_thousands_of_others_follows_what_is_newer(library: Library, limit: int) -> None:
    seen, cursor = list[str](), None
    while cursor != "":
        page = await library.instance.anon.get("/search/posts", q="needle", limit=limit, cursor=cursor)
        seen += [post["postId"] for post in page["posts"]]
        cursor = page["pagination"]["nextCursor"] or ""
    assert seen == library.needles[::-1]


@pytest.mark.parametrize(
    ("q", "number"),
    [
        ("needle before:2001-01-01", 0),
        ("needle after:2001-01-01", 7),
        ("needle after:2001-01-01 before:2999-01-01 -in", 3),
        ("needle after:2999-01-01", 0),
        ('"needle in"', 4),
        ('needle -"needle in"', 3),
    ],
)
async def test_bounds_and_operators_hold_among_thousands_of_others(library: Library, q: str, number: int) -> None:
    assert await found(library.instance.anon, q) == number


@pytest.mark.parametrize("q", QUERIES)
async def test_posts_are_found_by_the_index_of_words(library: Library, q: str) -> None:
    with library.instance.inside():
        actor = await Actor.get(id=library.ann.id)
        with recorded() as statements:
            assert bool(await finding.find_posts(actor, understood(q), None, 20)) == (q != "has:link")
        wanted = await finding.wanted_of(actor, understood(q), None)
        assert wanted is not None
        plans = await plans_of(*finding.statement(actor, wanted, 20))
    assert sum("search_document" in statement for statement in statements) == (3 if DIALECT == "postgres" else 1)
    for plan in plans:
        if DIALECT == "postgres":
            assert "search_document_vector" in plan and "Seq Scan on search_document" not in plan
            assert "search_document_pkey" not in plan, "no walk through all there is"
            assert is_understood_once(plan) and looks_up_only_a_page(plan), plan
        else:
            assert "SCAN w VIRTUAL TABLE" in plan and "TEMP B-TREE" not in plan
            assert "SCAN d" not in plan and "SCAN e" not in plan and "SCAN a" not in plan


@pytest.mark.skipif(DIALECT != "postgres", reason="SQLite reads its index from the newest on")
@pytest.mark.parametrize("q", QUERIES)
async def test_the_newest_posts_are_looked_at_one_by_one(library: Library, q: str) -> None:
    with library.instance.inside():
        actor = await Actor.get(id=library.ann.id)
        wanted = await finding.wanted_of(actor, understood(q), None)
        assert wanted is not None
        end = await value("SELECT id FROM search_document ORDER BY id DESC LIMIT 1 OFFSET 2000")
        latest = finding.statement(actor, replace(wanted, above=end), 20, one_by_one=True)
        for plan in await plans_of(*latest):
            assert "Scan Backward using search_document_pkey" in plan and "search_document_vector" not in plan, plan
            assert is_understood_once(plan) and looks_up_only_a_page(plan), plan


def is_understood_once(plan: str) -> bool:
    """Whether the words are made a query once, and not for each document anew."""
    return bool(re.search(r"vector @@ \$\d+\)", plan)) and not re.search(r"vector @@ [^$]", plan)


def looks_up_only_a_page(plan: str) -> bool:
    """Whether all is in order before entries and people are looked up for it: a page of them ends the search."""
    lines = [line for line in plan.splitlines() if "->" in line and re.search("Sort|Nested Loop|core_entry e", line)]
    above = lines[: next(number for number, line in enumerate(lines) if "core_entry e" in line)]
    last = max(number for number, line in enumerate(above) if "Nested Loop" in line)
    return not any("Sort" in line for line in above[:last])
