"""Gives files to whoever asks, before the framework wakes up: they are public, never change and can run nothing."""

from __future__ import annotations

import re
from typing import Any

from core.asgi import Door, Receive, Scope, Send
from core.errors import Unavailable
from core.instance import here
from core.storage.backends import TYPES, Backend, LocalFolder
from core.storage.service import NAME

RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_PATH = re.compile(rf"/files/({NAME.pattern})")
Headers = list[tuple[bytes, bytes]]
# Where the front server finds the folder of files; nobody can ask it for that.
INTERNAL = "/kept-files/"
REDIRECT_SECONDS = 1800  # half of how long what it names is good for


async def give(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer GET and HEAD for /files/<digest>.<suffix> with ETag, If-None-Match and single ranges (RFC 9110)."""
    begun = False

    async def noting(message: Any) -> None:
        nonlocal begun
        begun = True
        await send(message)

    try:
        await _give(scope, noting)
    except Unavailable as error:
        if begun:  # the connection breaks, so that nobody takes a part for the whole
            raise
        later = [(b"retry-after", b"%d" % error.retry_after), (b"cache-control", b"no-store")]
        await answer(send, error.status, [(b"content-type", b"text/plain"), *later], b"Please try again soon\n")


async def _give(scope: Scope, send: Send) -> None:
    found = _PATH.fullmatch(scope["path"])
    name = found[1] if found else ""
    digest, _, suffix = name.partition(".")
    media_type = TYPES.get(suffix)
    backend = here().storage.backend
    size = await here().storage.size(name) if media_type else None
    if media_type is None or size is None:
        await _not_found(send)
        return
    etag = f'"{digest}"'
    headers = _headers(media_type, etag)
    if etag in _asked(scope, b"if-none-match") or _asked(scope, b"if-none-match").strip() == "*":
        await answer(send, 304, headers)
        return
    if (elsewhere := await backend.link(name)) is not None:
        kept = (b"cache-control", b"public, max-age=%d" % REDIRECT_SECONDS)
        await answer(send, 302, [(b"location", elsewhere.encode()), kept, *GUARDS])
        return
    if in_front := _in_front(backend, name):
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, in_front]})
        await send({"type": "http.response.body", "body": b""})
        return
    first, last, status = 0, size - 1, 200
    if (wanted := RANGE.fullmatch(_asked(scope, b"range").strip())) and _asked(scope, b"if-range") in ("", etag):
        bounds = bounds_of(wanted[1], wanted[2], size)
        if bounds is None:
            await answer(send, 416, [*headers, (b"content-range", b"bytes */%d" % size)])
            return
        first, last, status = *bounds, 206
        headers.append((b"content-range", b"bytes %d-%d/%d" % (first, last, size)))
    length = last - first + 1
    headers.append((b"content-length", str(length).encode()))
    if scope["method"] == "HEAD":
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    pieces = backend.read(name, first, length)
    try:
        begun = await anext(pieces, b"")
    except FileNotFoundError:  # noted, and lost
        await _not_found(send)
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    left = length - len(begun)
    await send({"type": "http.response.body", "body": begun, "more_body": left > 0})
    async for piece in pieces:
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
    if left > 0:  # it is shorter than it was said to be
        await send({"type": "http.response.body", "body": b""})


async def _not_found(send: Send) -> None:
    await answer(send, 404, [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")], b"Not found\n")


def _in_front(backend: Backend, name: str) -> tuple[bytes, bytes] | None:
    """What tells the server in front of us to give a file itself, where it can: it sees to ranges as well."""
    how = here().settings.storage.front_server
    if how == "none" or not isinstance(backend, LocalFolder):
        return None
    if how == "nginx":
        return b"x-accel-redirect", (INTERNAL + backend.inside(name)).encode()
    return b"x-sendfile", str(backend.folder.absolute() / backend.inside(name)).encode()


def _headers(media_type: str, etag: str) -> Headers:
    shown = b"inline" if media_type.startswith("image/") else b"attachment"
    return [
        (b"content-type", media_type.encode()),
        (b"content-disposition", shown),
        (b"etag", etag.encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        *GUARDS,
    ]


# Whatever a file holds, a browser runs nothing of it; pages of other servers and apps may show it.
GUARDS: Headers = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
]


def _asked(scope: Scope, name: bytes) -> str:
    return b", ".join(value for key, value in scope["headers"] if key == name).decode("latin-1")


def bounds_of(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte that are wanted; None where the file has none of them."""
    if not first:
        length = int(last or 0)
        return (max(size - length, 0), size - 1) if length and size else None
    begin, end = int(first), min(int(last or size - 1), size - 1)
    return (begin, end) if begin <= end else None


async def answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """A short answer without a file."""
    if status not in (204, 304):
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


DOORS = [Door("/files/<name>", method, _PATH, give) for method in ("GET", "HEAD")]
