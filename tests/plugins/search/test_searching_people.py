"""Finding people by how their names begin, tags, everything at once, and what is behind an address."""

from __future__ import annotations

import pytest

from core.models import Actor
from core.testing import Foreign, Person, TestInstance, Visitor, fields_of, settle
from tests.federation.arrivals import arrive


async def found(viewer: Visitor, q: str, **more: object) -> list[str]:
    return [user["acct"] for user in (await viewer.get("/search/users", q=q, **more))["users"]]


async def test_a_name_is_found_by_how_any_of_its_words_begins(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    await ann.put("/users/me", {"fullName": "Ánna Maria Größ"})
    for q in ("an", "ANN", "anna", "mar", "grös", "gros maria", "@ann", "@ann@alpha.test"):
        assert await found(anon, q) == ["ann"], q
    for q in ("nn", "anna peter", "ann@elsewhere.test", "ann@example.org"):
        assert await found(anon, q) == [], q


async def test_a_new_name_is_found_and_the_old_one_is_not(ann: Person, anon: Visitor) -> None:
    await ann.put("/users/me", {"fullName": "Zora"})
    assert await found(anon, "zora") == ["ann"]
    await ann.put("/users/me", {"fullName": "Nora"})
    assert await found(anon, "zora") == [] and await found(anon, "nora") == ["ann"]


async def test_the_very_name_comes_first_then_whom_one_follows(alpha: TestInstance, ann: Person) -> None:
    await alpha.users("mo", "moa", "mob")
    assert (await found(ann, "mo"))[0] == "mo"
    await ann.follow("mob")
    assert await found(ann, "mo") == ["mo", "mob", "moa"]


async def test_who_does_not_want_to_be_found_is_found_by_followers_only(
    ann: Person, bob: Person, anon: Visitor
) -> None:
    await ann.put("/users/me", {"settings": {"discoverable": False}})
    assert await found(anon, "ann") == await found(bob, "ann") == []
    await bob.follow(ann)
    assert await found(bob, "ann") == await found(ann, "ann") == ["ann"]


async def test_people_elsewhere_are_found_if_they_want_to_be(
    alpha: TestInstance, foreign: Foreign, anon: Visitor
) -> None:
    for name, wish in (("zoe", True), ("zeno", False)):
        person = foreign.person(name, discoverable=wish)
        await arrive(alpha, person, person.activity("Create", person.note("<p>hi</p>")))
    assert await found(anon, "ze") == [] and await found(anon, "zo") == ["zoe@foreign.test"]
    assert await found(anon, "zoe@foreign.test") == ["zoe@foreign.test"]
    assert await found(anon, "zoe@other.test") == []


async def test_who_left_is_not_found(alpha: TestInstance, ann: Person, admin: Person, anon: Visitor) -> None:
    await ann.publish("a farewell")
    await admin.delete(f"/users/{ann.id}")
    assert await found(anon, "ann") == []
    await settle(alpha)
    assert (await anon.get("/search/posts", q="farewell"))["posts"] == []


async def test_tables_of_people_have_a_total(alpha: TestInstance, anon: Visitor) -> None:
    await alpha.users("kim1", "kim2", "kim3")
    page = await anon.get("/search/users", q="kim", page=2, limit=2)
    assert (len(page["users"]), page["pagination"]["total"], page["pagination"]["hasMore"]) == (1, 3, False)
    beyond = await anon.get("/search/users", q="kim", page=9, limit=2)
    assert (beyond["users"], beyond["pagination"]["total"]) == ([], 3)


@pytest.mark.parametrize("q", ["", "x" * 501])
async def test_no_name_and_too_long_a_name_are_refused(anon: Visitor, q: str) -> None:
    assert fields_of(await anon.refused(422, "GET", "/search/users", params={"q": q})) == ["q"]


# -- Everything at once --------------------------------------------------------
async def test_everything_finds_people_posts_and_tags(ann: Person, bob: Person) -> None:
    post = await bob.publish("ann likes #annuals")
    found = await ann.get("/search", q="ann")
    assert [user["userId"] for user in found["users"]] == [ann.id]
    assert [each["postId"] for each in found["posts"]] == [post["postId"]]
    assert [(tag["tag"], tag["peopleCount"], tag["postsCount"]) for tag in found["tags"]] == [("annuals", 1, 1)]


async def test_an_address_finds_what_is_there(ann: Person, bob: Person) -> None:
    post = await bob.publish("here")
    for address in (post["url"], post["uri"]):
        assert [each["postId"] for each in (await ann.get("/search", q=address))["posts"]] == [post["postId"]]
    for address in ("@bob", "@bob@alpha.test", "https://alpha.test/@bob"):
        assert [each["userId"] for each in (await ann.get("/search", q=address))["users"]] == [bob.id], address


async def test_what_is_elsewhere_is_looked_up_for_members(
    alpha: TestInstance, foreign: Foreign, ann: Person, anon: Visitor
) -> None:
    zoe = foreign.person("zoe")
    note = zoe.note("<p>far away</p>")
    (user,) = (await ann.get("/search", q="@zoe@foreign.test"))["users"]
    assert user["acct"] == "zoe@foreign.test"
    (post,) = (await ann.get("/search", q=note["id"]))["posts"]
    assert post["content"] == "<p>far away</p>"
    await anon.refused(401, "GET", "/search", params={"q": "@zoe@foreign.test"})


async def test_what_one_may_not_see_is_not_found_by_its_address(ann: Person, eve: Person) -> None:
    post = await ann.publish("hidden", visibility="private")
    assert (await eve.get("/search", q=post["url"]))["posts"] == []
    assert len((await ann.get("/search", q=post["url"]))["posts"]) == 1


# -- Hashtags ------------------------------------------------------------------
async def test_the_page_of_a_tag_counts_people_and_leaves_out_what_is_not_for_all(
    ann: Person, bob: Person, anon: Visitor
) -> None:
    for person in (ann, ann, bob):
        await person.publish("#Küche at work")
    await ann.publish("quiet #küche", visibility="followers")
    page = await anon.get("/tags/KÜCHE", limit=2)
    assert (page["peopleCount"], page["postsCount"], len(page["posts"])) == (2, 3, 2)
    rest = await anon.get("/tags/Küche", limit=2, cursor=page["pagination"]["nextCursor"])
    assert len(rest["posts"]) == 1 and not rest["pagination"]["hasMore"]


async def test_tags_are_found_by_how_they_begin(ann: Person, bob: Person) -> None:
    await ann.publish("#bread #broth")
    await bob.publish("#broth #tea_time")
    found = (await ann.get("/search", q="#br"))["tags"]
    assert [(tag["tag"], tag["peopleCount"]) for tag in found] == [("broth", 2), ("bread", 1)]
    assert (await ann.get("/search", q="b%"))["tags"] == []


async def test_who_is_hidden_here_makes_no_tag(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await ann.publish("#gone")
    with alpha.inside():
        await Actor.filter(id=ann.id).update(silenced_at=ann.actor.created_at)
    assert (await bob.get("/search", q="gone"))["tags"] == []
