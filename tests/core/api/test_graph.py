"""Following, being asked first, blocking and muting."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from core.database import new_id, rows
from core.testing import Person, TestInstance, Visitor
from core.testing.people import befriend


async def listed(who: Visitor, path: str, **query: Any) -> list[str]:
    """The names in a list of people, in order."""
    return [user["username"] for user in (await who.get(path, **query))["users"]]


async def counts(person: Person) -> tuple[int, int]:
    """How many follow somebody, and how many they follow, as their profile tells."""
    seen = await person.get("/users/me")
    return seen["followersCount"], seen["followingCount"]


async def counters_are_exact(at: TestInstance) -> None:
    """Every counter of every person equals the rows it counts."""
    with at.inside():
        wrong = await rows(
            "SELECT a.username FROM core_actor a WHERE followers_count <> (SELECT COUNT(*) FROM core_follow f"
            " WHERE f.target_id = a.id AND f.state = 'accepted') OR following_count <> (SELECT COUNT(*)"
            " FROM core_follow f WHERE f.follower_id = a.id AND f.state = 'accepted')"
        )
    assert wrong == []


@pytest.fixture
async def locked(alpha: TestInstance) -> Person:
    """Somebody who wants to be asked first."""
    person = await alpha.user("locked")
    await person.put("/users/me", {"isLocked": True})
    return person


# -- Following -----------------------------------------------------------------
async def test_following_answers_how_things_are_now(ann: Person, bob: Person) -> None:
    assert await ann.follow(bob) == {
        "userId": bob.id,
        "isFollowing": True,
        "isRequested": False,
        "followersCount": 1,
        "showShares": True,
        "showReplies": True,
    }
    assert (await counts(ann), await counts(bob)) == ((0, 1), (1, 0))
    seen = await ann.get("/users/bob")
    assert (seen["isFollowing"], seen["isFollowedBy"], seen["isFriend"]) == (True, False, False)
    assert (await bob.get("/users/ann"))["isFollowedBy"] is True


async def test_unfollowing_takes_it_back(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    state = await ann.delete(f"/users/{bob.id}/follow")
    assert (state["isFollowing"], state["followersCount"]) == (False, 0)
    assert (await counts(ann), await counts(bob)) == ((0, 0), (0, 0))


async def test_a_second_follow_is_a_conflict_and_an_unfollow_of_nobody_is_404(ann: Person, bob: Person) -> None:
    await ann.refused(404, "DELETE", f"/users/{bob.id}/follow")
    await ann.follow(bob)
    await ann.refused(409, "POST", f"/users/{bob.id}/follow")
    assert await counts(bob) == (1, 0)


async def test_nobody_follows_blocks_or_mutes_themselves(ann: Person) -> None:
    for verb in ("follow", "block", "mute"):
        await ann.refused(422, "POST", f"/users/ann/{verb}")


async def test_only_who_is_signed_in_follows_blocks_and_mutes(ann: Person, anon: Visitor) -> None:
    for verb in ("follow", "block", "mute"):
        await anon.refused(401, "POST", f"/users/{ann.id}/{verb}")
        await anon.refused(401, "DELETE", f"/users/{ann.id}/{verb}")


async def test_of_many_follows_at_once_one_counts(alpha: TestInstance, ann: Person, bob: Person) -> None:
    answers = await asyncio.gather(*(ann.call("POST", f"/users/{bob.id}/follow") for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 11
    assert await counts(bob) == (1, 0)
    gone = await asyncio.gather(*(ann.call("DELETE", f"/users/{bob.id}/follow") for _ in range(12)))
    assert sorted(answer.status_code for answer in gone) == [200] + [404] * 11
    assert await counts(bob) == (0, 0)


async def test_counts_stay_exact_whatever_many_do_at_once(alpha: TestInstance, ann: Person, locked: Person) -> None:
    fans = await alpha.users(*(f"fan{number}" for number in range(20)))
    await asyncio.gather(*(fan.call("POST", f"/users/{who.id}/follow") for fan in fans for who in (ann, locked)))
    await asyncio.gather(
        *(fan.call("DELETE", f"/users/{ann.id}/follow") for fan in fans[:10]),
        *(locked.call("PUT", f"/follow-requests/{fan.id}/accept") for fan in fans for _ in range(3)),
        *(fan.call("DELETE", f"/users/{locked.id}/follow") for fan in fans[:5]),
        *(ann.call("POST", f"/users/{fan.id}/block") for fan in fans[8:12]),
    )
    await counters_are_exact(alpha)
    assert await counts(ann) == (8, 0)


async def test_lists_of_followers_have_the_latest_first_and_pages(alpha: TestInstance, ann: Person) -> None:
    for name in "fghij":
        await (await alpha.user(name)).follow(ann)
    first = await alpha.anon.get("/users/ann/followers", limit=3)
    rest = await alpha.anon.get("/users/ann/followers", limit=3, cursor=first["pagination"]["nextCursor"])
    assert [user["username"] for user in first["users"] + rest["users"]] == ["j", "i", "h", "g", "f"]
    assert rest["pagination"] == {"nextCursor": None, "hasMore": False}
    assert await listed(alpha.anon, "/users/f/following") == ["ann"]


async def test_a_cursor_of_one_persons_followers_opens_nobody_elses(alpha: TestInstance, ann: Person) -> None:
    for name in "fgh":
        await (await alpha.user(name)).follow(ann)
    cursor = (await ann.get("/users/ann/followers", limit=1))["pagination"]["nextCursor"]
    await ann.refused(422, "GET", f"/users/f/followers?cursor={cursor}")
    await ann.refused(422, "GET", f"/users/ann/following?cursor={cursor}")


# -- Being asked first ---------------------------------------------------------
async def test_a_locked_account_is_asked_first(ann: Person, locked: Person) -> None:
    state = await ann.follow(locked)
    assert (state["isFollowing"], state["isRequested"], state["followersCount"]) == (False, True, 0)
    assert await listed(locked, "/follow-requests") == ["ann"]
    seen = await ann.get("/users/locked")
    assert (seen["isFollowing"], seen["isRequested"]) == (False, True)


async def test_a_request_is_accepted_once(ann: Person, locked: Person) -> None:
    await ann.follow(locked)
    assert (await locked.put(f"/follow-requests/{ann.id}/accept"))["isFollowedBy"] is True
    assert await listed(locked, "/follow-requests") == []
    assert await counts(locked) == (1, 0)
    await locked.refused(404, "PUT", f"/follow-requests/{ann.id}/accept")


async def test_a_request_is_turned_down_and_may_be_made_again(ann: Person, locked: Person) -> None:
    await ann.follow(locked)
    await locked.put(f"/follow-requests/{ann.id}/reject")
    assert (await ann.get("/users/locked"))["isRequested"] is False
    await locked.refused(404, "PUT", f"/follow-requests/{ann.id}/reject")
    assert (await ann.follow(locked))["isRequested"] is True


async def test_a_request_is_taken_back(ann: Person, locked: Person) -> None:
    await ann.follow(locked)
    await ann.delete(f"/users/{locked.id}/follow")
    assert await listed(locked, "/follow-requests") == []


async def test_rejecting_a_follower_ends_the_follow(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await bob.put(f"/follow-requests/{ann.id}/reject")
    assert (await counts(ann), await counts(bob)) == ((0, 0), (0, 0))


async def test_nobody_answers_a_request_made_to_somebody_else(ann: Person, eve: Person, locked: Person) -> None:
    await ann.follow(locked)
    for verb in ("accept", "reject"):
        await eve.refused(404, "PUT", f"/follow-requests/{ann.id}/{verb}")
        await ann.refused(404, "PUT", f"/follow-requests/{locked.id}/{verb}")
    assert await listed(locked, "/follow-requests") == ["ann"]


# -- Blocking ------------------------------------------------------------------
async def test_a_block_ends_follows_both_ways_and_keeps_new_ones_out(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    assert await ann.post(f"/users/{bob.id}/block") == {"userId": bob.id, "isBlocked": True}
    assert (await counts(ann), await counts(bob)) == ((0, 0), (0, 0))
    await bob.refused(404, "POST", f"/users/{ann.id}/follow")
    await ann.refused(404, "POST", f"/users/{bob.id}/follow")
    for verb in ("request", "add"):
        body = {"targetUserId": ann.id, "friendUserId": ann.id}
        await bob.refused(404, "POST", f"/friends/{verb}", body)


async def test_the_blocked_see_nothing_of_who_blocked_them(ann: Person, bob: Person, anon: Visitor) -> None:
    await ann.post("/users/bob/block")
    for path in ("", "/profile", "/posts", "/followers", "/following", "/friends"):
        await bob.refused(404, "GET", f"/users/ann{path}")
    assert await listed(bob, "/users") == ["bob"]
    assert await listed(bob, "/users/search", term="ann") == []
    assert await listed(ann, "/users/search", term="bob") == []
    assert await listed(anon, "/users") == ["ann", "bob"]


async def test_who_blocks_finds_the_blocked_to_lift_it(ann: Person, bob: Person) -> None:
    await ann.post("/users/bob/block")
    assert await listed(ann, "/blocks") == ["bob"]
    assert (await ann.get("/users/bob"))["isBlocked"] is True
    assert await ann.delete("/users/bob/block") == {"userId": bob.id, "isBlocked": False}
    assert await listed(ann, "/blocks") == []
    assert (await bob.follow(ann))["isFollowing"] is True


async def test_a_second_block_is_a_conflict_and_lifting_none_is_404(ann: Person, bob: Person) -> None:
    for verb in ("block", "mute"):
        await ann.refused(404, "DELETE", f"/users/bob/{verb}")
        await ann.post(f"/users/bob/{verb}")
        await ann.refused(409, "POST", f"/users/bob/{verb}")


async def test_two_who_block_each_other_lift_their_own(ann: Person, bob: Person) -> None:
    await ann.post("/users/bob/block")
    await bob.post("/users/ann/block")
    await ann.delete("/users/bob/block")
    await ann.refused(404, "GET", "/users/bob")
    await bob.delete("/users/ann/block")
    assert (await ann.get("/users/bob"))["isBlocked"] is False


async def test_the_blocked_vanish_from_lists_of_people(alpha: TestInstance, ann: Person, bob: Person) -> None:
    star = await alpha.user("star")
    for fan in (ann, bob):
        await fan.follow(star)
    await ann.post("/users/bob/block")
    assert await listed(ann, "/users/star/followers") == ["ann"]
    assert await listed(bob, "/users/star/followers") == ["bob"]
    assert await listed(star, "/users/star/followers") == ["bob", "ann"]


# -- Muting --------------------------------------------------------------------
async def test_the_muted_do_not_notice(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    assert await ann.post("/users/bob/mute") == {"userId": bob.id, "isMuted": True, "expiresAt": None}
    assert (await ann.get("/users/bob"))["isMuted"] is True
    assert (await bob.get("/users/ann"))["isMuted"] is False
    assert await counts(bob) == (1, 0)
    assert await listed(ann, "/mutes") == ["bob"]
    assert await listed(bob, "/mutes") == []
    assert (await ann.delete("/users/bob/mute"))["isMuted"] is False


async def test_a_deleted_or_unknown_person_is_404_for_every_verb(ann: Person) -> None:
    for who in (new_id(), "nobody", "nobody@elsewhere.test"):
        for verb in ("follow", "block", "mute"):
            await ann.refused(404, "POST", f"/users/{who}/{verb}")
            await ann.refused(404, "DELETE", f"/users/{who}/{verb}")


async def test_all_ties_change_at_once_and_nobody_waits_for_ever(alpha: TestInstance) -> None:
    people = await alpha.users(*(f"p{number}" for number in range(4)))
    await people[0].put("/users/me", {"isLocked": True})
    dice, acts = random.Random(11), []
    for _ in range(160):
        one, other = dice.sample(people, 2)
        method, path = dice.choice([
            *[("POST", "/users/{}/follow"), ("DELETE", "/users/{}/follow")] * 3,
            ("PUT", "/follow-requests/{}/accept"), ("PUT", "/follow-requests/{}/reject"), ("POST", "/friends/request"),
            ("DELETE", "/friends/{}"), ("POST", "/users/{}/block"), ("DELETE", "/users/{}/block"),
        ])  # fmt: skip
        body = {"targetUserId": other.id} if path == "/friends/request" else None
        acts.append(one.call(method, path.format(other.id), json=body))
    answers = await asyncio.gather(*acts)
    assert {answer.status_code for answer in answers} <= {200, 201, 404, 409}
    await counters_are_exact(alpha)


async def test_a_follower_is_removed_and_may_ask_again(ann: Person, bob: Person) -> None:
    await bob.follow(ann)
    post = await ann.publish("for followers", visibility="followers")
    state = await ann.delete("/users/bob/follower")
    assert state == {"userId": bob.id, "isFollowedBy": False, "followersCount": 0}
    assert not await bob.sees(post["postId"])
    assert (await bob.get("/users/ann"))["isFollowing"] is False
    await ann.refused(404, "DELETE", "/users/bob/follower")
    assert (await bob.follow(ann))["isFollowing"] is True
