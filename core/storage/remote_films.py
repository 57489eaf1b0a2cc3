"""Films and sounds from elsewhere: watched while they come, kept where there is room, else passed on as they are asked.

Nobody's address reaches the server that has them. Whoever comes second reads behind the first; whoever jumps ahead of
what has come is given that part straight from its server, if it gives parts.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from core.addresses import parse_url
from core.errors import Unavailable
from core.fetch import FetchError, Refused
from core.instance import here
from core.storage.backends import PIECE
from core.storage.fetching_places import Places
from core.storage.film_fetching import AHEAD, Growing, Unwatched, begin_growing, mark_in, part_path, require_pace
from core.storage.film_sources import Look, Unfit, is_refused, opened, part
from core.storage.kinds import film_of
from core.storage.remote import FRESH_SECONDS, MISSING_SECONDS
from core.storage.remote_room import PART, RemoteRoom, note_use
from core.storage.room import MEGABYTE, Level, level

log = structlog.get_logger(__name__)
LOOK_SECONDS = 600.0  # how long it is remembered what a film is that is not kept
UNREACHED_SECONDS = 60.0
AT_ONCE, OF_ONE_SERVER, OF_ONE_DOMAIN = 6, 3, 4


class Vanished(Unavailable):
    """What was found had to make room for something else before the first of it was read."""

    def __init__(self) -> None:
        super().__init__(1, "Please try again.")


@dataclass(frozen=True, slots=True)
class Found:
    """A film as it can be given now: out of a file, behind what comes, or else by its server."""

    source: str
    media_type: str
    size: int | None
    etag: str
    has_ranges: bool
    mark: str
    look: Look | None = None
    path: Path | None = None
    growing: Growing | None = None


class RemoteFilms:
    """Films by where they came from, in the room for what comes from elsewhere."""

    def __init__(self, room: RemoteRoom) -> None:
        self._room = room
        self._places = Places(
            at_once=AT_ONCE,
            of_one_server=OF_ONE_SERVER,
            of_one_domain=OF_ONE_DOMAIN,
            sentence="Too many films are on their way here. Please try again soon.",
        )
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._growing: dict[str, Growing] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def at_hand(self, source: str, *, watching: bool = True) -> Found | None:
        """The film if it can be given, or described to who is not `watching`, without fetching it anew."""
        name = _name(source)
        found = None
        if growing := self._growing.get(name):
            found = _found(source, growing.look, growing)
        elif kept := await asyncio.to_thread(self._kept, source, name):
            found = kept
        elif isinstance(look := here().cache.get(f"film:{name}"), Look):
            is_to_be_kept = self._is_keepable(look) and not here().cache.get(f"film-not-kept:{name}")
            found = None if watching and is_to_be_kept else _found(source, look)
        return None if found and await is_refused(found.mark) else found

    async def found(self, source: str, *, watching: bool) -> Found | None:
        """The film, asked for at its server if need be; None where there is none to be had.

        Where somebody is `watching` it begins to be fetched, if it may be kept. Raises Unavailable.
        """
        name = _name(source)
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        async with lock:
            if found := await self.at_hand(source, watching=watching):
                return found
            if here().cache.get(f"no-film:{name}"):
                return None
            begun: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._bring(source, name, begun, watching=watching))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return await asyncio.shield(begun)

    def pieces(self, found: Found, first: int, last: int | None) -> AsyncGenerator[bytes, None]:
        """The bytes of a film from `first` to `last`; of one that is not parted all of it.

        Raises Vanished instead of the first piece, Unavailable also later.
        """
        if found.path:
            assert last is not None
            return _read(found.path, first, last)
        if found.growing and found.growing.is_done:  # since it was found
            size = found.growing.look.size or 0
            return _read(found.growing.path, first, size - 1 if last is None else last)
        if found.growing and not self.is_passed_on(found, first):
            return found.growing.pieces(first, last)
        assert found.look is not None and last is not None
        return self._passed_on(found.source, found.look, first, last)

    @staticmethod
    def is_passed_on(found: Found, first: int) -> bool:
        """Whether what lies from `first` on comes straight from its server."""
        if found.path:
            return False
        return found.growing is None or (found.has_ranges and first > found.growing.at + AHEAD)

    async def fetched(self, source: str) -> tuple[str, Path | None] | None:
        """The mark of a film, and where it lies if it is kept, once all of it has come; None where there is none."""
        found = await self.found(source, watching=True)
        if found and found.growing:
            await found.growing.done()
            found = await self.at_hand(source)
        return (found.mark, found.path) if found else None

    async def close(self) -> None:
        """Stop what is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _is_keepable(self, look: Look) -> bool:
        return level() < Level.CACHE_NOTHING and (look.size or 0) <= self._largest and self._largest > 0

    @property
    def _largest(self) -> int:
        return min(here().settings.storage.remote_film_megabytes * MEGABYTE, self._room.bytes_at_most // 4)

    async def _bring(self, source: str, name: str, begun: asyncio.Future[Found | None], *, watching: bool) -> None:
        """Look at a film, tell `begun` what it is, and then fetch all of it, if it is to be kept."""
        growing = None
        try:
            async with self._places.one(parse_url(source).host), opened(source) as (look, beginning, pieces):
                if look.size is not None:
                    here().cache.put(f"film:{name}", look, ttl=LOOK_SECONDS, size=600)
                growing = await self._begin(name, look) if watching else None
                begun.set_result(_found(source, look, growing))
                if growing is None:
                    return
                await growing.write(self._room, self._largest, beginning)
                async for piece in pieces:
                    await growing.write(self._room, self._largest, piece)
                await growing.finish(self._room)
        except Unwatched:
            log.info("remote_film_unwatched")
        except Unavailable as error:  # before anybody was told of it
            begun.set_exception(error)
        except FetchError as error:
            log.info("remote_film_refused", reason=type(error).__name__)
            is_for_long = isinstance(error, Unfit | Refused) and growing is None
            seconds = MISSING_SECONDS if is_for_long else UNREACHED_SECONDS
            here().cache.put(f"no-film:{name}", True, ttl=seconds, size=100)
        except OSError as error:
            log.warning("remote_film_not_kept", reason=type(error).__name__)
            here().cache.put(f"film-not-kept:{name}", True, ttl=UNREACHED_SECONDS, size=100)
        finally:
            if not begun.done():
                begun.set_result(None)
            if growing:
                del self._growing[name]
                await self._let_go(growing)

    async def _begin(self, name: str, look: Look) -> Growing | None:
        """A film to write; None where it is passed on. Raises Unfit, Unavailable where it can be neither."""
        growing = None
        if self._is_keepable(look):
            try:
                growing = await self._opened(part_path(self._room.folder, name), look)
            except OSError as error:
                log.warning("remote_film_not_kept", reason=type(error).__name__)
        if growing is None:
            if look.size is None and self._is_keepable(look):
                raise Unavailable(30, "This cannot be kept here now. Please try again soon.")
            if look.size is None:
                raise Unfit("nobody knows how long the film is")
            here().cache.put(f"film-not-kept:{name}", True, ttl=UNREACHED_SECONDS, size=100)
            return None
        self._growing[name] = growing
        return growing

    async def _opened(self, path: Path, look: Look) -> Growing | None:
        """As `begin_growing`. Where the server stops meanwhile, what the thread opens yet is closed again."""
        opening = asyncio.ensure_future(asyncio.to_thread(begin_growing, self._room, path, look))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(OSError):
                if growing := await opening:
                    await self._let_go(growing)
            raise

    async def _let_go(self, growing: Growing) -> None:
        try:
            if not growing.is_done:
                await growing.fail(self._room)
        finally:  # also where the server stops while it is put away
            growing.close()

    async def _passed_on(self, source: str, look: Look, first: int, last: int) -> AsyncGenerator[bytes, None]:
        try:
            async with part(source, look, first, last) as pieces, aclosing(pieces):
                passed, waited, since = 0, 0.0, time.monotonic()
                async for piece in pieces:
                    passed, waited = passed + len(piece), waited + time.monotonic() - since
                    require_pace(passed, waited)
                    yield piece
                    since = time.monotonic()  # how slowly it is taken says nothing of its server
        except FetchError as error:
            log.info("remote_film_broke_off", reason=type(error).__name__)
            here().cache.drop(f"film:{_name(source)}")
            raise Unavailable(30, "The other server does not give this any more.") from error

    def _kept(self, source: str, name: str) -> Found | None:
        """What lies here, not too old to be true. Blocks."""
        for path in part_path(self._room.folder, name).parent.glob(f"{name}.*"):
            if path.suffix == PART:
                continue
            with suppress(OSError):  # it went meanwhile, or the disk does not give it
                found = path.stat()
                if found.st_mtime < time.time() - FRESH_SECONDS:
                    self._room.drop(path)
                    continue
                with open(path, "rb") as file:
                    media_type = film_of(file.read(4096))
                mark, etag = mark_in(path), path.name.rpartition(".")[2]
                if media_type:
                    note_use(path, found)
                    return Found(source, media_type, found.st_size, f'"{etag}"', True, mark, path=path)
        return None


async def _read(path: Path, first: int, last: int) -> AsyncGenerator[bytes, None]:
    """Out of a file, which may be deleted meanwhile."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise Vanished() from None
    try:
        while first <= last:
            piece = await asyncio.to_thread(os.pread, file, min(PIECE, last + 1 - first), first)
            if not piece:
                raise Unavailable(1, "Please try again.")
            first += len(piece)
            yield piece
    finally:
        os.close(file)


def _found(source: str, look: Look, growing: Growing | None = None) -> Found:
    return Found(source, look.media_type, look.size, look.etag, look.has_ranges, look.mark, look=look, growing=growing)


def _name(source: str) -> str:
    return hashlib.sha256(f"film\0{source}".encode()).hexdigest()
