"""Asks other servers for films and sounds, whole or a part, and believes only what their first bytes say."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.fetch import FetchError, Streamed, TimedOut, Unreachable
from core.instance import here
from core.storage.kinds import film_of
from core.storage.models import RefusedContent
from core.storage.remote import is_shunned

PATIENCE = 15.0  # seconds, to begin and for each piece
BEGINNING_SECONDS = 30.0  # for all of the beginning: while it comes nobody else's film may
BEGINNING = 65_536  # what tells a film from others, with its size
_ACCEPT = "video/*, audio/*;q=0.9, application/octet-stream;q=0.5"
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")
_STRONG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')


class Unfit(FetchError):
    """What came is no film, may not be here, or is not what was there before."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a film elsewhere by its beginning.

    `size` is None where nobody says it; `mark` stands for its size and its first bytes, and is empty then. `validator`
    is the tag its server gives it, where that is a strong one.
    """

    media_type: str
    size: int | None
    mark: str
    validator: str
    has_ranges: bool

    @property
    def etag(self) -> str:
        """Our own tag of it; empty where its size is not known."""
        return f'"{hashlib.sha256(f"{self.mark} {self.validator}".encode()).hexdigest()[:32]}"' if self.mark else ""


def mark_of(size: int, beginning: bytes) -> str:
    """What stands for a film of which the beginning and the size are known."""
    return hashlib.sha256(b"%d\0" % size + beginning[:BEGINNING]).hexdigest()


async def is_refused(*digests: str) -> bool:
    """Whether a film may not be here, by its SHA-256 or its mark."""
    return await RefusedContent.exists(digest__in=[one for one in digests if one])


@asynccontextmanager
async def opened(source: str) -> AsyncIterator[tuple[Look, bytes, AsyncIterator[bytes]]]:
    """The whole film: what it is, its beginning, and the rest, piece by piece. Raises FetchError."""
    async with _asked(source, {"Range": "bytes=0-"}) as answer:
        size, has_ranges = _whole(answer)
        beginning, is_all = await _read(answer.pieces, BEGINNING)
        if is_all and size is None:
            size = len(beginning)
        if size is not None and (len(beginning) > size or (is_all and len(beginning) < size)):
            raise Unfit("the film is not as long as its server says")
        media_type = film_of(beginning)
        if media_type is None:
            raise Unfit("this is no film and no sound")
        mark = mark_of(size, beginning) if size is not None else ""
        if await is_refused(mark):
            raise Unfit("this may not be here")
        yield Look(media_type, size, mark, _validator(answer), has_ranges), beginning, answer.pieces


@asynccontextmanager
async def part(source: str, look: Look, first: int, last: int) -> AsyncIterator[AsyncGenerator[bytes, None]]:
    """The bytes from `first` to `last` of a film that was looked at; all of it where its server knows no parts.

    Raises FetchError, Unfit where it is another film meanwhile, also while pieces are read.
    """
    headers = {"Range": f"bytes={first}-{last}"} if look.has_ranges else {}
    if look.validator:
        headers["If-Range"] = look.validator
    async with _asked(source, headers) as answer:
        length = last - first + 1
        if look.has_ranges:
            stated = (first, last, look.size)
            fits = answer.status == 206 and _content_range(answer) == stated and _validator(answer) == look.validator
        else:
            fits = _whole(answer) == (length, False) and _validator(answer) == look.validator
        if not fits:
            raise Unfit("the film is another one than before")
        beginning = b""
        if first == 0:
            beginning, _ = await _read(answer.pieces, min(length, 4096))
            if len(beginning) >= 4096 and film_of(beginning) != look.media_type:
                raise Unfit("the film is another one than before")
        yield _exactly(length, beginning, answer.pieces)


async def _exactly(length: int, beginning: bytes, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    left = length - len(beginning)
    if beginning and left >= 0:
        yield beginning
    while left > 0:
        piece = await anext(pieces, b"")
        left -= len(piece)
        if not piece:
            break
        if left >= 0:
            yield piece
    if left:
        raise Unfit("the film is not as long as its server says")


@asynccontextmanager
async def _asked(source: str, headers: dict[str, str]) -> AsyncIterator[Streamed]:
    async with here().http.stream(
        source, accept=_ACCEPT, headers=headers, patience=PATIENCE, shuns=is_shunned
    ) as answer:
        if answer.status >= 500 or answer.status == 429:
            raise Unreachable("the other server cannot answer now")
        if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Unfit("the film is packed")
        yield answer


def _whole(answer: Streamed) -> tuple[int | None, bool]:
    """The size of what is answered as a whole, where it is known, and whether parts can be asked for."""
    if answer.status == 200:
        length = answer.headers.get("content-length", "")
        return (int(length) if length.isdigit() and len(length) < 16 else None), False
    stated = _content_range(answer)
    if answer.status != 206 or stated is None or stated[0] != 0 or stated[1] != stated[2] - 1:
        raise Unfit("the film is not answered as a whole")
    return stated[2], True


def _content_range(answer: Streamed) -> tuple[int, int, int] | None:
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _validator(answer: Streamed) -> str:
    stated = answer.headers.get("etag", "").strip()
    return stated if _STRONG.fullmatch(stated) else ""


async def _read(pieces: AsyncIterator[bytes], wanted: int) -> tuple[bytes, bool]:
    """At least so many bytes, fewer where there are no more; and whether that was all. Raises FetchError."""
    read = bytearray()
    try:
        async with asyncio.timeout(BEGINNING_SECONDS):
            while len(read) < wanted:
                piece = await anext(pieces, b"")
                if not piece:
                    return bytes(read), True
                read += piece
    except TimeoutError:
        raise TimedOut("the beginning comes too slowly") from None
    return bytes(read), False
