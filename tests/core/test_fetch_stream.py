"""Large things of other servers, read as they come over a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.fetch import Fetcher, Refused, TimedOut, Unreachable
from tests.core.hostile import answer, ok, peer


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that may speak to loopback."""
    made = Fetcher(user_agent="Kith/test", allow_http=True, allow_private=True)
    yield made
    await made.close()


async def test_a_stream_is_read_no_faster_than_it_is_wanted_and_ends_with_whoever_reads_it(fetcher: Fetcher) -> None:
    written, left = 0, asyncio.Event()

    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(ok(length=-1))
        try:
            while True:
                writer.write(bytes(65_536))
                await writer.drain()
                written += 65_536
        finally:
            left.set()

    async with peer(endless) as server:
        async with fetcher.stream(server.base, accept="video/*", headers={"Range": "bytes=7-"}) as answered:
            assert answered.status == 200 and (await anext(answered.pieces)).count(0) > 0
            await asyncio.sleep(0.3)  # in which it would send as much as it can
            assert written < 20_000_000  # what the buffers of two sockets hold
            # Meanwhile the places for what takes moments are free.
            async with peer(ok(b"x")) as other:
                assert (await fetcher.get(other.base, accept="text/plain")).body == b"x"
        await asyncio.wait_for(left.wait(), 60)
        head = server.heard[0].decode()
        assert "\r\nRange: bytes=7-\r\n" in head and "\r\nAccept-Encoding: identity\r\n" in head


async def test_each_piece_has_its_time_and_a_connection_that_breaks_is_told_of(fetcher: Fetcher) -> None:
    async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b"begun", length=100))
        await asyncio.sleep(30)

    async with peer(silent) as server:
        async with fetcher.stream(server.base, accept="*/*", headers={}, patience=0.2) as answered:
            assert await anext(answered.pieces) == b"begun"
            with pytest.raises(TimedOut):
                await anext(answered.pieces)
    async with peer(ok(b"torn", length=100)) as server:
        async with fetcher.stream(server.base, accept="*/*", headers={}) as answered:
            assert await anext(answered.pieces) == b"torn"
            with pytest.raises(Unreachable):
                await anext(answered.pieces)


async def test_no_stream_comes_from_inside_or_from_where_nothing_is_wanted(fetcher: Fetcher) -> None:
    strict = Fetcher(user_agent="Kith/test", resolve=lambda name: _resolved())
    for url in ("https://localhost/", "https://10.0.0.1/", "https://inside.test/", "ftp://a.test/"):
        with pytest.raises(Refused):
            async with strict.stream(url, accept="*/*", headers={}):
                pass
    async with peer(ok(b"found")) as there, peer(answer(302, b"", f"Location: {there.base}/b#c")) as server:
        async with fetcher.stream(server.base, accept="*/*", headers={}) as answered:
            assert (answered.status, await anext(answered.pieces)) == (200, b"found")
        with pytest.raises(Refused):
            async with fetcher.stream(server.base, accept="*/*", headers={}, shuns=lambda host: True):
                pass
        with pytest.raises(Refused):
            async with fetcher.stream(server.base, accept="*/*", headers={}, redirects=0):
                pass
    await strict.close()


async def _resolved() -> list[str]:
    return ["127.0.0.1"]
