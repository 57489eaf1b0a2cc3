"""Circles: friends somebody has chosen, and what is for them alone."""

from __future__ import annotations

import pytest

from core.testing import Person, TestInstance, settle
from core.testing.people import befriend, fields_of
from plugins.posts import service

NOBODY = "0190a000-0000-7000-8000-000000000000"


@pytest.fixture
async def friends(alpha: TestInstance, ann: Person) -> list[Person]:
    """Bo, Cleo and Dora, friends of Ann's."""
    people = [await alpha.user(name) for name in ("bo", "cleo", "dora")]
    for person in people:
        await befriend(ann, person)
    return people


async def circle_of(person: Person, *members: Person, name: str = "Choir") -> str:
    made = await person.post("/circles", {"name": name, "userIds": [one.id for one in members]})
    return str(made["circleId"])


async def in_it(person: Person, circle: str) -> set[str]:
    return {user["username"] for user in (await person.get(f"/circles/{circle}/members"))["users"]}


async def test_a_circle_is_made_changed_and_forgotten(ann: Person, friends: list[Person]) -> None:
    bo, cleo, dora = friends
    circle = await circle_of(ann, bo, cleo)
    assert (await ann.get(f"/circles/{circle}"))["membersCount"] == 2
    await ann.post(f"/circles/{circle}/members", {"userId": "dora"})
    await ann.refused(409, "POST", f"/circles/{circle}/members", {"userId": dora.id})
    await ann.delete(f"/circles/{circle}/members/@bo")
    await ann.refused(404, "DELETE", f"/circles/{circle}/members/{bo.id}")
    assert await in_it(ann, circle) == {"cleo", "dora"}
    changed = await ann.put(f"/circles/{circle}", {"name": " The  choir ", "userIds": [bo.id]})
    assert (changed["name"], changed["membersCount"]) == ("The choir", 1)
    await ann.delete(f"/circles/{circle}")
    assert (await ann.get("/circles"))["circles"] == []


async def test_only_friends_are_chosen_and_names_are_not_given_twice(
    alpha: TestInstance, ann: Person, friends: list[Person]
) -> None:
    eve = await alpha.user("eve")
    await eve.follow(ann)
    problem = await ann.refused(422, "POST", "/circles", {"name": "x", "userIds": [friends[0].id, eve.id]})
    assert fields_of(problem) == ["userIds"] and "@eve" in problem["errors"][0]["message"]
    problem = await ann.refused(422, "POST", "/circles", {"name": "x", "userIds": [friends[0].id, NOBODY]})
    assert fields_of(problem) == ["userIds.1"]
    for unseen in (" ", "\u200b", "\u202e\u3164"):
        assert fields_of(await ann.refused(422, "POST", "/circles", {"name": unseen})) == ["name"]
    assert fields_of(await ann.refused(422, "POST", "/circles", {"name": "x" * 61})) == ["name"]
    assert (await ann.get("/circles"))["circles"] == []
    circle = await circle_of(ann)
    assert (await ann.refused(409, "POST", "/circles", {"name": "Choir"}))["code"] == "name_taken"
    problem = await ann.refused(422, "POST", f"/circles/{circle}/members", {"userId": eve.id})
    assert fields_of(problem) == ["userId"] and "@eve" in problem["errors"][0]["message"]


async def test_nobody_has_more_than_twenty(ann: Person) -> None:
    for number in range(20):
        await circle_of(ann, name=f"Circle {number}")
    assert (await ann.refused(409, "POST", "/circles", {"name": "one more"}))["code"] == "too_many_circles"


async def test_a_circle_is_nobody_elses_business(ann: Person, friends: list[Person]) -> None:
    bo = friends[0]
    circle = await circle_of(ann, bo)
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/members", None),
        ("POST", "/members", {"userId": ann.id}),
        ("DELETE", f"/members/{bo.id}", None),
    ):
        await bo.refused(404, method, f"/circles/{circle}{path}", body)
    assert fields_of(await bo.refused(422, "POST", "/posts", {"content": "x", "circleId": circle})) == ["circleId"]
    post = await ann.publish("psst", circleId=circle)
    seen = await bo.get(f"/posts/{post['postId']}")
    assert seen["visibility"] == "circle" and "Choir" not in str(seen) and seen["mentions"] == []


