"""How much a fetch may bring home, and how long it may take."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from core.fetch import Fetcher, Refused, TimedOut, TooMuch, Unreachable
from tests.core.hostile import ok, peer

AS2 = "application/activity+json"


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that may speak to loopback."""
    made = Fetcher(user_agent="Kith/test", allow_http=True, allow_private=True)
    yield made
    await made.close()


@pytest.mark.parametrize("length", [None, -1])
async def test_a_body_of_just_the_limit_is_read_and_a_longer_one_is_too_much(
    fetcher: Fetcher, length: int | None
) -> None:
    for encode in (bytes, gzip.compress):
        headers = ["Content-Encoding: gzip"] if encode is gzip.compress else []
        async with peer(ok(encode(b"a" * 5000), *headers, length=length)) as server:
            assert len((await fetcher.get(server.base, accept=AS2, limit=5000)).body) == 5000
            with pytest.raises(TooMuch):
                await fetcher.get(server.base, accept=AS2, limit=4999)


async def test_an_endless_body_is_too_much(fetcher: Fetcher) -> None:
    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(length=-1))
        while not writer.is_closing():
            writer.write(b"a" * 65536)
            await writer.drain()

    async with peer(endless) as server:
        with pytest.raises(TooMuch):
            await fetcher.get(server.base, accept=AS2)


def bomb(wbits: int) -> bytes:
    """A hundred megabytes of zeros, compressed."""
    squeeze = zlib.compressobj(wbits=wbits)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(100)) + squeeze.flush()


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("x-gzip", 31), ("deflate", 15)])
async def test_a_compressed_bomb_is_too_much(fetcher: Fetcher, encoding: str, wbits: int) -> None:
    async with peer(ok(bomb(wbits), f"Content-Encoding: {encoding}")) as server:
        tracemalloc.start()
        try:
            with pytest.raises(TooMuch):
                await fetcher.get(server.base, accept=AS2)
            assert tracemalloc.get_traced_memory()[1] < 10 << 20
        finally:
            tracemalloc.stop()


async def test_an_endless_body_that_unpacks_to_nothing_is_too_much(fetcher: Fetcher) -> None:
    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(gzip.compress(b"")[:10], "Content-Encoding: gzip", length=-1))
        while not writer.is_closing():
            writer.write(b"\x00\x00\x00\xff\xff" * 1000)
            await writer.drain()

    async with peer(endless) as server:
        with pytest.raises(TooMuch):
            await fetcher.get(server.base, accept=AS2, limit=10_000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
async def test_a_compression_nobody_asked_for_is_refused(fetcher: Fetcher, encoding: str) -> None:
    async with peer(ok(b"abc", f"Content-Encoding: {encoding}")) as server:
        with pytest.raises(Refused):
            await fetcher.get(server.base, accept=AS2)
    assert b"Accept-Encoding: gzip\r\n" in server.heard[0]


@pytest.mark.parametrize("body", [b"not compressed", gzip.compress(b"a" * 100)[:-9]])
async def test_damaged_compression_is_unreachable(fetcher: Fetcher, body: bytes) -> None:
    async with peer(ok(body, "Content-Encoding: gzip")) as server:
        with pytest.raises(Unreachable):
            await fetcher.get(server.base, accept=AS2)


async def test_a_body_in_endless_tiny_pieces_is_too_much(fetcher: Fetcher) -> None:
    async with peer(ok(b"1\r\na\r\n" * 6000, "Transfer-Encoding: chunked", length=-1)) as server:
        with pytest.raises(TooMuch):
            await fetcher.get(server.base, accept=AS2)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b""),
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (ok(length=9999), b"a"),
    ],
)
async def test_a_server_that_says_nothing_or_drips_times_out(fetcher: Fetcher, start: bytes, drop: bytes) -> None:
    async def drip(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(drop)
            await asyncio.sleep(0.02)

    async with peer(drip) as server:
        with pytest.raises(TimedOut):
            await fetcher.get(server.base, accept=AS2, deadline=0.1)
        with pytest.raises(TimedOut):
            await fetcher.post(server.base, b"{}", {}, deadline=0.1)
