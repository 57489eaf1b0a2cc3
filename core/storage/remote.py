"""Pictures from elsewhere: fetched when somebody looks, made small, kept in a folder that never grows too large.

No page and no app loads anything from their servers, which so do not learn who looks at whom. What lies in the folder
can be fetched again, so it needs no backup, and every machine may have one of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

import structlog

from core.errors import Invalid, UnsupportedMediaType
from core.fetch import FetchError
from core.instance import here
from core.storage.backends import LocalFolder
from core.storage.models import RefusedContent
from core.storage.pictures import Wanted
from core.storage.room import Level, level
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
WANTED = {
    "avatar": Wanted("image/webp", 400, 400),
    "cover": Wanted("image/webp", 1500, 500),
    "feed": Wanted("image/webp", 1200, 1200, whole=True),
    "full": Wanted("image/webp", 2400, 2400, whole=True),
    "card": Wanted("image/webp", 800, 800, whole=True),
    "emoji": Wanted("image/webp", 256, 128, whole=True, moves=True),
}
SECONDS = 15.0
AT_ONCE = 4
FRESH_SECONDS = 30 * 86_400
MISSING_SECONDS = 1800
_ACCEPT = "image/webp, image/avif;q=0.9, image/png;q=0.8, image/jpeg;q=0.8, image/gif;q=0.7"


def tag_of(source: str) -> str:
    """What stands for an address elsewhere in ours, so that another picture has another address."""
    return hashlib.blake2b(source.encode(), digest_size=6).hexdigest()


def shown_at(thing_id: str, role: str, source: str) -> str | None:
    """Our address for a picture of somebody elsewhere or of a post of theirs; None where none is shown."""
    if not source or not here().settings.storage.remote_megabytes:
        return None
    return here().url(f"/files/remote/{role}/{thing_id}.{tag_of(source)}.webp")


def is_shunned(host: str) -> bool:
    """Whether this server wants nothing from a host of which somebody wrote. Never waits."""
    return any(here().hooks.shuns(host=host))


class _Kept(NamedTuple):
    used: float
    size: int
    path: Path


class RemotePictures:
    """A folder of pictures by where they came from; what was used last stays longest."""

    def __init__(self, folder: Path, *, bytes_at_most: int) -> None:
        self._store = LocalFolder(folder)
        self._bytes_at_most = bytes_at_most
        self._added = 0
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(AT_ONCE)

    @property
    def folder(self) -> Path:
        """Where the pictures lie."""
        return self._store.folder

    async def kept(self, source: str, role: str) -> bytes | None:
        """The picture if it lies here and is not too old to be true."""
        return await asyncio.to_thread(self._read, self._path(source, role))

    async def fetched(self, source: str, role: str) -> bytes | None:
        """The picture, fetched if need be; None where there is none to be had. Raises Unavailable."""
        name = _name(source, role)
        lock = self._fetching.get(name)
        if lock is None:
            lock = self._fetching[name] = asyncio.Lock()
        async with lock:
            if (content := await self.kept(source, role)) is not None:
                return content
            if here().cache.get(f"no-picture:{name}"):
                return None
            async with self._room:
                content = await self._fetch(source, role)
            if content is None:
                here().cache.put(f"no-picture:{name}", True, ttl=MISSING_SECONDS, size=100)
                return None
            if level() >= Level.CACHE_NOTHING:
                return content
            await self._store.delete(name)
            await self._store.put(name, content)
        await self._count(len(content))
        return content

    async def _fetch(self, source: str, role: str) -> bytes | None:
        limit = here().settings.limits.image_bytes
        try:
            shuns = is_shunned if role == "card" else None  # whose page it is says nothing of where its picture lies
            answer = await here().http.get(
                source, accept=_ACCEPT, sign=False, limit=limit, deadline=SECONDS, shuns=shuns
            )
            if answer.status != 200:
                return None
            content = (await here().pictures.made(answer.body, [WANTED[role]]))[0].content
            digests = [hashlib.sha256(one).hexdigest() for one in (answer.body, content)]
            return None if await RefusedContent.exists(digest__in=digests) else content
        except (FetchError, Invalid, UnsupportedMediaType) as error:
            log.info("remote_picture_refused", reason=type(error).__name__)
            return None

    async def _count(self, size: int) -> None:
        self._added += size
        if self._added > self._bytes_at_most // 20:
            await self.trim()

    async def trim(self, *, unused_seconds: float | None = None, dry_run: bool = False) -> int:
        """Delete what was used longest ago, down to nine tenths of the room; returns how many pictures that were.

        With `unused_seconds`, what was not used for so long goes instead, however much room there is.
        """
        self._added = 0
        oldest = time.time() - unused_seconds if unused_seconds is not None else None
        return await asyncio.to_thread(self._trim, oldest, dry_run)

    def _trim(self, used_before: float | None, dry_run: bool) -> int:
        kept = sorted(self._listed())
        total, gone = sum(one.size for one in kept), 0
        if used_before is None and total <= self._bytes_at_most:
            return 0
        for one in kept:
            is_enough = total <= self._bytes_at_most * 0.9 if used_before is None else one.used >= used_before
            if is_enough:
                break
            if not dry_run:
                one.path.unlink(missing_ok=True)
            total, gone = total - one.size, gone + 1
        return gone

    def _listed(self) -> Iterator[_Kept]:
        for path in self._store.folder.glob("*/*/*"):
            with suppress(FileNotFoundError):
                found = path.stat()
                yield _Kept(found.st_atime, found.st_size, path)

    def _path(self, source: str, role: str) -> Path:
        name = _name(source, role)
        return self._store.folder / name[:2] / name[2:4] / name

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            content, found = path.read_bytes(), path.stat()
        except FileNotFoundError:
            return None
        if found.st_mtime < time.time() - FRESH_SECONDS:
            return None
        if found.st_atime < time.time() - 3600:  # when it was used last, whatever the file system thinks of that
            with suppress(FileNotFoundError):
                os.utime(path, (time.time(), found.st_mtime))
        return content


def _name(source: str, role: str) -> str:
    return hashlib.sha256(f"{role}\0{source}".encode()).hexdigest() + ".webp"


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def trim_remote_pictures() -> None:
    """Keep the folder of pictures from elsewhere within its room."""
    if gone := await here().remote_pictures.trim():
        log.info("remote_pictures_trimmed", count=gone)
