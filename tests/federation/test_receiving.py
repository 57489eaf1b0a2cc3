"""What becomes of activities that were let in: in order, once each, whatever else goes wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.database import execute, now
from core.federation import received, receiving
from core.federation.models import Received
from core.federation.receiving import Receiver
from core.models import Entry
from core.testing import Foreign, counted_queries, settle, world
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, count_stored, outcome, stored


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


async def due_again(instance):
    """Make what waits for another try due now."""
    with instance.inside():
        await execute("UPDATE federation_received SET due_at = $1 WHERE state = 'waiting'", now())
    await settle(instance)


async def test_a_post_is_published_as_it_says(alpha, zoe):
    note = zoe.note("<p>Good morning</p>", published="2026-11-19T08:00:00Z", url="https://foreign.test/@zoe/1")
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    entry = await stored(alpha, note["id"])
    assert (entry.content, entry.visibility, entry.url) == ("<p>Good morning</p>", "public", note["url"])
    assert entry.published_at.isoformat() == "2026-11-19T08:00:00+00:00"
    assert not entry.is_local


async def test_activities_of_one_sender_are_acted_on_in_the_order_they_came(alpha, zoe):
    note = zoe.note("first")
    activities = [zoe.activity("Create", note)]
    for number in range(10):
        stamp = (now() + timedelta(seconds=number + 1)).isoformat()
        activities.append(zoe.activity("Update", note | {"content": f"edit {number}", "updated": stamp}))
    for activity in activities:
        assert (await zoe.send(alpha, activity)).status_code == 202
    await settle(alpha)
    entry = await stored(alpha, note["id"])
    assert (entry.content, entry.version) == ("edit 9", 11)


async def test_the_order_holds_while_something_has_to_be_fetched(alpha, foreign, zoe):
    parent = foreign.person("max").note("parent")
    note = zoe.note("an answer", inReplyTo=parent["id"])
    create, delete = zoe.activity("Create", note), zoe.activity("Delete", note["id"])
    assert (await zoe.send(alpha, create)).status_code == 202
    assert (await zoe.send(alpha, delete)).status_code == 202
    await settle(alpha)
    assert [await outcome(alpha, one) for one in (create, delete)] == ["done", "done"]
    entry = await stored(alpha, note["id"])
    assert entry.deleted_at is not None and entry.reply_to_uri == parent["id"]


async def test_two_processes_keep_the_order_of_each_sender(alpha, foreign):
    senders = [foreign.person(f"p{number}") for number in range(6)]
    notes = [sender.note("0") for sender in senders]
    for sender, note in zip(senders, notes, strict=True):
        await must_get_in(alpha, sender, sender.activity("Create", note))
    for number in range(1, 25):
        stamp = (now() + timedelta(seconds=number)).isoformat()
        for sender, note in zip(senders, notes, strict=True):
            edited = note | {"content": str(number), "updated": stamp}
            await must_get_in(alpha, sender, sender.activity("Update", edited))
    with alpha.inside():
        receivers = [Receiver(), Receiver(), Receiver()]
        while any(await asyncio.gather(*(receiver.drain() for receiver in receivers))):
            pass
        entries = [await Entry.get(uri=note["id"]) for note in notes]
        states = {received.state for received in await Received.all()}
    assert [(entry.content, entry.version) for entry in entries] == [("24", 25)] * 6
    assert states == {"done"}


async def must_get_in(alpha, sender, activity):
    assert (await sender.send(alpha, activity)).status_code == 202


async def test_a_server_that_does_not_answer_holds_up_nobody_else(alpha, ann, foreign, zoe):
    answers = asyncio.Event()

    async def slow(scope, receive, send):
        await answers.wait()
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    alpha.neighbours["slow.test"] = slow
    post = await ann.publish()
    waits = [zoe.activity("Create", zoe.note("x", inReplyTo="https://slow.test/1"))]
    waits.append(zoe.activity("Like", post["uri"]))
    max_ = foreign.person("max")
    like = max_.activity("Like", post["uri"])
    for sender, activity in ((zoe, waits[0]), (zoe, waits[1]), (max_, like)):
        await must_get_in(alpha, sender, activity)
    with alpha.inside():
        receiver = Receiver()
        for _ in range(3):
            await receiver.drain()
        assert await outcome(alpha, like) == "done"
        assert [await outcome(alpha, one) for one in waits] == ["running", "running"]
        late = max_.activity("Announce", post["uri"], to=[PUBLIC])
        await must_get_in(alpha, max_, late)
        await receiver.drain()
        assert await outcome(alpha, late) == "done"
        answers.set()
        while await receiver.drain():
            pass
    assert [await outcome(alpha, one) for one in waits] == ["done", "done"]


async def test_what_is_being_fetched_when_the_server_stops_is_done_after_it_starts(alpha, zoe):
    async def silent(scope, receive, send):
        await asyncio.Event().wait()

    alpha.neighbours["slow.test"] = silent
    activity = zoe.activity("Create", zoe.note("x", inReplyTo="https://slow.test/1"))
    await must_get_in(alpha, zoe, activity)
    with alpha.inside():
        receiver = Receiver()
        await receiver.drain()
        assert await outcome(alpha, activity) == "running"
        await receiver.close()
    assert await outcome(alpha, activity) == "waiting"
    Foreign("slow.test").join(alpha)
    await settle(alpha)
    assert await outcome(alpha, activity) == "done"


async def test_what_was_only_put_aside_has_all_its_attempts_yet(alpha, zoe):
    async def silent(scope, receive, send):
        await asyncio.Event().wait()

    alpha.neighbours["slow.test"] = silent
    in_front = zoe.activity("Create", zoe.note("x", inReplyTo="https://slow.test/1"))
    behind = zoe.activity("Like", "https://alpha.test/objects/1")
    for activity in (in_front, behind):
        await must_get_in(alpha, zoe, activity)
    with alpha.inside():
        for _ in range(received.ATTEMPTS):
            receiver = Receiver()
            await receiver.drain()
            assert await outcome(alpha, behind) == "running"
            await receiver.close()
        assert [one.attempts for one in await Received.all()] == [0, 0]


async def test_what_others_cannot_be_asked_for_just_now_has_all_its_attempts_yet(alpha, zoe, monkeypatch):
    monkeypatch.setattr(receiving, "SENDERS_AT_MOST", 0)
    activity = zoe.activity("Create", zoe.note("x", inReplyTo="https://gone.test/1"))
    assert await arrive(alpha, zoe, activity) == "waiting"
    with alpha.inside():
        assert (await Received.get(uri=activity["id"])).attempts == 0


async def test_one_that_fails_leaves_nothing_and_takes_no_other_with_it(alpha, ann, zoe):
    post = await ann.publish()
    bad, good = zoe.activity("Create", zoe.note("x" * 10, published="2026-11-19T08:00:00Z")), None
    bad["object"] = bad["object"] | {"to": {"unheard": "of"}, "content": None, "tag": [{"type": ["Mention"]}, 7]}
    good = zoe.activity("Like", post["uri"])
    for activity in (bad, good):
        await zoe.send(alpha, activity)
    await settle(alpha)
    assert await outcome(alpha, good) == "done"
    assert (await ann.get(f"/posts/{post['postId']}"))["likesCount"] == 1


BROKEN = '''"""A plugin that does not work."""

from core.plugins import hookimpl

API = ">=1.0,<2"


async def break_down(incoming):
    raise RuntimeError("broken")


@hookimpl
def inbox():
    return {"Listen": break_down}
'''


async def test_a_handler_that_breaks_is_tried_again_and_given_up_in_the_end(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text(BROKEN)
    async with world("frail.test", plugins=("federation", "posts", "broken"), drop_ins=tmp_path) as (frail,):
        zoe = Foreign("foreign.test").join(frail).person("zoe")
        activity = zoe.activity("Listen", "https://foreign.test/tracks/1")
        assert await arrive(frail, zoe, activity) == "waiting"
        for _ in range(received.ATTEMPTS):
            await due_again(frail)
        with frail.inside():
            found = await Received.get(uri=activity["id"])
    assert (found.state, found.attempts, found.body) == ("failed", received.ATTEMPTS, "")


async def test_what_a_dead_process_had_taken_up_is_taken_up_again(alpha, ann, zoe):
    post = await ann.publish()
    activity = zoe.activity("Like", post["uri"])
    await zoe.send(alpha, activity)
    with alpha.inside():
        later = now() + timedelta(minutes=5)
        await Received.filter(uri=activity["id"]).update(state="running", due_at=later)
        await settle(alpha)
        assert await outcome(alpha, activity) == "running"
        await received.take_back()
        await settle(alpha)
        assert await outcome(alpha, activity) == "running"
        await Received.filter(uri=activity["id"]).update(due_at=now())
        await received.take_back()
    await settle(alpha)
    assert await outcome(alpha, activity) == "done"


async def test_received_activities_are_forgotten_after_a_month(alpha, zoe):
    old, new, waiting = (zoe.activity("Like", "https://alpha.test/objects/1") for _ in range(3))
    for activity in (old, new):
        await arrive(alpha, zoe, activity)
    await zoe.send(alpha, waiting)
    with alpha.inside():
        month_ago = now() - timedelta(days=31)
        for activity in (old, waiting):
            await Received.filter(uri=activity["id"]).update(received_at=month_ago)
        await received.forget_received()
    assert [await outcome(alpha, one) for one in (old, new, waiting)] == ["not stored", "ignored", "waiting"]


async def test_fifty_activities_of_one_sender_need_few_statements_each(alpha, ann, zoe):
    post = await ann.publish()
    await arrive(alpha, zoe, zoe.activity("Like", post["uri"]))
    for _ in range(50):
        await zoe.send(alpha, zoe.activity("Create", zoe.note("<p>hello</p>")))
    with counted_queries(alpha) as queries:
        await settle(alpha)
    assert await count_stored(alpha) == 51
    assert len(queries) < 50 * 12


# -- Objects that are named, not embedded ------------------------------------------------------------------------------


async def test_an_object_that_is_only_named_is_fetched(alpha, zoe):
    note = zoe.note("<p>fetched</p>")
    assert await arrive(alpha, zoe, zoe.activity("Create", note["id"])) == "done"
    assert (await stored(alpha, note["id"])).content == "<p>fetched</p>"


async def test_an_object_without_an_owner_is_fetched(alpha, zoe):
    note = zoe.note("<p>true</p>")
    embedded = {key: value for key, value in note.items() if key != "attributedTo"} | {"content": "<p>false</p>"}
    assert await arrive(alpha, zoe, zoe.activity("Create", embedded)) == "done"
    assert (await stored(alpha, note["id"])).content == "<p>true</p>"


async def test_what_cannot_be_fetched_just_now_is_tried_again(alpha, foreign, zoe):
    await arrive(alpha, zoe, zoe.activity("Like", "https://alpha.test/objects/1"))
    note = zoe.note("<p>later</p>")
    activity = zoe.activity("Create", note["id"])
    foreign.status = 503
    assert await arrive(alpha, zoe, activity) == "waiting"
    foreign.status = 0
    await due_again(alpha)
    assert await outcome(alpha, activity) == "done"
    assert await stored(alpha, note["id"]) is not None


async def test_what_is_not_there_is_refused_at_once(alpha, zoe):
    assert await arrive(alpha, zoe, zoe.activity("Create", "https://foreign.test/notes/none")) == "refused"


async def test_what_an_answer_answers_is_fetched_up_to_the_beginning_of_the_thread(alpha, foreign, zoe):
    max_ = foreign.person("max")
    first = max_.note("first")
    second = foreign.person("mia").note("second", inReplyTo=first["id"])
    third = zoe.note("third", inReplyTo=second["id"])
    assert await arrive(alpha, zoe, zoe.activity("Create", third)) == "done"
    entries = [await stored(alpha, note["id"]) for note in (first, second, third)]
    assert [entry.reply_to_id for entry in entries] == [None, entries[0].id, entries[1].id]
    assert {entry.root_id for entry in entries[1:]} == {entries[0].id}
    assert [entry.replies_count for entry in entries] == [1, 1, 0]


async def test_a_thread_that_bites_its_own_tail_comes_to_an_end(alpha, foreign, zoe):
    one = zoe.note("one")
    two = zoe.note("two", inReplyTo=one["id"])
    one["inReplyTo"] = two["id"]
    three = zoe.note("three", inReplyTo=two["id"])
    assert await arrive(alpha, zoe, zoe.activity("Create", three)) == "done"
    assert len(foreign.asked) < 20


async def test_a_very_long_thread_is_not_followed_for_ever():
    async with world("thrifty.test", federation__fetches_per_activity=20) as (thrifty,):
        foreign = Foreign("foreign.test").join(thrifty)
        zoe = foreign.person("zoe")
        note = zoe.note("0")
        for number in range(60):
            note = zoe.note(str(number), inReplyTo=note["id"])
        assert await arrive(thrifty, zoe, zoe.activity("Create", note)) == "done"
        assert len(foreign.asked) <= 25


async def test_an_answer_to_what_is_not_to_be_had_is_published_all_the_same(alpha, zoe):
    note = zoe.note("answer", inReplyTo="https://gone.test/1")
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    entry = await stored(alpha, note["id"])
    assert (entry.reply_to_id, entry.reply_to_uri) == (None, "https://gone.test/1")
