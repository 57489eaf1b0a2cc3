"""The index stands and falls with what it is about, can be written anew, and is read by its indexes."""

from __future__ import annotations

import pytest

from core.database import execute, recorded, rows, value
from core.entries import Draft, publishing
from core.models import Actor
from core.testing import DIALECT, Person, TestInstance, Visitor, settle
from plugins.search import finding, service
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
        await service.fill_if_empty()
    await settle(alpha)
    assert await found(anon, "needle") == 1


async def test_posts_of_one_millisecond_all_have_a_place(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    ids = [f"0190a000-0000-7000-8000-00000000000{number}" for number in range(4)]
    with alpha.inside():
        author = await Actor.get(id=ann.id)
        for entry_id in ids:
            async with publishing(Draft("post", author, content="<p>needle</p>", id=entry_id)):
                pass
    assert await found(anon, "needle") == 4


@pytest.mark.parametrize("q", ["needle", "needle from:ann", '"needle in" -hay before:2999-01-01', "has:link"])
async def test_posts_are_found_by_the_index_of_words(alpha: TestInstance, ann: Person, q: str) -> None:
    with alpha.inside():
        await write_many(ann, 1500)
        await service.rebuild(lambda step: None)
        if DIALECT == "postgres":
            await execute("ANALYZE")
    await ann.publish("needle in")
    with alpha.inside():
        actor = await Actor.get(id=ann.id)
        with recorded() as statements:
            assert len(await finding.find_posts(actor, understood(q), None, 20)) == (q != "has:link")
        wanted = await finding.wanted_of(actor, understood(q), None)
        assert wanted is not None
        plans = await plans_of(*finding.statement(actor, wanted, 20, None))
    assert sum("search_document" in statement for statement in statements) == (2 if DIALECT == "postgres" else 1)
    for plan in plans:
        if DIALECT == "postgres":
            assert "search_document_vector" in plan and "Seq Scan on search_document" not in plan
            assert "search_document_pkey" not in plan, "no walk through all there is"
        else:
            assert "SCAN w VIRTUAL TABLE" in plan and "TEMP B-TREE" not in plan
            assert "SCAN d" not in plan and "SCAN e" not in plan and "SCAN a" not in plan
