"""What people upload: kept until something shows it, described by them, and taken away for good."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from core.database import after_commit, execute, is_id, new_id, now, one_of, rows, spawn, transaction, value
from core.errors import Invalid, NotFound, TooLarge, Unavailable, UnsupportedMediaType
from core.html import without_controls
from core.instance import here
from core.storage import processing
from core.storage.cameras import camera_of
from core.storage.kinds import BEGINNING, Kind, kind_of
from core.storage.models import File, RefusedContent
from core.storage.pictures import Crop, Cut
from core.storage.processing import upload_path
from core.storage.room import require_room
from core.storage.service import lock, sweep_unused_files, withdraw
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
ALT_AT_MOST = 1500
TRIED_AGAIN_AFTER = 60.0  # seconds, by a job: where the process that took it died, or had too much to do
AT_ONCE = 6.0  # seconds that whoever uploads something waits for it to be ready
EXPIRED_AT_ONCE = 200


async def keep_upload(
    owner_id: str,
    path: Path,
    digest: str,
    *,
    alt: str = "",
    focus: Sequence[float] | None = None,
    cut: Cut | None = None,
    name: str = "file",
    file_id: str | None = None,
) -> File:
    """Take over an uploaded file, which is moved away from `path`, and make of it what is shown.

    What is quickly made is ready when this returns; else `state` is "processing". Not to be called in a transaction.
    `cut` says what of a picture is kept; `file_id` is for whoever has promised one. Raises UnsupportedMediaType,
    TooLarge, Invalid naming `name`, "alt", "focus" or "crop", Unavailable where there is no room.
    """
    beginning, size = await asyncio.to_thread(_looked_at, path)
    if not size:
        raise Invalid({name: "This file is empty."})
    kind = require_kind(beginning, size)
    alt, focus, cut = checked_alt(alt), checked_focus(focus), cut or Cut()
    if kind.type != "image" and not cut.is_whole:
        raise Invalid({"crop": "Only pictures can be cut or turned."})
    await require_room(owner_id, size)
    if await RefusedContent.exists(digest=digest):
        raise Invalid({name: "This file may not be shown here."})
    file = File(
        id=file_id or new_id(),
        owner_id=owner_id,
        type=kind.type,
        media_type=kind.media_type,
        alt=alt,
        focus=focus,
        size=size,
        kept_size=size,
        source_digest=digest,
        camera=await asyncio.to_thread(camera_of, path) if kind.type == "image" else "",
    )
    target = upload_path(file.id)
    await asyncio.to_thread(_move, path, target)
    try:
        async with transaction():
            await file.save(force_create=True)
            await process_upload.later(file_id=file.id, **_told(cut), delay=TRIED_AGAIN_AFTER)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    await _quickly(file, cut, name)
    await file.refresh_from_db()
    return file


def require_kind(beginning: bytes, size: int) -> Kind:
    """What begins so, if it can be taken in this size. Raises UnsupportedMediaType, TooLarge."""
    kind = kind_of(beginning)
    if kind is None:
        raise UnsupportedMediaType("This is no file of a kind we know: pictures, films and sounds are.")
    limits = here().settings.limits
    most = limits.image_bytes if kind.type == "image" else limits.video_bytes
    if size > most:
        raise TooLarge(f"This file is too large: at most {most // 1_048_576} MB.")
    processing.require_cleanable(kind.media_type)
    return kind


def _looked_at(path: Path) -> tuple[bytes, int]:
    with open(path, "rb") as source:
        return source.read(BEGINNING), os.fstat(source.fileno()).st_size


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, target)


async def _quickly(file: File, cut: Cut, name: str) -> None:
    """Make what is shown at once, if that is soon done; what cannot be read is refused and forgotten."""
    working = spawn(process_upload(file_id=file.id, **_told(cut)), name="process-upload")
    done, _ = await asyncio.wait({working}, timeout=AT_ONCE)
    if not done:
        return
    with suppress(Unavailable):  # the job comes back to it
        working.result()
    if failed := await File.get_or_none(id=file.id, state="failed"):
        async with transaction():
            await discard([failed.id])
        raise Invalid({name: failed.failure})


@task(attempts=10)
async def process_upload(file_id: str, crop: Sequence[float] | None = None, turn: int = 0) -> None:
    """Make what is shown of an upload; nothing happens where that is done or it was taken back."""
    await processing.process(file_id, Cut(Crop(*crop) if crop else None, turn))


def _told(cut: Cut) -> dict[str, Any]:
    """What a job is told of a cut."""
    return {} if cut.is_whole else {"crop": cut.crop.as_request() if cut.crop else None, "turn": cut.turn}


def checked_alt(alt: str) -> str:
    """The description of a file, tidied. Raises Invalid naming "alt"."""
    alt = without_controls(alt).strip()
    if len(alt) > ALT_AT_MOST:
        raise Invalid({"alt": f"This is too long: at most {ALT_AT_MOST} characters."})
    return alt


def checked_focus(focus: Sequence[float] | None) -> list[float] | None:
    """The point that stays in view where a picture is cut: two numbers from -1 to 1. Raises Invalid naming "focus"."""
    if focus is None:
        return None
    if len(focus) != 2 or not all(-1 <= one <= 1 for one in focus):
        raise Invalid({"focus": "Two numbers from -1 to 1 are expected: across and up."})
    return [round(float(one), 3) for one in focus]


async def own_file(owner_id: str, file_id: str) -> File:
    """A file somebody uploaded themselves; NotFound for anybody else's."""
    file = await File.get_or_none(id=file_id, owner_id=owner_id) if is_id(file_id) else None
    if file is None:
        raise NotFound("There is no such file.")
    return file


