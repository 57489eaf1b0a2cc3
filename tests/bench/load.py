"""The load: a process of its own that keeps connections of a server busy, and notes how it is answered."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """What is sent: `requests` in turn over `connections` that are kept, for so many `seconds` or `count` answers.

    `pause` in seconds is made on each connection between an answer and the next request.
    """

    port: int
    requests: Sequence[bytes]
    connections: int = 32
    seconds: float = 60.0
    count: int = 1_000_000_000
    pause: float = 0.0


@dataclass
class Answered:
    """How a load was answered; `latencies` are in seconds, sorted."""

    count: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    lost: int = 0  # connections that ended before the answer
    last: bytes = b""
    headers: bytes = b""
    retry_after: int = 0  # answers that said when to try again

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in seconds, that this share of the answers kept below."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"", *, host: str = "127.0.0.1"
) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(load: Load) -> Answered:
    """Put the load on the server."""
    return uvloop.run(_run(load))


async def _run(load: Load) -> Answered:
    answered, requests = Answered(), itertools.islice(itertools.cycle(load.requests), load.count)
    began = time.perf_counter()
    clients = [_client(load, requests, answered, began) for _ in range(load.connections)]
    await asyncio.gather(*clients)
    answered.seconds = time.perf_counter() - began
    answered.latencies.sort()
    return answered


async def _client(load: Load, requests: Iterator[bytes], answered: Answered, began: float) -> None:
    loop = asyncio.get_running_loop()
    connection = _Connection()
    try:
        for content in requests:
            while True:
                if connection.over:
                    _, connection = await loop.create_connection(_Connection, "127.0.0.1", load.port)
                asked = time.perf_counter()
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        status = await connection.ask(content)
                    break
                except ConnectionError:  # closed by the server between two requests, or in the middle of one
                    answered.lost += 1
            answered.latencies.append(time.perf_counter() - asked)
            answered.count += 1
            answered.statuses[status] += 1
            answered.last, answered.headers = connection.body, connection.headers
            answered.retry_after += b"\r\nretry-after:" in connection.headers
            if time.perf_counter() - began > load.seconds:
                return
            if load.pause:
                await asyncio.sleep(load.pause)
    finally:
        connection.close()


class _Connection(asyncio.Protocol):
    """One connection; answers are told apart by their length, or by the last of their chunks."""

    def __init__(self) -> None:
        self.over = True  # until it is made
        self.headers = self.body = b""
        self._buffer = bytearray()
        self._answer: asyncio.Future[int] | None = None
        self._transport: Any  # uvloop's have no base class

    def connection_made(self, transport: Any) -> None:
        self._transport, self.over = transport, False

    def ask(self, content: bytes) -> asyncio.Future[int]:
        """The status of the answer to a request."""
        self._buffer.clear()
        self._answer = asyncio.get_running_loop().create_future()
        if self.over:
            self._answer.set_exception(ConnectionResetError())
        else:
            self._transport.write(content)
        return self._answer

    def close(self) -> None:
        if not self.over:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        headers = bytes(self._buffer[:end]).lower() + b"\r\n"
        status = int(headers[9:12])
        if b"transfer-encoding: chunked" in headers:
            is_whole = self._buffer.endswith(b"0\r\n\r\n")
        else:
            length = headers.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            is_whole = len(self._buffer) >= end + 4 + int(length or 0) or status in (204, 304)
        if is_whole:
            self.headers, self.body = headers, bytes(self._buffer[end + 4 :])
            if b"\r\nconnection: close" in headers:
                self.over = True
                self._transport.close()
            self._answer.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())
