"""Connections to other servers: the address is checked where the connection is made, idle connections are kept."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import Context

import httpcore

from core.addresses import TimedOut, Unreachable, check_address, is_address

Resolve = Callable[[str], Awaitable[Sequence[str]]]
Origin = tuple[bytes, bytes, int]

IDLE_SECONDS = 15.0
MOST_IDLE = 128
MOST_AT_ONCE = 256
MOST_PER_ORIGIN = 16
MOST_ADDRESSES = 4

_lookups = ThreadPoolExecutor(max_workers=32, thread_name_prefix="dns")


async def resolve_name(host: str) -> list[str]:
    """All addresses of a name, by the system's resolver, in threads of its own because a slow answer holds one.

    Raises OSError when the name is unknown.
    """
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_lookups, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses it has checked, so that a name cannot change its meaning in between."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._tcp = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers. Raises Refused when any address of the name is not public."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host)
                return await self._connect(addresses[:MOST_ADDRESSES], port, timeout)
        except TimeoutError:
            raise TimedOut("no connection was made in time") from None

    async def _addresses(self, host: str) -> Sequence[str]:
        try:
            addresses = [host] if is_address(host) else await self._resolve(host)
        except (OSError, UnicodeError):
            raise Unreachable("the name of the host is not known") from None
        if not addresses:
            raise Unreachable("the name of the host is not known")
        if not self._allow_private:
            for address in addresses:
                check_address(address)
        return addresses

    async def _connect(self, addresses: Sequence[str], port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses:
            try:
                return await self._tcp.connect_tcp(address, port, timeout=share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        if isinstance(failure, httpcore.ConnectTimeout):
            raise TimedOut("no connection was made in time")
        raise Unreachable("no connection could be made")


class Connections:
    """The connections of one event loop: bounded in number, shared fairly between hosts, idle ones kept a while.

    A host that hangs can hold up only itself: each has `MOST_PER_ORIGIN` places of `MOST_AT_ONCE`.
    """

    def __init__(self, backend: CheckedBackend, ssl_context: ssl.SSLContext) -> None:
        self._backend = backend
        self._ssl_context = ssl_context
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._lanes: dict[Origin, _Lane] = defaultdict(_Lane)
        self._idle: dict[Origin, list[httpcore.AsyncHTTPConnection]] = {}
        self._idle_count = 0
        self._sweeper: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def exchange(self, request: httpcore.Request) -> AsyncIterator[httpcore.Response]:
        """Send a request; the answer's body is read inside the context. Raises FetchError and httpcore's errors."""
        origin = (request.url.scheme, request.url.host, request.url.origin.port)
        lane = self._lanes[origin]
        lane.users += 1
        try:
            async with lane.places, self._places:
                connection, response = await self._send(origin, request)
                try:
                    yield response
                finally:
                    await response.aclose()
                    await self._give_back(origin, connection)
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[origin]

    async def close(self) -> None:
        """Close what is idle; connections in use close with their request."""
        if self._sweeper:
            self._sweeper.cancel()
        idle, self._idle, self._idle_count = self._idle, {}, 0
        for connections in idle.values():
            for connection in connections:
                await connection.aclose()

    async def _send(
        self, origin: Origin, request: httpcore.Request
    ) -> tuple[httpcore.AsyncHTTPConnection, httpcore.Response]:
        if kept := await self._take(origin):
            try:
                return kept, await kept.handle_async_request(request)
            except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
                # The peer closed it while it lay idle; that says nothing about the request.
                await kept.aclose()
        connection = httpcore.AsyncHTTPConnection(
            request.url.origin,
            ssl_context=self._ssl_context,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=self._backend,
        )
        try:
            return connection, await connection.handle_async_request(request)
        except BaseException:
            await connection.aclose()
            raise

    async def _take(self, origin: Origin) -> httpcore.AsyncHTTPConnection | None:
        while kept := self._idle.get(origin):
            connection = kept.pop()
            self._idle_count -= 1
            if not kept:
                del self._idle[origin]
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _give_back(self, origin: Origin, connection: httpcore.AsyncHTTPConnection) -> None:
        if not connection.is_idle() or self._idle_count >= MOST_IDLE:
            await connection.aclose()
            return
        self._idle.setdefault(origin, []).append(connection)
        self._idle_count += 1
        if self._sweeper is None or self._sweeper.done():
            # A context of its own: this task outlives the request, and must not hold on to what belongs to it.
            self._sweeper = asyncio.create_task(self._sweep(), context=Context())

    async def _sweep(self) -> None:
        while self._idle:
            await asyncio.sleep(IDLE_SECONDS / 3)
            for origin, connections in list(self._idle.items()):
                expired = [connection for connection in connections if connection.has_expired()]
                connections[:] = [connection for connection in connections if connection not in expired]
                self._idle_count -= len(expired)
                if not connections:
                    del self._idle[origin]
                for connection in expired:
                    await connection.aclose()


class _Lane:
    """The places of one host, counted by those who use or await them."""

    __slots__ = ("places", "users")

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(MOST_PER_ORIGIN)
        self.users = 0
