"""SQLite behind Tortoise: one writing and one reading connection, each on a thread of its own."""

from __future__ import annotations

import asyncio
import datetime
import functools
import json
import os
import queue
import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from pypika_tortoise.dialects import SQLLiteQuery
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.backends.sqlite.executor import SqliteExecutor
from tortoise.backends.sqlite.schema_generator import SqliteSchemaGenerator
from tortoise.exceptions import IntegrityError, OperationalError

from core.engines import DatabaseUnavailable, Engine, Row, open_transaction

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

LOCK_SECONDS = 30
_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(?P<number>\d+)
        | (?P<cast>::\s*[A-Za-z_]\w*(?:\(\d+\))?(?:\[\])?)""",
    re.VERBOSE | re.DOTALL,
)
_READS = re.compile(
    r"\s*(?:SELECT|VALUES|EXPLAIN|WITH(?!.*\b(?:INSERT|UPDATE|DELETE|REPLACE)\b))\b", re.IGNORECASE | re.DOTALL
)
_PLAIN = {str, int, float, bool, bytes, type(None)}


def stored_datetime(value: datetime.datetime) -> str:
    """The text of a moment in a column: UTC, so that texts sort as the moments do."""
    aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    return aware.astimezone(datetime.UTC).isoformat(" ")


# Tortoise registers an adapter that keeps the caller's offset, which would not sort.
sqlite3.register_adapter(datetime.datetime, stored_datetime)
sqlite3.register_adapter(uuid.UUID, str)


class Worker:
    """One sqlite3 connection on a daemon thread that takes calls in order: one hop there and back for each call."""

    def __init__(self, path: str, pragmas: dict[str, str | int]) -> None:
        self._path, self._pragmas = path, pragmas
        self._queue: queue.SimpleQueue[tuple[asyncio.Future[Any], Work[Any]] | None] = queue.SimpleQueue()
        self._connection: sqlite3.Connection
        self._thread = threading.Thread(target=self._work, name=f"sqlite {os.path.basename(path)}", daemon=True)
        self._stopped = False

    async def start(self) -> None:
        self._thread.start()
        try:
            await self.submit(lambda _: None)
        except BaseException:
            await self.stop()
            raise

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        """Queue a call; a cancelled one is skipped if it has not begun, and finishes unheard if it has."""
        if self._stopped:
            raise DatabaseUnavailable("The database is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put((future, work))
        return future

    async def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._queue.put(None)
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self._path, isolation_level=None, cached_statements=512)
            for name, value in self._pragmas.items():
                connection.execute(f"PRAGMA {name}={value}").fetchall()
        except sqlite3.Error as error:
            raise DatabaseUnavailable(f"Cannot open {self._path}: {error}") from error
        return connection

    def _work(self) -> None:
        refusal: Exception | None = None
        connection: sqlite3.Connection | None = None
        while (job := self._queue.get()) is not None:
            future, work = job
            if future.cancelled():
                continue
            result, error = None, refusal
            if error is None:
                try:
                    if connection is None:
                        connection = self._connect()
                    result = work(connection)
                except Exception as problem:  # noqa: BLE001  # whoever waits for the answer gets it
                    error = problem
                    refusal = problem if connection is None else None
            try:
                future.get_loop().call_soon_threadsafe(_tell, future, result, error)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                pass
            del job, future, work, result, error
        if connection is not None:
            connection.close()


class SqliteEngine(Engine):
    """Reads outside a transaction go to the reading connection; everything else waits for the writing one."""

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
            "cache_size": -16_000,
        }
        writer: dict[str, str | int] = {
            "journal_mode": "WAL",
            "journal_size_limit": 64 * 1024 * 1024,
            "synchronous": synchronous,
        }
        self._writer = Worker(path, shared | writer)
        self._reader = Worker(path, shared | {"query_only": "ON"})
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        if not os.path.exists(self.path):
            try:
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise DatabaseUnavailable(f"Cannot create {self.path}: {error.strerror}") from error
        await self._writer.start()
        try:
            await self._reader.start()
        except BaseException:
            await self._writer.stop()
            raise

    async def close(self) -> None:
        await self.settle()
        await self._reader.stop()
        await self._writer.stop()

    async def ping(self) -> None:
        await asyncio.gather(self._writer.submit(_ping), self._reader.submit(_ping))

    async def fetch(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        translated, reads = translate(sql)
        values = adapted(parameters)
        return await self._call(lambda connection: _fetch(connection, translated, values)[1], reads)

    async def run(self, sql: str, parameters: Sequence[Any]) -> int:
        translated, _ = translate(sql)
        values = adapted(parameters)
        return await self._call(lambda connection: _fetch(connection, translated, values)[0])

    async def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._many(translate(sql)[0], [adapted(each) for each in parameters])

    async def execute_insert(self, query: str, values: list[Any]) -> int | None:
        return await self._call(lambda connection: connection.execute(query, values).lastrowid)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, list[Row]]:
        return await self._call(
            lambda connection: _fetch(connection, query, values or ()), query[:6].upper() == "SELECT"
        )

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[Row]:
        return (await self.execute_query(query, values))[1]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await self._many(query, values)

    async def execute_script(self, query: str) -> None:
        # sqlite3's executescript would commit the open transaction first.
        for statement in statements(query):
            await self._call(functools.partial(_fetch, sql=statement, values=()))

    async def begin(self) -> SqliteEngine:
        await self._take()
        try:
            await self._translated(self._writer.submit(_begin))
        except BaseException:
            self._writer.submit(_rollback)
            self._lock.release()
            raise
        return self

    async def statement(self, sql: str) -> None:
        await self._translated(self._writer.submit(lambda connection: connection.execute(sql)))

    async def finish(self, keep: bool) -> None:
        try:
            await self._translated(self._writer.submit(_commit if keep else _rollback))
        finally:
            self._lock.release()

    async def _many(self, sql: str, parameters: list[Any]) -> None:
        async with self._in_transaction():
            await self._call(lambda connection: connection.executemany(sql, parameters))

    async def _call(self, work: Work[T], reads: bool = False) -> T:
        transaction = open_transaction(self)
        if transaction is not None:
            transaction.check()
            return await transaction.watch(self._translated(self._writer.submit(work)))
        if reads:
            return await self._translated(self._reader.submit(work))
        await self._take()
        try:
            return await self._translated(self._writer.submit(work))
        finally:
            self._lock.release()

    async def _take(self) -> None:
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
            raise OperationalError(str(error)) from None


@functools.lru_cache(maxsize=4096)
def translate(sql: str) -> tuple[str, bool]:
    """`$1` to `?1`, `::type` casts dropped, quoted text untouched; and whether the statement only reads."""

    def replaced(match: re.Match[str]) -> str:
        if match["number"]:
            return f"?{match['number']}"
        return "" if match["cast"] else match[0]

    return _TOKEN.sub(replaced, sql), _READS.match(sql) is not None


def adapted(parameters: Sequence[Any]) -> Sequence[Any]:
    """Lists and dicts as JSON; everything else is sqlite3's own or registered above."""
    for value in parameters:
        if type(value) not in _PLAIN:
            return [_adapt(each) for each in parameters]
    return parameters


def statements(script: str) -> Iterator[str]:
    """The single statements of a script; semicolons in texts and trigger bodies do not end one."""
    pending = ""
    for part in re.split(r"(?<=;)", script):
        pending += part
        if pending.strip() and sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


def _adapt(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        value = list(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_json_scalar)
    return value


def _json_scalar(value: Any) -> str:
    return stored_datetime(value) if isinstance(value, datetime.datetime) else str(value)


def _tell(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _fetch(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> tuple[int, list[Row]]:
    cursor = connection.execute(sql, values)
    if cursor.description is None:
        # The driver does not count what follows a WITH.
        return (cursor.rowcount if cursor.rowcount >= 0 else _changes(connection, sql)), []
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return len(found), found


def _changes(connection: sqlite3.Connection, sql: str) -> int:
    if sql.lstrip()[:4].upper() != "WITH":
        return 0
    return int(connection.execute("SELECT changes()").fetchone()[0])


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
