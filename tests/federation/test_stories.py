"""Two servers of ours, and what people on them do with one another."""

from __future__ import annotations

import asyncio

import pytest

from core.accounts import administration
from core.federation.models import Delivery, Outgoing, Received
from core.models import Actor, Entry
from core.testing import settle
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved
from tests.core.storage.uploading import uploaded


@pytest.fixture
async def neighbours(alpha_and_beta):
    """Ann and Eve on alpha, Bob on beta."""
    alpha, beta = alpha_and_beta
    ann, eve = await alpha.users("ann", "eve")
    return alpha, beta, ann, await beta.user("bob"), eve


async def id_there(instance, uri):
    """The id an entry or an actor of another server has on this one, None where it is not known."""
    with instance.inside():
        found = await Entry.get_or_none(uri=uri, deleted_at=None) or await Actor.get_or_none(uri=uri)
    return found.id if found else None


async def counts(person, post_id):
    post = await person.get(f"/posts/{post_id}")
    return post["likesCount"], post["commentsCount"], post["sharesCount"]


async def test_follow_post_like_answer_share_edit_and_delete_all_arrive(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.follow(ann.address)
    await settle(alpha, beta)
    assert (await bob.get(f"/users/{ann.address}"))["isFollowing"] is True
    assert (await ann.get("/users/me"))["followersCount"] == 1

    post = await ann.publish("Hello **world** #greeting")
    await settle(alpha, beta)
    (seen,) = await bob.feed()
    assert seen["content"].startswith("<p>Hello <strong>world</strong>")
    assert (seen["uri"], seen["tags"], seen["user"]["acct"]) == (post["uri"], ["greeting"], "ann@alpha.test")

    there = seen["postId"]
    await bob.post(f"/posts/{there}/like")
    comment = await bob.post(f"/posts/{there}/comments", {"content": "Hi Ann"})
    await bob.post(f"/posts/{there}/share")
    await settle(alpha, beta)
    assert await counts(ann, post["postId"]) == (1, 1, 1)
    assert await counts(bob, there) == (1, 1, 1)
    (answer,) = (await ann.get(f"/posts/{post['postId']}/comments"))["comments"]
    assert (answer["content"], answer["user"]["acct"]) == ("<p>Hi Ann</p>", "bob@beta.test")

    await ann.put(f"/posts/{post['postId']}", {"content": "Hello again"})
    await bob.delete(f"/comments/{comment['commentId']}")
    await bob.delete(f"/posts/{there}/like")
    await bob.delete(f"/posts/{there}/share")
    await settle(alpha, beta)
    assert (await bob.get(f"/posts/{there}"))["content"] == "<p>Hello again</p>"
    assert (await bob.get(f"/posts/{there}"))["editedAt"]
    assert await counts(ann, post["postId"]) == (0, 0, 0)

    await ann.delete(f"/posts/{post['postId']}")
    await settle(alpha, beta)
    await bob.refused(404, "GET", f"/posts/{there}")
    assert await bob.feed() == []
    await bob.delete(f"/users/{ann.address}/follow")
    await settle(alpha, beta)
    assert (await ann.get("/users/me"))["followersCount"] == 0


async def test_nothing_is_left_to_do_when_everything_has_arrived(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.follow(ann.address)
    await ann.publish("hello")
    await settle(alpha, beta)
    for instance in (alpha, beta):
        with instance.inside():
            assert await Delivery.all().count() == 0
            assert {received.state for received in await Received.all()} <= {"done"}


async def test_who_is_asked_decides(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await ann.put("/users/me", {"isLocked": True})
    await bob.follow(ann.address)
    await settle(alpha, beta)
    assert (await bob.get(f"/users/{ann.address}"))["isRequested"] is True
    (request,) = (await ann.get("/follow-requests"))["users"]
    assert request["acct"] == "bob@beta.test"
    await ann.publish("not for everybody", visibility="followers")
    await settle(alpha, beta)
    assert await bob.feed() == []

    await ann.put(f"/follow-requests/{request['userId']}/accept")
    await settle(alpha, beta)
    assert (await bob.get(f"/users/{ann.address}"))["isFollowing"] is True
    await ann.publish("now you may", visibility="followers")
    await settle(alpha, beta)
    assert [post["content"] for post in await bob.feed()] == ["<p>now you may</p>"]


async def test_who_is_turned_down_does_not_follow_and_may_ask_again(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await ann.put("/users/me", {"isLocked": True})
    for _ in range(2):
        await bob.follow(ann.address)
        await settle(alpha, beta)
        (request,) = (await ann.get("/follow-requests"))["users"]
        await ann.put(f"/follow-requests/{request['userId']}/reject")
        await settle(alpha, beta)
        profile = await bob.get(f"/users/{ann.address}")
        assert (profile["isFollowing"], profile["isRequested"]) == (False, False)


async def test_friends_are_made_across_servers(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.post("/friends/request", {"targetUserId": ann.address})
    await settle(alpha, beta)
    (request,) = (await ann.get("/friends/requests"))["requests"]
    await ann.put("/friends/accept", {"requestId": request["requestId"]})
    await settle(alpha, beta)
    assert (await bob.get(f"/users/{ann.address}"))["isFriend"] is True
    assert (await ann.get(f"/users/{bob.address}"))["isFriend"] is True
    await ann.publish("for friends", visibility="friends")
    await settle(alpha, beta)
    assert [post["content"] for post in await bob.feed()] == ["<p>for friends</p>"]


async def test_a_block_severs_both_ways_and_nothing_comes_through(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.follow(ann.address)
    await ann.follow(bob.address)
    await settle(alpha, beta)
    post = await ann.publish("before")
    await settle(alpha, beta)
    there = await id_there(beta, post["uri"])
    await ann.post(f"/users/{bob.address}/block")
    await settle(alpha, beta)
    assert (await ann.get("/users/me"))["followersCount"] == (await ann.get("/users/me"))["followingCount"] == 0
    assert (await bob.get("/users/me"))["followersCount"] == (await bob.get("/users/me"))["followingCount"] == 0
    await ann.publish("after")
    await bob.post(f"/posts/{there}/like")
    await bob.post(f"/posts/{there}/comments", {"content": "still here"})
    await settle(alpha, beta)
    assert await counts(ann, post["postId"]) == (0, 0, 0)
    assert "<p>after</p>" not in [seen["content"] for seen in await bob.feed()]
    with beta.inside():
        assert not await Entry.exists(content="<p>after</p>")


async def test_a_thread_grows_on_both_sides(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.follow(ann.address)
    await settle(alpha, beta)
    post = await ann.publish("one")
    await settle(alpha, beta)
    there = await id_there(beta, post["uri"])
    await bob.post(f"/posts/{there}/comments", {"content": "two"})
    await settle(alpha, beta)
    (two,) = (await ann.get(f"/posts/{post['postId']}/comments"))["comments"]
    await ann.post(f"/posts/{two['commentId']}/comments", {"content": "three"})
    await settle(alpha, beta)
    with beta.inside():
        thread = await Entry.filter(root_id=there).order_by("id")
    assert [entry.content for entry in thread] == ["<p>two</p>", "<p>three</p>"]
    assert thread[1].reply_to_id == thread[0].id


async def test_someone_who_is_named_hears_of_it_without_following(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await ann.publish(f"What do you say, {bob.address}?", visibility="direct")
    await settle(alpha, beta)
    with beta.inside():
        entry = await Entry.get(is_local=False)
    assert entry.visibility == "direct"
    assert await bob.sees(entry.id)


async def test_deliveries_that_come_again_change_nothing(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.follow(ann.address)
    await settle(alpha, beta)
    post = await ann.publish("once")
    await settle(alpha, beta)
    there = await id_there(beta, post["uri"])
    await bob.post(f"/posts/{there}/like")
    await settle(alpha, beta)
    await send_everything_again(alpha)
    await send_everything_again(beta)
    await settle(alpha, beta)
    assert len(await bob.feed()) == 1
    assert await counts(ann, post["postId"]) == (1, 0, 0)
    assert (await ann.get("/users/me"))["followersCount"] == 1


async def send_everything_again(instance):
    """Deliver all that was ever sent once more, as if nobody had heard of it."""
    other = {"alpha.test": "beta.test", "beta.test": "alpha.test"}[instance.host]
    with instance.inside():
        for sent in await Outgoing.all():
            await Delivery.create(
                outgoing_id=sent.id, sender_id=sent.sender_id, inbox=f"https://{other}/inbox", host=other
            )


async def test_everybody_acting_at_once_is_counted_exactly(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann = await alpha.user("ann")
    people = await beta.users(*(f"p{number}" for number in range(12)))
    await asyncio.gather(*(person.follow(ann.address) for person in people[:1]))
    await settle(alpha, beta)
    post = await ann.publish("all together now")
    await settle(alpha, beta)
    there = await id_there(beta, post["uri"])
    for person in people:
        await person.post(f"/posts/{there}/like")
        await person.post(f"/posts/{there}/share")
        await person.post(f"/posts/{there}/comments", {"content": "me too"})
    await settle(alpha, beta)
    assert await counts(ann, post["postId"]) == (12, 12, 12)
    for person in people[:5]:
        await person.delete(f"/posts/{there}/like")
    await settle(alpha, beta)
    assert await counts(ann, post["postId"]) == (7, 12, 12)


async def test_a_profile_that_changes_here_changes_there(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.follow(ann.address)
    await settle(alpha, beta)
    await ann.put("/users/me", {"fullName": "Ann of Alpha"})
    await settle(alpha, beta)
    assert (await bob.get(f"/users/{ann.address}"))["fullName"] == "Ann of Alpha"


async def test_who_deletes_their_account_is_gone_on_the_other_server_with_all_they_did(neighbours):
    alpha, beta, ann, bob, eve = neighbours
    await bob.follow(ann.address)
    await bob.follow(eve.address)
    await ann.follow(bob.address)
    await settle(alpha, beta)
    liked = await bob.publish("hello over there")
    await ann.publish("soon gone")
    await settle(alpha, beta)
    (there,) = [post for post in await bob.feed() if post["content"] == "<p>soon gone</p>"]
    await ann.post(f"/posts/{await id_there(alpha, liked['uri'])}/like")
    await settle(alpha, beta)
    assert await counts(bob, liked["postId"]) == (1, 0, 0)

    with alpha.inside():
        await administration.remove(await Actor.get(id=ann.id))
    await settle(alpha, beta)
    await bob.refused(404, "GET", f"/posts/{there['postId']}")
    await bob.refused(404, "GET", f"/users/{there['user']['userId']}")
    assert [post["content"] for post in await bob.feed()] == ["<p>hello over there</p>"]
    assert await counts(bob, liked["postId"]) == (0, 0, 0)
    assert (await bob.get("/users/me"))["followingCount"] == 1
    with alpha.inside():
        assert await Delivery.all().count() == 0


async def test_pictures_arrive_with_what_is_said_of_them_and_change_and_go_with_their_post(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    await bob.follow(ann.address)
    await settle(alpha, beta)
    first = await uploaded(ann, saved(quarters(900, 600), "JPEG"), alt="Four colours", focus="0.5,0")
    second = await uploaded(ann, saved(quarters(40, 90), "PNG"))
    post = await ann.publish("Look", fileIds=[first["fileId"], second["fileId"]])
    await settle(alpha, beta)
    seen, small = (await bob.feed())[0]["attachments"]
    assert (seen["type"], seen["alt"], seen["width"], seen["height"]) == ("image", "Four colours", 900, 600)
    assert (seen["blurhash"], seen["focus"]) == (first["blurhash"], [0.5, 0])
    assert seen["metadata"]["remoteUrl"] == first["url"] and small["alt"] is None
    for url in (seen["url"], seen["thumbnailUrl"], small["url"]):
        assert url.startswith("https://beta.test/files/remote/")
        picture = opened_bytes((await beta.anon.page(url)).content)
        assert corners(picture) == UPRIGHT and picture.format == "WEBP"
    assert picture.size == (40, 90)

    await ann.put(f"/files/{first['fileId']}", {"alt": "Red, green, blue, grey"})
    await ann.delete(f"/files/{second['fileId']}")
    await settle(alpha, beta)
    (changed,) = (await bob.feed())[0]["attachments"]
    assert changed["alt"] == "Red, green, blue, grey"

    await ann.delete(f"/posts/{post['postId']}")
    await settle(alpha, beta)
    assert (await beta.anon.page(changed["url"])).status_code == 404
    assert (await alpha.anon.page(first["url"])).status_code == 404
