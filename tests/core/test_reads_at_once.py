"""Short reads of SQLite take no thread; on both databases none holds the event loop for long."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database import Database, OperationalError, rows, spawn, transaction, value
from core.engines import sqlite_at_once
from core.engines.sqlite_at_once import AtOnce
from tests.core.samples.databases import fresh_library
from tests.core.samples.library.models import Author

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_library(tmp_path) as migrated:
        yield migrated


async def test_whoever_reads_without_an_end_lets_others_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_at_once, "TURN_SECONDS", 0.0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = spawn(others())
    for _ in range(100):
        assert await value("SELECT 1") == 1
    task.cancel()
    assert turns >= 95


async def test_a_read_that_takes_long_is_finished_elsewhere_and_what_fails_is_told(database: Database) -> None:
    for _ in range(2):
        assert await value(SLOW) == 3_000_000
    with pytest.raises(OperationalError):
        await rows("SELECT * FROM library_shelf")
    assert await value("SELECT COUNT(*) FROM library_author") == 1


async def test_what_was_written_is_read(database: Database) -> None:
    for number in range(50):
        async with transaction():
            await Author.create(name=f"Ada {number}")
        assert await value("SELECT COUNT(*) FROM library_author WHERE name LIKE 'Ada %'") == number + 1


async def test_a_statement_that_took_long_is_not_tried_again_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_at_once, "PAUSE_SECONDS", 0.5)
    tried = list[str]()

    def counting(connection: sqlite3.Connection) -> list[tuple[int]]:
        tried.append("slow")
        return connection.execute(SLOW).fetchall()

    at_once = AtOnce(sqlite3.connect(":memory:"))
    try:
        assert await at_once.read(SLOW, counting) is None
        assert await at_once.read(SLOW, counting) is None
        assert tried == ["slow"]
        await asyncio.sleep(0.6)
        assert await at_once.read(SLOW, counting) is None
        assert await at_once.read("SELECT 1", lambda connection: connection.execute("SELECT 1").fetchall()) == [(1,)]
        assert tried == ["slow", "slow"]
    finally:
        at_once.close()
