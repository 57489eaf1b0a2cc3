"""Uploads that come in parts: begun, gone on with where they stopped, and finished; left alone, they go after a while.

What has come of one lies in the folder of uploads under a name that says whose it is and how large it will be: the file
is the truth of how far it is, also after a process or the network died.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path

from core.database import is_id, new_id, one_at_a_time, transaction
from core.errors import Conflict, Invalid, NotFound, TooLarge, UnsupportedMediaType
from core.instance import here
from core.storage.files import keep_upload, require_kind
from core.storage.kinds import BEGINNING
from core.storage.models import File
from core.storage.pictures import Cut
from core.storage.processing import upload_path
from core.storage.room import require_disk, require_room

AT_ONCE = 20  # that one person may have under way
SILENCE = 20.0  # seconds without a byte, after which whoever sends them has to begin a new request
_PIECE = 1 << 20


@dataclass(frozen=True)
class Unfinished:
    """An upload under way: `size` bytes once it is whole."""

    id: str
    owner_id: str
    size: int

    @property
    def path(self) -> Path:
        """Where lies what has come of it."""
        return upload_path(f"part-{self.owner_id}-{self.id}-{self.size}")

    @property
    def offset(self) -> int:
        """How many bytes have come. Raises NotFound where it is gone."""
        return self._stat().st_size

    @property
    def expires_at(self) -> datetime:
        """When it goes, unless more of it comes. Raises NotFound where it is gone."""
        kept = timedelta(hours=here().settings.storage.unused_hours)
        return datetime.fromtimestamp(self._stat().st_mtime, UTC) + kept

    def _stat(self) -> os.stat_result:
        try:
            return self.path.stat()
        except FileNotFoundError:
            raise _gone() from None


def _gone() -> NotFound:
    return NotFound("There is no such upload, or nobody went on with it for too long.")


def under_way(owner_id: str) -> list[Unfinished]:
    """What somebody has begun and not finished."""
    found = []
    for path in upload_path("x").parent.glob(f"part-{owner_id}-*"):
        upload_id, _, size = path.name.removeprefix(f"part-{owner_id}-").rpartition("-")
        found.append(Unfinished(upload_id, owner_id, int(size)))
    return found


async def begin(owner_id: str, size: int) -> Unfinished:
    """Begin an upload of so many bytes; they count as taken from now on, for what one person may keep.

    Raises Invalid naming "size", TooLarge, Conflict where too many are under way, Unavailable where there is no room.
    """
    if size < 1:
        raise Invalid({"size": "This file is empty."})
    most = here().settings.limits.video_bytes
    if size > most:
        raise TooLarge(f"This file is too large: at most {most // 1_048_576} MB.")
    unfinished = Unfinished(new_id(), owner_id, size)
    async with transaction():
        await one_at_a_time(f"uploads:{owner_id}")
        others = await asyncio.to_thread(under_way, owner_id)
        if len(others) >= AT_ONCE:
            raise Conflict(
                "Too many of your uploads are under way. Finish or delete some first.", code="too_many_uploads"
            )
        await require_room(owner_id, size + sum(one.size for one in others))
        unfinished.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.path.touch(exist_ok=False)
    return unfinished


def own_upload(owner_id: str, upload_id: str) -> Unfinished:
    """An upload somebody has begun themselves; NotFound for anybody else's, and for what is finished or gone."""
    found = [one for one in under_way(owner_id) if one.id == upload_id] if is_id(upload_id) else []
    if not found:
        raise _gone()
    return found[0]


async def go_on(unfinished: Unfinished, offset: int, pieces: AsyncIterator[bytes]) -> None:
    """Write what comes, from `offset` on; what has come stays when it breaks off.

    Raises Conflict where another request writes or the offset is wrong, TooLarge for more than was said,
    UnsupportedMediaType and TooLarge for a beginning that is no good (then all of it is forgotten), NotFound,
    Unavailable where the disk is full.
    """
    require_disk()
    with _opened(unfinished) as file:
        at = os.fstat(file.fileno()).st_size
        if offset != at:
            raise Conflict(f"{at} bytes have come: go on there.", code="wrong_offset")
        file.seek(at)
        async for piece in _heard(pieces):
            if at + len(piece) > unfinished.size:
                raise TooLarge(f"This is more than was said: {unfinished.size} bytes.")
            await _written(file, piece)
            before, at = at, at + len(piece)
            known = min(BEGINNING, unfinished.size)
            if before < known <= at:
                _require_kind(unfinished)


def _opened(unfinished: Unfinished) -> FileIO:
    """The file for one writer alone, unbuffered: what is written has come."""
    try:
        file = open(unfinished.path, "r+b", buffering=0)
    except FileNotFoundError:
        raise _gone() from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Conflict("Another request is writing this upload.", code="busy") from None
    return file


async def _heard(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, until nothing comes for too long: then the connection is broken, and others may write."""
    while True:
        try:
            async with asyncio.timeout(SILENCE):
                piece = await anext(pieces)
        except (StopAsyncIteration, TimeoutError):
            return
        yield piece


async def _written(file: FileIO, piece: bytes) -> None:
    """Write in a thread; also whoever is cut off meanwhile waits for it, for the file is closed then."""
    writing = asyncio.ensure_future(asyncio.to_thread(_write_all, file, piece))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await writing
        raise


def _write_all(file: FileIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


def _require_kind(unfinished: Unfinished) -> None:
    """What cannot be taken is refused as soon as its beginning has come."""
    with open(unfinished.path, "rb") as source:
        beginning = source.read(BEGINNING)
    try:
        require_kind(beginning, unfinished.size)
    except (TooLarge, UnsupportedMediaType):
        forget(unfinished)
        raise


async def finish(
    owner_id: str,
    upload_id: str,
    *,
    alt: str = "",
    focus: Sequence[float] | None = None,
    cut: Cut | None = None,
) -> File:
    """Take over an upload that is whole, as `keep_upload` does; asked once more, answer with the same file.

    Raises Conflict where some of it is missing, NotFound, and what `keep_upload` does.
    """
    if is_id(upload_id) and (known := await File.get_or_none(id=upload_id, owner_id=owner_id)):
        return known
    unfinished = own_upload(owner_id, upload_id)
    with _opened(unfinished):
        if unfinished.offset != unfinished.size:
            raise Conflict(f"{unfinished.offset} of {unfinished.size} bytes have come.", code="incomplete")
        digest = await asyncio.to_thread(_digest, unfinished.path)
        try:
            return await keep_upload(
                owner_id, unfinished.path, digest, alt=alt, focus=focus, cut=cut, file_id=upload_id
            )
        except (TooLarge, UnsupportedMediaType):
            forget(unfinished)
            raise


def _digest(path: Path) -> str:
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def forget(unfinished: Unfinished) -> None:
    """Delete what has come of an upload; whoever writes it just now writes into nothing."""
    unfinished.path.unlink(missing_ok=True)


def forget_all_of(owner_id: str) -> None:
    """Delete what somebody has begun and not finished."""
    for unfinished in under_way(owner_id):
        forget(unfinished)
