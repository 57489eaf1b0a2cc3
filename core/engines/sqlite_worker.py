"""One SQLite connection on a thread of its own, for an event loop."""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from core.engines import DatabaseUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
Job = tuple[asyncio.Future[Any], Work[Any], Sequence[str]]


class Worker:
    """One sqlite3 connection on a daemon thread that takes calls in order: one hop there and back for each call."""

    def __init__(self, path: str, pragmas: Mapping[str, str | int]) -> None:
        self._path, self._pragmas = path, pragmas
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._connection: sqlite3.Connection
        self._thread = threading.Thread(target=self._work, name=f"sqlite {os.path.basename(path)}", daemon=True)
        self._stopped = False
        self.pending = 0

    async def start(self) -> None:
        self._thread.start()
        try:
            await self.submit(lambda _: None)
        except BaseException:
            await self.stop()
            raise

    def submit(self, work: Work[T], ahead: Sequence[str] = ()) -> asyncio.Future[T]:
        """Queue a call; a cancelled one is skipped if it has not begun, and finishes unheard if it has.

        The statements `ahead` of it are run in either case.
        """
        if self._stopped:
            raise DatabaseUnavailable("The database is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.pending += 1
        self._queue.put((future, work, ahead))
        return future

    async def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._queue.put(None)
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        refusal: Exception | None = None
        connection: sqlite3.Connection | None = None
        while (job := self._queue.get()) is not None:
            future, work, ahead = job
            result, error = None, refusal
            if error is None and (ahead or not future.cancelled()):
                try:
                    if connection is None:
                        connection = connect(self._path, self._pragmas)
                    for statement in ahead:
                        connection.execute(statement).close()
                    if not future.cancelled():
                        result = work(connection)
                except Exception as problem:  # whoever waits for the answer gets it, and no cursor with it
                    traceback.clear_frames(problem.__traceback__)
                    error = problem
                    refusal = problem if connection is None else None
            try:
                future.get_loop().call_soon_threadsafe(self._tell, future, result, error)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                pass
            del job, future, work, ahead, result, error
        if connection is not None:
            connection.close()

    def _tell(self, future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
        self.pending -= 1
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def connect(path: str, pragmas: Mapping[str, str | int]) -> sqlite3.Connection:
    """A connection for the thread that calls; raises DatabaseUnavailable."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        connection.create_function("lower", 1, _lower, deterministic=True)
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name}={value}").fetchall()
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"Cannot open {path}: {error}") from error
    return connection


def _lower(value: Any) -> str | None:
    """SQLite's own function knows no letters beyond ASCII."""
    return None if value is None else str(value).lower()