# -- Showing them --------------------------------------------------------------
async def ready_files(owner_id: str, file_ids: Sequence[str], *, seconds: float = 20) -> list[File]:
    """Somebody's files in this order, waiting a while for those that are still being made ready.

    Raises Invalid naming "fileIds" for what is not theirs, cannot be shown, or comes twice.
    """
    if len(set(file_ids)) != len(file_ids):
        raise Invalid({"fileIds": "The same file is named twice."})
    until = asyncio.get_running_loop().time() + seconds
    wanted = [file_id for file_id in file_ids if is_id(file_id)]
    while True:
        found = {file.id: file for file in await File.filter(id__in=wanted, owner_id=owner_id)} if wanted else {}
        if len(found) != len(file_ids):
            raise Invalid({"fileIds": "There is no such file."})
        if any(file.state == "failed" for file in found.values()):
            raise Invalid({"fileIds": "One of the files cannot be shown."})
        if all(file.state == "ready" for file in found.values()):
            return [found[file_id] for file_id in file_ids]
        if asyncio.get_running_loop().time() > until:
            raise Invalid({"fileIds": "A file is not ready yet. Please try again in a moment."})
        await asyncio.sleep(0.2)


async def take(owner_id: str, file_ids: Sequence[str], *, show_cameras: bool = False) -> None:
    """Note that these files are used from now on, in the transaction that uses them.

    With what they were taken is for everybody then who sees them, with `show_cameras`, and else forgotten for good.
    Raises Invalid naming "fileIds" where one is used already: each shows in one place.
    """
    if not file_ids:
        return
    taken = await execute(
        f"UPDATE core_file SET unused_since = NULL{'' if show_cameras else _NO_CAMERA} WHERE owner_id = $1"
        f" AND state = 'ready' AND unused_since IS NOT NULL AND id {one_of(2)}",
        owner_id,
        list(file_ids),
    )
    if taken != len(set(file_ids)):
        raise Invalid({"fileIds": "One of the files is shown elsewhere already."})


_NO_CAMERA = ", camera = ''"


async def forget_cameras(file_ids: Iterable[str]) -> bool:
    """Forget for good with what these were taken, in the running transaction. Whether any of them told it."""
    told = f"UPDATE core_file SET camera = '' WHERE camera <> '' AND id {one_of(1)}"
    return bool((ids := list(file_ids)) and await execute(told, ids))


async def forget_shown_cameras(owner_id: str) -> None:
    """Forget for good with what everything was taken that somebody shows; what waits to be shown they decide of yet."""
    await execute(
        "UPDATE core_file SET camera = '' WHERE owner_id = $1 AND camera <> '' AND unused_since IS NULL", owner_id
    )


async def let_go(file_ids: Iterable[str]) -> None:
    """Note that nothing shows these files any more; they go some time later, unless they are used again."""
    if ids := list(file_ids):
        await execute(f"UPDATE core_file SET unused_since = $1 WHERE id {one_of(2)}", now(), ids)


async def hold(owner_id: str, file_ids: Iterable[str], until: datetime) -> None:
    """Note that somebody goes on needing these files until then, though nothing shows them yet."""
    if ids := list(file_ids):
        await execute(
            "UPDATE core_file SET unused_since = $1 WHERE owner_id = $2 AND unused_since IS NOT NULL"
            f" AND id {one_of(3)}",
            until,
            owner_id,
            ids,
        )


# -- Taking them away ----------------------------------------------------------
async def discard(file_ids: Sequence[str]) -> None:
    """Forget files that nothing shows any more, in the running transaction; their addresses soon answer no more."""
    if not file_ids:
        return
    await execute(f"DELETE FROM core_attachment WHERE file_id {one_of(1)}", list(file_ids))
    gone = await rows(f"DELETE FROM core_file_version WHERE file_id {one_of(1)} RETURNING blob_id", list(file_ids))
    blob_ids = [one["blob_id"] for one in gone]
    await lock(*blob_ids)
    for blob_id in blob_ids:
        await withdraw(blob_id)
    await execute(f"DELETE FROM core_file WHERE id {one_of(1)}", list(file_ids))
    await sweep_unused_files.later()
    after_commit(lambda: _unlink([upload_path(file_id) for file_id in file_ids]))


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


async def expire() -> int:
    """Discard what nobody has used for long enough; returns how many files that were."""
    before, expired = now() - timedelta(hours=here().settings.storage.unused_hours), 0
    while found := await rows(
        "SELECT id FROM core_file WHERE unused_since < $1 ORDER BY unused_since LIMIT $2", before, EXPIRED_AT_ONCE
    ):
        async with transaction():
            still = await rows(
                f"UPDATE core_file SET kept_size = kept_size WHERE id {one_of(1)} AND unused_since < $2 RETURNING id",
                [one["id"] for one in found],
                before,
            )
            await discard([one["id"] for one in still])
        expired += len(still)
    await asyncio.to_thread(_forget_leftovers, before)
    return expired


def _forget_leftovers(before: datetime) -> None:
    """Delete uploads that nobody took over: their process died."""
    for path in upload_path("x").parent.glob("*"):
        with suppress(FileNotFoundError):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                path.unlink()


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def expire_files() -> None:
    """Discard uploads that nothing shows."""
    if expired := await expire():
        log.info("files_expired", count=expired)


async def used_bytes(owner_id: str) -> int:
    """How much room somebody's files take."""
    return int(await value("SELECT COALESCE(SUM(kept_size), 0) FROM core_file WHERE owner_id = $1", owner_id))
