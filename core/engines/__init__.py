"""What both database engines share: transactions that survive cancellation, and work that waits for the commit."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar, Token, copy_context
from types import TracebackType
from typing import Any, Protocol, TypeVar

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContext
from tortoise.exceptions import OperationalError, TransactionManagementError

log = structlog.get_logger(__name__)

T = TypeVar("T")
Row = dict[str, Any]
Callback = Callable[[], object]

_innermost: ContextVar[Transaction | None] = ContextVar("innermost_transaction", default=None)
_savepoints = itertools.count(1)


class DatabaseUnavailable(OperationalError):
    """The database cannot be reached."""


class DatabaseFull(OperationalError):
    """The disk of the database has no room for what was to be written, and none of it was."""


def connection_settings(url: str, pool_size: int, synchronous: str) -> tuple[str, dict[str, Any]]:
    """The dialect of an address and Tortoise's settings for its connection."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite":
        path = rest.removeprefix("/")
        if not path or path.startswith(":"):
            raise ValueError("The database address must name a file: sqlite:///instance/kith.db")
        if synchronous not in {"OFF", "NORMAL", "FULL", "EXTRA"}:
            raise ValueError("synchronous must be OFF, NORMAL, FULL or EXTRA")
        return "sqlite", {"engine": "core.engines.sqlite", "credentials": {"path": path, "synchronous": synchronous}}
    if separator and scheme in {"postgres", "postgresql"}:
        return "postgres", {"engine": "core.engines.postgres", "credentials": {"url": url, "pool_size": pool_size}}
    raise ValueError("The database address must begin with sqlite:// or postgres://")


class Session(Protocol):
    """The connection that belongs to one open transaction.

    `ahead` are the savepoints that were set and given up since its last statement. They go along with the next one, so
    that they cost no way of their own; a commit makes them needless.
    """

    ahead: list[str]

    async def statement(self, sql: str) -> None:
        """Run one statement without parameters."""

    async def finish(self, keep: bool) -> None:
        """Commit or roll back, and give the connection back whatever happens; never cancelled halfway."""


