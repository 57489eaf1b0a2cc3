"""Polls between servers: asked, answered and counted on both, in what other servers send as well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.database import execute, now
from core.federation.removal import remove_actor
from core.models import Actor, Entry
from core.testing import Foreign, settle, world

BREAD = {"options": ["Rye", "Wheat"], "multiple": False, "expiresIn": 3600}
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def counts(post):
    return [option["votesCount"] for option in post["poll"]["options"]]


async def let_pass(*instances):
    """Let the three minutes pass for which tallies wait."""
    for instance in instances:
        with instance.inside():
            await execute("UPDATE core_job SET due_at = $1 WHERE name LIKE 'core.polls.%'", now())
    await settle(*instances)


@pytest.fixture
async def neighbours(alpha_and_beta):
    """Ann on alpha, Bob who follows her and Cleo on beta."""
    alpha, beta = alpha_and_beta
    ann = await alpha.user("ann")
    bob, cleo = await beta.users("bob", "cleo")
    await bob.follow(ann.address)
    await settle(alpha, beta)
    return alpha, beta, ann, bob, cleo


async def ask(ann, alpha, beta, bob, **poll):
    post = await ann.publish("Which bread?", poll={**BREAD, **poll})
    await settle(alpha, beta)
    (seen,) = await bob.feed()
    return post, seen


async def test_a_poll_is_asked_here_answered_there_and_counted_on_both(neighbours):
    alpha, beta, ann, bob, cleo = neighbours
    post, there = await ask(ann, alpha, beta, bob)
    assert [one["title"] for one in there["poll"]["options"]] == ["Rye", "Wheat"]
    assert there["poll"]["expiresAt"] == post["poll"]["expiresAt"]
    await bob.post(f"/posts/{there['postId']}/vote", {"choices": [1]})
    await settle(alpha, beta)
    here = await ann.get(f"/posts/{post['postId']}")
    assert (counts(here), here["poll"]["votersCount"]) == ([0, 1], 1)
    await cleo.post(f"/posts/{there['postId']}/vote", {"choices": [0]})
    await settle(alpha, beta)
    await let_pass(alpha, beta)
    seen = await bob.get(f"/posts/{there['postId']}")
    assert (counts(seen), seen["poll"]["votersCount"], seen["poll"]["ownChoices"]) == ([1, 1], 2, [1])
    assert seen["editedAt"] is None


async def test_several_choices_arrive_one_by_one_and_count_one_voter(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    post, there = await ask(ann, alpha, beta, bob, multiple=True)
    await bob.post(f"/posts/{there['postId']}/vote", {"choices": [0, 1]})
    await settle(alpha, beta)
    here = await ann.get(f"/posts/{post['postId']}")
    assert (counts(here), here["poll"]["votersCount"]) == ([1, 1], 1)


async def test_other_options_reach_other_servers_and_begin_anew(neighbours):
    alpha, beta, ann, bob, _ = neighbours
    post, there = await ask(ann, alpha, beta, bob)
    await bob.post(f"/posts/{there['postId']}/vote", {"choices": [1]})
    await settle(alpha, beta)
    await ann.put(f"/posts/{post['postId']}", {"content": "Which?", "poll": {**BREAD, "options": ["Oat", "Corn"]}})
    await settle(alpha, beta)
    seen = await bob.get(f"/posts/{there['postId']}")
    assert [one["title"] for one in seen["poll"]["options"]] == ["Oat", "Corn"]
    assert (counts(seen), seen["poll"]["hasVoted"], bool(seen["editedAt"])) == ([0, 0], False, True)


# -- What other servers send -----------------------------------------------------------------------------------------


@pytest.fixture
async def abroad():
    """Ann here, and Zoe on a server of another make."""
    async with world("alpha.test") as (alpha,):
        yield alpha, await alpha.user("ann"), Foreign("other.test").join(alpha).person("zoe")


def question(zoe, *votes, options=("Rye", "Wheat"), key="oneOf", **more):
    """A question of Zoe's, as it stands with these votes."""
    named = [
        {"type": "Note", "name": title, "replies": {"type": "Collection", "totalItems": number}}
        for title, number in zip(options, votes, strict=True)
    ]
    return zoe.note("<p>Which?</p>", type="Question", **{key: named}, **more)


async def known(alpha, ann, zoe, document):
    """The question as Ann sees it, once Zoe has sent it."""
    await zoe.send(alpha, zoe.activity("Create", document, to=document["to"]))
    await settle(alpha)
    with alpha.inside():
        entry = await Entry.get(uri=document["id"])
    return await ann.get(f"/posts/{entry.id}")


async def test_a_question_is_a_poll_with_its_tallies(abroad):
    alpha, ann, zoe = abroad
    ends = "2035-01-01T12:00:00.000Z"
    post = await known(alpha, ann, zoe, question(zoe, 2, 5, key="anyOf", endTime=ends, votersCount=6))
    assert post["content"] == "<p>Which?</p>"
    poll = post["poll"]
    assert (counts(post), poll["votersCount"], poll["multiple"], poll["expiresAt"]) == ([2, 5], 6, True, ends)


async def test_tallies_move_without_an_edit_mark(abroad):
    alpha, ann, zoe = abroad
    document = question(zoe, 0, 1)
    post = await known(alpha, ann, zoe, document)
    document["oneOf"][0]["replies"]["totalItems"], document["closed"] = 7, "2026-01-01T00:00:00Z"
    await zoe.send(alpha, zoe.activity("Update", document))
    await settle(alpha)
    seen = await ann.get(f"/posts/{post['postId']}")
    assert (counts(seen), seen["poll"]["isClosed"], seen["editedAt"]) == ([7, 1], True, None)


