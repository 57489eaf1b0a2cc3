"""The jobs of `core_job`: taken up when they are due, run side by side, tried again, given up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Any

import orjson
import structlog

from core.database import execute, now, rows, spawn, transaction, value
from core.instance import here
from core.leases import LEASE, Leases
from core.metrics import job_seconds, jobs, jobs_waiting
from core.tasks import known, periodic, task

log = structlog.get_logger(__name__)
NAME = "jobs"
PLACES = 20
SLOW_SECONDS = 5.0
FIRST_RETRY_SECONDS = 10
LONGEST_RETRY_SECONDS = 6 * 3600


class JobTable:
    """Runs the jobs of `core_job`, side by side in a number of places; what takes long gives its place to others.

    Where this process is one that works `drain` begins what is due and returns; else, in tests and commands, it
    returns when all it began is over.
    """

    def __init__(self, *, is_background: bool) -> None:
        self._is_background = is_background
        self._flying: dict[asyncio.Task[None], float] = {}
        self._leases = Leases("core_job")

    async def drain(self) -> int:
        """Take up what is due, as far as there is room; returns how many jobs that was."""
        places = self._places()
        if places <= 0 or not await value(_DUE, now()):
            return 0
        lock = "FOR UPDATE SKIP LOCKED" if here().database.dialect == "postgres" else ""
        async with transaction():
            claimed = await rows(_CLAIM.format(lock=lock), now() + LEASE, now(), places)
        self._leases.hold(job["id"] for job in claimed)
        flights = [spawn(self._fly(job), name="job") for job in claimed]
        self._flying |= dict.fromkeys(flights, monotonic())
        if not self._is_background:
            await asyncio.gather(*flights)
        elif self._places() <= 0:
            asyncio.get_running_loop().call_later(SLOW_SECONDS + 0.1, here().jobs.wake, NAME)
        return len(claimed)

    async def stop(self, seconds: float) -> None:
        """Let what runs finish for so long; what takes longer is handed back."""
        if self._flying:
            _, late = await asyncio.wait(list(self._flying), timeout=seconds)
            for flight in late:
                flight.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._leases.end()

    def _places(self) -> int:
        slow = sum(1 for begun_at in self._flying.values() if monotonic() - begun_at > SLOW_SECONDS)
        return PLACES + min(slow, PLACES) - len(self._flying)

    async def _fly(self, job: dict[str, Any]) -> None:
        try:
            await _run(job)
        finally:
            was_full = self._places() <= 0
            self._leases.let_go([job["id"]])
            if flight := asyncio.current_task():
                self._flying.pop(flight, None)
            if was_full:
                here().jobs.wake(NAME)


_DUE = "SELECT 1 FROM core_job WHERE state IN ('waiting', 'running') AND due_at <= $1 LIMIT 1"
_CLAIM = (
    "UPDATE core_job SET state = 'running', attempts = attempts + 1, due_at = $1 WHERE id IN (SELECT id FROM core_job"
    " WHERE state IN ('waiting', 'running') AND due_at <= $2 ORDER BY lane, due_at LIMIT $3 {lock})"
    " RETURNING id, name, arguments, attempts"
)


async def take_back() -> None:
    """Have at once what the only process held when it died."""
    await execute("UPDATE core_job SET state = 'waiting', due_at = $1 WHERE state = 'running'", now())


async def _run(job: dict[str, Any]) -> None:
    task = known.get(job["name"])
    if task is None:  # of a plugin that is switched off: it waits until it is back
        await _again(job["id"], 3600, "nobody knows this task")
        return
    try:
        if job["attempts"] > task.attempts:
            raise RuntimeError("every attempt took the process down with it")
        with job_seconds.labels(task.name).time():
            async with asyncio.timeout(task.seconds):
                await task.function(**orjson.loads(job["arguments"]))
    except asyncio.CancelledError:  # the process ends: another one begins it anew
        await execute(
            "UPDATE core_job SET state = 'waiting', due_at = $1, attempts = attempts - 1 WHERE id = $2",
            now(),
            job["id"],
        )
        raise
    except Exception as error:
        log.exception("job_failed", task=task.name, job=job["id"], attempt=job["attempts"])
        jobs.labels(task.name, "failed").inc()
        if job["attempts"] >= task.attempts:
            await execute(
                "UPDATE core_job SET state = 'failed', error = $1 WHERE id = $2", type(error).__name__, job["id"]
            )
        else:
            delay = min(FIRST_RETRY_SECONDS * 4 ** (job["attempts"] - 1), LONGEST_RETRY_SECONDS)
            await _again(job["id"], delay, type(error).__name__)
    else:
        jobs.labels(task.name, "done").inc()
        await execute("DELETE FROM core_job WHERE id = $1", job["id"])


async def _again(job_id: str, delay: float, error: str) -> None:
    await execute(
        "UPDATE core_job SET state = 'waiting', due_at = $1, error = $2 WHERE id = $3",
        now() + timedelta(seconds=delay),
        error,
        job_id,
    )


@periodic(seconds=60)
@task(lane=9, attempts=1)
async def count_waiting() -> None:
    """Say in the metrics how many jobs wait in each lane."""
    found = await rows("SELECT lane, COUNT(*) AS number FROM core_job WHERE state = 'waiting' GROUP BY lane")
    counted = {one["lane"]: one["number"] for one in found}
    for lane in {one.lane for one in known.values()} | counted.keys():
        jobs_waiting.labels(lane).set(counted.get(lane, 0))


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def forget_failed() -> None:
    """Jobs that were given up have been there to look at for long enough; their keys are free again."""
    await execute(
        "DELETE FROM core_job WHERE state = 'failed' AND due_at < $1",
        now() - timedelta(days=here().settings.retention.failed_job_days),
    )
