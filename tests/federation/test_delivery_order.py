"""Deliveries side by side: what may overtake what, who waits for whom, and what a process that dies leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from core import leases
from core.database import now
from core.federation import delivery, domains, entry_activities, queue, recipients
from core.federation.models import Delivery, Host
from core.federation.outbox import send
from core.federation.queue import claim
from core.jobs import Jobs
from core.models import Actor
from core.outbound import Outbound
from core.testing import TestInstance, settle
from tests.federation.crowd import Crowd, follow, make_due, waiting


@pytest.fixture
def crowd(alpha: TestInstance) -> Crowd:
    return Crowd(alpha)


@asynccontextmanager
async def at_work(instance: TestInstance) -> AsyncIterator[None]:
    """The instance does its jobs by itself, as a server does."""
    with instance.inside():
        idle, working = instance.instance.jobs, Jobs(works_here=True)
        instance.instance.jobs = working
        delivery.begin(instance.instance)
        await working.start()
        try:
            yield
        finally:
            await working.stop()
            await delivery.end(instance.instance)
            instance.instance.jobs = idle
            delivery.begin(instance.instance)


async def test_a_change_and_a_deletion_wait_behind_what_they_are_about(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 503
    post = await ann.publish("hello")
    await settle(alpha)
    for number in range(2):
        await ann.put(f"/posts/{post['postId']}", {"content": f"hello {number}"})
    await settle(alpha)
    assert crowd.types() == ["Create"]
    crowd.answer = lambda post: 202
    await make_due(alpha)
    await settle(alpha)
    assert crowd.types() == ["Create", "Create", "Update", "Update"]
    assert [post.activity["object"]["source"]["content"] for post in crowd.came[2:]] == ["hello 0", "hello 1"]


async def test_what_was_deleted_is_not_tried_again(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 503
    post = await ann.publish("hello")
    await settle(alpha)
    await ann.delete(f"/posts/{post['postId']}")
    crowd.answer = lambda post: 202
    await make_due(alpha)
    await settle(alpha)
    assert crowd.types() == ["Create", "Delete"] and await waiting(alpha) == []


async def test_what_waits_for_a_server_that_is_blocked_meanwhile_is_not_sent(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    await ann.publish("hello")
    with alpha.inside():
        await domains.decide("one.test", "block")
    await settle(alpha)
    assert "Create" not in crowd.types() and await waiting(alpha) == []


async def test_of_somebody_who_was_suspended_only_what_takes_back_goes_out(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    first = await ann.publish("hello")
    await settle(alpha)
    await ann.publish("hello again")
    await ann.delete(f"/posts/{first['postId']}")
    with alpha.inside():
        await Actor.filter(id=ann.id).update(suspended_at=now())
    await settle(alpha)
    assert crowd.types() == ["Create", "Delete"] and await waiting(alpha) == []


async def test_one_activity_that_a_host_chokes_on_does_not_hold_up_the_others_for_ever(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 429 if "poison" in post.body.decode() else 202
    bad = await ann.publish("poison")
    await ann.publish("wholesome")
    for _ in range(3):
        await settle(alpha)
        await make_due(alpha)
    assert crowd.types() == ["Create"] * 3
    await settle(alpha)
    await settle(alpha)
    assert "wholesome" in crowd.came[-1].body.decode()
    await ann.put(f"/posts/{bad['postId']}", {"content": "better"})
    await settle(alpha)
    assert "Update" not in crowd.types()


async def test_answers_to_people_go_before_posts_and_posts_before_likes(alpha, crowd, ann, bob):
    for person in (ann, bob):
        await crowd.follower(person, "one.test", f"of-{person.name}")
    zoe = await crowd.person("one.test")
    entry = await crowd.entry(zoe)
    await ann.post(f"/posts/{entry.id}/like")
    await bob.publish("to all")
    await ann.publish("to @zoe@one.test", visibility="direct")
    await follow(alpha, zoe, bob, "https://one.test/follows/1")
    with alpha.inside():
        taken = []
        while found := await claim(1, []):
            taken += [one.verb for one in found]
            await Delivery.filter(id=found[0].id).delete()
    assert taken == ["create", "accept", "create", "like"]


async def test_one_sender_writes_to_a_host_one_thing_at_a_time_and_different_ones_side_by_side(alpha, crowd, ann, bob):
    for person in (ann, bob):
        for name in ("zoe", "yan"):
            await crowd.follower(person, "one.test", f"{name}-{person.name}", shared=False)
        await person.publish("first")
        await person.publish("second")
    with alpha.inside():
        first = await claim(100, [])
        assert sorted((one.sender.username, one.inbox) for one in first) == sorted(
            (person.name, f"https://one.test/users/{name}-{person.name}/inbox")
            for person in (ann, bob)
            for name in ("zoe", "yan")
        )
        assert all(b"first" in one.body for one in first)
        assert await claim(100, first) == []


async def test_a_host_is_not_overrun_and_one_that_failed_is_approached_carefully(alpha, crowd, ann):
    for number in range(20):
        await crowd.follower(ann, "many.test", f"z{number}", shared=False)
    await crowd.follower(ann, "other.test")
    await ann.publish("hello")
    with alpha.inside():
        taken = await claim(100, [])
        assert [one.host for one in taken].count("many.test") == queue.AT_A_HOST
        assert await claim(100, taken) == []
        assert [one.host for one in await claim(1, taken[:1])] == ["many.test"]


async def test_two_processes_never_take_up_the_same_delivery(alpha, crowd, ann):
    for number in range(60):
        await crowd.follower(ann, f"h{number}.test")
    await ann.publish("hello")
    with alpha.inside():
        claims = await asyncio.gather(*(claim(20, []) for _ in range(4)))
    ids = [one.id for taken in claims for one in taken]
    assert len(ids) == len(set(ids)) == 60


async def test_what_a_dead_process_had_claimed_is_taken_up_when_its_lease_is_over(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    await ann.publish("hello")
    with alpha.inside():
        assert len(await claim(10, [])) == 1
        await settle(alpha)
        assert crowd.came == []
        await Delivery.all().update(due_at=now() - timedelta(seconds=1))
        await queue.take_back()
    await settle(alpha)
    assert crowd.types() == ["Create"]


@pytest.mark.parametrize("how", ["it was under way when the power failed", "it failed once"])
async def test_what_all_others_wait_for_goes_first_however_many_were_due_before_it(
    alpha, crowd, ann, bob, monkeypatch, how
):
    monkeypatch.setattr(queue, "LOOKED_AT", 20)
    hosts = [f"h{number}.test" for number in range(3)]
    with alpha.inside():
        for host in hosts:
            zoe = await crowd.person(host)
            for sender in (ann, bob):
                for number in range(30):
                    activity = {"type": "Create", "to": [zoe.uri], "number": number}
                    await send(sender.actor, "create", Outbound(activity))
        if how == "it failed once":
            crowd.answer = lambda post: 503
            await settle(alpha)
            crowd.answer = lambda post: 202
            crowd.came.clear()
            await make_due(alpha)
            await Delivery.filter(attempts=0).update(due_at=now() - timedelta(seconds=1))
        else:
            assert {one.host for one in await claim(100, [])} == set(hosts)
            await queue.take_back(all_of_it=True)
    await settle(alpha)
    assert await waiting(alpha) == []
    for host in hosts:
        for sender in (ann, bob):
            came = [post.activity["number"] for post in crowd.to(host) if post.activity["actor"] == sender.uri]
            assert came == list(range(30)), host


async def test_a_host_that_is_open_again_by_the_word_of_another_process_gets_what_is_new_at_once(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    with alpha.inside():
        await Host.create(name="one.test", failures=5, first_failure_at=now(), closed_until=now() + timedelta(hours=1))
    await ann.publish("while it is closed")  # and remembered so for half a minute
    (held,) = await waiting(alpha)
    with alpha.inside():
        assert held.due_at > now() + timedelta(minutes=50)
        await Delivery.all().update(due_at=now())
        await Host.all().update(failures=0, first_failure_at=None, closed_until=None)
    await ann.publish("when it is open")
    await settle(alpha)
    assert crowd.types() == ["Create", "Create"] and await waiting(alpha) == []


async def test_the_claim_on_a_delivery_is_renewed_while_its_host_takes_its_time(alpha, crowd, ann, monkeypatch):
    monkeypatch.setattr(leases, "RENEWED_EVERY_SECONDS", 0.01)
    crowd.hangs = {"hung.test"}
    await crowd.follower(ann, "hung.test")
    async with at_work(alpha):
        await ann.publish("hello")
        await crowd.until(lambda: "hung.test" in crowd.hanging)
        soon = now() + timedelta(seconds=9)
        await Delivery.all().update(due_at=soon)
        while (await Delivery.get()).due_at <= soon:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        crowd.released.set()
        await crowd.until(lambda: crowd.types() == ["Create"])


async def test_hosts_that_hang_hold_up_no_other(alpha, crowd, ann):
    hosts = [f"h{number:03}.test" for number in range(230)]
    crowd.hangs = set(hosts[:150])
    for host in hosts:
        await crowd.follower(ann, host)
    async with at_work(alpha):
        await ann.publish("hello")
        await crowd.until(lambda: len(crowd.came) == 80)
        assert not crowd.hangs & set(crowd.hosts)
        crowd.released.set()
        await crowd.until(lambda: len(crowd.came) == 230)
    assert crowd.hosts == hosts


async def test_what_happens_while_a_host_hangs_goes_out_at_once(alpha, crowd, ann, bob):
    crowd.hangs = {"hung.test"}
    await crowd.follower(ann, "hung.test")
    await crowd.follower(bob, "well.test")
    async with at_work(alpha):
        await ann.publish("hello")
        await crowd.until(lambda: "hung.test" in crowd.hanging)
        await bob.publish("hello as well")
        await crowd.until(lambda: crowd.hosts == ["well.test"])
        crowd.released.set()
        await crowd.until(lambda: crowd.hosts == ["hung.test", "well.test"])


async def test_a_long_queue_for_one_host_hides_no_other(alpha, crowd, ann, bob):
    zoe, yan = await crowd.person("queued.test"), await crowd.person("well.test", "yan")
    with alpha.inside():
        for number in range(queue.LOOKED_AT + 50):
            await send(ann.actor, "create", Outbound({"type": "Create", "to": [zoe.uri], "number": number}))
        await send(bob.actor, "create", Outbound({"type": "Create", "to": [yan.uri]}))
        taken = await claim(100, [])
        assert [one.host for one in taken] == ["queued.test", "well.test"]
        assert b'"number":0' in taken[0].body


async def test_a_server_that_stops_hands_back_what_it_could_not_finish(alpha, crowd, ann, monkeypatch):
    monkeypatch.setattr(delivery, "STOP_SECONDS", 0.1)
    crowd.hangs = {"hung.test"}
    await crowd.follower(ann, "hung.test")
    async with at_work(alpha):
        await ann.publish("hello")
        await crowd.until(lambda: "hung.test" in crowd.hanging)
    assert [(row.state, row.attempts) for row in await waiting(alpha)] == [("waiting", 0)]
    crowd.released.set()
    await settle(alpha)
    assert crowd.types("hung.test")[-1] == "Create" and await waiting(alpha) == []


async def test_among_many_followers_nobody_is_looked_at_before_the_answer(alpha, crowd, ann, monkeypatch):
    for module in (recipients, entry_activities):
        monkeypatch.setattr(module, "LOOKED_AT", 2)
    await crowd.follower(ann, "one.test")
    await crowd.follower(ann, "two.test")
    await ann.publish("to two of them")
    assert {row.host for row in await waiting(alpha)} == {"one.test", "two.test"}
    await settle(alpha)
    await crowd.follower(ann, "three.test")
    alpha.instance.cache.drop_prefix("session:")  # how many follow whoever is signed in is remembered for a while
    await ann.publish("to three of them")
    assert await waiting(alpha) == []
    await settle(alpha)
    assert crowd.by_host() == {"one.test": ["Create"] * 2, "two.test": ["Create"] * 2, "three.test": ["Create"]}
