"""Claims that hold as long as the process that made them lives: short ones, renewed while the work goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from core.database import execute, now, one_of, spawn

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=30)
RENEWED_EVERY_SECONDS = 10.0


class Leases:
    """What one process has claimed of the rows of `table`, which have a `state` of "running" and a `due_at` then.

    `due_at` is when others may take a row up. Where a process dies, that is at most `LEASE` later.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self._held: set[str] = set()
        self._renewing: asyncio.Task[None] | None = None

    @contextmanager
    def held(self, ids: Iterable[str]) -> Iterator[None]:
        """Keep the claim on these rows alive within the block."""
        mine = set(ids)
        self.hold(mine)
        try:
            yield
        finally:
            self.let_go(mine)

    def hold(self, ids: Iterable[str]) -> None:
        """Keep the claim on these rows alive until they are let go."""
        self._held.update(ids)
        if self._held and (self._renewing is None or self._renewing.done()):
            self._renewing = spawn(self._renew(), name=f"leases of {self._table}")

    def let_go(self, ids: Iterable[str]) -> None:
        """These rows are done, or handed back."""
        self._held.difference_update(ids)

    def end(self) -> None:
        """Renew nothing any more."""
        self._held.clear()
        if self._renewing:
            self._renewing.cancel()

    async def _renew(self) -> None:
        while self._held:
            await asyncio.sleep(RENEWED_EVERY_SECONDS)
            try:
                await execute(
                    f"UPDATE {self._table} SET due_at = $1 WHERE state = 'running' AND id {one_of(2)}",
                    now() + LEASE,
                    [*self._held],
                )
            except Exception:
                log.exception("leases_not_renewed", table=self._table)
