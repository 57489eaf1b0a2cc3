"""Lists of people: what stands in them, what they keep out of the home feed, and whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from core.testing import Person, TestInstance
from tests.plugins.posts.test_feeds import texts


async def made(who: Person, *people: Person, **wanted: Any) -> str:
    """A list with these people on it."""
    for person in people:
        await who.follow(person)
    list_id = str((await who.post("/lists", {"title": "Close", **wanted}))["listId"])
    if people:
        await who.post(f"/lists/{list_id}/members", {"userIds": [person.id for person in people]})
    return list_id


async def test_a_list_is_made_renamed_and_deleted(ann: Person) -> None:
    list_id = await made(ann)
    changed = await ann.put(f"/lists/{list_id}", {"title": "Closer", "replies": "none"})
    assert (changed["title"], changed["replies"], changed["exclusive"]) == ("Closer", "none", False)
    assert [each["listId"] for each in (await ann.get("/lists"))["lists"]] == [list_id]
    await ann.delete(f"/lists/{list_id}")
    assert (await ann.get("/lists"))["lists"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [({"title": " "}, "title"), ({"title": "\u200b"}, "title"), ({"title": "x" * 101}, "title"),
     ({"title": "x", "replies": "all"}, "replies"), ({}, "title")],
)  # fmt: skip
async def test_what_is_no_list_is_refused(ann: Person, body: dict[str, str], field: str) -> None:
    problem = await ann.refused(422, "POST", "/lists", body)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert (await ann.get("/lists"))["lists"] == []


async def test_only_who_is_followed_can_be_on_a_list(ann: Person, bob: Person, eve: Person) -> None:
    list_id = await made(ann, bob)
    problem = await ann.refused(422, "POST", f"/lists/{list_id}/members", {"userIds": ["bob", "eve"]})
    assert problem["errors"][0]["field"] == "userIds"
    assert (await ann.get(f"/lists/{list_id}"))["membersCount"] == 1
    await ann.delete("/users/bob/follow")
    assert (await ann.get(f"/lists/{list_id}/members"))["users"] == []


async def test_nobody_else_sees_changes_or_reads_a_list(ann: Person, bob: Person, eve: Person) -> None:
    list_id = await made(ann, bob)
    await eve.follow(bob)
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"title": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/posts", None),
        ("GET", "/members", None),
        ("POST", "/members", {"userIds": ["bob"]}),
        ("DELETE", "/members", {"userIds": ["bob"]}),
    ):
        await eve.refused(404, method, f"/lists/{list_id}{path}", body)
    await eve.refused(404, "GET", f"/feed?scope=list&list={list_id}")
    assert (await ann.get(f"/lists/{list_id}"))["title"] == "Close"


async def test_a_list_has_what_its_members_write_and_share_newest_first(ann: Person, bob: Person, eve: Person) -> None:
    list_id = await made(ann, bob)
    await ann.follow(eve)
    hers = await eve.publish("hers")
    await bob.publish("his")
    await bob.post(f"/posts/{hers['postId']}/share")
    await eve.publish("later")
    assert await texts(ann, "list", list=list_id) == ["hers", "his"]
    page = await ann.get(f"/lists/{list_id}/posts")
    assert [(post["sharedBy"] or {}).get("username") for post in page["posts"]] == ["bob", None]
    await ann.put("/users/bob/follow", {"showShares": False})
    assert await texts(ann, "list", list=list_id) == ["his"]
    await ann.delete(f"/lists/{list_id}/members", {"userIds": ["bob"]})
    assert await texts(ann, "list", list=list_id) == []


async def test_what_two_members_share_stands_once(alpha: TestInstance, ann: Person, bob: Person, eve: Person) -> None:
    fay = await alpha.user("fay")
    list_id = await made(ann, bob, fay)
    for author in (eve, fay):
        post = await author.publish(f"by {author.name}")
        for member in (bob, fay):
            if member is not author:
                await member.post(f"/posts/{post['postId']}/share")
    assert await texts(ann, "list", list=list_id) == ["by fay", "by eve"]


async def test_what_comes_through_who_is_muted_or_suspended_is_in_no_list(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    cid = await alpha.user("cid")
    list_id = await made(ann, bob, cid)
    post = await eve.publish("By eve.")
    await bob.post(f"/posts/{post['postId']}/share")
    await cid.post(f"/posts/{post['postId']}/share")

    async def shared_by() -> list[str]:
        posts = (await ann.get(f"/lists/{list_id}/posts"))["posts"]
        return [post["sharedBy"]["username"] for post in posts]

    assert await shared_by() == ["bob"]
    await ann.post(f"/users/{bob.id}/mute")
    assert await shared_by() == ["cid"]
    keeper = await alpha.user("keeper", role="admin")
    await keeper.post(f"/admin/users/{cid.id}/suspend")
    assert await shared_by() == []


async def test_what_is_not_for_its_owner_is_in_no_list(ann: Person, bob: Person, eve: Person) -> None:
    list_id = await made(ann, bob)
    for visibility in ("public", "unlisted", "followers", "friends", "private"):
        await bob.publish(visibility, visibility=visibility)
    await bob.publish("@eve psst", visibility="direct")
    assert await texts(ann, "list", list=list_id) == ["followers", "unlisted", "public"]
    await bob.post(f"/users/{ann.id}/block")
    assert await texts(ann, "list", list=list_id) == []


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ("followed", ["more of it", "to fay", "to eve", "to ann", "his"]),
        ("list", ["more of it", "to fay", "his"]),
        ("none", ["more of it", "his"]),
    ],
)
async def test_a_list_has_the_answers_its_owner_wants(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, replies: str, expected: list[str]
) -> None:
    fay, gus = await alpha.users("fay", "gus")
    list_id = await made(ann, bob, fay, replies=replies)
    await ann.follow(eve)
    theirs = [await person.publish(f"by {person.name}", visibility="unlisted") for person in (ann, eve, fay, gus)]
    his = await bob.publish("his")
    for post in theirs:
        await bob.publish(f"to {post['user']['username']}", inReplyTo=post["postId"])
    await bob.publish("more of it", inReplyTo=his["postId"])
    assert [text for text in await texts(ann, "list", list=list_id) if not text.startswith("by")] == expected


async def test_an_exclusive_list_keeps_its_members_out_of_home(ann: Person, bob: Person, eve: Person) -> None:
    await bob.publish("old")
    hers = await eve.publish("hers")
    list_id = await made(ann, bob, exclusive=True)
    await bob.publish("new")
    await bob.post(f"/posts/{hers['postId']}/share")
    assert await texts(ann) == []
    assert await texts(ann, "list", list=list_id) == ["hers", "new", "old"]
    await ann.put(f"/lists/{list_id}", {"exclusive": False})
    assert await texts(ann) == ["hers", "new", "old"]
    await ann.put(f"/lists/{list_id}", {"exclusive": True})
    assert await texts(ann) == []
    await ann.delete(f"/lists/{list_id}/members", {"userIds": ["bob"]})
    assert await texts(ann) == ["hers", "new", "old"]


async def test_who_is_on_two_exclusive_lists_is_home_when_both_are_gone(ann: Person, bob: Person) -> None:
    one, other = await made(ann, bob, exclusive=True), None
    other = str((await ann.post("/lists", {"title": "Other", "exclusive": True}))["listId"])
    await ann.post(f"/lists/{other}/members", {"userIds": ["@bob"]})
    await bob.publish("his")
    await ann.delete(f"/lists/{one}")
    assert await texts(ann) == []
    await ann.delete(f"/lists/{other}")
    assert await texts(ann) == ["his"]
