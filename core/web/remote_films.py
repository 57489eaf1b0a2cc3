"""Films and sounds from elsewhere, at an address of ours: only those that posts from there show.

Players ask for parts (RFC 9110, section 14), some for two bytes first; whatever is asked, nobody is a way for others to
download what they like: addresses stand only for what hangs on a post, and what is brought here is counted.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from urllib.parse import urlsplit

from quart import Blueprint, Response, request

from core.api.limits import address_of, neighbourhood
from core.database import is_id
from core.errors import KithError, NotFound, RateLimited
from core.instance import here
from core.storage.door import GUARDS, RANGE, bounds_of
from core.storage.remote import is_shunned, tag_of
from core.storage.remote_films import Found, Vanished
from core.storage.room import MEGABYTE
from core.web.remote_files import FILMS, attached_source, count_fetch

blueprint = Blueprint("remote_films", __name__)
MEGABYTES, MEGABYTES_SECONDS = 8000, 3600  # that are fetched for one address
UNKNOWN = 8 * MEGABYTE  # what is counted of a film whose size nobody says
COUNTED = 8  # megabytes at a time, of what is passed on
PASSED_ON_AT_ONCE, PASSED_ON_TO_ONE = 32, 6
STALLED_SECONDS = 120  # how long somebody may take none of what is passed on
WATCHED_SECONDS = 4 * 3600
VANISHED_AT_MOST = 5  # how often one film is looked for anew that had to make room before it was read
_NAME = re.compile(r"([0-9a-f-]{36})\.([0-9a-f]{12})\.[a-z0-9]{1,8}")
_watching: Counter[str] = Counter()


@blueprint.get("/files/remote/film/<name>")
async def remote_film(name: str) -> Response:
    """A film or a sound that a post from elsewhere shows, whole or a part of it."""
    source = await _source(name)
    for _ in range(VANISHED_AT_MOST):
        with suppress(Vanished):
            return await _answered(source, is_head=request.method == "HEAD")
    return await _answered(source, is_head=request.method == "HEAD")


async def _answered(source: str, *, is_head: bool) -> Response:
    films = here().remote_films
    found = await films.at_hand(source, watching=not is_head)
    if found is None:
        await count_fetch()
        found = await films.found(source, watching=not is_head)
        if found and found.growing:
            try:
                await _count_megabytes(found.size or UNKNOWN)
            except RateLimited:
                found.growing.give_up()
                raise
    if found is None:
        raise NotFound()
    if found.etag and request.headers.get("If-None-Match", "").strip() in (found.etag, "*"):
        return Response(b"", 304, _headers(found))
    return await _given(found, is_head=is_head)


async def _source(name: str) -> str:
    """Where the film is. Raises NotFound where we show none of it."""
    named = _NAME.fullmatch(name)
    if named is None or not is_id(named[1]) or not here().settings.storage.remote_megabytes:
        raise NotFound()
    source = await attached_source(named[1], "url", FILMS)
    if not source or tag_of(source) != named[2] or is_shunned(urlsplit(source).hostname or ""):
        raise NotFound()
    return source


async def _given(found: Found, *, is_head: bool) -> Response:
    wanted = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if request.headers.get("If-Range", found.etag) != found.etag or not _is_parted(found):
        wanted = None
    if found.size is None and found.growing and wanted and (wanted[1] != "0" or wanted[2]):
        await found.growing.done()  # which of its bytes these are nobody knows before
        found = await here().remote_films.at_hand(found.source) or found
    headers, size = _headers(found), found.size
    if size is None:
        return await _streamed(found, 0, None, 200, headers, is_head=is_head)
    first, last, status = 0, size - 1, 200
    if wanted:
        bounds = bounds_of(wanted[1], wanted[2], size)
        if bounds is None:
            return Response(b"", 416, {**headers, "Content-Range": f"bytes */{size}"})
        first, last, status = *bounds, 206
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    return await _streamed(found, first, last, status, headers, is_head=is_head)


async def _streamed(
    found: Found, first: int, last: int | None, status: int, headers: dict[str, str], *, is_head: bool
) -> Response:
    films = here().remote_films
    if is_head:
        response = Response(b"", status, headers)
        response.headers.pop("Content-Length")  # the length of nothing, that is
        if last is not None:
            response.headers["Content-Length"] = headers["Content-Length"]
        return response
    is_passed_on, pieces = films.is_passed_on(found, first), films.pieces(found, first, last)
    if is_passed_on:
        pieces = _counted(pieces, neighbourhood(address_of(request)))
    begun = await anext(pieces, b"")
    response = Response(_whole(begun, pieces), status, headers)
    response.timeout = WATCHED_SECONDS
    return response


async def _whole(begun: bytes, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """What is answered. Where it ends early the connection breaks, so that nobody takes a part for the whole."""
    async with aclosing(pieces):
        yield begun
        try:
            async for piece in pieces:
                yield piece
        except KithError:
            _break_off()
            await asyncio.sleep(0)


def _break_off() -> None:
    answering = asyncio.current_task()
    assert answering is not None
    answering.cancel()


async def _counted(pieces: AsyncGenerator[bytes, None], who: str) -> AsyncGenerator[bytes, None]:
    """What is passed on: counted, and given up where whoever asked for it takes no more."""
    if _watching.total() >= PASSED_ON_AT_ONCE or _watching[who] >= PASSED_ON_TO_ONE:
        raise RateLimited(5)
    _watching[who] += 1
    passed = counted = 0
    loop = asyncio.get_running_loop()
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                passed += len(piece)
                if passed > counted:
                    await _count_megabytes(COUNTED * MEGABYTE, who)
                    counted += COUNTED * MEGABYTE
                answering = asyncio.current_task()
                assert answering is not None
                stalled = loop.call_later(STALLED_SECONDS, answering.cancel)
                try:
                    yield piece
                finally:
                    stalled.cancel()
    finally:
        _watching[who] -= 1
        if not _watching[who]:
            del _watching[who]


async def _count_megabytes(size: int, who: str = "") -> None:
    """Count what is fetched because of this address. Raises RateLimited."""
    if here().settings.rate_limits.enabled:
        key = f"remote-films:{who or neighbourhood(address_of(request))}"
        cost = min(MEGABYTES, -(-size // MEGABYTE))
        verdict = await here().limiter.take(key, MEGABYTES, MEGABYTES_SECONDS, cost)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)


def _is_parted(found: Found) -> bool:
    return bool(found.path or found.growing or found.has_ranges)


def _headers(found: Found) -> dict[str, str]:
    guards = {name.decode(): value.decode() for name, value in GUARDS}
    tag = {"ETag": found.etag} if found.etag else {}
    return {
        **guards,
        **tag,
        "Content-Type": found.media_type,
        "Content-Disposition": "attachment",
        "Accept-Ranges": "bytes" if _is_parted(found) else "none",
        "Cache-Control": "public, max-age=604800" if found.etag else "no-store",
        "X-Accel-Buffering": "no",  # a server in front must not take more than is watched
    }
