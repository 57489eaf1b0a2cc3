"""Feeds: who is in them, what is shared into them, and what never is."""

from __future__ import annotations

from typing import Any

import pytest

from core.accounts import administration
from core.database import execute, now
from core.entries import Draft, publishing
from core.models import ACCEPTED, Actor, Follow
from core.testing import Person, TestInstance, Visitor
from core.testing.people import befriend, data_of, fields_of, problem_of


async def texts(who: Visitor, scope: str | None = "home", **query: Any) -> list[str]:
    """What the posts of a feed say, in order."""
    feed = await who.get("/feed", scope=scope, **query)
    return [post["content"].removeprefix("<p>").removesuffix("</p>") for post in feed["posts"]]


# -- Home ----------------------------------------------------------------------
async def test_home_has_mine_and_theirs_whom_i_follow_newest_first(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    await ann.publish("mine")
    await bob.publish("his")
    await eve.publish("hers")
    assert await texts(ann) == ["his", "mine"]


async def test_posts_of_before_come_with_the_follow_and_go_with_it(ann: Person, bob: Person) -> None:
    await bob.publish("old")
    await ann.follow(bob)
    await bob.publish("new")
    assert await texts(ann) == ["new", "old"]
    await ann.delete("/users/bob/follow")
    assert await texts(ann) == []


async def test_a_request_that_waits_brings_nothing(ann: Person, bob: Person) -> None:
    await bob.put("/users/me", {"isLocked": True})
    await bob.publish("old", visibility="followers")
    await ann.follow(bob)
    await bob.publish("new", visibility="followers")
    assert await texts(ann) == []
    await bob.put(f"/follow-requests/{ann.id}/accept")
    assert await texts(ann) == ["new", "old"]


async def test_answers_come_from_those_who_know_both_sides(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    hers, his, mine = await eve.publish("hers"), await bob.publish("his"), await ann.publish("mine")
    for post in (hers, his, mine):
        await bob.publish(f"to {post['content'][3:-4]}", inReplyTo=post["postId"])
    await eve.publish("a stranger's", inReplyTo=his["postId"])
    assert await texts(ann) == ["to mine", "to his", "mine", "his"]
    await ann.follow(eve)
    assert "to hers" not in await texts(ann)
    await bob.publish("to hers again", inReplyTo=hers["postId"])
    assert (await texts(ann))[0] == "to hers again"


async def test_home_needs_a_session_and_strangers_get_the_global_feed(ann: Person, anon: Visitor) -> None:
    await ann.publish("public")
    for scope in ("home", "friends"):
        await anon.refused(401, "GET", f"/feed?scope={scope}")
    assert await texts(anon, None) == ["public"]


async def test_the_feed_has_two_addresses(ann: Person) -> None:
    await ann.publish()
    assert await ann.get("/posts/feed") == await ann.get("/feed") == await ann.get("/feed", scope="home")


# -- The other scopes ----------------------------------------------------------
async def test_friends_has_friends_and_nobody_else(ann: Person, bob: Person, eve: Person) -> None:
    await befriend(ann, bob)
    await ann.follow(eve)
    for person in (ann, bob, eve):
        await person.publish(person.name)
    post = await bob.publish("for friends", visibility="friends")
    await bob.publish("an answer", inReplyTo=post["postId"])
    assert await texts(ann, "friends") == ["for friends", "bob", "ann"]
    await bob.delete("/users/ann/follow")
    assert await texts(ann, "friends") == ["ann"]


@pytest.mark.parametrize("scope", ["local", "global"])
async def test_public_feeds_have_what_is_public_and_answers_nothing(
    ann: Person, bob: Person, anon: Visitor, scope: str
) -> None:
    post = await ann.publish("public")
    await bob.publish("an answer", inReplyTo=post["postId"])
    for visibility in ("unlisted", "followers", "friends", "private", "direct"):
        await ann.publish(visibility, visibility=visibility)
    for who in (ann, bob, anon):
        assert await texts(who, scope) == ["public"]


@pytest.mark.parametrize(
    ("query", "field"), [({"scope": "mars"}, "scope"), ({"limit": 0}, "limit"), ({"cursor": "x"}, "cursor")]
)
async def test_a_bad_question_is_refused(ann: Person, query: dict[str, Any], field: str) -> None:
    assert fields_of(problem_of(await ann.call("GET", "/feed", params=query), 422)) == [field]


async def test_a_cursor_of_one_feed_opens_no_other(ann: Person, eve: Person) -> None:
    for number in range(3):
        await ann.publish(str(number), visibility="private")
        await ann.publish(str(number))
    cursor = (await ann.get("/feed", limit=1))["pagination"]["nextCursor"]
    await eve.refused(422, "GET", f"/feed?cursor={cursor}")
    for scope in ("friends", "local", "global"):
        await ann.refused(422, "GET", f"/feed?scope={scope}&cursor={cursor}")


# -- Blocking, muting, suspending ----------------------------------------------
async def test_the_blocked_are_in_no_feed_of_either(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    await ann.publish("hers")
    await bob.publish("his")
    await ann.post("/users/bob/block")
    for scope in ("home", "friends", "local", "global"):
        assert await texts(ann, scope) == ["hers"], scope
        assert await texts(bob, scope) == ["his"], scope


async def test_the_muted_are_in_no_feed_until_they_are_unmuted(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    await bob.publish("before")
    await ann.post("/users/bob/mute")
    await bob.publish("meanwhile")
    for scope in ("home", "friends", "local", "global"):
        assert await texts(ann, scope) == [], scope
    assert (await ann.get("/users/bob/posts"))["posts"] != []
    await ann.delete("/users/bob/mute")
    assert await texts(ann) == ["meanwhile", "before"]


async def test_the_suspended_are_in_no_feed_until_they_are_back(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    await bob.publish("his")
    with alpha.inside():
        await administration.suspend(bob.actor)
    for scope in ("home", "friends", "local", "global"):
        assert await texts(ann, scope) == [], scope
    with alpha.inside():
        await administration.unsuspend(bob.actor)
    assert await texts(ann) == ["his"]


async def test_the_silenced_reach_their_followers_and_nobody_else(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    await ann.follow(bob)
    await bob.publish("his")
    with alpha.inside():
        await execute("UPDATE core_actor SET silenced_at = $1 WHERE id = $2", now(), bob.id)
    for who, scope in ((ann, "local"), (ann, "global"), (anon, "local"), (anon, "global")):
        assert await texts(who, scope) == [], scope
    assert await texts(ann) == ["his"]


async def test_posts_from_elsewhere_are_global_and_in_the_homes_of_followers(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        far = await Actor.create(uri="https://far.test/f", username="far", username_key="far", domain="far.test")
        await Follow.create(follower_id=ann.id, target_id=far.id, state=ACCEPTED)
        async with publishing(Draft("post", far, content="<p>from afar</p>", uri="https://far.test/1")):
            pass
    assert await texts(ann) == await texts(ann, "global") == ["from afar"]
    assert await texts(ann, "local") == []


# -- Sharing -------------------------------------------------------------------
async def share(person: Person, post: dict[str, Any]) -> None:
    await person.post(f"/posts/{post['postId']}/share")


async def unshare(person: Person, post: dict[str, Any]) -> None:
    await person.delete(f"/posts/{post['postId']}/share")


@pytest.fixture
async def cat(alpha: TestInstance) -> Person:
    """A second one who shares things."""
    return await alpha.user("cat")


async def shared(who: Person) -> list[tuple[str, str | None]]:
    """What stands in somebody's home, and who brought it there."""
    posts = await who.feed()
    return [(post["content"][3:-4], post["sharedBy"] and post["sharedBy"]["username"]) for post in posts]


async def test_a_share_reaches_the_followers_of_who_shares(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    post = await eve.publish("hers")
    await bob.publish("his")
    await share(bob, post)
    assert await shared(ann) == [("hers", "bob"), ("his", None)]
    assert await shared(eve) == [("hers", None)]
    await unshare(bob, post)
    assert await shared(ann) == [("his", None)]


async def test_what_i_have_already_does_not_come_again(ann: Person, bob: Person, eve: Person, cat: Person) -> None:
    for other in (bob, cat, eve):
        await ann.follow(other)
    post = await eve.publish("hers")
    await share(bob, post)
    await share(cat, post)
    assert await shared(ann) == [("hers", None)]
    await unshare(bob, post)
    assert await shared(ann) == [("hers", None)]


async def test_what_two_share_stays_until_both_take_it_back(ann: Person, bob: Person, eve: Person, cat: Person) -> None:
    for other in (bob, cat):
        await ann.follow(other)
    post = await eve.publish("hers")
    await share(bob, post)
    await share(cat, post)
    assert await shared(ann) == [("hers", "bob")]
    await unshare(bob, post)
    assert await shared(ann) == [("hers", "cat")]
    await unshare(cat, post)
    assert await shared(ann) == []


async def test_what_two_share_stays_when_one_is_unfollowed(ann: Person, bob: Person, eve: Person, cat: Person) -> None:
    for other in (bob, cat):
        await ann.follow(other)
    post = await eve.publish("hers")
    await share(bob, post)
    await share(cat, post)
    await ann.delete("/users/bob/follow")
    assert await shared(ann) == [("hers", "cat")]
    await ann.post("/users/cat/block")
    assert await shared(ann) == []


async def test_what_a_followed_author_wrote_stays_whoever_shared_it(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    post = await eve.publish("hers")
    await share(bob, post)
    await ann.follow(eve)
    assert await shared(ann) == [("hers", "bob")]
    await unshare(bob, post)
    assert await shared(ann) == [("hers", None)]
    await share(bob, post)
    await ann.delete("/users/eve/follow")
    assert await shared(ann) == [("hers", "bob")]


async def test_ones_own_post_stays_at_home_whoever_shares_it(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    post = await ann.publish("mine")
    await share(bob, post)
    await ann.delete("/users/bob/follow")
    assert await shared(ann) == [("mine", None)]


async def test_what_was_shared_before_comes_with_the_follow(ann: Person, bob: Person, eve: Person) -> None:
    await share(bob, await eve.publish("hers"))
    await ann.follow(bob)
    assert await shared(ann) == [("hers", "bob")]


@pytest.mark.parametrize("of", ["author", "sharer"])
async def test_a_share_is_hidden_behind_a_mute_or_suspension(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, of: str
) -> None:
    await ann.follow(bob)
    await share(bob, await eve.publish("hers"))
    other = eve if of == "author" else bob
    await ann.post(f"/users/{other.name}/mute")
    assert await shared(ann) == []
    await ann.delete(f"/users/{other.name}/mute")
    assert await shared(ann) == [("hers", "bob")]
    with alpha.inside():
        await administration.suspend(other.actor)
    assert await shared(ann) == []


async def test_a_share_by_a_friend_of_whom_i_block_is_hidden(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    await ann.post("/users/eve/block")
    await share(bob, await eve.publish("hers"))
    assert await shared(ann) == []


# -- Pages ---------------------------------------------------------------------
async def test_pages_have_twenty_and_the_last_one_says_so(ann: Person) -> None:
    made = [str(number) for number in range(23)]
    for text in made:
        await ann.publish(text)
    first = await ann.get("/feed")
    assert len(first["posts"]) == 20 and first["pagination"]["hasMore"] is True
    rest = await ann.get("/feed", cursor=first["pagination"]["nextCursor"])
    assert [post["source"] for post in first["posts"] + rest["posts"]] == made[::-1]
    assert rest["pagination"] == {"nextCursor": None, "hasMore": False}


async def test_an_exactly_full_page_is_the_last(ann: Person) -> None:
    for _ in range(4):
        await ann.publish()
    page = data_of(await ann.call("GET", "/feed?limit=4"))
    assert (len(page["posts"]), page["pagination"]["hasMore"]) == (4, False)
