"""A film on its way into the cache: written once, while everybody who watches it reads behind."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from core.errors import Unavailable
from core.fetch import FetchError
from core.storage.backends import PIECE
from core.storage.film_sources import BEGINNING, Look, Unfit, is_refused, mark_of
from core.storage.models import RefusedContent
from core.storage.remote_room import PART, RemoteRoom

LINGER_SECONDS = 20.0  # how long a film is fetched on that nobody watches any more: players ask anew where one seeks
SLOWEST = 16_384  # bytes a second, once the first half minute is over
PATIENT_SECONDS = 30.0
STEP = 4 * 1024 * 1024  # in which there is made room for what nobody says the size of
AHEAD = 2 * 1024 * 1024  # how far behind the film one may be that is worth waiting for


class Unwatched(FetchError):
    """Nobody waits for it any more."""


class Growing:
    """A film of which more comes; `at` is up to where it may be read."""

    def __init__(self, look: Look, file: int, path: Path) -> None:
        self.look = look
        self.at = 0
        self.is_done = self.has_failed = self.is_closed = False
        self._file = file
        self.path = path
        self._news = asyncio.Event()
        self._viewers = 0
        self._alone_since = self._begun = time.monotonic()
        self._written = 0
        self._digest = hashlib.sha256()
        self._beginning = b""

    async def pieces(self, first: int, last: int | None) -> AsyncGenerator[bytes, None]:
        """What lies between, or from `first` to the end, as it comes. Raises Unavailable where it does not."""
        if self.is_closed:
            raise _stopped()
        file = os.dup(self._file)
        self._viewers += 1
        try:
            while last is None or first <= last:
                await self._until(first + 1)
                ready = self.at if last is None else min(self.at, last + 1)
                piece = await asyncio.to_thread(os.pread, file, min(PIECE, ready - first), first)
                if not piece:
                    return
                first += len(piece)
                yield piece
        finally:
            self._viewers -= 1
            self._alone_since = time.monotonic()
            os.close(file)

    async def _until(self, at: int) -> None:
        while self.at < at and not self.is_done:
            if self.has_failed:
                raise _stopped()
            await self._news.wait()

    async def done(self) -> None:
        """Wait until all of it is there; this counts as watching. Raises Unavailable."""
        self._viewers += 1
        try:
            await self._until(1 << 60)
        finally:
            self._viewers -= 1
            self._alone_since = time.monotonic()

    async def write(self, room: RemoteRoom, bytes_at_most: int, piece: bytes) -> None:
        """Put down what has come. Raises FetchError where it is too much, too slow, or nobody waits for it."""
        require_pace(self._written, time.monotonic() - self._begun)
        if not self._viewers and time.monotonic() - self._alone_since > LINGER_SECONDS:
            raise Unwatched("nobody watches it any more")
        size, end = self.look.size, self._written + len(piece)
        if end > (bytes_at_most if size is None else size):
            raise Unfit("the film is longer than its server says" if size else "the film is too long")
        if size is None and end > os.fstat(self._file).st_size:
            step = min(bytes_at_most, end + STEP)
            if not await asyncio.to_thread(room.grow, self._file, step):
                raise Unfit("there is no room for the film")
        await asyncio.to_thread(self._put, piece)
        before, self._written = self._written, end
        self._beginning = (self._beginning + piece)[:BEGINNING] if len(self._beginning) < BEGINNING else self._beginning
        # The end is held back until it is known what all of it is.
        self._tell(before if size is None or end == size else end)

    def _put(self, piece: bytes) -> None:
        self._digest.update(piece)
        view, at = memoryview(piece), self._written
        while view:
            written = os.pwrite(self._file, view, at)
            view, at = view[written:], at + written

    async def finish(self, room: RemoteRoom) -> None:
        """Keep it, now that all has come. Raises FetchError where that is less than was said, or may not be here."""
        size, look = self._written, self.look
        if look.size is not None and size != look.size:
            raise Unfit("the film is shorter than its server says")
        mark = mark_of(size, self._beginning)
        if await is_refused(self._digest.hexdigest(), mark):
            await RefusedContent.get_or_create(digest=mark)  # known by its beginning, next time
            raise Unfit("this may not be here")
        self.look = Look(look.media_type, size, mark, look.validator, look.has_ranges)
        await asyncio.to_thread(self._keep, room, size)
        self.is_done = True
        self._tell(size)

    def _keep(self, room: RemoteRoom, size: int) -> None:
        room.grow(self._file, size)
        os.fsync(self._file)
        kept = kept_path(self.path, self.look)
        room.rename(self.path, kept)
        self.path = kept

    async def fail(self, room: RemoteRoom) -> None:
        """Have everybody told that no more comes, and forget what has."""
        self.has_failed = True
        self._tell(self.at)
        await asyncio.to_thread(room.drop, self.path)

    def give_up(self) -> None:
        """Have nobody waited for who does not watch yet."""
        self._alone_since = -LINGER_SECONDS

    def close(self) -> None:
        """Let the file go; whoever reads it has it open."""
        self.is_closed = True
        os.close(self._file)

    def _tell(self, at: int) -> None:
        self.at = at
        self._news.set()
        self._news = asyncio.Event()


def require_pace(size: int, seconds: float) -> None:
    """Raises Unfit where so many bytes in so many seconds are too few; the first half minute may be slow."""
    if seconds > PATIENT_SECONDS and size < seconds * SLOWEST:
        raise Unfit("the film comes too slowly")


def _stopped() -> Unavailable:
    return Unavailable(30, "The other server has stopped in the middle.")


def part_path(folder: Path, name: str) -> Path:
    """Where a film lies while it comes."""
    return folder / "films" / name[:2] / name[2:4] / f"{name}{PART}"


def kept_path(part: Path, look: Look) -> Path:
    """Where it lies once all of it is there: its name says what it is known by."""
    tag = look.etag.strip('"')
    return part.with_name(f"{part.stem}.{look.mark}.{tag}")


def mark_in(path: Path) -> str:
    """The mark of a film that is kept there; empty where another thing is."""
    parts = path.name.split(".")
    return parts[1] if len(parts) == 3 else ""


def begin_growing(room: RemoteRoom, path: Path, look: Look) -> Growing | None:
    """A new film to write; None where another process writes it, or there is no room for it. Blocks.

    Raises OSError where the disk does not take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file, growing = os.open(path, os.O_RDWR | os.O_CREAT, 0o600), None
    try:
        with suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.fstat(file).st_ino == path.stat().st_ino  # nobody has put it away since it was opened
            try:
                if is_ours and room.grow(file, 0) and room.grow(file, look.size or 0):
                    growing = Growing(look, file, path)
            finally:
                if is_ours and not growing:
                    room.drop(path)
    finally:
        if not growing:
            os.close(file)
    return growing
