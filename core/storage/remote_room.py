"""The room for what is fetched from elsewhere: pictures, films and sounds share it, and it never grows too large.

How much is taken stands in a file that all processes of this machine keep together; whoever wants more than is free
has what was used longest ago deleted first. What lies here can be fetched again, so it needs no backup.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from core.instance import here
from core.storage.backends import write_whole
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
LEDGER = "room"
PART = ".part"  # what ends the names of films on their way; whoever fetches one holds a lock on it
KEPT_AT_A_TRIM = 0.9
LOOKED_AT_SECONDS = 60.0  # how exactly it is known when something was used last


class _Kept(NamedTuple):
    used: float
    size: int
    path: Path


class RemoteRoom:
    """A folder with a budget of bytes; everything lies three folders deep in it: kind, and two of the name."""

    def __init__(self, folder: Path, *, bytes_at_most: int) -> None:
        self.folder = folder
        self.bytes_at_most = bytes_at_most

    def keep(self, path: Path, content: bytes) -> bool:
        """Write a file, in place of what lies there; False where it is too large. Blocks: for a thread."""
        with self._ledger() as ledger:
            taken = self._with_room(ledger.taken, len(content) - _size(path))
            if taken is None:
                return False
            path.unlink(missing_ok=True)
            write_whole(path, content, self.folder)
            ledger.taken = taken
        return True

    def grow(self, file: int, size: int) -> bool:
        """Make an open file so large, or so small, before it is written; False where it is too large. Blocks."""
        with self._ledger() as ledger:
            taken = self._with_room(ledger.taken, size - os.fstat(file).st_size)
            if taken is None:
                return False
            os.truncate(file, size)
            ledger.taken = taken
        return True

    def rename(self, path: Path, to: Path) -> None:
        """Have a file lie elsewhere in the room. Blocks."""
        with self._ledger() as ledger:
            ledger.taken = max(0, ledger.taken - _size(to))
            os.replace(path, to)

    def drop(self, path: Path) -> None:
        """Delete a file. Blocks."""
        with self._ledger() as ledger:
            size = _size(path)
            path.unlink(missing_ok=True)
            ledger.taken = max(0, ledger.taken - size)

    async def trim(self, *, unused_seconds: float | None = None, dry_run: bool = False) -> int:
        """Delete what was used longest ago, down to nine tenths of the room, where there is more than all of it.

        With `unused_seconds`, what was not used for so long goes instead, however much room there is. Returns how many
        files that were.
        """
        oldest = time.time() - unused_seconds if unused_seconds is not None else None
        return await asyncio.to_thread(self._trim, oldest, dry_run)

    def _trim(self, used_before: float | None, dry_run: bool) -> int:
        with self._ledger() as ledger:
            kept = sorted(self._listed())
            if not dry_run:  # what a process left over that died is good for nothing
                kept = [one for one in kept if one.path.suffix != PART or not _deleted(one.path)]
            ledger.taken = sum(one.size for one in kept)
            wanted = self.bytes_at_most if ledger.taken <= self.bytes_at_most else self.bytes_at_most * KEPT_AT_A_TRIM
            left, gone = ledger.taken, 0
            for one in kept:
                if left <= wanted if used_before is None else one.used >= used_before:
                    break
                if dry_run or _deleted(one.path):
                    left, gone = left - one.size, gone + 1
            if not dry_run:
                ledger.taken = left
        return gone

    def _with_room(self, taken: int, more: int) -> int | None:
        """How much is taken once there are so many bytes more; None where there cannot be room for them."""
        if taken + more <= self.bytes_at_most:
            return taken + more
        if more > self.bytes_at_most:
            return None
        kept = sorted(self._listed())
        taken = sum(one.size for one in kept)
        if taken + more > self.bytes_at_most:
            for one in kept:
                if taken + more <= self.bytes_at_most * KEPT_AT_A_TRIM:
                    break
                if _deleted(one.path):
                    taken -= one.size
        return taken + more if taken + more <= self.bytes_at_most else None

    def listed(self) -> list[Path]:
        """Where everything lies that is not on its way. Blocks."""
        return [path for path in self.folder.glob("*/*/*/*") if path.suffix != PART]

    def _listed(self) -> Iterator[_Kept]:
        for path in self.folder.glob("*/*/*/*"):
            with suppress(FileNotFoundError):
                found = path.stat()
                yield _Kept(found.st_atime, found.st_size, path)

    @contextmanager
    def _ledger(self) -> Iterator[_Ledger]:
        """How much is taken, while nobody else changes it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / LEDGER, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            noted = file.read(30)
            ledger = _Ledger(int(noted) if noted.isdigit() else sum(one.size for one in self._listed()))
            try:
                yield ledger
            finally:
                file.truncate(0)
                file.write(b"%d" % ledger.taken)


class _Ledger:
    def __init__(self, taken: int) -> None:
        self.taken = taken


def note_use(path: Path, found: os.stat_result) -> None:
    """Write down that a file was used now, whatever the file system thinks of that."""
    if found.st_atime < time.time() - LOOKED_AT_SECONDS:
        with suppress(OSError):  # it went meanwhile, or nothing can be written any more
            os.utime(path, (time.time(), found.st_mtime))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _deleted(path: Path) -> bool:
    """Delete a file, unless it is on its way here."""
    with suppress(FileNotFoundError):
        if path.suffix != PART:
            path.unlink()
            return True
        with open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            path.unlink()
    return True


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def trim_remote_files() -> None:
    """Keep what comes from elsewhere within its room, also where that was made smaller."""
    if gone := await here().remote_room.trim():
        log.info("remote_files_trimmed", count=gone)
