"""More than can be taken: others are told to come back, and nothing grows without bound."""

from __future__ import annotations

import asyncio

import pytest

from core.federation import intake
from core.testing import Foreign, settle
from tests.federation.arrivals import count_stored


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


def like_of(zoe):
    return zoe.activity("Like", "https://alpha.test/objects/1")


async def test_when_too_much_waits_others_are_told_to_come_back(alpha, zoe, monkeypatch):
    monkeypatch.setattr(intake, "WAITING_AT_MOST", 3)
    monkeypatch.setattr(intake, "CROWDED", 10)
    monkeypatch.setattr(intake, "RECOUNT_SECONDS", 3600)
    answers = [await zoe.send(alpha, like_of(zoe)) for _ in range(5)]
    assert answers[0].status_code == 202 and answers[-1].status_code == 503
    assert int(answers[-1].headers["retry-after"]) > 0
    monkeypatch.setattr(intake, "RECOUNT_SECONDS", -1)
    await settle(alpha)
    statuses = []
    while 202 not in statuses and len(statuses) < 50:
        statuses.append((await zoe.send(alpha, like_of(zoe))).status_code)
        await asyncio.sleep(0.01)
    assert statuses[-1] == 202


async def test_when_it_is_crowded_no_server_takes_more_than_its_share(alpha, foreign, zoe, monkeypatch):
    monkeypatch.setattr(intake, "CROWDED", 2)
    monkeypatch.setattr(intake, "SHARE", 2)
    monkeypatch.setattr(intake, "RECOUNT_SECONDS", 3600)
    other = Foreign("other.test").join(alpha).person("max")
    statuses = [(await zoe.send(alpha, like_of(zoe))).status_code for _ in range(6)]
    assert statuses[0] == 202 and statuses[-1] == 429
    assert (await other.send(alpha, like_of(other))).status_code == 202


async def test_bodies_that_are_being_read_are_bounded_together(alpha, zoe, monkeypatch):
    monkeypatch.setattr(intake, "BYTES_AT_MOST", 100)
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 503
    monkeypatch.setattr(intake, "BYTES_AT_MOST", 100_000)
    for _ in range(30):
        assert (await zoe.send(alpha, like_of(zoe))).status_code == 202


async def test_activities_that_arrive_together_are_stored_together(alpha, zoe):
    await zoe.send(alpha, like_of(zoe))
    answers = await asyncio.gather(*(zoe.send(alpha, like_of(zoe)) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert await count_stored(alpha) == 101


async def test_one_that_cannot_be_stored_does_not_take_others_with_it(alpha, zoe):
    async def store(arrival):
        with alpha.inside():
            try:
                await store_it(arrival)
            except Exception as error:
                return type(error).__name__
            return "stored"

    store_it = intake.Intake().store
    good = [intake.Arrival(f"https://x.test/{n}", "https://x.test/a", "Like", "{}", None) for n in range(3)]
    bad = good[0]._replace(uri=None)
    outcomes = await asyncio.gather(*map(store, [good[0], bad, *good[1:]]))
    assert outcomes == ["stored", "Unavailable", "stored", "stored"]
