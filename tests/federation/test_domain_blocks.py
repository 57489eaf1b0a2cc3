"""Somebody blocks a whole server: its people vanish for them alone, and nothing ties them any more."""

from __future__ import annotations

import pytest

from core import domain_blocks
from core.federation.models import Outgoing
from core.models import Actor, Follow
from core.testing import settle, world
from tests.core.api.test_stream import streaming
from tests.federation.arrivals import arrive, stored


@pytest.fixture
async def three():
    """Ann, Eve and Cid on alpha, Bob on beta, whom Ann and Eve know well."""
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, eve, cid = await alpha.users("ann", "eve", "cid")
        bob = await beta.user("bob")
        await ann.follow(bob.address)
        await eve.follow(bob.address)
        await ann.follow(eve)
        await settle(alpha, beta)
        yield alpha, beta, ann, eve, cid, bob


def block(person, domain="beta.test"):
    return person.post("/domain-blocks", {"domain": domain})


def unblock(person, domain="beta.test"):
    return person.delete(f"/domain-blocks/{domain}")


async def ids(person, path, key="posts"):
    name = {"comments": "commentId", "users": "userId"}.get(key, "postId")
    return [one[name] for one in (await person.get(path))[key]]


async def test_everything_of_a_blocked_server_is_hidden_from_who_blocks_it_alone(three):
    """Posts, answers, shares, quotes, what is found and who is listed; all but the feed is back once it is lifted."""
    alpha, beta, ann, eve, _cid, bob = three
    own = await ann.publish("Ann's own")
    await bob.put("/users/me", {"settings": {"searchable": True, "indexable": True}})
    await bob.follow(ann.address)
    await settle(alpha, beta)
    theirs = await bob.publish("Bob's words about herrings #sails")
    (own_there,) = [post["postId"] for post in await bob.feed() if post["uri"] == own["uri"]]
    await bob.post(f"/posts/{own_there}/comments", {"content": "An answer of Bob's"})
    await bob.post(f"/posts/{own_there}/like")
    await settle(alpha, beta)
    his = (await stored(alpha, theirs["uri"])).id
    (his_answer,) = await ids(eve, f"/posts/{own['postId']}/comments", "comments")
    below = (await eve.post(f"/comments/{his_answer}/reply", {"content": "Eve below"}))["commentId"]
    quoting = (await eve.publish("Look at this", quote=his))["postId"]
    shared = (await eve.publish("Eve's own"))["postId"]
    await eve.post(f"/posts/{his}/share")
    await settle(alpha, beta)  # Bob's server lets it be quoted
    bob_here = (await eve.get(f"/users/{bob.address}"))["userId"]

    async def seen(person):
        found = {
            "home": his in await ids(person, "/feed"),
            "global": his in await ids(person, "/feed?scope=global"),
            "tag": his in await ids(person, "/tags/sails"),
            "search": his in await ids(person, "/search/posts?q=herrings"),
            "people": bob_here in await ids(person, "/search/users?q=bob", "users"),
            "itself": await person.sees(his),
            "comments": his_answer in await ids(person, f"/posts/{own['postId']}/comments", "comments"),
            "quote": (await person.get(f"/posts/{quoting}"))["quote"] is not None,
            "likers": bob_here in await ids(person, f"/posts/{own['postId']}/likes", "users"),
            "profile": his in await ids(person, f"/users/{bob_here}/posts"),
            "above": his_answer in await ids(person, f"/posts/{below}/thread", "ancestors"),
        }
        return {name for name, is_there in found.items() if is_there}

    everything = await seen(eve)
    assert len(everything) == 11
    assert await seen(ann) == everything
    assert await block(ann, " BETA.test.") == {"domain": "beta.test", "isDomainBlocked": True}
    assert await seen(ann) == set()
    assert await seen(eve) == everything
    assert shared in await ids(ann, "/feed")
    for method, path in (("POST", "like"), ("POST", "share"), ("POST", "comments")):
        await ann.refused(404, method, f"/posts/{his}/{path}", {"content": "x"} if path == "comments" else None)
    assert (await ann.get(f"/users/{bob_here}"))["isDomainBlocked"] is True
    assert (await eve.get(f"/users/{bob_here}"))["isDomainBlocked"] is False
    assert "beta.test" in (await ann.browser().get(f"/@{bob.address[1:]}")).text

    await settle(alpha, beta)
    await unblock(ann)
    assert await seen(ann) == everything  # also at home, where Eve's share brought it


