"""The database of one instance: connections, transactions, work after the commit, SQL for both dialects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

import structlog
import tortoise.context
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError, IntegrityError, OperationalError
from tortoise.models import Model

from core.engines import (
    Callback,
    DatabaseFull,
    DatabaseUnavailable,
    Engine,
    Row,
    call_each,
    connection_settings,
    detach,
    open_transaction,
    restore,
)
from core.fields import (
    HIGHEST_ID,
    LOWEST_ID,
    IdField,
    JSONField,
    OrderedIndex,
    from_json,
    is_id,
    new_id,
    now,
    to_json,
    when,
)

__all__ = [
    "HIGHEST_ID",
    "LOWEST_ID",
    "AppModels",
    "Database",
    "DatabaseFull",
    "DatabaseUnavailable",
    "IdField",
    "IntegrityError",
    "JSONField",
    "OperationalError",
    "OrderedIndex",
    "after_commit",
    "current_database",
    "execute",
    "from_json",
    "in_transaction",
    "is_id",
    "loaded",
    "many",
    "new_id",
    "now",
    "one_at_a_time",
    "one_of",
    "recorded",
    "row",
    "rows",
    "spawn",
    "to_json",
    "transaction",
    "value",
    "when",
]

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 5

T = TypeVar("T")
M = TypeVar("M", bound=Model)

_current: ContextVar[Database | None] = ContextVar("database", default=None)


@dataclass(frozen=True)
class AppModels:
    """One app: the modules that hold its models, and the package that holds its migrations."""

    models: list[str]
    migrations: str | None = None


class Database:
    """One database. Several may be open in one process, all of the same dialect; each belongs to one event loop.

    `url`: `sqlite:///relative/path.db`, `sqlite:////absolute/path.db`, `sqlite://path`, or any `postgres://` address
    that libpq understands. `synchronous` is SQLite's: with NORMAL a power cut may lose the last commits (a crash of the
    server does not), with FULL it loses none. Raises ValueError when the address cannot be understood.
    """

    def __init__(
        self, url: str, apps: Mapping[str, AppModels], *, pool_size: int = 10, synchronous: str = "NORMAL"
    ) -> None:
        self.url, self.apps = url, dict(apps)
        self.pool_size, self.synchronous = pool_size, synchronous
        self.dialect, self.connection = connection_settings(url, pool_size, synchronous)
        self._context: TortoiseContext | None = None
        self._engine: Engine | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def engine(self) -> Engine:
        """The connections; raises RuntimeError while the database is not open."""
        if self._engine is None:
            raise RuntimeError("This database is not open")
        return self._engine

    @property
    def path(self) -> str | None:
        """The file of an SQLite database."""
        path: str | None = self.connection["credentials"].get("path")
        return path

    def for_migrating(self) -> Database:
        """A second handle on this database for changes of its schema: no models, SQLite's foreign keys not enforced."""
        other = Database(self.url, {}, pool_size=2, synchronous=self.synchronous)
        if self.dialect == "sqlite":
            other.connection["credentials"]["foreign_keys"] = False
        return other

    async def open(self) -> None:
        """Connect and make the models ready; raises DatabaseUnavailable, or ConfigurationError for a misnamed table."""
        if self._engine is not None:
            raise RuntimeError("This database is open already")
        context = TortoiseContext()
        apps = {
            label: {"models": app.models, "default_connection": "default"}
            for label, app in self.apps.items()
            if app.models
        }
        with _using(self, context):
            connections = {"default": self.connection}
            if apps:
                await context.init(config={"connections": connections, "apps": apps}, use_tz=True, timezone="UTC")
                _check_table_names(context)
            else:
                # Tortoise's init insists on a model.
                context.connections._init_config(connections)
            engine = context.connections.get("default")
            assert isinstance(engine, Engine)
            await engine.open()
        self._context, self._engine = context, engine

    async def close(self) -> None:
        """Stop the tasks of this database, let commits and their callbacks finish, and disconnect."""
        if self._engine is None:
            return
        for task in self._tasks:
            task.cancel()
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=SETTLE_SECONDS)
            await self._engine.settle(SETTLE_SECONDS)
        finally:
            engine, self._engine, self._context = self._engine, None, None
            await engine.close()

    @contextmanager
    def using(self) -> Iterator[None]:
        """Make this the current database of the running context; may be nested."""
        if self._context is None:
            raise RuntimeError("This database is not open")
        with _using(self, self._context):
            yield

    async def ping(self) -> None:
        """Ask the database for an answer; raises DatabaseUnavailable when there is none."""
        await self.engine.ping()


def current_database() -> Database:
    """The database the running code belongs to; raises RuntimeError outside `using()`."""
    database = _current.get()
    if database is None:
        raise RuntimeError("No database is in use here: wrap this in `with database.using():`")
    return database


def _engine() -> Engine:
    engine = current_database().engine
    engine._check_loop()
    return engine


