"""Blocks within blocks: whatever is done, undone and cut off in them, exactly what was kept stays."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise.exceptions import TransactionManagementError

from core.database import Database, OperationalError, after_commit, execute, new_id, now, rows, transaction
from tests.core.samples.databases import fresh_library


class Stop(Exception):
    """What the tests undo a block with."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_library(tmp_path) as migrated:
        yield migrated


async def _add(name: str) -> str:
    await execute("INSERT INTO library_author (id, name, joined_at) VALUES ($1, $2, $3)", new_id(), name, now())
    return name


async def _written() -> list[str]:
    return [each["name"] for each in await rows("SELECT name FROM library_author WHERE name <> 'house' ORDER BY name")]


class Story:
    """Blocks at random; `block` returns the names that are to stay of one."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._named = 0
        self.heard = list[str]()

    async def block(self, depth: int) -> list[str]:
        kept = list[str]()
        end = self._chance.choice(("kept", "kept", "kept", "undone", "failed"))
        with contextlib.suppress(Stop, OperationalError):
            async with transaction():
                for _ in range(self._chance.randint(0, 3)):
                    kept += (
                        await self.block(depth - 1) if depth and self._chance.random() < 0.6 else [await self._one()]
                    )
                if end == "failed":
                    await rows("SELECT * FROM there_is_no_such_table")
                if end == "undone":
                    raise Stop
            return kept
        return []

    async def _one(self) -> str:
        self._named += 1
        name = await _add(f"{self._named:04d}")
        after_commit(lambda: self.heard.append(name))
        return name


@pytest.mark.usefixtures("database")
async def test_exactly_what_was_kept_in_every_block_around_it_stays_and_is_told() -> None:
    for seed in range(60):
        story = Story(seed)
        kept = await story.block(4)
        assert (seed, await _written()) == (seed, kept)
        assert (seed, sorted(story.heard)) == (seed, kept)
        await execute("DELETE FROM library_author WHERE name <> 'house'")


@pytest.mark.usefixtures("database")
async def test_a_block_that_ran_out_of_time_is_there_as_a_whole_or_not_at_all_and_spoils_nothing_around_it() -> None:
    chance = random.Random(3)
    whole = 0
    for _ in range(60):
        kept = ["before"]
        try:
            async with transaction():
                await _add("before")
                for number in range(4):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(chance.random() * 0.004), transaction():
                            await _add(f"{number} first")
                            async with transaction():
                                await _add(f"{number} second")
                        kept += [f"{number} first", f"{number} second"]
                kept.append(await _add("later"))
        except TransactionManagementError:  # cut off where it cannot be told what was done: then nothing was
            kept = []
        assert await _written() == sorted(kept)
        whole += len(kept) > 0
        await execute("DELETE FROM library_author WHERE name <> 'house'")
    assert whole


@pytest.mark.usefixtures("database")
async def test_empty_blocks_ask_nothing_of_the_database_and_others_go_on_after_them() -> None:
    async with transaction():
        async with transaction(), transaction():
            pass
        with pytest.raises(Stop):
            async with transaction(), transaction():
                raise Stop
        await _add("Ada")
        with pytest.raises(Stop):
            async with transaction():
                async with transaction():
                    await _add("Bea")
                async with transaction():
                    raise Stop
                raise Stop
        await _add("Cleo")
    assert await _written() == ["Ada", "Cleo"]


@pytest.mark.usefixtures("database")
async def test_what_is_done_beside_a_block_is_not_undone_with_it() -> None:
    async def beside(number: int) -> None:
        await asyncio.sleep(number * 0.0005)
        await _add(f"beside {number:02d}")

    async def undone(number: int) -> None:
        with contextlib.suppress(Stop, OperationalError):
            async with transaction():
                await _add(f"undone {number}")
                await asyncio.sleep(0.002)
                if number % 2:
                    await rows("SELECT * FROM there_is_no_such_table")
                raise Stop

    async with transaction():
        await asyncio.gather(*(undone(number) for number in range(6)), *(beside(number) for number in range(20)))
    assert await _written() == [f"beside {number:02d}" for number in range(20)]