async def test_follows_end_both_ways_and_both_servers_know(three):
    alpha, beta, ann, eve, _cid, bob = three
    await bob.follow(ann.address)
    await settle(alpha, beta)
    assert (await ann.get("/users/me"))["followersCount"] == 1
    await block(ann)
    await settle(alpha, beta)
    for key in ("isFollowing", "isFollowedBy", "isRequested"):
        assert (await ann.get(f"/users/{bob.address}"))[key] is False
        assert (await bob.get(f"/users/{ann.address}"))[key] is False
    me = await ann.get("/users/me")
    assert (me["followersCount"], me["followingCount"]) == (0, 1)  # Eve is followed still
    assert (await bob.get("/users/me"))["followersCount"] == 1  # by Eve
    with alpha.inside():
        told = [one.verb for one in await Outgoing.filter(sender_id=ann.id).order_by("id")]
        assert sorted(told)[-2:] == ["reject", "unfollow"]
    hidden = await ann.publish("For my followers", visibility="followers")
    await settle(alpha, beta)
    assert await stored(beta, hidden["uri"]) is None
    await unblock(ann)
    await settle(alpha, beta)
    assert (await ann.get(f"/users/{bob.address}"))["isFollowing"] is False
    assert (await bob.get(f"/users/{ann.address}"))["isFollowing"] is False
    await bob.follow(ann.address)
    await settle(alpha, beta)
    assert (await bob.get(f"/users/{ann.address}"))["isFollowing"] is True


async def test_what_waits_for_an_answer_is_dropped_and_new_requests_are_refused(three):
    alpha, beta, ann, eve, cid, bob = three
    zoe = await beta.user("zoe")
    for person in (ann, zoe):
        await person.put("/users/me", {"isLocked": True})
    await settle(alpha, beta)
    await bob.follow(ann.address)
    await ann.follow(zoe.address)
    await bob.post("/friends/request", {"targetUserId": ann.address})
    await settle(alpha, beta)
    assert len((await ann.get("/follow-requests"))["users"]) == 1
    assert (await ann.get(f"/users/{zoe.address}"))["isRequested"] is True
    await block(ann)
    await settle(alpha, beta)
    assert (await ann.get("/follow-requests"))["users"] == (await ann.get("/friends/requests"))["requests"] == []
    assert (await ann.get(f"/users/{zoe.address}"))["isRequested"] is False
    assert (await zoe.get("/follow-requests"))["users"] == []
    await ann.refused(404, "POST", f"/users/{zoe.address}/follow")
    await ann.refused(404, "POST", "/friends/request", {"targetUserId": zoe.address})
    await bob.follow(ann.address)
    await bob.follow(cid.address)
    await settle(alpha, beta)
    assert (await bob.get(f"/users/{ann.address}"))["isRequested"] is False  # she was not asked
    assert (await bob.get(f"/users/{cid.address}"))["isFollowing"] is True
    assert (await ann.get("/follow-requests"))["users"] == []
    named = await ann.publish(f"Not for you, {bob.address}", visibility="direct")
    await settle(alpha, beta)
    assert named["mentions"] == [] and await stored(beta, named["uri"]) is None


async def test_who_asks_to_quote_is_dropped_and_turned_down(alpha, ann, foreign):
    zoe = foreign.person("zoe")
    asking, open_to_all = await ann.publish("Ask me", quotePolicy="ask"), await ann.publish("Quote me")
    note, other = zoe.note("<p>look</p>", quote=asking["uri"]), zoe.note("<p>see</p>", quote=open_to_all["uri"])
    await arrive(alpha, zoe, zoe.activity("QuoteRequest", asking["uri"], instrument=note["id"]))
    assert len((await ann.get("/quote-requests"))["requests"]) == 1
    await block(ann, "foreign.test")
    assert (await ann.get("/quote-requests"))["requests"] == []
    for post, instrument in ((asking, note), (open_to_all, other)):
        await arrive(alpha, zoe, zoe.activity("QuoteRequest", post["uri"], instrument=instrument["id"]))
    assert [one["type"] for one in foreign.activities() if one["type"] in ("Accept", "Reject")] == ["Reject", "Reject"]
    await unblock(ann, "foreign.test")
    assert (await ann.get("/quote-requests"))["requests"] == []


