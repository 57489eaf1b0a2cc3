"""A process at work: jobs that take long, and claims that hold while it lives and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import job_table, jobs, leases, timelines
from core.database import execute, now, recorded, value, when
from core.jobs import Jobs
from core.tasks import task
from core.testing import TestInstance

done: list[int] = []
released = asyncio.Event()


@task
async def linger(number: int) -> None:
    await released.wait()
    done.append(number)


@task
async def hurry(number: int) -> None:
    done.append(number)


@pytest.fixture(autouse=True)
def _afresh() -> None:
    done.clear()
    released.clear()


@task
async def wind_the_clock() -> None:
    done.append(0)


@asynccontextmanager
async def at_work(instance: TestInstance) -> AsyncIterator[None]:
    with instance.inside():
        working = Jobs(works_here=True)
        await working.start()
        idle, instance.instance.jobs = instance.instance.jobs, working
        try:
            yield
        finally:
            await working.stop(seconds=5)
            instance.instance.jobs = idle


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def _done(*numbers: int) -> bool:
    return done == [*numbers]


async def test_a_job_that_takes_long_holds_up_no_other(alpha: TestInstance) -> None:
    async with at_work(alpha):
        await linger.later(number=1)
        await until(lambda: value("SELECT 1 FROM core_job WHERE state = 'running'"))
        await hurry.later(number=2)
        await until(lambda: _done(2))
        released.set()
        await until(lambda: _done(2, 1))


async def test_jobs_that_take_long_leave_room_for_short_ones(
    alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_table, "SLOW_SECONDS", 0.05)
    async with at_work(alpha):
        for number in range(job_table.PLACES):
            await linger.later(number=number)
        await hurry.later(number=100)
        await until(lambda: _done(100))
        released.set()


async def test_a_server_that_stops_hands_back_the_job_it_could_not_finish(alpha: TestInstance) -> None:
    with alpha.inside():
        working = Jobs(works_here=True)
        await working.start()
        await linger.later(number=1)
        working.wake("jobs")
        await until(lambda: value("SELECT 1 FROM core_job WHERE state = 'running'"))
        await working.stop(seconds=0.1)
        assert await value("SELECT 1 FROM core_job WHERE state = 'waiting' AND attempts = 0")
    assert done == []


async def test_the_claim_on_a_job_is_renewed_while_it_runs_and_ends_with_it(
    alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY_SECONDS", 0.01)

    async def due() -> datetime | None:
        return when(await value("SELECT due_at FROM core_job WHERE state = 'running'"))

    async def is_renewed() -> bool:
        due_at = await due()
        return due_at is not None and due_at > now() + timedelta(seconds=10)

    async with at_work(alpha):
        await linger.later(number=1)
        await until(due)
        await execute("UPDATE core_job SET due_at = $1 WHERE state = 'running'", now() + timedelta(seconds=9))
        await until(is_renewed)
        released.set()
        await until(lambda: _done(1))
    assert done == [1]


async def test_what_a_request_leaves_to_be_done_begins_after_the_answer(
    alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "AT_ONCE", 0)
    monkeypatch.setattr(jobs, "ANSWER_FIRST_SECONDS", 3600.0)
    monkeypatch.setattr(jobs, "SWEEP_SECONDS", 60.0)
    monkeypatch.setattr(jobs, "turns", {})
    ann, bob = await alpha.user("ann"), await alpha.user("bob")
    await bob.follow(ann)
    alpha.instance.cache.drop_prefix("session:")  # how many follow whoever is signed in is remembered for a while

    async def at_home() -> bool:
        return len(await bob.feed()) == 2

    async with at_work(alpha):
        await hurry.later(number=1)
        await until(lambda: _done(1))  # what is done at the start is over
        await ann.publish("To everybody.")
        assert await value("SELECT COUNT(*) FROM core_job WHERE name LIKE '%fill_timelines' AND state = 'waiting'") == 1
        monkeypatch.setattr(jobs, "ANSWER_FIRST_SECONDS", 0.02)
        await ann.publish("And a little later.")
        await until(at_home)


async def test_a_periodic_task_runs_once_in_its_turn_and_looking_at_the_clock_again_queues_nothing(
    alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "turns", {wind_the_clock.name: float(10**9)})
    with alpha.inside(), recorded() as statements:
        async with at_work(alpha):
            await until(lambda: _done(0))
        assert [one for one in statements if one.startswith("INSERT INTO core_job")] != []
        statements.clear()
        async with at_work(alpha):
            await hurry.later(number=1)
            await until(lambda: _done(0, 1))
        queued = [one for one in statements if one.startswith("INSERT INTO core_job")]
    assert len(queued) == 1, queued
