"""Requests to other servers: only to public addresses, bounded in size, time and redirects, signed when asked."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from weakref import WeakKeyDictionary

import httpcore
import httpx

from core.addresses import (
    FetchError,
    Refused,
    Target,
    TimedOut,
    TooMuch,
    Unreachable,
    check_target,
    follow,
    parse_url,
)
from core.content_types import media_type_of
from core.dialer import CheckedBackend, Connections, Resolve, resolve_name
from core.in_process import App, ask

__all__ = ["FetchError", "Fetcher", "Refused", "Response", "Streamed", "TimedOut", "TooMuch", "Unreachable"]

Sign = Callable[[str, str, Mapping[str, str], bytes | None], Mapping[str, str]]

CONNECT_SECONDS = 5.0
DEFAULT_LIMIT = 1_048_576
DEFAULT_DEADLINE = 30.0
DEFAULT_REDIRECTS = 3
# Of the answer to a POST only the status counts; its body is cut here.
POST_LIMIT = 16_384
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS


@cache
def known_authorities() -> ssl.SSLContext:
    """What checks other servers' certificates. Reading all authorities takes a while, and nothing ever changes them."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, read whole; `url` is where it came from, after redirects and without a fragment."""

    status: int
    url: str
    media_type: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Streamed:
    """The beginning of an answer whose body comes piece by piece, as it was sent."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterable[bytes]


class Fetcher:
    """Speaks to other servers on behalf of ours; may be used from several event loops, each with its connections.

    `sign(method, url, headers, body)` gives headers to add, anew for each redirect. `resolve(name)` gives a name's
    addresses, the system's resolver being used otherwise. Requests to the hosts in `apps` go to those ASGI apps in
    this process, under the same rules. `allow_http` and `allow_private` lift the rules of core.addresses.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_http: bool = False,
        allow_private: bool = False,
        sign: Sign | None = None,
        resolve: Resolve = resolve_name,
        apps: Mapping[str, App] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.sign = sign
        self._user_agent = user_agent
        self._allow_http = allow_http
        self._allow_private = allow_private
        self._backend = CheckedBackend(resolve, allow_private=allow_private)
        self._apps = {} if apps is None else apps
        self._ssl_context = ssl_context or known_authorities()
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections] = WeakKeyDictionary()
        # What takes minutes must not take the places of a host from what takes moments.
        self._slow: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections] = WeakKeyDictionary()

    async def get(
        self,
        url: str,
        *,
        accept: str,
        sign: bool = True,
        limit: int = DEFAULT_LIMIT,
        deadline: float = DEFAULT_DEADLINE,
        redirects: int = DEFAULT_REDIRECTS,
        cut: bool = False,
        shuns: Callable[[str], bool] | None = None,
    ) -> Response:
        """GET a document, following at most `redirects` redirects, whatever status the last answer has.

        `limit` bounds the body in bytes after decompression, `deadline` everything in seconds; with `cut` the rest of a
        longer body is left where it is. Hosts that `shuns` says yes to are not asked, not even where a redirect leads
        there. Raises only FetchErrors: Refused, Unreachable, TooMuch or TimedOut.
        """
        url = url.partition("#")[0]
        async with _errors(deadline):
            for _ in range(redirects + 1):
                target = parse_url(url)
                check_target(target, allow_http=self._allow_http, allow_private=self._allow_private)
                if shuns and shuns(target.host):
                    raise Refused("nothing is wanted from this host")
                headers = {"Accept": accept, "Accept-Encoding": "gzip"}
                if self.sign and sign and self._is_secure(target):
                    headers |= self.sign("GET", target.url, headers, None)
                async with self._exchange("GET", target, headers, None) as answer:
                    location = answer.headers.get("location")
                    if answer.status not in REDIRECT_STATUSES or location is None:
                        self._check_secure(target)
                        inflate = _inflater(answer.headers.get("content-encoding", ""))
                        return _response(answer, url, await _read(answer, limit, inflate, cut=cut))
                url = self._next(target, location)
            raise Refused("there are too many redirects")

    @asynccontextmanager
    async def stream(
        self,
        url: str,
        *,
        accept: str,
        headers: Mapping[str, str],
        patience: float = DEFAULT_DEADLINE,
        redirects: int = DEFAULT_REDIRECTS,
        shuns: Callable[[str], bool] | None = None,
    ) -> AsyncIterator[Streamed]:
        """GET something large without signing, and read it inside the context, however large it is.

        `patience` bounds, in seconds, how long it takes to begin, and then each piece; the body is left as it is sent.
        Redirects and `shuns` are those of `get`. Raises only FetchErrors, here and while pieces are read.
        """
        sent = {"Accept": accept, "Accept-Encoding": "identity", **headers}
        async with AsyncExitStack() as stack:
            async with _errors(patience):
                for _ in range(redirects + 1):
                    target = parse_url(url.partition("#")[0])
                    check_target(target, allow_http=self._allow_http, allow_private=self._allow_private)
                    if shuns and shuns(target.host):
                        raise Refused("nothing is wanted from this host")
                    answer = await stack.enter_async_context(self._exchange("GET", target, sent, None, slow=True))
                    location = answer.headers.get("location")
                    if answer.status not in REDIRECT_STATUSES or location is None:
                        self._check_secure(target)
                        break
                    await stack.aclose()
                    url = self._next(target, location)
                else:
                    raise Refused("there are too many redirects")
            yield Streamed(answer.status, answer.headers, _patiently(answer, patience))

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        deadline: float = DEFAULT_DEADLINE,
        *,
        limit: int = POST_LIMIT,
    ) -> Response:
        """POST a body with these headers, signed already; no redirect is followed. Raises only FetchErrors.

        The answer's body is left as it is sent and cut after `limit` bytes: for most it is the status that counts.
        """
        async with _errors(deadline):
            target = parse_url(url)
            check_target(target, allow_http=self._allow_http, allow_private=self._allow_private)
            self._check_secure(target)
            async with self._exchange("POST", target, headers, body) as answer:
                return _response(answer, url, await _read(answer, limit, cut=True))

    async def close(self) -> None:
        """Close the idle connections of the running event loop."""
        for kept in (self._connections, self._slow):
            if connections := kept.pop(asyncio.get_running_loop(), None):
                await connections.close()

    def _is_secure(self, target: Target) -> bool:
        return target.scheme == "https" or self._allow_http

    def _check_secure(self, target: Target) -> None:
        if not self._is_secure(target):
            raise Refused("only https addresses are fetched")

    @staticmethod
    def _next(target: Target, location: str) -> str:
        with suppress(UnicodeDecodeError):
            location = location.encode("latin-1").decode()
        url = follow(target, location).partition("#")[0]
        if target.scheme == "https" and parse_url(url).scheme != "https":
            raise Refused("a redirect leads from https to http")
        return url

    def _exchange(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes | None, *, slow: bool = False
    ) -> AbstractAsyncContextManager[_Answer]:
        sent = {"host": ("Host", target.authority), "user-agent": ("User-Agent", self._user_agent)}
        sent |= {name.lower(): (name, value) for name, value in headers.items()}
        if body is not None:
            sent["content-length"] = ("Content-Length", str(len(body)))
        try:
            pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent.values()]
        except UnicodeEncodeError:
            raise Refused("a header of the request cannot be written") from None
        app = self._apps.get(target.host)
        if app is not None:
            return _in_process(app, method, target, pairs, body or b"")
        return self._over_network(method, target, pairs, body or b"", self._slow if slow else self._connections)

    @asynccontextmanager
    async def _over_network(
        self,
        method: str,
        target: Target,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        kept: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections],
    ) -> AsyncIterator[_Answer]:
        loop = asyncio.get_running_loop()
        connections = kept.get(loop)
        if connections is None:
            connections = kept[loop] = Connections(self._backend, self._ssl_context)
        url = httpcore.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
        )
        extensions = {"timeout": {"connect": CONNECT_SECONDS}}
        request = httpcore.Request(method, url, headers=headers, content=body, extensions=extensions)
        async with connections.exchange(request) as response:
            yield _Answer(response.status, _headers(response.headers), response.aiter_stream())