async def test_a_vote_goes_to_the_one_who_asks_and_to_nobody_else(abroad):
    alpha, ann, zoe = abroad
    follower = Foreign("third.test").join(alpha).person("max")
    await follower.send(alpha, follower.activity("Follow", ann.uri))
    document = question(zoe, 0, 0, key="anyOf")
    post = await known(alpha, ann, zoe, document)
    await ann.post(f"/posts/{post['postId']}/vote", {"choices": [0, 1]})
    await settle(alpha)
    votes = zoe.server.activities("Create")
    assert [vote["object"]["name"] for vote in votes] == ["Rye", "Wheat"]
    for vote in votes:
        note = vote["object"]
        assert (note["type"], note["inReplyTo"], note["to"]) == ("Note", document["id"], [zoe.id])
        assert "content" not in note and vote["to"] == [zoe.id] and "proof" not in vote
        assert note["attributedTo"] == vote["actor"] == ann.uri
    assert follower.server.activities("Create") == []


@pytest.fixture
async def asked(abroad):
    """A poll of Ann's that Zoe can answer; what is sent comes before it is counted."""
    alpha, ann, zoe = abroad
    post = await ann.publish("Which bread?", poll={**BREAD, "multiple": True})
    return alpha, ann, zoe, post


def choice(zoe, post, name, number=1, **more):
    note = {"id": f"{zoe.id}#votes/{number}", "type": "Note", "attributedTo": zoe.id, "to": "https://alpha.test/x"}
    return {**note, "name": name, "inReplyTo": post["uri"], **more}


async def sent(alpha, ann, zoe, post, thing, who=None):
    await (who or zoe).send(alpha, (who or zoe).activity("Create", thing))
    await settle(alpha)
    seen = await ann.get(f"/posts/{post['postId']}")
    return counts(seen), seen["poll"]["votersCount"]


async def test_votes_come_alone_or_as_a_list_and_count_once(asked):
    alpha, ann, zoe, post = asked
    rye, wheat = choice(zoe, post, "Rye"), choice(zoe, post, "Wheat", 2)
    assert await sent(alpha, ann, zoe, post, [rye, wheat]) == ([1, 1], 1)
    assert await sent(alpha, ann, zoe, post, rye) == ([1, 1], 1)
    max_ = zoe.server.person("max")
    assert await sent(alpha, ann, max_, post, choice(max_, post, "Wheat")) == ([1, 2], 2)
    with alpha.inside():
        assert await Entry.filter(is_local=False).count() == 0


async def test_liars_do_not_vote(asked):
    alpha, ann, zoe, post = asked
    max_ = zoe.server.person("max")
    nobody = ([0, 0], 0)
    assert await sent(alpha, ann, zoe, post, choice(max_, post, "Rye"), who=zoe) == nobody
    theirs = choice(zoe, post, "Rye", id="https://elsewhere.test/votes/1")
    assert await sent(alpha, ann, zoe, post, theirs) == nobody
    assert await sent(alpha, ann, zoe, post, choice(zoe, post, "Cake")) == nobody
    answer = await zoe.send(alpha, zoe.activity("Create", choice(zoe, post, "Rye")), signer=max_)
    assert answer.status_code == 401
    await ann.post(f"/users/{zoe.address}/block")
    assert await sent(alpha, ann, zoe, post, choice(zoe, post, "Rye")) == nobody


async def test_who_may_not_see_a_poll_does_not_vote_from_elsewhere(abroad):
    alpha, ann, zoe = abroad
    post = await ann.publish("Which?", poll=BREAD, visibility="followers")
    assert await sent(alpha, ann, zoe, post, choice(zoe, post, "Rye")) == ([0, 0], 0)


async def test_a_late_vote_counts_no_more(asked):
    alpha, ann, zoe, post = asked
    with alpha.inside():
        await execute("UPDATE core_poll SET expires_at = $1", now() - timedelta(seconds=1))
    assert await sent(alpha, ann, zoe, post, choice(zoe, post, "Rye")) == ([0, 0], 0)


async def test_who_voted_elsewhere_hears_of_the_tallies_and_of_the_end(asked):
    alpha, ann, zoe, post = asked
    await sent(alpha, ann, zoe, post, choice(zoe, post, "Rye"))
    (told,) = zoe.server.activities("Update")
    question = told["object"]
    assert (question["type"], question["votersCount"], "updated" in question) == ("Question", 1, False)
    assert [one["replies"]["totalItems"] for one in question["anyOf"]] == [1, 0]
    max_ = zoe.server.person("max")
    await sent(alpha, ann, max_, post, choice(max_, post, "Wheat"))
    assert len(zoe.server.activities("Update")) == 1  # not before three minutes have passed
    with alpha.inside():
        await execute("UPDATE core_poll SET expires_at = $1", now() - timedelta(seconds=1))
    await let_pass(alpha)
    last = zoe.server.activities("Update")[-1]["object"]
    assert (last["votersCount"], bool(last["closed"])) == (2, True)


async def test_votes_of_somebody_who_left_there_count_no_longer(asked):
    alpha, ann, zoe, post = asked
    assert await sent(alpha, ann, zoe, post, choice(zoe, post, "Rye")) == ([1, 0], 1)
    with alpha.inside():
        await remove_actor(await Actor.get(uri=zoe.id))
    await settle(alpha)
    seen = await ann.get(f"/posts/{post['postId']}")
    assert (counts(seen), seen["poll"]["votersCount"]) == ([0, 0], 0)