async def test_somebody_of_a_blocked_server_cannot_follow_whatever_they_say(alpha, ann, foreign):
    """Neither by asking for friendship nor by saying yes to what was never asked; who is elsewhere by name is not."""
    zoe = foreign.person("zoe")
    await block(ann, "foreign.test")
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri, wantsBack=True))
    claimed = {"id": f"{ann.uri}/follows/1", "type": "Follow", "actor": ann.uri, "object": zoe.id}
    await arrive(alpha, zoe, zoe.activity("Accept", claimed))
    assert [one["type"] for one in foreign.activities() if one["type"] in ("Accept", "Reject")] == ["Reject"]
    with alpha.inside():
        assert await Follow.all().count() == 0
    below = type(foreign)("sub.foreign.test").join(alpha).person("yan")
    await arrive(alpha, below, below.activity("Follow", ann.uri))
    with alpha.inside():
        follower = await Actor.get(id=(await Follow.get(target_id=ann.id)).follower_id)
    assert follower.acct == "yan@sub.foreign.test"  # another server, which has to be blocked itself


async def test_many_follows_end_batch_by_batch_and_none_once_the_block_is_lifted(three, monkeypatch):
    monkeypatch.setattr(domain_blocks, "BATCH", 2)
    alpha, beta, ann, _eve, _cid, bob = three
    others = await beta.users(*(f"p{number}" for number in range(4)))
    for one in others:
        await one.follow(ann.address)
    await settle(alpha, beta)
    await block(ann)
    await settle(alpha, beta)
    with alpha.inside():
        assert await Follow.filter(target_id=ann.id).count() == 0
    await unblock(ann)
    await bob.follow(ann.address)
    await settle(alpha, beta)
    with alpha.inside():
        await domain_blocks.sever(actor_id=ann.id, domain="beta.test")  # a job that comes late
    assert (await bob.get(f"/users/{ann.address}"))["isFollowing"] is True


async def test_nothing_of_a_blocked_server_comes_down_a_stream(three):
    alpha, beta, ann, eve, _cid, bob = three
    async with streaming(ann) as socket:
        await bob.publish("Seen")
        await settle(alpha, beta)
        assert len(await socket.heard()) == 1
        await block(ann)
        theirs = await bob.publish("Unseen")
        await settle(alpha, beta)
        his = (await stored(alpha, theirs["uri"])).id
        await eve.post(f"/posts/{his}/share")
        quoting = (await eve.publish("Look", quote=his))["postId"]
        frame = await socket.receive_type("post")
        assert (frame["data"]["postId"], frame["data"]["quote"]) == (quoting, None)


async def test_nobody_is_suggested_or_recommended_of_a_blocked_server(three):
    alpha, beta, ann, eve, cid, bob = three
    await cid.follow(eve)
    pack = (await eve.post("/packs", {"name": "Sailors", "userIds": [bob.address]}))["packId"]
    await settle(alpha, beta)

    async def shown():
        suggested = [one["user"]["acct"] for one in (await cid.get("/suggestions"))["suggestions"]]
        packed = [one["acct"] for one in (await cid.get(f"/packs/{pack}/members"))["users"]]
        followers = [one["acct"] for one in (await cid.get(f"/users/{eve.id}/following"))["users"]]
        return ["bob@beta.test" in found for found in (suggested, packed, followers)]

    assert await shown() == [True, True, True]
    await block(cid)
    assert await shown() == [False, False, False]


async def test_friends_are_friends_no_more_and_are_sent_nothing(three):
    alpha, beta, ann, _eve, _cid, bob = three
    await bob.follow(ann.address)
    await settle(alpha, beta)
    assert (await ann.get(f"/users/{bob.address}"))["isFriend"] is True
    own = await ann.publish("For friends", visibility="friends")
    await settle(alpha, beta)
    assert await stored(beta, own["uri"]) is not None
    await block(ann)
    await settle(alpha, beta)
    later = await ann.publish("For friends again", visibility="friends")
    await settle(alpha, beta)
    assert await stored(beta, later["uri"]) is None
