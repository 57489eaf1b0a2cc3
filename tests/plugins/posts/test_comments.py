"""Comments: reply posts in another form."""

from __future__ import annotations

from typing import Any

import pytest

from core.testing import Person, TestInstance, Visitor
from core.testing.people import data_of, fields_of

NOBODY = "0190a000-0000-7000-8000-000000000000"
KEYS = set(
    "commentId postId parentId userId username user content likesCount repliesCount createdAt editedAt isLiked"
    " contentWarning isDeleted".split()
)


@pytest.fixture
async def post(ann: Person) -> str:
    return str((await ann.publish("Comment on me"))["postId"])


async def comment(person: Person, post: str, content: str = "words") -> str:
    return str((await person.post(f"/posts/{post}/comments", {"content": content}))["commentId"])


async def texts(who: Visitor, post: str) -> list[str]:
    """What the comments on a post say, in order."""
    return [one["content"][3:-4] for one in (await who.get(f"/posts/{post}/comments", limit=50))["comments"]]


async def test_a_comment_answers_its_form_and_its_address(bob: Person, post: str) -> None:
    answer = await bob.call("POST", f"/posts/{post}/comments", json={"content": "Amazing 📸", "contentWarning": "W"})
    assert answer.status_code == 201
    made = data_of(answer)
    assert made.keys() == KEYS
    assert (made["postId"], made["parentId"], made["userId"], made["username"]) == (post, None, bob.id, "bob")
    assert (made["content"], made["contentWarning"]) == ("<p>Amazing 📸</p>", "W")
    assert (await bob.page(answer.headers["Location"])).json()["data"]["postId"] == made["commentId"]


async def test_comments_are_listed_oldest_first_and_counted(ann: Person, bob: Person, anon: Visitor, post: str) -> None:
    await comment(bob, post, "first")
    await comment(ann, post, "second")
    assert await texts(anon, post) == ["first", "second"]
    assert (await anon.get(f"/posts/{post}"))["commentsCount"] == 2


async def test_an_answer_to_a_comment_knows_both(ann: Person, bob: Person, anon: Visitor, post: str) -> None:
    first = await comment(bob, post)
    answer = await ann.post(f"/comments/{first}/reply", {"content": "Thank you"})
    assert (answer["postId"], answer["parentId"]) == (post, first)
    deeper = await bob.post(f"/comments/{answer['commentId']}/reply", {"content": "Welcome"})
    assert (deeper["postId"], deeper["parentId"]) == (post, answer["commentId"])
    [listed] = (await anon.get(f"/posts/{post}/comments"))["comments"]
    assert listed["repliesCount"] == 1
    assert await texts(anon, first) == ["Thank you"]


async def test_a_comment_is_a_post(ann: Person, bob: Person, anon: Visitor, post: str) -> None:
    made = await comment(bob, post)
    seen = await anon.get(f"/posts/{made}")
    assert (seen["inReplyTo"], seen["rootId"], seen["inReplyToUser"]["username"]) == (post, post, "ann")
    await ann.post(f"/posts/{made}/like")
    [listed] = (await ann.get(f"/posts/{post}/comments"))["comments"]
    assert (listed["likesCount"], listed["isLiked"]) == (1, True)


async def test_a_reply_post_is_a_comment(bob: Person, anon: Visitor, post: str) -> None:
    reply = await bob.publish("By another door", inReplyTo=post)
    [listed] = (await anon.get(f"/posts/{post}/comments"))["comments"]
    assert listed["commentId"] == reply["postId"]


async def test_a_comment_is_changed_and_says_so(bob: Person, anon: Visitor, post: str) -> None:
    made = await comment(bob, post, "Teh comment")
    changed = await bob.put(f"/comments/{made}", {"content": "The comment"})
    assert changed["editedAt"] and changed["postId"] == post
    assert await texts(anon, post) == ["The comment"]
    assert len((await anon.get(f"/posts/{made}/history"))["revisions"]) == 2


async def test_a_deleted_comment_is_gone_and_counts_no_longer(bob: Person, anon: Visitor, post: str) -> None:
    made = await comment(bob, post, "regrettable")
    assert await bob.delete(f"/comments/{made}") == {"commentId": made}
    assert await texts(anon, post) == []
    assert (await anon.get(f"/posts/{post}"))["commentsCount"] == 0
    await bob.refused(404, "DELETE", f"/comments/{made}")
    await bob.refused(404, "PUT", f"/comments/{made}", {"content": "x"})


