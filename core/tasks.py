"""Work that happens later: the row in `core_job` is the truth, a wake-up only makes it happen soon.

A job is written in the transaction that causes it, claimed under a lease, and deleted when it is done. A process
that dies leaves a lease that runs out; another one takes the job up again. So a job may run twice, and is written
so that this does no harm.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, overload

import orjson

from core.database import after_commit, execute, new_id, now
from core.instance import here


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


known: dict[str, Task] = {}
turns: dict[str, float] = {}  # of the periodic ones: every so many seconds


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
        known[name] = Task(name, function, lane, attempts, seconds)
        return known[name]

    return made(function) if function else made


def periodic(*, seconds: float) -> Callable[[Task], Task]:
    """Have a task without arguments run every so many seconds, once among all processes."""

    def made(task: Task) -> Task:
        turns[task.name] = seconds
        return task

    return made
