"""Reads that are over in a moment, without a thread."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import Any, NamedTuple, TypeVar

from core.engines.sqlite_worker import Work

T = TypeVar("T")

LONGEST_SECONDS = 0.01  # a read that is not over by then begins again on a thread
TURN_SECONDS = 0.01  # of one task that reads on and on; then others have their turn
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 60.0
_STEPS = 1000  # of SQLite's machine between two looks at the time: 10 to 50 µs
_REMEMBERED = 512


class _Pause(NamedTuple):
    until: float
    seconds: float


class AtOnce:
    """A reading connection on the event loop's own thread.

    Handing a read to a thread and its answer back costs as much as most reads do, the more so while both wait for the
    interpreter's lock. So a statement is tried here first. One that takes longer than `LONGEST_SECONDS` (much to read,
    a disk that is slow) is broken off and left to a thread, and so is its like for a while: twice as long each time,
    half as long for each that was quick.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._until = self._since = 0.0
        self._task: asyncio.Task[Any] | None = None  # whose turn it is, since then
        self._pauses = dict[str, _Pause]()
        connection.set_progress_handler(self._is_late, _STEPS)

    async def read(self, sql: str, work: Work[T]) -> T | None:
        """What `work` finds, or None where that takes too long or fails: then it is to be done elsewhere."""
        pause, began = self._pauses.get(sql), time.monotonic()
        # A search of texts is one step, however long it takes: nothing would break it off.
        if (pause and pause.until > began) or " MATCH " in sql:
            return None
        if not self._has_turn(began):
            await asyncio.sleep(0)
            began = time.monotonic()
            self._has_turn(began)
        self._until = began + LONGEST_SECONDS
        found: T | None = None
        try:
            found = work(self._connection)
        except sqlite3.Error:  # also one that another process locks; what is wrong is told where it is read again
            pass
        now = time.monotonic()
        if found is None or now > self._until:
            self._put_off(sql, now, pause.seconds * 2 if pause else PAUSE_SECONDS)
        elif pause:
            self._pauses[sql] = _Pause(0, pause.seconds / 2)
            if pause.seconds <= PAUSE_SECONDS:
                del self._pauses[sql]
        return found

    def close(self) -> None:
        """Close its connection."""
        self._connection.close()

    def _has_turn(self, now: float) -> bool:
        task = asyncio.current_task()
        if self._task is None:
            asyncio.get_running_loop().call_soon(self._end_turn)
        if self._task is not task:
            self._task, self._since = task, now
        return now - self._since <= TURN_SECONDS

    def _end_turn(self) -> None:
        self._task = None

    def _put_off(self, sql: str, now: float, seconds: float) -> None:
        if len(self._pauses) >= _REMEMBERED:
            self._pauses.clear()
        seconds = min(seconds, LONGEST_PAUSE_SECONDS)
        self._pauses[sql] = _Pause(now + seconds, seconds)

    def _is_late(self) -> bool:
        return time.monotonic() > self._until
