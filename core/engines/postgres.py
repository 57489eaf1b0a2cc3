"""PostgreSQL behind Tortoise: an asyncpg pool whose connections speak ids as text."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
from pypika_tortoise.dialects import PostgreSQLQuery
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.asyncpg.executor import AsyncpgExecutor
from tortoise.backends.asyncpg.schema_generator import AsyncpgSchemaGenerator
from tortoise.exceptions import IntegrityError, OperationalError

from core.engines import DatabaseFull, DatabaseUnavailable, Engine, Row, detach, open_transaction
from core.fields import LOWEST_ID, to_json

REFUSALS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
# What PostgreSQL says while it is shut down or comes up, and where it takes no more connections, is no fault of ours.
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    OSError,
)
_BEGIN_REDOABLE = "BEGIN; SET LOCAL synchronous_commit TO off"
_PLAIN = {str, int, float, bool, bytes, list, type(None)}


class PostgresSession:
    """The pooled connection of one open transaction."""

    def __init__(self, pool: asyncpg.Pool, connection: Any) -> None:
        self._pool = pool
        self.connection = connection
        self.ahead = list[str]()

    async def statement(self, sql: str) -> None:
        try:
            await self.connection.execute(sql)
        except REFUSALS as error:
            raise told(error) from None

    async def call(self, method: str, sql: str, *arguments: Any) -> Any:
        """One of asyncpg's ways to run a statement, after what goes ahead of it."""
        if self.ahead:
            ahead, self.ahead = "; ".join(self.ahead), []
            await self.connection.execute(ahead)
        return await getattr(self.connection, method)(sql, *arguments)

    async def finish(self, keep: bool) -> None:
        try:
            status = await self.connection.execute("COMMIT" if keep else "ROLLBACK")
            if keep and status != "COMMIT":
                raise OperationalError("PostgreSQL rolled the transaction back instead of committing it")
        except REFUSALS as error:
            # A lost connection has rolled back by itself: only a commit that failed is news.
            if keep:
                raise told(error) from None
        finally:
            await self._pool.release(self.connection)