@asynccontextmanager
async def _in_process(
    app: App, method: str, target: Target, headers: list[tuple[bytes, bytes]], body: bytes
) -> AsyncIterator[_Answer]:
    async with ask(app, method, target, headers, body) as answered:
        yield _Answer(answered.status, _headers(answered.headers), answered.chunks)


@asynccontextmanager
async def _errors(deadline: float) -> AsyncIterator[None]:
    """Give everything inside `deadline` seconds, and turn whatever goes wrong into FetchErrors."""
    try:
        async with asyncio.timeout(deadline):
            yield
    except (TimeoutError, httpcore.TimeoutException):
        raise TimedOut("the other server did not answer in time") from None
    except httpcore.LocalProtocolError:
        raise Refused("the request cannot be written") from None
    except httpcore.RemoteProtocolError:
        raise Unreachable("the other server does not speak HTTP properly") from None
    except httpcore.ConnectError:
        raise Unreachable("no secure connection could be made") from None
    except (httpcore.NetworkError, OSError):
        raise Unreachable("the connection broke") from None


async def _patiently(answer: _Answer, patience: float) -> AsyncIterator[bytes]:
    chunks = aiter(answer.chunks)
    while True:
        async with _errors(patience):
            try:
                piece = await anext(chunks)
            except StopAsyncIteration:
                return
        if piece:
            yield piece


async def _read(answer: _Answer, limit: int, inflate: zlib._Decompress | None = None, *, cut: bool = False) -> bytes:
    """The body, decompressed by `inflate`, of at most `limit` bytes; more raises TooMuch, or is cut off."""
    body = bytearray()
    received = pieces = 0
    async for chunk in answer.chunks:
        received += len(chunk)
        pieces += 1
        room = limit + 1 - len(body)
        try:
            body += inflate.decompress(chunk, room) if inflate else chunk[:room]
        except zlib.error:
            raise Unreachable("the compressed answer is damaged") from None
        # What is received counts too: compressed bytes and tiny pieces can go on for ever and give nothing.
        if len(body) > limit or received > limit + limit // 64 + 1024 or pieces > limit // 256 + 1024:
            if cut:
                return bytes(body[:limit])
            raise TooMuch(f"the answer is larger than {limit} bytes")
        if pieces % 64 == 0:
            await asyncio.sleep(0)
    if inflate and received and not inflate.eof:
        raise Unreachable("the compressed answer is damaged")
    return bytes(body)


def _inflater(encoding: str) -> zlib._Decompress | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(_ZLIB_OR_GZIP)
    raise Refused("the answer is compressed in a way nobody asked for")


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _response(answer: _Answer, url: str, body: bytes) -> Response:
    content_type = answer.headers.get("content-type", "")
    media_type, parameters = media_type_of(content_type)
    return Response(answer.status, url, media_type, parameters, answer.headers, body)
