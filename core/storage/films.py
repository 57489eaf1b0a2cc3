"""Films and sounds: what they say of where and when they were made is removed, and a film gets a picture to show.

With ffmpeg the streams are copied into a new file, which bears nothing else. Without it only those kinds are taken of
which we can remove by ourselves what is not to be seen, and they are documents: nobody knows what is in them.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from core.errors import Invalid
from core.storage.film_boxes import blanked

log = structlog.get_logger(__name__)
SECONDS = 120.0
MEMORY_AT_MOST = 2 << 30
_FORMATS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/mp4": "ipod",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
}
_BLANKED = ("video/mp4", "video/quicktime", "audio/mp4", "audio/mpeg")
_DAMAGED = "This film or sound is damaged and cannot be read."
# Of a probe only what is in the file itself is opened: a playlist that names other files or addresses gets nowhere.
_ONLY_FILES = ("-protocol_whitelist", "file,pipe")


@dataclass(frozen=True)
class Film:
    """A film or sound that bears nothing but itself; `type` is document where nobody looked what is in it."""

    path: Path
    type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    poster: Path | None = None


def is_cleanable(media_type: str) -> bool:
    """Whether this server can remove what such a file says of its making."""
    return media_type in _FORMATS and (has_ffmpeg() or media_type in _BLANKED)


def has_ffmpeg() -> bool:
    """Whether ffmpeg and ffprobe are there."""
    return bool(shutil.which("ffmpeg") and shutil.which("ffprobe"))


async def cleaned(path: Path, media_type: str) -> Film:
    """The film without what it says of its making, in a file beside it. Raises Invalid for one that cannot be read."""
    target = path.with_name(f"{path.name}.clean")
    if not has_ffmpeg():
        await asyncio.to_thread(blanked, path, target, media_type)
        return Film(target, "document")
    streams = await _probed(path)
    seen = next((one for one in streams["streams"] if _is_film(one)), None)
    heard = any(one.get("codec_type") == "audio" for one in streams["streams"])
    if seen is None and not heard:
        raise Invalid({"file": _DAMAGED})
    await _copied(path, target, media_type, with_film=seen is not None)
    seconds = _number(streams.get("format", {}).get("duration"))
    if seen is None:
        return Film(target, "audio", seconds=seconds)
    width, height = _size(seen)
    return Film(target, "video", width, height, seconds, await _poster(target, seconds or 0))


def _is_film(stream: Mapping[str, Any]) -> bool:
    """Whether a stream moves; the picture of an album does not."""
    return stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")


def _size(stream: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Width and height as it is seen: telephones turn what they film."""
    width, height = stream.get("width") or None, stream.get("height") or None
    turned = [int(one.get("rotation", 0)) for one in stream.get("side_data_list", ()) if "rotation" in one]
    return (height, width) if turned and turned[0] % 180 else (width, height)


def _number(text: Any) -> float | None:
    try:
        return round(float(text), 2)
    except (TypeError, ValueError):
        return None


async def _probed(path: Path) -> dict[str, Any]:
    wanted = ("-show_streams", "-show_format", "-of", "json")
    answer = await _run("ffprobe", *_ONLY_FILES, "-v", "error", *wanted, str(path))
    found = json.loads(answer)
    if not isinstance(found, dict) or not found.get("streams"):
        raise Invalid({"file": _DAMAGED})
    return found


async def _copied(path: Path, target: Path, media_type: str, *, with_film: bool) -> None:
    """Copy what is seen and heard, and nothing else: no titles, places, chapters, pictures, subtitles or data."""
    form = _FORMATS[media_type]
    seen = ("-map", "0:V:0") if with_film else ()
    soon = ("-movflags", "+faststart") if form in ("mp4", "mov", "ipod") else ()
    await _run(
        "ffmpeg", "-nostdin", "-v", "error", *_ONLY_FILES, "-i", str(path), *seen, "-map", "0:a:0?",
        "-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", "-c", "copy", "-fflags", "+bitexact",
        "-flags", "+bitexact", *soon, "-f", form, "-y", str(target),
    )  # fmt: skip


async def _poster(path: Path, seconds: float) -> Path | None:
    """A picture out of the first second or so, where there is one."""
    target = path.with_suffix(".poster")
    try:
        await _run(
            "ffmpeg", "-nostdin", "-v", "error", *_ONLY_FILES, "-ss", str(min(1.0, seconds / 3)), "-i", str(path),
            "-frames:v", "1", "-vf", "scale='min(1920,iw)':-2", "-c:v", "png", "-f", "image2", "-y", str(target),
        )  # fmt: skip
    except Invalid:
        return None
    return target if target.exists() and target.stat().st_size else None


async def _run(program: str, *arguments: str) -> bytes:
    """What a program answers, which gets little memory and time and nothing of ours. Raises Invalid where it fails."""
    limits = f'ulimit -v {MEMORY_AT_MOST // 1024}; ulimit -c 0; exec nice -n 10 "$@"'
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", limits, program, program, *_few_threads(program), *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"}, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            answer, _ = await process.communicate()
    except TimeoutError:
        log.warning("film_took_too_long", program=program)
        raise Invalid({"file": "This film takes too much to be read. A smaller one will do."}) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Invalid({"file": _DAMAGED})
    return answer


def _few_threads(program: str) -> Sequence[str]:
    return ("-threads", "1") if program == "ffmpeg" else ()
