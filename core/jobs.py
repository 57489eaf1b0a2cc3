"""Has the work done that is due: the job table's, and that of tables others add (deliveries, received activities)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

import structlog
from quart import has_request_context

from core.database import execute, new_id, now, spawn, transaction, value
from core.job_table import NAME, JobTable, take_back
from core.tasks import known, turns

if TYPE_CHECKING:
    from core.wake import Wakes

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 5.0  # a drain looks this often, whether or not it was woken: wake-ups may be lost
ANSWER_FIRST_SECONDS = 0.02  # that a request is given to answer before what it leaves to be done begins


class Drain(Protocol):
    """Takes up whatever is due in one table; returns how much it did, so that it is called until nothing is left."""

    def __call__(self) -> Awaitable[int]: ...


class Jobs:
    """Runs what is due: the job table and the tables others add (deliveries, received activities).

    `wakes` carries wake-ups to and from other processes; without it this process is the only one.
    """

    def __init__(self, *, works_here: bool = True, wakes: Wakes | None = None) -> None:
        self.works_here = works_here
        self._wakes = wakes
        self._table = JobTable(is_background=works_here)
        self._drains: dict[str, Drain] = {NAME: self._table.drain}
        self._events: dict[str, asyncio.Event] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._ticking: asyncio.Task[None] | None = None
        self._stopping = False

    def add_drain(self, name: str, drain: Drain) -> None:
        """Have `drain` called whenever `wake(name)` is, and at every sweep."""
        self._drains[name] = drain

    def wake(self, name: str) -> None:
        """Say that something is due; cheap, and never fails.

        What a request leaves to be done is begun a little later, so that it does not compete with the answer.
        """
        if event := self._events.get(name):
            if has_request_context():
                asyncio.get_running_loop().call_later(ANSWER_FIRST_SECONDS, event.set)
            else:
                event.set()
        elif self._wakes:
            self._wakes.tell(name)

    async def start(self) -> None:
        """Begin to work, if this process is one that works."""
        if not self.works_here:
            return
        if not self._wakes:
            await take_back()
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
        await self._table.stop(seconds)
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
            for name, seconds in turns.items():
                turn = int(now().timestamp() // seconds)
                try:
                    if not await value(_HAS_TURN, f"periodic:{name}", str(turn)):
                        await _queue_turn(name, turn)
                except Exception:
                    log.exception("clock_failed", task=name)
            await asyncio.sleep(min(turns.values(), default=60) / 4)


_HAS_TURN = "SELECT 1 FROM core_job WHERE key = $1 AND state = 'turn' AND error = $2"


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
            await known[name].later(key=f"{name}:{turn}")
