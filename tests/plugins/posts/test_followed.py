"""What somebody follows and how much of it they want: hashtags, shares, answers, conversations; and mutes that end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.actors import end_mute
from core.database import execute, now
from core.followed import mutes_thread, who_mutes_thread
from core.models import Entry
from core.person_forms import stamp
from core.testing import Person, TestInstance, settle
from tests.plugins.posts.test_feeds import texts


# -- Hashtags ------------------------------------------------------------------
async def test_a_followed_hashtag_brings_public_posts_home_and_says_so(ann: Person, eve: Person) -> None:
    await eve.publish("before #Garden")
    assert (await ann.post("/tags/garden/follow")) == {"tag": "garden", "isFollowing": True}
    await eve.publish("after #GARDEN")
    await eve.publish("quiet #garden", visibility="unlisted")
    await eve.publish("for few #garden", visibility="followers")
    await eve.publish("another #kitchen")
    posts = (await ann.get("/feed"))["posts"]
    assert [post["followedTag"] for post in posts] == ["garden", "garden"]
    assert [post["tags"] for post in posts] == [["GARDEN"], ["Garden"]]
    await ann.delete("/tags/Garden/follow")
    assert (await ann.get("/feed"))["posts"] == []


async def test_what_comes_for_two_reasons_stays_for_the_other(ann: Person, bob: Person, eve: Person) -> None:
    for tag in ("one", "two"):
        await ann.post(f"/tags/{tag}/follow")
    both = await eve.publish("#one #two")
    shared = await eve.publish("#one")
    await ann.follow(bob)
    await bob.publish("#one")
    await bob.post(f"/posts/{shared['postId']}/share")
    assert len((await ann.get("/feed"))["posts"]) == 3
    await ann.delete("/tags/one/follow")
    posts = (await ann.get("/feed"))["posts"]
    reasons = {post["postId"]: (post["followedTag"], (post["sharedBy"] or {}).get("username")) for post in posts}
    assert len(reasons) == 3
    assert (reasons[both["postId"]], reasons[shared["postId"]]) == (("two", None), (None, "bob"))
    await ann.delete("/users/bob/follow")
    assert [post["postId"] for post in (await ann.get("/feed"))["posts"]] == [both["postId"]]


async def test_a_hashtag_that_an_edit_adds_or_takes_away_counts(ann: Person, eve: Person) -> None:
    await ann.post("/tags/garden/follow")
    post = await eve.publish("roses")
    await eve.put(f"/posts/{post['postId']}", {"content": "roses #garden"})
    assert len((await ann.get("/feed"))["posts"]) == 1
    await eve.put(f"/posts/{post['postId']}", {"content": "roses"})
    assert (await ann.get("/feed"))["posts"] == []


async def test_a_hashtag_brings_nothing_of_whom_one_mutes_blocks_or_keeps_on_a_list(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    fay, gus = await alpha.users("fay", "gus")
    await ann.post("/tags/garden/follow")
    await ann.post("/users/bob/mute")
    await ann.post("/users/eve/block")
    await ann.follow(fay)
    list_id = (await ann.post("/lists", {"title": "x", "exclusive": True}))["listId"]
    await ann.post(f"/lists/{list_id}/members", {"userIds": ["fay"]})
    with alpha.inside():
        await execute("UPDATE core_actor SET silenced_at = $1 WHERE id = $2", now(), gus.id)
    for person in (bob, eve, fay, gus):
        post = await person.publish("#garden")
    other = await ann.publish("mine", visibility="unlisted")
    await bob.publish("an answer #garden", inReplyTo=other["postId"])
    assert [each["postId"] for each in (await ann.get("/feed"))["posts"]] == [other["postId"]]
    assert post["tags"] == ["garden"]


async def test_followed_hashtags_are_listed_latest_first(ann: Person, bob: Person) -> None:
    for tag in ("one", "two", "three"):
        await ann.post(f"/tags/{tag}/follow")
    first = await ann.get("/followed-tags", limit=2)
    rest = await ann.get("/followed-tags", limit=2, cursor=first["pagination"]["nextCursor"])
    assert [each["tag"] for each in first["tags"] + rest["tags"]] == ["three", "two", "one"]
    assert (await bob.get("/followed-tags"))["tags"] == []


@pytest.mark.parametrize("tag", ["a b", "12", "é-ü", "x" * 300])
async def test_what_is_no_hashtag_cannot_be_followed(ann: Person, tag: str) -> None:
    await ann.refused(422, "POST", f"/tags/{tag}/follow")


async def test_a_hashtag_is_followed_once_and_unfollowed_once(ann: Person) -> None:
    await ann.post("/tags/garden/follow")
    await ann.refused(409, "POST", "/tags/GARDEN/follow")
    await ann.delete("/tags/garden/follow")
    await ann.refused(404, "DELETE", "/tags/garden/follow")


async def test_a_hashtag_that_many_follow_is_brought_home_by_a_job(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.timelines.AT_ONCE", 1)
    monkeypatch.setattr("core.timelines.BATCH", 1)
    for person in (ann, bob):
        await person.post("/tags/garden/follow")
    await eve.publish("#garden")
    await settle(alpha)
    assert [len((await person.get("/feed"))["posts"]) for person in (ann, bob)] == [1, 1]


# -- Shares and answers --------------------------------------------------------
async def test_shares_of_somebody_can_be_left_out(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    hers, later = await eve.publish("hers"), await eve.publish("later")
    await bob.publish("his")
    await bob.post(f"/posts/{hers['postId']}/share")
    state = await ann.put("/users/bob/follow", {"showShares": False})
    assert (state["showShares"], state["showReplies"]) == (False, True)
    await bob.post(f"/posts/{later['postId']}/share")
    assert await texts(ann) == ["his"]
    await ann.put("/users/bob/follow", {"showShares": True})
    assert await texts(ann) == ["later", "hers", "his"]


async def test_answers_of_somebody_can_be_left_out_but_for_those_to_oneself(
    ann: Person, bob: Person, eve: Person
) -> None:
    await ann.follow(bob)
    await ann.follow(eve)
    hers, mine = await eve.publish("hers"), await ann.publish("mine")
    await bob.publish("to hers", inReplyTo=hers["postId"])
    await ann.put("/users/bob/follow", {"showReplies": False})
    his = await bob.publish("his")
    for post, words in ((hers, "to hers again"), (mine, "to mine"), (his, "to his own")):
        await bob.publish(words, inReplyTo=post["postId"])
    assert await texts(ann) == ["to his own", "to mine", "his", "mine", "hers"]
    await ann.put("/users/bob/follow", {"showReplies": True})
    assert "to hers" in await texts(ann)
    assert "to hers again" in await texts(ann)


async def test_nothing_can_be_wanted_of_whom_one_does_not_follow(ann: Person, bob: Person) -> None:
    await ann.refused(404, "PUT", "/users/bob/follow", {"showShares": False})
    await ann.refused(422, "PUT", "/users/bob/follow", {"showShares": "no"})


# -- Conversations -------------------------------------------------------------
async def test_a_muted_conversation_brings_no_answers_home(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    await ann.follow(bob)
    await ann.follow(eve)
    root = await bob.publish("root")
    answer = await eve.publish("one", inReplyTo=root["postId"])
    assert await ann.post(f"/posts/{answer['postId']}/mute-thread") == {
        "postId": answer["postId"], "isThreadMuted": True
    }  # fmt: skip
    await bob.publish("two", inReplyTo=answer["postId"])
    assert await texts(ann) == ["one", "root"]
    assert (await ann.get(f"/posts/{root['postId']}/thread"))["isThreadMuted"] is True
    with alpha.inside():
        entry = await Entry.get(id=answer["postId"])
        assert await mutes_thread(ann.id, entry)
        assert await who_mutes_thread([ann.id, bob.id], entry) == {ann.id}
    await ann.refused(409, "POST", f"/posts/{root['postId']}/mute-thread")
    await ann.delete(f"/posts/{root['postId']}/mute-thread")
    await ann.refused(404, "DELETE", f"/posts/{root['postId']}/mute-thread")
    await bob.publish("three", inReplyTo=answer["postId"])
    assert await texts(ann) == ["three", "one", "root"]


async def test_a_conversation_one_may_not_see_cannot_be_muted(ann: Person, bob: Person) -> None:
    post = await bob.publish("secret", visibility="private")
    await ann.refused(404, "POST", f"/posts/{post['postId']}/mute-thread")


# -- Mutes that end ------------------------------------------------------------
async def test_a_mute_ends_when_its_time_is_over(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await bob.publish("his")
    until = now() + timedelta(hours=1)
    state = await ann.post("/users/bob/mute", {"expiresAt": stamp(until)})
    assert (state["isMuted"], state["expiresAt"]) == (True, stamp(until))
    await settle(alpha)
    assert await texts(ann) == []
    with alpha.inside():
        await execute("UPDATE core_mute SET expires_at = $1", now() - timedelta(seconds=1))
        await execute("UPDATE core_job SET due_at = $1", now())
    await settle(alpha)
    assert await texts(ann) == ["his"]
    await ann.refused(404, "DELETE", "/users/bob/mute")


async def test_a_mute_that_was_made_longer_stays(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await ann.post("/users/bob/mute", {"expiresAt": stamp(now() + timedelta(hours=1))})
    await ann.post("/users/bob/mute")
    await ann.refused(409, "POST", "/users/bob/mute")
    with alpha.inside():
        await end_mute(actor_id=ann.id, target_id=bob.id)
    assert [each["username"] for each in (await ann.get("/mutes"))["users"]] == ["bob"]


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "2035-01-01T00:00:00", "soon"])
async def test_a_mute_ends_at_a_time_to_come_or_never(ann: Person, bob: Person, until: str) -> None:
    problem = await ann.refused(422, "POST", "/users/bob/mute", {"expiresAt": until})
    assert [error["field"] for error in problem["errors"]] == ["expiresAt"]
    assert (await ann.get("/mutes"))["users"] == []


# -- How far one has read ------------------------------------------------------
async def test_how_far_one_has_read_is_the_same_everywhere_and_never_moves_back(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    first, second = await bob.publish("one"), await bob.publish("two")
    assert (await ann.get("/markers"))["home"] is None
    await ann.put("/markers", {"home": {"lastReadId": second["postId"]}})
    mark = await ann.put("/markers", {"home": {"lastReadId": first["postId"]}})
    assert mark["home"]["lastReadId"] == second["postId"]
    assert (await bob.get("/markers"))["home"] is None


async def test_only_what_is_in_ones_home_feed_can_be_marked(ann: Person, bob: Person) -> None:
    post = await bob.publish()
    for wrong in (post["postId"], "nothing"):
        problem = await ann.refused(422, "PUT", "/markers", {"home": {"lastReadId": wrong}})
        assert problem["errors"][0]["field"] == "home.lastReadId"


# -- Likes and pictures --------------------------------------------------------
async def test_what_one_likes_is_listed_latest_like_first_for_oneself_alone(ann: Person, bob: Person) -> None:
    posts = [await bob.publish(str(number)) for number in range(3)]
    for post in (posts[1], posts[0], posts[2]):
        await ann.post(f"/posts/{post['postId']}/like")
    assert [post["content"] for post in (await ann.get("/likes"))["posts"]] == ["<p>2</p>", "<p>0</p>", "<p>1</p>"]
    assert (await bob.get("/likes"))["posts"] == []
