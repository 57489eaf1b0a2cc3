"""Friendship: a follow that asks for one back, and is answered."""

from __future__ import annotations

import asyncio

import pytest

from core.testing import Person, TestInstance, Visitor
from core.testing.people import befriend, fields_of

NOBODY = "0190a000-0000-7000-8000-000000000000"


async def friends_of(person: Person) -> list[str]:
    return [user["username"] for user in (await person.get("/friends"))["users"]]


async def requests_of(person: Person, direction: str) -> list[str]:
    """The ids of somebody's open friend requests."""
    listed = await person.get("/friends/requests", direction=direction)
    return [request["requestId"] for request in listed["requests"]]


async def ask(one: Person, other: Person) -> str:
    """One asks the other to be friends; the id of the request."""
    return str((await one.post("/friends/request", {"targetUserId": other.id}))["requestId"])


async def lock(person: Person) -> None:
    await person.put("/users/me", {"isLocked": True})


async def test_following_each_other_is_friendship(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    assert (await friends_of(ann), await friends_of(bob)) == (["bob"], ["ann"])
    assert (await ann.get("/users/bob"))["isFriend"] is True
    await ann.delete("/users/bob/follow")
    assert (await friends_of(ann), await friends_of(bob)) == ([], [])
    assert (await ann.get("/users/bob"))["isFriend"] is False


async def test_a_request_stands_with_both_until_it_is_answered(ann: Person, bob: Person) -> None:
    answer = await ann.call("POST", "/friends/request", json={"targetUserId": bob.id})
    assert answer.status_code == 201
    request = answer.json()["data"]
    assert request["status"] == "pending"
    assert await requests_of(ann, "out") == await requests_of(bob, "in") == [request["requestId"]]
    assert await requests_of(ann, "in") == await requests_of(bob, "out") == []
    [shown] = (await bob.get("/friends/requests"))["requests"]
    assert (shown["user"]["username"], shown["direction"]) == ("ann", "in")
    assert await friends_of(ann) == []


async def test_accepting_makes_friends(ann: Person, bob: Person) -> None:
    request = await ask(ann, bob)
    assert (await bob.put("/friends/accept", {"requestId": request}))["isFriend"] is True
    assert (await friends_of(ann), await friends_of(bob)) == (["bob"], ["ann"])
    assert await requests_of(ann, "out") == await requests_of(bob, "in") == []
    assert (await ann.get("/users/me"))["followersCount"] == (await bob.get("/users/me"))["followersCount"] == 1
    await bob.refused(404, "PUT", "/friends/accept", {"requestId": request})


async def test_rejecting_leaves_a_follow_and_no_request(ann: Person, bob: Person) -> None:
    request = await ask(ann, bob)
    await bob.put("/friends/reject", {"requestId": request})
    assert await requests_of(ann, "out") == await requests_of(bob, "in") == []
    assert (await ann.get("/users/bob"))["isFollowing"] is True
    await bob.refused(404, "PUT", "/friends/accept", {"requestId": request})
    assert await ask(ann, bob)


@pytest.mark.parametrize("asks_locked", [False, True])
@pytest.mark.parametrize("asked_locked", [False, True])
async def test_locked_accounts_become_friends_by_one_yes(
    ann: Person, bob: Person, asks_locked: bool, asked_locked: bool
) -> None:
    for person, is_locked in ((ann, asks_locked), (bob, asked_locked)):
        if is_locked:
            await lock(person)
    request = await ask(ann, bob)
    assert await requests_of(bob, "in") == [request]
    await bob.put("/friends/accept", {"requestId": request})
    assert (await friends_of(ann), await friends_of(bob)) == (["bob"], ["ann"])
    for person in (ann, bob):
        assert (await person.get("/follow-requests"))["users"] == []


async def test_rejecting_as_a_locked_account_leaves_nothing(ann: Person, bob: Person) -> None:
    await lock(bob)
    await bob.put("/friends/reject", {"requestId": await ask(ann, bob)})
    seen = await ann.get("/users/bob")
    assert (seen["isFollowing"], seen["isRequested"]) == (False, False)


async def test_asking_who_asked_already_makes_friends(ann: Person, bob: Person) -> None:
    await ask(ann, bob)
    assert (await bob.post("/friends/request", {"targetUserId": ann.id}))["status"] == "accepted"
    assert await friends_of(ann) == ["bob"]
    assert await requests_of(ann, "out") == await requests_of(bob, "out") == []


async def test_asking_who_waits_to_follow_makes_friends(ann: Person, bob: Person) -> None:
    await lock(ann)
    await bob.follow(ann)
    assert (await ann.post("/friends/request", {"targetUserId": bob.id}))["status"] == "accepted"
    assert await friends_of(bob) == ["ann"]


async def test_asking_who_follows_already_makes_friends_at_once(ann: Person, bob: Person) -> None:
    await bob.follow(ann)
    assert (await ann.post("/friends/request", {"targetUserId": bob.id}))["status"] == "accepted"
    assert await friends_of(ann) == ["bob"]


async def test_asking_a_locked_follower_waits_for_their_yes(ann: Person, bob: Person) -> None:
    await lock(bob)
    await bob.follow(ann)
    request = await ask(ann, bob)
    assert await friends_of(ann) == []
    await bob.put("/friends/accept", {"requestId": request})
    assert await friends_of(ann) == ["bob"]


async def test_asking_whom_one_follows_already_is_a_request(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    request = await ask(ann, bob)
    assert await requests_of(bob, "in") == [request]
    await bob.put("/friends/accept", {"requestId": request})
    assert await friends_of(ann) == ["bob"]


async def test_asking_twice_is_a_conflict(ann: Person, bob: Person) -> None:
    await ask(ann, bob)
    await ann.refused(409, "POST", "/friends/request", {"targetUserId": bob.id})
    await bob.put("/friends/accept", {"requestId": (await requests_of(bob, "in"))[0]})
    await ann.refused(409, "POST", "/friends/request", {"targetUserId": bob.id})


async def test_two_who_ask_each_other_at_once_become_friends(alpha: TestInstance) -> None:
    pairs = [await alpha.users(f"a{number}", f"b{number}") for number in range(6)]
    answers = await asyncio.gather(
        *(
            one.call("POST", "/friends/request", json={"targetUserId": other.id})
            for pair in pairs
            for one, other in (pair, pair[::-1])
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    for one, other in pairs:
        assert (await friends_of(one), await friends_of(other)) == ([other.name], [one.name])
        assert await requests_of(one, "in") == await requests_of(one, "out") == []


async def test_nobody_answers_a_request_made_to_somebody_else(ann: Person, bob: Person, eve: Person) -> None:
    request = await ask(ann, bob)
    for liar in (ann, eve):
        for verb in ("accept", "reject"):
            await liar.refused(404, "PUT", f"/friends/{verb}", {"requestId": request})
    assert await requests_of(bob, "in") == [request]


async def test_a_plain_follow_is_no_request_to_be_friends(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    assert await requests_of(bob, "in") == []


@pytest.mark.parametrize("request_id", [NOBODY, "nonsense", "", "'"])
async def test_a_request_that_is_not_there_is_404(ann: Person, request_id: str) -> None:
    for verb in ("accept", "reject"):
        await ann.refused(404, "PUT", f"/friends/{verb}", {"requestId": request_id})


async def test_bad_requests_are_named(ann: Person) -> None:
    for body in ({}, {"targetUserId": 5}, {"targetUserId": ann.id}):
        assert fields_of(await ann.refused(422, "POST", "/friends/request", body)) == ["targetUserId"]
    await ann.refused(404, "POST", "/friends/request", {"targetUserId": NOBODY})
    assert fields_of(await ann.refused(422, "GET", "/friends/requests?direction=up")) == ["direction"]


async def test_only_who_is_signed_in_has_friends(anon: Visitor, ann: Person) -> None:
    for path in ("/friends", "/friends/requests"):
        await anon.refused(401, "GET", path)
    await anon.refused(401, "POST", "/friends/request", {"targetUserId": ann.id})
    await anon.refused(401, "PUT", "/friends/accept", {"requestId": NOBODY})
    await anon.refused(401, "DELETE", f"/friends/{ann.id}")


async def test_ending_a_friendship_leaves_their_follow(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    await ann.delete(f"/friends/{bob.id}")
    assert (await friends_of(ann), await friends_of(bob)) == ([], [])
    assert (await ann.get("/users/bob"))["isFollowedBy"] is True
    assert await requests_of(ann, "in") == []
    await ann.refused(404, "DELETE", f"/friends/{bob.id}")


async def test_the_chats_names_for_it_do_the_same(ann: Person, bob: Person) -> None:
    request = await ann.post("/friends/add", {"friendUserId": bob.id})
    await bob.put("/friends/accept", {"requestId": request["requestId"]})
    assert await friends_of(ann) == ["bob"]
    await ann.post("/friends/remove", {"friendUserId": bob.id})
    assert await friends_of(ann) == []
    await ann.refused(404, "POST", "/friends/remove", {"friendUserId": bob.id})
    await ann.refused(422, "POST", "/friends/add", {"friendUserId": ann.id})


async def test_a_block_withdraws_what_was_asked(ann: Person, bob: Person) -> None:
    request = await ask(ann, bob)
    await ann.post("/users/bob/block")
    assert await requests_of(bob, "in") == []
    await bob.refused(404, "PUT", "/friends/accept", {"requestId": request})


async def test_lists_of_friends_and_requests_have_pages(alpha: TestInstance, ann: Person) -> None:
    for name in "fghij":
        await ask(await alpha.user(name), ann)
    first = await ann.get("/friends/requests", limit=3)
    cursor = first["pagination"]["nextCursor"]
    rest = await ann.get("/friends/requests", limit=3, cursor=cursor)
    names = [request["user"]["username"] for request in first["requests"] + rest["requests"]]
    assert names == ["j", "i", "h", "g", "f"]
    await ann.refused(422, "GET", f"/friends/requests?direction=out&cursor={cursor}")
    for request in first["requests"]:
        await ann.put("/friends/accept", {"requestId": request["requestId"]})
    assert len(await friends_of(ann)) == 3
    assert len((await ann.get("/friends", limit=2))["users"]) == 2
