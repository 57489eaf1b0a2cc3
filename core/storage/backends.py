"""Where the bytes of files lie: the interface of a back end, and the local folder."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

PIECE = 256 * 1024
_UNFINISHED = ".part"
# What files are called by their type. What is not here is kept as `.bin` and never shown.
SUFFIXES = {
    "image/webp": "webp",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "application/pdf": "pdf",
}
TYPES = {suffix: media_type for media_type, suffix in SUFFIXES.items()}


class Backend(Protocol):
    """Keeps bytes under names like `<sha256>.webp`; what lies under a name never changes."""

    async def put(self, name: str, content: bytes | Path) -> None:
        """Keep the bytes, or those of a file, so that they outlive a power cut; nothing happens where they are kept."""

    async def size(self, name: str) -> int | None:
        """How many bytes lie under a name; None where there is nothing."""

    def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes under a name, or `length` of them from `start`, piece by piece. Raises FileNotFoundError."""

    async def delete(self, name: str) -> None:
        """Forget the bytes; nothing happens where there are none."""

    def names(self, older_than: float = 0) -> AsyncIterator[str]:
        """Every name under which something lies that was put at least so many seconds ago."""

    def url(self, name: str) -> str:
        """Where everybody may fetch them: an absolute address, or a path of this server."""

    async def link(self, name: str) -> str | None:
        """Where this server sends whoever asks it for them, good for an hour; None where it gives them itself."""


class LocalFolder:
    """Files in a folder, two levels deep by the first letters of their names."""

    def __init__(self, folder: Path, *, public_url: str = "") -> None:
        self.folder = folder
        self._public_url = public_url.rstrip("/")

    def inside(self, name: str) -> str:
        """Where the file lies within the folder, for a front server that gives it."""
        return f"{name[:2]}/{name[2:4]}/{name}"

    def _path(self, name: str) -> Path:
        return self.folder / self.inside(name)

    async def put(self, name: str, content: bytes | Path) -> None:
        await asyncio.to_thread(self._put, self._path(name), content)

    def _put(self, path: Path, content: bytes | Path) -> None:
        if path.exists():
            return
        write_whole(path, content, self.folder)

    async def size(self, name: str) -> int | None:
        try:
            return os.stat(self._path(name)).st_size  # microseconds; to have a thread do it takes ten times as long
        except FileNotFoundError:
            return None

    async def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        path, at = self._path(name), start
        end = None if length is None else start + length
        while end is None or at < end:
            number = PIECE if end is None else min(PIECE, end - at)
            piece = _piece_in_memory(path, at, number)
            if piece is None:
                piece = await asyncio.to_thread(_piece, path, at, number)
            if not piece:
                return
            at += len(piece)
            yield piece

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def names(self, older_than: float = 0) -> AsyncIterator[str]:
        listed = iter(self._listed(time.time() - older_than))
        while batch := await asyncio.to_thread(lambda: [name for _, name in zip(range(1000), listed, strict=False)]):
            for name in batch:
                yield name

    def _listed(self, put_before: float) -> Iterator[str]:
        for path in self.folder.glob("*/*/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime > put_before:
                    continue
                if path.suffix == _UNFINISHED:
                    if path.stat().st_mtime < time.time() - 86_400:
                        path.unlink(missing_ok=True)  # of a process that died
                elif path.is_file() and path == self._path(path.name):
                    yield path.name

    def url(self, name: str) -> str:
        return f"{self._public_url}/{name}" if self._public_url else f"/files/{name}"

    async def link(self, name: str) -> str | None:
        return None


def write_whole(path: Path, content: bytes | Path, top: Path) -> None:
    """Write a file, or the content of another, two folders below `top`: all of it or nothing, whenever power is cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_UNFINISHED}")
    try:
        with open(unfinished, "xb") as target:
            if isinstance(content, Path):
                with open(content, "rb") as source:
                    shutil.copyfileobj(source, target, PIECE)
            else:
                target.write(content)
            target.flush()
            os.fsync(target.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    for folder in (path.parent, path.parent.parent, top):  # the way to it must outlive a power cut too
        _sync(folder)


def _piece(path: Path, start: int, length: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(length)


def _piece_in_memory(path: Path, start: int, length: int) -> bytes | None:
    """What the system has in memory of that piece: to have a thread read it takes longer than reading it.

    None where a disk would have to be waited for, or the system cannot say so. Raises FileNotFoundError.
    """
    if not hasattr(os, "RWF_NOWAIT"):
        return None
    handle = os.open(path, os.O_RDONLY)
    try:
        piece = bytearray(length)
        number = os.preadv(handle, [piece], start, os.RWF_NOWAIT)
        return bytes(memoryview(piece)[:number]) if number else None
    except OSError:  # it lies on the disk (EAGAIN), or on a file system that knows no such reading
        return None
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    """Have the names in a folder written down."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