async def test_a_post_is_for_whoever_was_in_the_circle_when_it_was_written(ann: Person, friends: list[Person]) -> None:
    bo, cleo, dora = friends
    circle = await circle_of(ann, bo, cleo)
    first = (await ann.publish("first", visibility="circle", circleId=circle))["postId"]
    await ann.put(f"/circles/{circle}", {"userIds": [cleo.id, dora.id]})
    second = (await ann.publish("second", circleId=circle))["postId"]
    assert [await one.sees(first) for one in friends] == [True, True, False]
    assert [await one.sees(second) for one in friends] == [False, True, True]
    assert [post["content"] for post in await cleo.feed()] == ["<p>second</p>", "<p>first</p>"]
    await ann.put(f"/posts/{first}", {"content": "first, in other words"})
    await ann.delete(f"/circles/{circle}")
    assert [await one.sees(first) for one in friends] == [True, True, False]
    assert [post["content"] for post in await dora.feed()] == ["<p>second</p>"]


async def test_whom_an_edit_names_no_more_was_sent_it_all_the_same(ann: Person, friends: list[Person]) -> None:
    bo, cleo, _dora = friends
    post = (await ann.publish("hello @bo", circleId=await circle_of(ann, bo, cleo)))["postId"]
    await ann.put(f"/posts/{post}", {"content": "hello"})
    assert await bo.sees(post) and await cleo.sees(post)


async def test_who_is_no_friend_any_more_is_sent_nothing(ann: Person, friends: list[Person]) -> None:
    bo, cleo, _dora = friends
    circle = await circle_of(ann, bo, cleo)
    await bo.delete("/users/ann/follow")
    post = (await ann.publish("for two", circleId=circle))["postId"]
    assert [await one.sees(post) for one in (bo, cleo)] == [False, True]
    assert await in_it(ann, circle) == {"bo", "cleo"}
    await ann.delete("/users/cleo/follow")
    assert fields_of(await ann.refused(422, "POST", "/posts", {"content": "x", "circleId": circle})) == ["circleId"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"visibility": "circle"}, "circleId"),
        ({"circleId": NOBODY}, "circleId"),
        ({"circleId": "no id"}, "circleId"),
        ({"visibility": "public", "circleId": NOBODY}, "circleId"),
    ],
)
async def test_what_is_for_a_circle_says_for_which(ann: Person, body: dict[str, str], field: str) -> None:
    assert fields_of(await ann.refused(422, "POST", "/posts", {"content": "x", **body})) == [field]
    assert await ann.feed() == []


async def test_an_answer_stays_among_the_same_people(ann: Person, friends: list[Person]) -> None:
    bo, cleo, dora = friends
    post = (await ann.publish("psst", circleId=await circle_of(ann, bo, cleo)))["postId"]
    answer = await bo.publish("so it is", inReplyTo=post)
    assert answer["visibility"] == "circle"
    comment = (await ann.post(f"/posts/{answer['postId']}/comments", {"content": "yes"}))["commentId"]
    for made in (answer["postId"], comment):
        assert [await one.sees(made) for one in (ann, *friends)] == [True, True, True, False]
    aside = await cleo.publish("only to you", inReplyTo=post, visibility="direct")
    assert [await one.sees(aside["postId"]) for one in (ann, bo, dora)] == [True, False, False]
    wider = {"content": "x", "inReplyTo": post, "circleId": await circle_of(bo, name="Others")}
    assert fields_of(await bo.refused(422, "POST", "/posts", wider)) == ["visibility"]


async def test_what_waits_for_its_time_goes_to_who_is_in_the_circle_then(
    alpha: TestInstance, ann: Person, friends: list[Person]
) -> None:
    bo, cleo, _dora = friends
    circle = await circle_of(ann, bo)
    later = {"content": "later", "circleId": circle, "publishAt": "2035-01-01T00:00:00Z"}
    kept, lost = [(await ann.post("/posts", later))["postId"] for _ in range(2)]
    await ann.put(f"/circles/{circle}", {"userIds": [cleo.id]})
    with alpha.inside():
        await service.publish_due(post_id=kept)
    assert [await one.sees(kept) for one in (bo, cleo)] == [False, True]
    await ann.delete(f"/circles/{circle}")
    with alpha.inside():
        await service.publish_due(post_id=lost)
    await settle(alpha)
    assert (await ann.get(f"/posts/{lost}"))["visibility"] == "private"
    assert not await cleo.sees(lost)