class PostgresEngine(Engine):
    """One pool; a statement outside a transaction borrows a connection for itself."""

    executor_class = AsyncpgExecutor
    query_class = PostgreSQLQuery
    schema_generator = AsyncpgSchemaGenerator
    capabilities = AsyncpgDBClient.capabilities
    _pool: asyncpg.Pool | None = None

    def __init__(self, connection_name: str, url: str, pool_size: int = 10) -> None:
        super().__init__(connection_name)
        self._url, self._pool_size = url, pool_size

    async def open(self) -> None:
        try:
            self._pool = await asyncpg.create_pool(
                self._url, min_size=1, max_size=self._pool_size, init=_speak, reset=_keep_session
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise DatabaseUnavailable(f"Cannot connect to PostgreSQL: {error}") from None
        except ValueError:
            # asyncpg quotes the address, password and all.
            raise ValueError("The address of the PostgreSQL database cannot be understood") from None
        await self._post_connect()

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                async with asyncio.timeout(10):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    async def ping(self) -> None:
        await self._call("fetchval", "SELECT 1")

    async def fetch(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        return [dict(record) for record in await self._call("fetch", sql, *adapted(parameters))]

    async def run(self, sql: str, parameters: Sequence[Any]) -> int:
        return _touched(await self._call("execute", sql, *adapted(parameters)))

    async def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._call("executemany", sql, [adapted(each) for each in parameters])

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        return await self._call("fetchrow", query, *values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, list[Any]]:
        beginning = query.lstrip()[:6].upper()
        if beginning in {"UPDATE", "DELETE", "INSERT"} and " RETURNING " not in query.upper():
            return _touched(await self._call("execute", query, *(values or ()))), []
        found = await self._call("fetch", query, *(values or ()))
        return len(found), found

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[Row]:
        return [dict(record) for record in await self._call("fetch", query, *(values or ()))]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await self._call("executemany", query, values)

    async def execute_script(self, query: str) -> None:
        await self._call("execute", query)

    async def begin(self, redoable: bool) -> PostgresSession:
        try:
            pool, connection = await self._acquire()
            session = PostgresSession(pool, connection)
            try:
                await session.statement(_BEGIN_REDOABLE if redoable else "BEGIN")
            except BaseException:
                await asyncio.shield(self.carry_through(session.finish(keep=False)))
                raise
        except REFUSALS as error:
            raise told(error) from None
        return session

    async def _call(self, method: str, sql: str, *arguments: Any) -> Any:
        self._tell(sql)
        try:
            while (transaction := open_transaction(self)) is not None:
                session = transaction.session
                assert isinstance(session, PostgresSession)
                async with transaction.turn:
                    if not transaction.over:  # as it may be by now
                        transaction.check()
                        return await transaction.watch(session.call(method, sql, *arguments))
            pool, connection = await self._acquire()
            try:
                return await getattr(connection, method)(sql, *arguments)
            finally:
                await pool.release(connection)
        except REFUSALS as error:
            raise told(error) from None

    async def _acquire(self) -> tuple[asyncpg.Pool, Any]:
        pool = self._pool
        if pool is None:
            raise DatabaseUnavailable("The database is closed")
        if not pool.get_idle_size() and pool.get_size() < pool.get_max_size():
            # A cancelled request must not break off the handshake of a connection that the next one can use.
            await asyncio.shield(detach(_grow(pool)))
        return pool, await pool.acquire()


def adapted(parameters: Sequence[Any]) -> Sequence[Any]:
    """Tuples and sets as arrays, dicts as JSON; everything else is asyncpg's own."""
    for value in parameters:
        if type(value) not in _PLAIN:
            return [_adapt(each) for each in parameters]
    return parameters


def told(error: Exception) -> Exception:
    """Tortoise's exception for asyncpg's, without the values of the row that PostgreSQL and asyncpg quote."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return IntegrityError(error.args[0])
    if isinstance(error, ValueError):
        return OperationalError(f"A parameter does not fit its place in the query ({type(error).__name__})")
    if isinstance(error, asyncpg.DataError):
        return OperationalError(f"PostgreSQL refused a value ({type(error).__name__})")
    if isinstance(error, asyncpg.DiskFullError):
        return DatabaseFull("PostgreSQL's disk is full")
    if isinstance(error, _AWAY):
        return DatabaseUnavailable(f"The connection to PostgreSQL failed ({type(error).__name__})")
    return OperationalError(str(error.args[0]))


def encode_id(value: object) -> str:
    """The text of an id; what is no id becomes the one that nothing has, so that looking it up finds nothing."""
    text = str(value)
    try:
        uuid.UUID(text)
    except ValueError:
        return LOWEST_ID
    return text


def _adapt(value: Any) -> Any:
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    if isinstance(value, dict):
        return to_json(value)
    return value


def _touched(status: str) -> int:
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


async def _speak(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("uuid", encoder=encode_id, decoder=str, schema="pg_catalog", format="text")
    # Our queries are short and join much: to compile one takes longer than to run it often, and a new server,
    # where nothing is known yet of how much is where, would compile them each time.
    # What belongs to a few ids is looked up one by one: a merge reads an index from its beginning to the last of them,
    # which of what is sorted by time is the whole of it for whoever came last.
    await connection.execute("SET jit = off; SET enable_mergejoin = off")


async def _grow(pool: asyncpg.Pool) -> None:
    # Who needs the connection meets the failure again.
    with contextlib.suppress(*REFUSALS):
        async with pool.acquire():
            pass


async def _keep_session(connection: Any) -> None:
    """Nothing to reset: what `_speak` has set stays, and asyncpg itself rolls back what was left open."""


client_class = PostgresEngine
