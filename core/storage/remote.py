"""Pictures from elsewhere: fetched when somebody looks, made small, kept as long as there is room for them.

No page and no app loads anything from their servers, which so do not learn who looks at whom. What is kept can be
fetched again, and every machine may have a folder of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from core.addresses import parse_url
from core.errors import Invalid, UnsupportedMediaType
from core.fetch import FetchError
from core.instance import here
from core.storage.backends import SUFFIXES
from core.storage.fetching_places import Places
from core.storage.models import RefusedContent
from core.storage.pictures import Wanted
from core.storage.remote_room import RemoteRoom, note_use
from core.storage.room import Level, level

log = structlog.get_logger(__name__)
WANTED = {
    "avatar": Wanted("image/webp", 400, 400),
    "cover": Wanted("image/webp", 1500, 500),
    "feed": Wanted("image/webp", 1200, 1200, whole=True),
    "full": Wanted("image/webp", 2400, 2400, whole=True),
    "card": Wanted("image/webp", 800, 800, whole=True),
    "poster": Wanted("image/webp", 1200, 1200, whole=True),
    "emoji": Wanted("image/webp", 256, 128, whole=True, moves=True),
}
UNKNOWN = "film"  # what ends the address of one of another type than those of files here
SECONDS = 15.0
AT_ONCE, OF_ONE_SERVER, OF_ONE_DOMAIN = 6, 4, 4
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


def film_at(thing_id: str, source: str, media_type: str) -> str | None:
    """Our address for a film or a sound of a post from elsewhere; None where none is shown."""
    if not source or not here().settings.storage.remote_megabytes:
        return None
    return here().url(f"/files/remote/film/{thing_id}.{tag_of(source)}.{SUFFIXES.get(media_type, UNKNOWN)}")


def is_shunned(host: str) -> bool:
    """Whether this server wants nothing from a host of which somebody wrote. Never waits."""
    return any(here().hooks.shuns(host=host))


class RemotePictures:
    """Pictures by where they came from, in the room for what comes from elsewhere."""

    def __init__(self, room: RemoteRoom) -> None:
        self._room = room
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = Places(
            at_once=AT_ONCE,
            of_one_server=OF_ONE_SERVER,
            of_one_domain=OF_ONE_DOMAIN,
            sentence="Too many pictures are on their way here. Please try again soon.",
        )

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
            content = await self._fetch(source, role)
            if content is None:
                here().cache.put(f"no-picture:{name}", True, ttl=MISSING_SECONDS, size=100)
                return None
            if level() >= Level.CACHE_NOTHING:
                return content
            try:
                await asyncio.to_thread(self._room.keep, self._path(source, role), content)
            except OSError as error:
                log.warning("remote_picture_not_kept", reason=type(error).__name__)
        return content

    async def _fetch(self, source: str, role: str) -> bytes | None:
        limit = here().settings.limits.image_bytes
        shuns = is_shunned if role == "card" else None  # whose page it is says nothing of where its picture lies
        try:
            async with self._places.one(parse_url(source).host):
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

    def _path(self, source: str, role: str) -> Path:
        name = _name(source, role)
        return self._room.folder / "pictures" / name[:2] / name[2:4] / name

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            content, found = path.read_bytes(), path.stat()
        except OSError:  # it is not there, or the disk does not give it
            return None
        if found.st_mtime < time.time() - FRESH_SECONDS:
            return None
        note_use(path, found)
        return content


def _name(source: str, role: str) -> str:
    return hashlib.sha256(f"{role}\0{source}".encode()).hexdigest() + ".webp"
