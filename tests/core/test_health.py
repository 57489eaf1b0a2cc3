"""What a server answers while the database it stands on is away, or says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from core.testing import DIALECT, Person, TestInstance, world
from core.testing.databases import Databases

needs_a_server = pytest.mark.skipif(DIALECT != "postgres", reason="SQLite is no server that could go away")


@needs_a_server
async def test_while_the_database_is_away_everybody_is_told_to_come_back_and_afterwards_all_is_well(
    alpha: TestInstance, ann: Person
) -> None:
    database = alpha.instance.database.engine
    await database.close()
    try:
        problem = await ann.refused(503, "POST", "/posts", {"content": "Is anybody there?"})
        assert problem["code"] == "unavailable"
        answer = await alpha.client.get("/about")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        ready = await alpha.client.get("/readyz")
        assert (ready.status_code, ready.text) == (503, "not ready: database\n")
    finally:
        await database.open()
    await ann.post("/posts", {"content": "There you are."})
    assert (await alpha.client.get("/readyz")).text == "ready\n"


@asynccontextmanager
async def through_a_line_that_may_go_dead(url: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """The address of a PostgreSQL database through us; nothing comes back while the event is not set."""
    there, passing = urlsplit(url), asyncio.Event()
    passing.set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
        with suppress(ConnectionError):
            while some := await reader.read(65536):
                await gate.wait()
                writer.write(some)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, on = await asyncio.open_connection(there.hostname, there.port or 5432)
        await asyncio.gather(carry(reader, on, passing), carry(back, writer, passing))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        user = f"{there.username}@" if there.username else ""
        yield urlunsplit(there._replace(netloc=f"{user}127.0.0.1:{port}")), passing


@needs_a_server
async def test_a_database_that_falls_silent_is_told_before_whoever_asks_gives_up(tmp_path: Path) -> None:
    databases = Databases(tmp_path)
    async with through_a_line_that_may_go_dead(await databases.unmigrated()) as (url, passing):
        async with world("here.test", database__url=url) as (here,):
            assert (await here.client.get("/readyz")).text == "ready\n"
            passing.clear()
            async with asyncio.timeout(60):
                ready = await here.client.get("/readyz")
            passing.set()
            assert (ready.status_code, ready.text) == (503, "not ready: database\n")
            tries = [(await here.client.get("/readyz")).status_code for _ in range(3)]
            assert tries[-1] == 200
    await databases.close()
