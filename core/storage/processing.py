"""From what somebody uploaded to what is shown of it: by a process of its own, without what cameras write into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from core.database import after_commit, execute, new_id, rows, transaction
from core.errors import Invalid, UnsupportedMediaType
from core.instance import here
from core.storage import films
from core.storage.models import Blob, File, RefusedContent
from core.storage.pictures import Cut, require_readable
from core.storage.service import hold, lock

log = structlog.get_logger(__name__)
# The longest side of each smaller picture, by its role.
SIDES: Mapping[str, int] = {"thumbnail": 400, "feed": 1200, "full": 2400}


@dataclass(frozen=True)
class Part:
    """One of the files that will be kept of an upload."""

    role: str
    content: bytes | Path
    media_type: str
    width: int | None = None
    height: int | None = None


def upload_path(file_id: str) -> Path:
    """Where an upload waits until it was made ready."""
    return here().folder / "uploads" / file_id


def require_cleanable(media_type: str) -> None:
    """Raises UnsupportedMediaType for what this server cannot read, or cannot remove from what is not to be seen."""
    require_readable(media_type)
    if not media_type.startswith("image/") and not films.is_cleanable(media_type):
        raise UnsupportedMediaType("Films and sounds of this kind cannot be taken here: MP4 and MP3 can.")


async def process(file_id: str, cut: Cut | None = None) -> None:
    """Make of an upload what is shown, and note how that went. Raises Unavailable where too much waits."""
    file = await File.get_or_none(id=file_id, state="processing")
    if file is None:
        return
    path = upload_path(file_id)
    try:
        parts, about = await (_picture(path, cut) if file.type == "image" else _film(file, path))
        await _store(file, parts, about)
    except Invalid as refusal:
        await _fail(file, next(iter(refusal.errors.values())))
    except FileNotFoundError:
        await _fail(file, "This file was lost on the way. Please upload it again.")
    path.unlink(missing_ok=True)
    _clean_up(path)


async def _picture(path: Path, cut: Cut | None) -> tuple[list[Part], Mapping[str, Any]]:
    prepared = await here().pictures.prepared(path, SIDES, cut)
    parts = [Part(one.role, one.content, one.media_type, one.width, one.height) for one in prepared.versions]
    return parts, prepared.about


async def _film(file: File, path: Path) -> tuple[list[Part], Mapping[str, Any]]:
    cleaned = await films.cleaned(path, file.media_type)
    parts = [Part("plain", cleaned.path, file.media_type, cleaned.width, cleaned.height)]
    about: dict[str, Any] = {"type": cleaned.type, "width": cleaned.width, "height": cleaned.height}
    about["seconds"] = cleaned.seconds
    if cleaned.poster is not None:
        poster = await here().pictures.prepared(cleaned.poster, {"thumbnail": 400, "feed": 1200})
        parts += [
            Part({"plain": "poster"}.get(one.role, one.role), one.content, one.media_type, one.width, one.height)
            for one in poster.versions
        ]
        about |= {key: poster.about[key] for key in ("blurhash", "colour")}
    return parts, about


async def _store(file: File, parts: Sequence[Part], about: Mapping[str, Any]) -> None:
    storage = here().storage
    blobs = [await storage.put(part.content, part.media_type) for part in parts]
    if await RefusedContent.exists(digest__in=[blob.digest for blob in blobs]):
        raise Invalid({"file": "This file may not be shown here."})
    versions = {part.role: _version(part, blob) for part, blob in zip(parts, blobs, strict=True)}
    async with transaction():
        still = await rows(
            "UPDATE core_file SET state = 'ready' WHERE id = $1 AND state = 'processing' RETURNING id", file.id
        )
        if not still:  # somebody else was faster, or it was taken back
            return
        await lock(*(blob.id for blob in blobs))
        for part, blob in zip(parts, blobs, strict=True):
            await execute(
                "INSERT INTO core_file_version (id, file_id, role, blob_id) VALUES ($1, $2, $3, $4)",
                new_id(),
                file.id,
                part.role,
                blob.id,
            )
            await hold(blob.id)
        await file.refresh_from_db()
        file.type = about.get("type", file.type)
        file.width, file.height, file.seconds = about["width"], about["height"], about.get("seconds")
        file.blurhash, file.colour = about.get("blurhash", ""), about.get("colour", "")
        file.media_type, file.size = versions["plain"]["type"], versions["plain"]["size"]
        file.kept_size, file.versions = sum(blob.size for blob in blobs), versions
        await file.save()
        after_commit(lambda: _tell(file.owner_id, file.id, "ready"))


def _version(part: Part, blob: Blob) -> dict[str, Any]:
    about = {"digest": blob.digest, "type": blob.media_type, "size": blob.size}
    return about | {"width": part.width, "height": part.height}


async def _fail(file: File, sentence: str) -> None:
    log.info("upload_refused", file=file.id, type=file.media_type)
    if await File.filter(id=file.id, state="processing").update(state="failed", failure=sentence, kept_size=0):
        _tell(file.owner_id, file.id, "failed")


def files_of(owner_id: str) -> str:
    """The live channel of what becomes of somebody's uploads."""
    return f"files:{owner_id}"


def _tell(owner_id: str, file_id: str, state: str) -> None:
    """Tell open sockets of its owner what became of an upload; they ask for the rest."""
    here().live.publish(files_of(owner_id), {"type": "file", "data": {"fileId": file_id, "processingStatus": state}})


def _clean_up(path: Path) -> None:
    for made in path.parent.glob(f"{path.name}.*"):
        made.unlink(missing_ok=True)
