"""Polls: asked, answered once, counted exactly, shown, ended, changed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core import polls
from core.accounts.erasing import erase
from core.database import execute, now, value
from core.models import Entry
from core.testing import befriend, settle, world
from core.testing.people import fields_of

BREAD = {"options": ["Rye", "Wheat", "Spelt"], "expiresIn": 3600}
BOTH = {**BREAD, "multiple": True}


@pytest.fixture
async def four():
    async with world("alpha.test") as (alpha,):
        yield alpha, *await alpha.users("ann", "bob", "eve")


async def ask(person, poll=BREAD, **more):
    return await person.publish("Which bread?", poll=poll, **more)


def counts(post):
    return [option["votesCount"] for option in post["poll"]["options"]]


async def vote(person, post, *choices):
    return (await person.post(f"/posts/{post['postId']}/vote", {"choices": list(choices)}))["poll"]


async def test_somebody_asks_and_others_answer(four):
    _, ann, bob, eve = four
    post = await ask(ann)
    assert [option["title"] for option in post["poll"]["options"]] == BREAD["options"]
    assert (post["poll"]["isClosed"], post["poll"]["hasVoted"], post["poll"]["votersCount"]) == (False, False, 0)
    poll = await vote(bob, post, 1)
    assert (poll["hasVoted"], poll["ownChoices"], poll["votesCount"], poll["votersCount"]) == (True, [1], 1, 1)
    await vote(eve, post, 1)
    seen = await ann.get(f"/posts/{post['postId']}")
    assert (counts(seen), seen["poll"]["votersCount"], seen["poll"]["ownChoices"]) == ([0, 2, 0], 2, [])
    (listed,) = await bob.feed("local")
    assert (listed["poll"]["ownChoices"], counts(listed)) == ([1], [0, 2, 0])
    assert counts(await ann.instance.anon.get(f"/posts/{post['postId']}")) == [0, 2, 0]


async def test_several_answers_are_chosen_where_the_poll_says_so(four):
    _, ann, bob, _ = four
    poll = await vote(bob, await ask(ann, BOTH), 0, 2)
    assert (poll["ownChoices"], poll["votesCount"], poll["votersCount"]) == ([0, 2], 2, 1)


@pytest.mark.parametrize("choices", [[], [3], [-1], [0, 1], ["0"], "0", [True, 5]])
async def test_what_cannot_be_chosen_is_refused_and_nothing_counts(four, choices):
    _, ann, bob, _ = four
    post = await ask(ann)
    problem = await bob.refused(422, "POST", f"/posts/{post['postId']}/vote", {"choices": choices})
    assert any(field.startswith("choices") for field in fields_of(problem))
    assert counts(await ann.get(f"/posts/{post['postId']}")) == [0, 0, 0]


async def test_nobody_votes_twice_nor_in_their_own_poll(four):
    _, ann, bob, _ = four
    post = await ask(ann)
    await vote(bob, post, 1)
    problem = await bob.refused(409, "POST", f"/posts/{post['postId']}/vote", {"choices": [0]})
    assert problem["code"] == "already_voted"
    await ann.refused(403, "POST", f"/posts/{post['postId']}/vote", {"choices": [0]})
    await ann.instance.anon.refused(401, "POST", f"/posts/{post['postId']}/vote", {"choices": [0]})
    assert counts(await ann.get(f"/posts/{post['postId']}")) == [0, 1, 0]


async def test_who_may_not_see_a_poll_may_not_vote_in_it(four):
    _, ann, bob, eve = four
    await befriend(ann, bob)
    post = await ask(ann, visibility="friends")
    await eve.refused(404, "POST", f"/posts/{post['postId']}/vote", {"choices": [0]})
    await vote(bob, post, 0)
    blocked = await ask(ann)
    await ann.post(f"/users/{eve.id}/block")
    await eve.refused(404, "POST", f"/posts/{blocked['postId']}/vote", {"choices": [0]})


async def test_a_post_without_a_poll_takes_no_votes(four):
    _, ann, bob, _ = four
    post = await ann.publish("No question.")
    assert post["poll"] is None
    await bob.refused(404, "POST", f"/posts/{post['postId']}/vote", {"choices": [0]})


@pytest.mark.parametrize(
    ("poll", "field"),
    [
        ({"options": ["One"]}, "poll.options"),
        ({"options": ["One", " "]}, "poll.options"),
        ({"options": ["One", "\u200b"]}, "poll.options"),
        ({"options": ["One", "On\u2060e"]}, "poll.options"),
        ({"options": ["One", "one"]}, "poll.options"),
        ({"options": ["One", "x" * 101]}, "poll.options"),
        ({"options": [str(n) for n in range(11)]}, "poll.options"),
        ({"options": ["One", "Two"], "expiresIn": 10}, "poll.expiresAt"),
        ({"options": ["One", "Two"], "expiresAt": "2020-01-01T00:00:00Z"}, "poll.expiresAt"),
        ({"options": ["One", "Two"], "expiresAt": "2090-01-01T00:00:00Z"}, "poll.expiresAt"),
        ({"options": ["One", "Two"], "expiresAt": "2090-01-01T00:00:00Z", "expiresIn": 600}, "poll.expiresIn"),
        ({"options": ["One", "Two"], "expiresIn": 10**10}, "poll.expiresIn"),
        ({"multiple": True}, "poll.options"),
    ],
)
async def test_a_poll_that_cannot_be_is_refused_by_the_name_of_what_is_wrong(four, poll, field):
    _, ann, _, _ = four
    problem = await ann.refused(422, "POST", "/posts", {"content": "Which?", "poll": poll})
    assert field in fields_of(problem)
    assert await ann.feed() == []


async def test_a_poll_says_when_it_ends_and_is_open_for_a_day_unless_told(four):
    _, ann, _, _ = four
    at = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    post = await ask(ann, {"options": ["Yes", "No"], "expiresAt": at})
    assert post["poll"]["expiresAt"] == at
    usual = (await ask(ann, {"options": ["Yes", "No"]}))["poll"]["expiresAt"]
    assert abs(datetime.fromisoformat(usual) - datetime.now(UTC) - timedelta(days=1)) < timedelta(minutes=1)


async def end(alpha, post):
    """Let the time of a poll pass."""
    with alpha.inside():
        past = now() - timedelta(seconds=5)
        await execute("UPDATE core_poll SET expires_at = $1 WHERE entry_id = $2", past, post["postId"])
        await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1", post["postId"])
        await execute("UPDATE core_job SET due_at = $1 WHERE name = 'core.polls.end'", past)
    await settle(alpha)


async def test_a_poll_that_is_over_takes_no_votes_and_shows_what_came_of_it(four):
    alpha, ann, bob, eve = four
    post = await ask(ann)
    await vote(bob, post, 2)
    async with eve.socket() as socket:
        await socket.send({"type": "auth", "token": eve.access_token})
        await socket.receive_type("ready")
        await socket.send({"type": "subscribe", "channel": f"post:{post['postId']}"})
        await socket.send({"type": "ping"})
        await socket.receive_type("pong")
        await end(alpha, post)
        frame = await socket.receive_type("poll")
    assert (frame["data"]["postId"], frame["data"]["poll"]["isClosed"]) == (post["postId"], True)
    problem = await eve.refused(409, "POST", f"/posts/{post['postId']}/vote", {"choices": [0]})
    assert problem["code"] == "poll_over"
    assert counts(await eve.get(f"/posts/{post['postId']}")) == [0, 0, 1]


async def test_open_pages_see_the_tallies_move_and_nothing_of_who_voted(four):
    _, ann, bob, eve = four
    post = await ask(ann)
    async with eve.socket() as socket:
        await socket.send({"type": "auth", "token": eve.access_token})
        await socket.receive_type("ready")
        await socket.send({"type": "subscribe", "channel": f"post:{post['postId']}"})
        await socket.send({"type": "ping"})
        await socket.receive_type("pong")
        await vote(bob, post, 1)
        frame = await socket.receive_type("poll")
    assert counts(frame["data"]) == [0, 1, 0]
    assert (frame["data"]["poll"]["hasVoted"], bob.id in str(frame)) == (False, False)


async def test_other_words_keep_the_votes_and_other_options_begin_anew(four):
    alpha, ann, bob, _ = four
    post = await ask(ann)
    path = f"/posts/{post['postId']}"
    await vote(bob, post, 1)
    assert counts(await ann.put(path, {"content": "Which bread, then?"})) == [0, 1, 0]
    assert counts(await ann.put(path, {"content": "Which?", "poll": {**BREAD, "expiresIn": 7200}})) == [0, 1, 0]
    edited = await ann.put(path, {"content": "Which?", "poll": {**BREAD, "options": ["Rye", "Wheat"]}})
    assert (counts(edited), edited["poll"]["votersCount"]) == ([0, 0], 0)
    assert (await vote(bob, post, 0))["ownChoices"] == [0]
    assert (await ann.put(path, {"content": "No question", "poll": {"options": []}}))["poll"] is None
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM core_poll_vote") == 0


async def test_a_poll_that_is_sent_again_as_it_is_keeps_its_end_and_stays_closed(four):
    alpha, ann, bob, _ = four
    post = await ask(ann)
    path, again = f"/posts/{post['postId']}", {"options": BREAD["options"]}
    await vote(bob, post, 1)
    edited = await ann.put(path, {"content": "Which bread, then?", "poll": again})
    assert (counts(edited), edited["poll"]["expiresAt"]) == ([0, 1, 0], post["poll"]["expiresAt"])
    unchanged = await ann.put(path, {"content": "Which bread, then?", "poll": again})
    assert unchanged["editedAt"] == edited["editedAt"]
    with alpha.inside():
        past = now() - timedelta(minutes=1)
        await execute("UPDATE core_poll SET expires_at = $1 WHERE entry_id = $2", past, post["postId"])
    over = await ann.put(path, {"content": "Which bread was it?", "poll": again})
    assert (counts(over), over["poll"]["isClosed"]) == ([0, 1, 0], True)
    alone = {"content": "Which bread was it?", "poll": {"options": ["Rye"]}}
    assert fields_of(await ann.refused(422, "PUT", path, alone)) == ["poll.options"]


async def test_a_poll_goes_with_its_post(four):
    alpha, ann, bob, _ = four
    post = await ask(ann)
    await vote(bob, post, 1)
    await ann.delete(f"/posts/{post['postId']}")
    with alpha.inside():
        for table in ("core_poll", "core_poll_option", "core_poll_vote"):
            assert await value(f"SELECT COUNT(*) FROM {table}") == 0


async def test_votes_of_somebody_who_leaves_count_no_longer(four):
    alpha, ann, bob, eve = four
    post = await ask(ann, BOTH)
    await vote(bob, post, 0, 1)
    await vote(eve, post, 1)
    with alpha.inside():
        await execute("UPDATE core_actor SET removed_at = $1 WHERE id = $2", now(), bob.id)
        await erase(actor_id=bob.id)
    seen = await ann.get(f"/posts/{post['postId']}")
    assert (counts(seen), seen["poll"]["votersCount"]) == ([0, 1, 0], 1)


async def test_a_scheduled_poll_opens_when_its_post_appears(four):
    alpha, ann, bob, _ = four
    at = datetime.now(UTC) + timedelta(hours=1)
    kept = await ask(ann, publishAt=at.isoformat())
    with alpha.inside():
        await execute("UPDATE core_job SET due_at = $1 WHERE name LIKE '%publish_due'", now())
    await settle(alpha)
    post = await ann.get(f"/posts/{kept['postId']}")
    ends = datetime.fromisoformat(post["poll"]["expiresAt"])
    assert abs(ends - at - timedelta(hours=1)) < timedelta(seconds=2)
    await vote(bob, post, 0)


async def test_tallies_are_exact_however_many_vote_at_once(four):
    alpha, ann, *_ = four
    post = await ask(ann, BOTH)
    voters = [await alpha.user(f"voter{number}") for number in range(25)]

    async def insistent(person, number):
        path, body = f"/posts/{post['postId']}/vote", {"choices": [number % 3, 2] if number % 3 != 2 else [2]}
        answers = await asyncio.gather(*(person.call("POST", path, json=body) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]

    await asyncio.gather(*(insistent(person, number) for number, person in enumerate(voters)))
    seen = await ann.get(f"/posts/{post['postId']}")
    assert (counts(seen), seen["poll"]["votersCount"]) == ([9, 8, 25], 25)
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM core_poll_vote") == 42


async def test_a_vote_and_a_deletion_at_once_leave_nothing_behind(four):
    alpha, ann, *_ = four
    voters = [await alpha.user(f"voter{number}") for number in range(8)]
    post = await ask(ann)
    body = {"choices": [0]}
    await asyncio.gather(
        ann.delete(f"/posts/{post['postId']}"),
        *(voter.call("POST", f"/posts/{post['postId']}/vote", json=body) for voter in voters),
    )
    with alpha.inside():
        for table in ("core_poll", "core_poll_option", "core_poll_vote"):
            assert await value(f"SELECT COUNT(*) FROM {table}") == 0


async def test_an_end_that_was_put_off_ends_nothing_early(four):
    alpha, ann, bob, _ = four
    post = await ask(ann)
    with alpha.inside():
        await polls.end(entry_id=post["postId"])
        assert await Entry.exists(id=post["postId"])
    await vote(bob, post, 0)
