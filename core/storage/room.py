"""How much room there is: for one person, for everybody, and on the disk."""

from __future__ import annotations

import shutil
import tempfile
from enum import IntEnum
from pathlib import Path

import structlog

from core.database import value
from core.errors import NoRoom, TooLarge
from core.instance import here
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
LOOKED_AT_EVERY = 10.0  # seconds
MEGABYTE = 1_000_000


class Level(IntEnum):
    """How full the disks are, and what is given up for that."""

    FINE = 0
    WARN = 1
    CACHE_NOTHING = 2
    READ_ONLY = 3


def level() -> Level:
    """How full the fullest of our disks is; looked at every few seconds."""
    cache = here().cache
    kept = cache.get("disk-level")
    if kept is not None:
        return Level(kept)
    found = _level(max(fullness().values()))
    cache.put("disk-level", int(found), ttl=LOOKED_AT_EVERY, size=50)
    return found


def fullness() -> dict[str, float]:
    """What of each disk we write to is taken, in percent, by what lies on it; several may lie on the same.

    Where the database's is full nothing can be stored at all, and forms with files pass through the temporary ones.
    """
    places = {
        "files": Path(here().settings.storage.path or here().folder),
        "uploads": here().folder,
        "what comes from elsewhere": here().remote_room.folder,
        "temporary files": Path(tempfile.gettempdir()),
    }
    if path := here().database.path:  # of SQLite; where PostgreSQL writes we do not see
        places["database"] = Path(path).absolute().parent
    return {name: _taken(path) for name, path in places.items()}


def _taken(path: Path) -> float:
    usage = shutil.disk_usage(_existing(path))
    return 100 * (1 - usage.free / usage.total)


def _level(percent: float) -> Level:
    storage = here().settings.storage
    if percent >= storage.read_only_percent:
        return Level.READ_ONLY
    if percent >= storage.cache_nothing_percent:
        return Level.CACHE_NOTHING
    return Level.WARN if percent >= storage.warn_percent else Level.FINE


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def require_disk() -> None:
    """Raises NoRoom where a disk is so full that nothing more is written."""
    if level() >= Level.READ_ONLY:
        raise NoRoom("There is no room for files at the moment. Whoever runs this place was told.")


async def require_room(owner_id: str, size: int) -> None:
    """Raises TooLarge where somebody's files would take more than is theirs, NoRoom where there is none."""
    require_disk()
    storage = here().settings.storage
    if storage.person_megabytes:
        used = await value("SELECT COALESCE(SUM(kept_size), 0) FROM core_file WHERE owner_id = $1", owner_id)
        if int(used) + size > storage.person_megabytes * MEGABYTE:
            raise TooLarge(
                f"Your files take all the room you have here, {storage.person_megabytes} MB. Delete some first.",
                code="quota_exceeded",
            )
    if storage.all_megabytes and await _all_bytes() + size > storage.all_megabytes * MEGABYTE:
        raise NoRoom("There is no room for more files here. Whoever runs this place can make some.")


async def _all_bytes() -> int:
    """How much room all files take, as of the last minute."""
    kept = here().cache.get("files-bytes")
    if kept is None:
        kept = int(await value("SELECT COALESCE(SUM(size), 0) FROM core_blob"))
        here().cache.put("files-bytes", kept, ttl=60, size=50)
    return int(kept)


@periodic(seconds=600)
@task(lane=9, attempts=1)
async def watch_the_disk() -> None:
    """Say in the log when a disk fills up, and what lies on it."""
    if (found := level()) > Level.FINE:
        taken = {name: round(percent, 1) for name, percent in fullness().items() if _level(percent) > Level.FINE}
        log.warning("disk_is_filling", level=found.name.lower(), percent=max(taken.values(), default=0), places=taken)