def transaction(*, redoable: bool = False) -> AbstractAsyncContextManager[object]:
    """`async with transaction():` commits all of the block or nothing; nested, it is a savepoint.

    Raises TransactionManagementError at its end when a statement of the block failed and the exception was swallowed.
    Never await the network inside: on SQLite all other writers wait.

    One that is `redoable` begins with what an earlier one has stored and takes that away: where PostgreSQL crashes
    before it is on the disk, all of it is done once more, so nobody waits for the disk.
    """
    return _engine()._in_transaction(redoable)


async def one_at_a_time(what: str) -> None:
    """In a transaction: have whoever else says the same wait until it ends, as before counting what may be few.

    `what` is any text, such as `drafts:` and an id. On SQLite only one writes anyway, so nobody need wait there.
    """
    if current_database().dialect == "postgres":
        key = int.from_bytes(blake2b(what.encode(), digest_size=8).digest(), signed=True)
        await execute("SELECT pg_advisory_xact_lock($1)", key)


def in_transaction() -> bool:
    """Whether a transaction of the current database is open in the running context."""
    return open_transaction(current_database().engine) is not None


def after_commit(callback: Callback) -> None:
    """Call `callback` (plain or async, no arguments) once the outermost transaction is committed; never if it is not.

    Callbacks run in order; one that fails is logged and hinders no other. Without a transaction it runs at once, in a
    task.
    """
    database = current_database()
    open_block = open_transaction(database.engine)
    if open_block is not None:
        open_block.callbacks.append(callback)
    else:
        database.engine.carry_through(call_each([callback]))


async def rows(sql: str, *parameters: Any) -> list[Row]:
    """All rows of a query written once for both dialects: `$1` placeholders; `::type` casts are PostgreSQL's only.

    Ids come as str; moments as datetime or text (`when`), JSON as text (`from_json`), booleans on SQLite as 0 and 1.
    Lists and dicts in parameters become JSON on SQLite; for a list use `one_of`.
    """
    return await _engine().fetch(sql, parameters)


async def row(sql: str, *parameters: Any) -> Row | None:
    """The first row of a query, or None."""
    found = await _engine().fetch(sql, parameters)
    return found[0] if found else None


def loaded(model: type[M], row: Row) -> M:
    """The object whose row this is, with all its columns: as the ORM loads it, by a query that this cannot write."""
    return model._init_from_db(**row)


async def value(sql: str, *parameters: Any) -> Any:
    """The first column of the first row, or None."""
    found = await _engine().fetch(sql, parameters)
    return next(iter(found[0].values())) if found else None


async def execute(sql: str, *parameters: Any) -> int:
    """Run one statement and return how many rows it touched."""
    return await _engine().run(sql, parameters)


async def many(sql: str, parameters: Iterable[Sequence[Any]]) -> None:
    """Run one statement for each tuple of parameters, all or nothing."""
    await _engine().run_many(sql, parameters)


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Collects the statements that run on the current database meanwhile, whoever runs them: for counting in tests."""
    statements: list[str] = []
    listeners, listener = current_database().engine.listeners, statements.append
    listeners.append(listener)
    try:
        yield statements
    finally:
        listeners.remove(listener)


def one_of(number: int, type: str = "uuid") -> str:
    """SQL that follows a column and is true when it is in the list that is parameter `number`."""
    if current_database().dialect == "postgres":
        # How long the list is stays unknown to the planner, so that one plan is as good as another for the next list:
        # it keeps the plan, where making one for each list takes longer than carrying it out.
        return f"= ANY((SELECT ${number}::{type}[])::{type}[])"
    return f"IN (SELECT value FROM json_each(${number}))"


def carried_through(coroutine: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
    """Have it done also where whoever waits for it goes away meanwhile; outside any transaction, in the same context.

    `Database.close` waits for it.
    """
    return asyncio.shield(current_database().engine.carry_through(coroutine))


def spawn(coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """A background task of the current database: keeps the context, stands outside any transaction.

    An exception that ends it is logged; `Database.close` cancels it.
    """
    try:
        database = current_database()
    except RuntimeError:
        coroutine.close()
        raise
    task = detach(coroutine, name)
    database._tasks.add(task)
    task.add_done_callback(database._tasks.discard)
    task.add_done_callback(_report)
    return task


@contextmanager
def _using(database: Database, context: TortoiseContext) -> Iterator[None]:
    before, outer = _current.get(), tortoise.context._current_context.get()
    token, outer_token = _current.set(database), tortoise.context._current_context.set(context)
    try:
        yield
    finally:
        restore(tortoise.context._current_context, outer_token, outer)
        restore(_current, token, before)


def _check_table_names(context: TortoiseContext) -> None:
    for label, models in (context.apps or {}).items():
        for name, model in models.items():
            if not model._meta.db_table.startswith(f"{label}_"):
                raise ConfigurationError(f"The table of {label}.{name} must begin with {label}_: set Meta.table")


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background_task_failed", task=task.get_name(), exc_info=error)