class Engine(BaseDBAsyncClient):
    """A Tortoise client that sends every statement to the open transaction of the running context, if there is one."""

    def __init__(self, connection_name: str) -> None:
        super().__init__(connection_name)
        self.finishing: set[asyncio.Task[Any]] = set()
        self.listeners: list[Callable[[str], object]] = []

    def carry_through(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task outside every transaction that `settle` waits for, whoever began it is cancelled or not."""
        task = detach(coroutine)
        self.finishing.add(task)
        task.add_done_callback(self.finishing.discard)
        return task

    @abstractmethod
    async def open(self) -> None:
        """Connect, so that a wrong address fails now and not in the first request."""

    @abstractmethod
    async def ping(self) -> None:
        """Ask the database for an answer; raises when there is none."""

    @abstractmethod
    async def begin(self, redoable: bool) -> Session:
        """Open a transaction; when this raises or is cancelled, nothing stays behind."""

    @abstractmethod
    async def fetch(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        """Rows of one statement with `$1` placeholders."""

    @abstractmethod
    async def run(self, sql: str, parameters: Sequence[Any]) -> int:
        """Number of rows that one statement with `$1` placeholders touched."""

    @abstractmethod
    async def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """One statement with `$1` placeholders for each tuple of parameters, all or nothing."""

    async def create_connection(self, with_db: bool) -> None:
        await self.open()

    def _check_loop(self) -> bool:
        # Tortoise would quietly put a fresh client, not open, in place of this one.
        if not super()._check_loop():
            raise RuntimeError("This database belongs to another event loop: open one more, for this loop")
        return True

    def _tell(self, sql: str) -> None:
        for listener in self.listeners:
            listener(sql)

    def _in_transaction(self, redoable: bool = False) -> Transaction:
        return Transaction(self, redoable)

    async def settle(self, seconds: float | None = None) -> None:
        """Wait for commits and after-commit work still on their way; what takes longer than `seconds` is cancelled."""
        try:
            async with asyncio.timeout(seconds):
                while self.finishing:
                    await asyncio.wait(self.finishing)
        except TimeoutError:
            for task in self.finishing:
                task.cancel()
            await asyncio.gather(*self.finishing, return_exceptions=True)


class Transaction(TransactionContext):
    """One `async with` block: a transaction, or a savepoint when one is open already.

    A block in which a statement failed can only be rolled back, on both databases: PostgreSQL insists on it, and SQLite
    behaves alike so that the difference is found in tests. What may fail belongs in a block of its own.
    """

    session: Session

    def __init__(self, engine: Engine, redoable: bool = False) -> None:
        self.engine, self.redoable = engine, redoable
        self.over = False
        self.failed = False
        self.undone = False
        self.callbacks: list[Callback] = []
        self.turn = asyncio.Lock()  # of what is done directly in this block

    async def __aenter__(self) -> Engine:  # type: ignore[override]
        self.outer = open_transaction(self.engine)
        if self.outer is None:
            self.session = await self.engine.begin(self.redoable)
        else:
            self.outer.check()
            self.session = self.outer.session
            self.savepoint = f"kith_{next(_savepoints)}"
            self._set = f"SAVEPOINT {self.savepoint}"
            # Siblings under asyncio.gather take turns, statements too: what is done in a block is undone with it.
            await self.outer.turn.acquire()
            self.session.ahead.append(self._set)
        self.before = _innermost.get()
        self.token = _innermost.set(self)
        return self.engine

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over = True
        restore(_innermost, self.token, self.before)
        keep = kind is None and not self.failed
        self.undone = not keep
        if self.outer is not None and keep and not self.turn.locked():
            self._keep_savepoint(self.outer)
            self.outer.turn.release()
        else:
            ending = self._end_outermost(keep) if self.outer is None else self._end_savepoint(self.outer, keep)
            await asyncio.shield(self.engine.carry_through(ending))
        if kind is None and self.failed:
            raise TransactionManagementError(
                "A statement of this transaction failed, so all of it was rolled back; "
                "give a statement that may fail a transaction() of its own"
            )

    async def _end_outermost(self, keep: bool) -> None:
        # A block inside that was cancelled may still be on its way out.
        async with self.turn:
            await self.session.finish(keep)
        if keep:
            await call_each(self.callbacks)

    async def _end_savepoint(self, outer: Transaction, keep: bool) -> None:
        try:
            async with self.turn:
                if keep:
                    self._keep_savepoint(outer)
                else:
                    await self._undo_savepoint()
        except BaseException:
            outer.failed = True
            raise
        finally:
            outer.turn.release()

    def _keep_savepoint(self, outer: Transaction) -> None:
        outer.callbacks += self.callbacks
        if not self._forgets_empty():
            self.session.ahead.append(f"RELEASE SAVEPOINT {self.savepoint}")

    async def _undo_savepoint(self) -> None:
        if not self._forgets_empty():
            self.session.ahead.clear()  # what was set inside goes with it
            await self.session.statement(f"ROLLBACK TO SAVEPOINT {self.savepoint}")
            self.session.ahead.append(f"RELEASE SAVEPOINT {self.savepoint}")

    def _forgets_empty(self) -> bool:
        """Whether nothing was done in this block: then the database need not know of it, and is not told."""
        ahead = self.session.ahead
        if self._set not in ahead:
            return False
        del ahead[ahead.index(self._set) :]
        return True

    def check(self) -> None:
        """Refuse further statements after one has failed."""
        if self.failed:
            raise TransactionManagementError(
                "An earlier statement of this transaction failed; "
                "give a statement that may fail a transaction() of its own"
            )

    async def watch(self, statement: Awaitable[T]) -> T:
        """Await a statement of this block and remember when it fails or is cancelled."""
        try:
            return await statement
        except BaseException:
            self.failed = True
            raise


def open_transaction(engine: Engine) -> Transaction | None:
    """The innermost block of this engine that is still open in the running context.

    A task that was made inside a block and outlives it goes on without one if the block was committed; if it was rolled
    back, what the task is about never happened, and TransactionManagementError is raised.
    """
    transaction = _innermost.get()
    while transaction is not None and (transaction.over or transaction.engine is not engine):
        if transaction.undone and transaction.engine is engine:
            raise TransactionManagementError("The transaction in which this task was started was rolled back")
        transaction = transaction.before
    return transaction


def detach(coroutine: Coroutine[Any, Any, T], name: str | None = None) -> asyncio.Task[T]:
    """A task with the context of the caller, except that it stands outside every transaction."""
    context = copy_context()
    context.run(_innermost.set, None)
    return asyncio.get_running_loop().create_task(coroutine, name=name, context=context)


async def call_each(callbacks: Iterable[Callback]) -> None:
    """Call in order; one that fails is logged and hinders none of the others."""
    for callback in callbacks:
        try:
            answer = callback()
            if inspect.isawaitable(answer):
                await answer
        except Exception:
            log.exception("after_commit_failed", callback=getattr(callback, "__qualname__", type(callback).__name__))


def restore(variable: ContextVar[T], token: Token[T], before: T) -> None:
    """Reset a context variable, also when the block is left in another context (async generators are)."""
    try:
        variable.reset(token)
    except ValueError:
        variable.set(before)
