"""Work that happens later: the row in `core_job` is the truth, a wake-up only makes it happen soon.

A job is written in the transaction that causes it, claimed under a lease, and deleted when it is done. A process
that dies leaves a lease that runs out; another one takes the job up again. So a job may run twice, and is written
so that this does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ParamSpec, Protocol, overload

import orjson
import structlog

from core.database import after_commit, execute, new_id, now, one_of, rows, spawn, transaction, value
from core.instance import here
from core.metrics import job_seconds, jobs, jobs_waiting
from core.wake import Wakes

log = structlog.get_logger(__name__)
P = ParamSpec("P")
SWEEP_SECONDS = 5.0
BATCH = 20
LEASE_SECONDS = 60
FIRST_RETRY_SECONDS = 10
LONGEST_RETRY_SECONDS = 6 * 3600


class Drain(Protocol):
    """Takes up whatever is due in one table; returns how much it did, so that it is called until nothing is left."""

    def __call__(self) -> Awaitable[int]: ...


@dataclass(frozen=True)
class Task:
    """A coroutine function whose calls can be put off; its arguments are plain JSON."""

    name: str
    function: Callable[..., Awaitable[None]]
    lane: int
    attempts: int
    seconds: float

    async def later(self, *, key: str | None = None, delay: float = 0, **arguments: Any) -> None:
        """Have it run soon, or after `delay` seconds. A second job with the same `key` is not queued twice."""
        await execute(
            "INSERT INTO core_job (id, name, arguments, key, lane, state, attempts, due_at, error, created_at)"
            " VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, '', $7) ON CONFLICT DO NOTHING",
            new_id(),
            self.name,
            orjson.dumps(arguments).decode(),
            key,
            self.lane,
            now() + timedelta(seconds=delay),
            now(),
        )
        after_commit(lambda: here().jobs.wake("jobs"))

    async def __call__(self, **arguments: Any) -> None:
        await self.function(**arguments)


_known: dict[str, Task] = {}
_periodic: dict[str, float] = {}


@overload
def task(function: Callable[..., Awaitable[None]], /) -> Task: ...
@overload
def task(
    *, lane: int = 5, attempts: int = 8, seconds: float = 300
) -> Callable[[Callable[..., Awaitable[None]]], Task]: ...
def task(
    function: Callable[..., Awaitable[None]] | None = None, /, *, lane: int = 5, attempts: int = 8, seconds: float = 300
) -> Task | Callable[[Callable[..., Awaitable[None]]], Task]:
    """Make a coroutine function a task: `await f.later(...)` queues a call of it.

    A smaller `lane` goes first; a call is given up after `attempts` tries and cut off after `seconds`.
    """

    def made(function: Callable[..., Awaitable[None]]) -> Task:
        name = f"{function.__module__}.{getattr(function, '__name__', '')}"
        _known[name] = Task(name, function, lane, attempts, seconds)
        return _known[name]

    return made(function) if function else made


def periodic(*, seconds: float) -> Callable[[Task], Task]:
    """Have a task without arguments run every so many seconds, once among all processes."""

    def made(task: Task) -> Task:
        _periodic[task.name] = seconds
        return task

    return made


class Jobs:
    """Runs what is due: the job table and the tables others add (deliveries, received activities).

    `wakes` carries wake-ups to and from other processes; without it this process is the only one.
    """

    def __init__(self, *, works_here: bool = True, wakes: Wakes | None = None) -> None:
        self.works_here = works_here
        self._wakes = wakes
        self._drains: dict[str, Drain] = {"jobs": drain_jobs}
        self._events: dict[str, asyncio.Event] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._ticking: asyncio.Task[None] | None = None
        self._stopping = False

    def add_drain(self, name: str, drain: Drain) -> None:
        """Have `drain` called whenever `wake(name)` is, and at every sweep."""
        self._drains[name] = drain

    def wake(self, name: str) -> None:
        """Say that something is due; cheap, and never fails."""
        if event := self._events.get(name):
            event.set()
        elif self._wakes:
            self._wakes.tell(name)

    async def start(self) -> None:
        """Begin to work, if this process is one that works."""
        if not self.works_here:
            return
        if not self._wakes:
            await _take_back()
        for name in self._drains:
            self._events[name] = asyncio.Event()
            self._events[name].set()
        self._loops = [spawn(self._loop(name, drain)) for name, drain in self._drains.items()]
        self._ticking = spawn(self._clock())
        if self._wakes:
            self._wakes.listen(self._heard)

    async def stop(self, seconds: float = 20) -> None:
        """Take up nothing new, let what runs finish, cut off what takes longer; leases hand the rest on."""
        self._stopping = True
        if self._ticking:
            self._ticking.cancel()
        for event in self._events.values():
            event.set()
        if self._wakes:
            await self._wakes.close()
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=seconds)
            for loop in late:
                loop.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._loops, self._events = [], {}

    async def settle(self, rounds: int = 100) -> int:
        """Do all that is due, and what comes of it, then return how much it was: for tests and for commands."""
        total = 0
        for _ in range(rounds):
            done = sum([await drain() for drain in list(self._drains.values())])
            total += done
            if not done:
                break
        return total

    def _heard(self, name: str) -> None:
        """Somebody elsewhere woke a drain; one this process does not know belongs to a plugin it does not have."""
        if event := self._events.get(name):
            event.set()

    async def _loop(self, name: str, drain: Drain) -> None:
        event = self._events[name]
        while not self._stopping:
            try:
                await asyncio.wait_for(event.wait(), SWEEP_SECONDS)
            except TimeoutError:
                pass
            event.clear()
            try:
                while not self._stopping and await drain():
                    pass
            except Exception:
                log.exception("drain_failed", drain=name)
                await asyncio.sleep(1)

    async def _clock(self) -> None:
        """Queue the periodic tasks; the key keeps several processes from queueing the same one twice."""
        while not self._stopping:
            for name, seconds in _periodic.items():
                turn = int(now().timestamp() // seconds)
                try:
                    if not await value("SELECT 1 FROM core_job WHERE key = $1", f"{name}:{turn}"):
                        await _queue_turn(name, turn)
                except Exception:
                    log.exception("clock_failed", task=name)
            await asyncio.sleep(min(_periodic.values(), default=60) / 4)


async def _queue_turn(name: str, turn: int) -> None:
    """One row per periodic task holds the turn it had last, so that no turn is taken twice."""
    async with transaction():
        await execute(
            "INSERT INTO core_job (id, name, arguments, key, lane, state, attempts, due_at, error, created_at)"
            " VALUES ($1, $2, '{}', $3, 9, 'turn', 0, $4, '0', $4) ON CONFLICT DO NOTHING",
            new_id(),
            name,
            f"periodic:{name}",
            now(),
        )
        taken = await execute(
            "UPDATE core_job SET error = $1 WHERE key = $2 AND state = 'turn' AND error <> $1",
            str(turn),
            f"periodic:{name}",
        )
        if taken:
            await _known[name].later(key=f"{name}:{turn}")


_CLAIM = (
    "UPDATE core_job SET state = 'running', attempts = attempts + 1, due_at = $1 WHERE id IN (SELECT id FROM core_job"
    " WHERE state IN ('waiting', 'running') AND due_at <= $2 ORDER BY lane, due_at LIMIT $3 {lock})"
    " RETURNING id, name, arguments, attempts"
)


async def drain_jobs() -> int:
    """Claim what is due and run it, side by side; returns how many jobs were taken up."""
    lock = "FOR UPDATE SKIP LOCKED" if here().database.dialect == "postgres" else ""
    if not await value("SELECT 1 FROM core_job WHERE state IN ('waiting', 'running') AND due_at <= $1 LIMIT 1", now()):
        return 0
    async with transaction():
        claimed = await rows(_CLAIM.format(lock=lock), now() + timedelta(seconds=LEASE_SECONDS), now(), BATCH)
    renewing = spawn(_renew([job["id"] for job in claimed]))
    try:
        await asyncio.gather(*(_run(job) for job in claimed))
    finally:
        renewing.cancel()
    return len(claimed)


async def _renew(job_ids: list[str]) -> None:
    """Keep the lease of running jobs, so that it can be short and others take up soon what a dead process held."""
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        try:
            await execute(
                f"UPDATE core_job SET due_at = $1 WHERE state = 'running' AND id {one_of(2)}",
                now() + timedelta(seconds=LEASE_SECONDS),
                job_ids,
            )
        except Exception:
            log.exception("lease_not_renewed")


async def _take_back() -> None:
    """Have at once what the only process held when it died."""
    await execute("UPDATE core_job SET state = 'waiting', due_at = $1 WHERE state = 'running'", now())


async def _run(job: dict[str, Any]) -> None:
    task = _known.get(job["name"])
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
    for lane in {known.lane for known in _known.values()} | counted.keys():
        jobs_waiting.labels(lane).set(counted.get(lane, 0))


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def forget_failed() -> None:
    """Jobs that were given up have been there to look at for long enough; their keys are free again."""
    await execute(
        "DELETE FROM core_job WHERE state = 'failed' AND due_at < $1",
        now() - timedelta(days=here().settings.retention.failed_job_days),
    )