async def test_nobody_changes_or_deletes_anothers_comment(
    ann: Person, bob: Person, eve: Person, anon: Visitor, post: str
) -> None:
    made = await comment(bob, post, "Bob was here")
    for liar, status in ((eve, 403), (ann, 403), (anon, 401)):
        await liar.refused(status, "PUT", f"/comments/{made}", {"content": "Eve was here"})
        await liar.refused(status, "DELETE", f"/comments/{made}")
    assert await texts(anon, post) == ["Bob was here"]


async def test_the_door_of_comments_takes_no_posts(ann: Person, post: str) -> None:
    await ann.refused(404, "PUT", f"/comments/{post}", {"content": "x"})
    await ann.refused(404, "DELETE", f"/comments/{post}")
    assert await ann.sees(post)


async def test_comments_by_target(ann: Person, bob: Person, post: str) -> None:
    first = await bob.post("/comments", {"targetType": "post", "targetId": post, "content": "on a post"})
    assert first["postId"] == post
    body = {"targetType": "comment", "targetId": first["commentId"], "content": "on a comment"}
    assert (await ann.post("/comments", body))["parentId"] == first["commentId"]


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"targetType": "planet", "targetId": NOBODY, "content": "x"}, 422, ["targetType"]),
        ({"targetType": "post", "targetId": NOBODY, "content": "x"}, 404, []),
        ({"targetType": "comment", "targetId": "nonsense", "content": "x"}, 404, []),
        ({"targetType": "post", "content": "x"}, 422, ["targetId"]),
        ({"targetType": "post", "targetId": NOBODY}, 422, ["content"]),
        ({}, 422, ["content", "targetId", "targetType"]),
    ],
)
async def test_a_comment_on_nothing_is_refused(
    ann: Person, body: dict[str, Any], status: int, fields: list[str]
) -> None:
    assert sorted(fields_of(await ann.refused(status, "POST", "/comments", body))) == fields


@pytest.mark.parametrize("content", ["", "  \n ", None, 5, ["x"], "x" * 5001])
async def test_a_comment_that_says_nothing_is_refused(bob: Person, anon: Visitor, post: str, content: object) -> None:
    for path in (f"/posts/{post}/comments", f"/comments/{post}/reply"):
        assert fields_of(await bob.refused(422, "POST", path, {"content": content})) == ["content"]
    assert await texts(anon, post) == []


async def test_nobody_comments_on_what_they_may_not_see(ann: Person, eve: Person) -> None:
    hidden = (await ann.publish(visibility="private"))["postId"]
    await eve.refused(404, "GET", f"/posts/{hidden}/comments")
    for path in (f"/posts/{hidden}/comments", f"/comments/{hidden}/reply"):
        await eve.refused(404, "POST", path, {"content": "x"})
    await eve.refused(404, "POST", "/comments", {"targetType": "post", "targetId": hidden, "content": "x"})


async def test_a_comment_is_as_wide_as_its_post(ann: Person, bob: Person, eve: Person, anon: Visitor) -> None:
    await bob.follow(ann)
    post = (await ann.publish(visibility="followers"))["postId"]
    made = await comment(bob, post, "among us")
    assert (await ann.get(f"/posts/{made}"))["visibility"] == "followers"
    assert await texts(ann, post) == ["among us"]
    for outsider in (eve, anon):
        await outsider.refused(404, "GET", f"/posts/{made}")
    assert (await eve.get("/users/bob/posts?replies=true"))["posts"] == []


async def test_comments_of_the_blocked_and_the_muted_are_not_shown(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, anon: Visitor, post: str
) -> None:
    await comment(bob, post, "bob's")
    await comment(eve, post, "eve's")
    dora = await alpha.user("dora")
    await dora.post("/users/bob/mute")
    assert await texts(dora, post) == ["eve's"]
    await dora.post("/users/eve/block")
    assert await texts(dora, post) == []
    assert await texts(eve, post) == await texts(anon, post) == ["bob's", "eve's"]


async def test_comments_are_on_the_profile_where_they_are_asked_for(bob: Person, anon: Visitor, post: str) -> None:
    await comment(bob, post, "a comment")
    assert (await anon.get("/users/bob/posts"))["posts"] == []
    [listed] = (await anon.get("/users/bob/posts", replies="true"))["posts"]
    assert listed["content"] == "<p>a comment</p>"


async def test_pages_of_comments_go_on_with_what_comes_later(bob: Person, post: str) -> None:
    made = [await comment(bob, post, str(number)) for number in range(5)]
    first = await bob.get(f"/posts/{post}/comments", limit=3)
    cursor = first["pagination"]["nextCursor"]
    made.append(await comment(bob, post, "late"))
    rest = await bob.get(f"/posts/{post}/comments", limit=3, cursor=cursor)
    assert [one["commentId"] for one in first["comments"] + rest["comments"]] == made
    await bob.refused(422, "GET", f"/posts/{made[0]}/comments?cursor={cursor}")
