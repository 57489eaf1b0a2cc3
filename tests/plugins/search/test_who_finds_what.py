"""Nobody finds what they may not see, nor what its author does not want to be found."""

from __future__ import annotations

import pytest

from core.database import execute, now, one_of, rows
from core.leases import LEASE
from core.models import Actor
from core.testing import Foreign, Person, TestInstance, Visitor, befriend, settle
from plugins.search.service import mark_anew
from tests.federation.arrivals import arrive

VISIBILITIES = ("public", "unlisted", "followers", "friends", "private", "direct")


async def found(viewer: Visitor, q: str = "needle") -> set[str]:
    return {post["visibility"] for post in (await viewer.get("/search/posts", q=q, limit=50))["posts"]}


async def opted_out(person: Person) -> None:
    await person.put("/users/me", {"settings": {"searchable": False}})


@pytest.fixture
async def friend(alpha: TestInstance, ann: Person) -> Person:
    friend = await alpha.user("friend")
    await befriend(ann, friend)
    return friend


async def test_others_find_public_posts_only_whoever_they_are(
    ann: Person, friend: Person, eve: Person, anon: Visitor
) -> None:
    for visibility in VISIBILITIES:
        await ann.publish("needle", visibility=visibility)
    assert await found(anon) == await found(eve) == await found(friend) == {"public"}
    assert await found(ann) == set(VISIBILITIES)


async def test_whoever_is_mentioned_finds_it_and_nobody_else_does(
    alpha: TestInstance, ann: Person, bob: Person, friend: Person, anon: Visitor
) -> None:
    for visibility in VISIBILITIES:
        await ann.publish("needle for @bob", visibility=visibility)
    assert await found(bob) == set(VISIBILITIES) - {"private"}
    assert await found(friend) == await found(anon) == {"public"}


async def test_who_says_no_is_found_no_more_at_once_and_again_after_a_yes(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    await ann.publish("needle")
    await opted_out(ann)
    await ann.publish("another needle")
    assert await found(anon) == await found(bob) == set()
    assert await found(ann) == {"public"}
    await settle(alpha)
    assert await found(anon) == set()
    await ann.put("/users/me", {"settings": {"searchable": True}})
    await settle(alpha)
    assert len((await anon.get("/search/posts", q="needle"))["posts"]) == 2


async def test_who_says_yes_while_their_no_is_being_written_is_found_again(
    alpha: TestInstance, ann: Person, anon: Visitor
) -> None:
    await ann.publish("needle")
    await opted_out(ann)
    with alpha.inside():
        await mark_anew(actor_id=ann.id)  # as another process does, which has not written down yet that it is done
        under_way = await rows("UPDATE core_job SET state = 'running', due_at = $1 RETURNING id", now() + LEASE)
    await ann.put("/users/me", {"settings": {"searchable": True}})
    with alpha.inside():
        await execute(f"DELETE FROM core_job WHERE id {one_of(1)}", [one["id"] for one in under_way])
    await settle(alpha)
    assert await found(anon) == {"public"}


async def test_blocks_hide_both_ways_and_mutes_one_way(ann: Person, bob: Person, eve: Person) -> None:
    await ann.publish("needle")
    await ann.post(f"/users/{bob.id}/block")
    await eve.post(f"/users/{ann.id}/mute")
    assert await found(bob) == await found(eve) == set()
    await bob.publish("needle")
    assert len((await ann.get("/search/posts", q="needle"))["posts"]) == 1
    assert (await bob.get("/search/users", q="ann"))["users"] == []


async def test_who_is_suspended_or_silenced_is_not_found(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    await ann.publish("needle")
    for column in ("suspended_at", "silenced_at"):
        with alpha.inside():
            moment = (await Actor.get(id=ann.id)).created_at
            await Actor.filter(id=ann.id).update(**{column: moment})
        assert await found(anon) == set(), column
        with alpha.inside():
            await Actor.filter(id=ann.id).update(**{column: None})
    assert await found(anon) == {"public"}


async def test_people_elsewhere_are_found_by_their_words_only_if_they_agreed(
    alpha: TestInstance, foreign: Foreign, ann: Person, anon: Visitor
) -> None:
    zoe, yes = foreign.person("zoe"), foreign.person("yes", indexable=True)
    for author in (zoe, yes):
        await arrive(alpha, author, author.activity("Create", author.note("<p>needle</p>")))
    mention = {"type": "Mention", "href": ann.uri, "name": ann.address}
    note = zoe.note("<p>needle for you</p>", cc=[ann.uri], tag=[mention])
    await arrive(alpha, zoe, zoe.activity("Create", note))
    posts = (await anon.get("/search/posts", q="needle"))["posts"]
    assert [post["user"]["username"] for post in posts] == ["yes"]
    mine = (await ann.get("/search/posts", q="needle"))["posts"]
    assert sorted(post["user"]["username"] for post in mine) == ["yes", "zoe"]
