"""SQLite behind Tortoise: one writing connection and some for reading on threads, and one for what is read at once."""

from __future__ import annotations

import asyncio
import datetime
import functools
import os
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pypika_tortoise.dialects import SQLLiteQuery
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.backends.sqlite.executor import SqliteExecutor
from tortoise.backends.sqlite.schema_generator import SqliteSchemaGenerator
from tortoise.exceptions import IntegrityError, OperationalError

from core.engines import DatabaseFull, DatabaseUnavailable, Engine, Row, open_transaction
from core.engines.sqlite_at_once import AtOnce
from core.engines.sqlite_text import adapted, statements, stored_datetime, translate
from core.engines.sqlite_worker import Work, Worker, connect

T = TypeVar("T")

LOCK_SECONDS = 30
READERS = 2

# Tortoise, imported above, registers an adapter that keeps the caller's offset, which would not sort.
sqlite3.register_adapter(datetime.datetime, stored_datetime)
sqlite3.register_adapter(uuid.UUID, str)


class SqliteEngine(Engine):
    """Reads outside a transaction go to reading connections; everything else waits for the writing one."""

    executor_class = SqliteExecutor
    query_class = SQLLiteQuery
    schema_generator = SqliteSchemaGenerator
    capabilities = SqliteClient.capabilities

    def __init__(self, connection_name: str, path: str, synchronous: str = "NORMAL", foreign_keys: bool = True) -> None:
        super().__init__(connection_name)
        self.path = path
        shared: dict[str, str | int] = {
            "busy_timeout": LOCK_SECONDS * 1000,
            "foreign_keys": "ON" if foreign_keys else "OFF",
            "temp_store": "MEMORY",
            "cache_size": -8_000,  # KiB, of each connection; the system keeps the file in memory as well
        }
        writer: dict[str, str | int] = {
            "journal_mode": "WAL",
            "journal_size_limit": 64 * 1024 * 1024,
            "synchronous": synchronous,
        }
        self._writer = Worker(path, shared | writer)
        self._reading = shared | {"query_only": "ON"}
        self._readers = [Worker(path, self._reading) for _ in range(READERS)]
        self._at_once: AtOnce | None = None
        self._lock = asyncio.Lock()
        self.ahead = list[str]()

    async def open(self) -> None:
        if not os.path.exists(self.path):
            try:
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise DatabaseUnavailable(f"Cannot create {self.path}: {error.strerror}") from error
        try:
            for worker in (self._writer, *self._readers):
                await worker.start()
            # One that has to wait for a lock does so on a thread.
            self._at_once = AtOnce(connect(self.path, self._reading | {"busy_timeout": 0}))
        except BaseException:
            await self.close()
            raise
        await self._post_connect()

    async def close(self) -> None:
        if self._at_once is not None:
            self._at_once.close()
            self._at_once = None
        for worker in (*self._readers, self._writer):
            await worker.stop()

    async def ping(self) -> None:
        for worker in (self._writer, *self._readers):
            await self._translated(worker.submit(_ping))

    async def fetch(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        translated, reads = translate(sql)
        values = adapted(parameters)
        return await self._call(sql, lambda connection: _fetch(connection, translated, values)[1], reads)

    async def run(self, sql: str, parameters: Sequence[Any]) -> int:
        translated, _ = translate(sql)
        values = adapted(parameters)
        return await self._call(sql, lambda connection: _fetch(connection, translated, values)[0])

    async def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._many(translate(sql)[0], [adapted(each) for each in parameters])

    async def execute_insert(self, query: str, values: list[Any]) -> int | None:
        return await self._call(query, lambda connection: connection.execute(query, values).lastrowid)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, list[Row]]:
        return await self._call(
            query, lambda connection: _fetch(connection, query, values or ()), query[:6].upper() == "SELECT"
        )

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[Row]:
        return (await self.execute_query(query, values))[1]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await self._many(query, values)

    async def execute_script(self, query: str) -> None:
        # sqlite3's executescript would commit the open transaction first.
        for statement in statements(query):
            await self._call(statement, functools.partial(_fetch, sql=statement, values=()))

    async def begin(self, redoable: bool) -> SqliteEngine:
        await self._take()
        try:
            self.ahead = []
            await self._translated(self._writer.submit(_begin))
        except BaseException:
            self._writer.submit(_rollback)
            self._lock.release()
            raise
        return self

    async def statement(self, sql: str) -> None:
        await self._translated(self._writer.submit(functools.partial(_run, sql=sql)))

    async def finish(self, keep: bool) -> None:
        try:
            await self._translated(self._writer.submit(_commit if keep else _rollback))
        finally:
            self._lock.release()

    async def _many(self, sql: str, parameters: list[Any]) -> None:
        if open_transaction(self) is None:
            async with self._in_transaction():
                await self._many(sql, parameters)
        else:  # where one fails, the whole block does
            await self._call(sql, functools.partial(_run_many, sql=sql, parameters=parameters))

    async def _call(self, sql: str, work: Work[T], reads: bool = False) -> T:
        self._tell(sql)
        while (transaction := open_transaction(self)) is not None:
            async with transaction.turn:
                if not transaction.over:  # as it may be by now
                    transaction.check()
                    ahead, self.ahead = self.ahead, []
                    return await transaction.watch(self._translated(self._writer.submit(work, ahead)))
        if reads:
            if self._at_once is not None and (found := await self._at_once.read(sql, work)) is not None:
                return found
            # The first idle one: so one cache stays warm, and a slow search holds nobody up.
            reader = min(self._readers, key=_pending)
            return await self._translated(reader.submit(work))
        await self._take()
        try:
            return await self._translated(self._writer.submit(work))
        finally:
            self._lock.release()

    async def _take(self) -> None:
        if not self._lock.locked():
            await self._lock.acquire()
            return
        try:
            async with asyncio.timeout(LOCK_SECONDS):
                await self._lock.acquire()
        except TimeoutError:
            raise OperationalError(
                f"The database was busy writing for {LOCK_SECONDS} seconds: is a transaction waiting for another one?"
            ) from None

    async def _translated(self, answer: asyncio.Future[T]) -> T:
        try:
            return await answer
        except sqlite3.IntegrityError as error:
            raise IntegrityError(str(error)) from None
        except sqlite3.Error as error:
            kind = DatabaseFull if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL else OperationalError
            raise kind(str(error)) from None


def _fetch(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> tuple[int, list[Row]]:
    cursor = connection.execute(sql, values)
    if cursor.description is None:
        # The driver does not count what follows a WITH.
        return (cursor.rowcount if cursor.rowcount >= 0 else _changes(connection, sql)), []
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return len(found), found


# A cursor must end on the thread of its connection: elsewhere it would reset a statement that is running there again.
def _run(connection: sqlite3.Connection, sql: str) -> None:
    connection.execute(sql).close()


def _run_many(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> None:
    connection.executemany(sql, parameters).close()


def _changes(connection: sqlite3.Connection, sql: str) -> int:
    if sql.lstrip()[:4].upper() != "WITH":
        return 0
    return int(connection.execute("SELECT changes()").fetchone()[0])


def _pending(worker: Worker) -> int:
    return worker.pending


def _ping(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT 1").fetchone()


def _begin(connection: sqlite3.Connection) -> None:
    _rollback(connection)
    connection.execute("BEGIN IMMEDIATE")


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        _rollback(connection)
        raise


def _rollback(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


client_class = SqliteEngine
