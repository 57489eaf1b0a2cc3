"""Making pictures out of what people upload: in processes of their own, bounded in number, memory and time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog

from core.errors import Invalid, Unavailable, UnsupportedMediaType
from core.storage.kinds import BEGINNING, HEIC, NO_HEIC, kind_of
from core.storage.turns import Turns

log = structlog.get_logger(__name__)
# Run without our environment and paths; its own package is found beside this file, after everything else.
WORKER = "import sys; sys.path.append(sys.argv[1]); from picture_worker.main import main; main()"
SECONDS = 20.0  # for one picture
IDLE_SECONDS = 30.0
_PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
AT_ONCE = max(1, min(2, _PROCESSORS - 1))  # whatever their priority, they leave a processor to what answers people
WAITING_AT_MOST = 20
UPLOADS_AT_MOST = 200  # that wait: they lie on the disk, and take no room before it is their turn
PICTURES_AT_MOST = 50  # by one process: what went wrong in it without a sign goes with it
LARGEST_LINE = 65_536
# That glibc gives back what a picture took as soon as it is made: it kept up to 150 MB as long as the process rested.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
_SENTENCES = {
    "damaged": "This picture is damaged and cannot be read.",
    "too_many_pixels": "This picture has too many pixels: at most 50 million.",
    "too_many_frames": "This picture moves for too long: at most 1000 frames, and fewer of large ones.",
    "moves": "A picture that moves cannot be cut or turned.",
    "too_large": "This picture takes too much to be read. A smaller one will do.",
}


@dataclass(frozen=True)
class Crop:
    """The part of a picture that is wanted, as it is seen: fractions of its width and height from the top left."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        inside = 0 <= self.x <= 1 and 0 <= self.y <= 1 and 0 < self.width <= 1 and 0 < self.height <= 1
        if not inside or self.x + self.width > 1.001 or self.y + self.height > 1.001:
            raise Invalid({"crop": "This is not a part of the picture: fractions from 0 to 1."})

    def as_request(self) -> list[float]:
        """What the worker is told: never beyond the edge."""
        x, y = min(self.x, 0.999), min(self.y, 0.999)
        return [x, y, min(self.width, 1 - x), min(self.height, 1 - y)]


@dataclass(frozen=True)
class Cut:
    """What of an uploaded picture is kept: turned to the right by `turn` degrees, then the part of it that is seen."""

    crop: Crop | None = None
    turn: int = 0

    def __post_init__(self) -> None:
        if self.turn not in (0, 90, 180, 270):
            raise Invalid({"turn": "A picture can be turned by 90, 180 or 270 degrees."})

    @property
    def is_whole(self) -> bool:
        return self.crop is None and not self.turn


@dataclass(frozen=True)
class Wanted:
    """A picture to be made: at most so large, and of these proportions unless the `whole` of it is wanted.

    One that `moves` may: of what stands still it is as any other.
    """

    media_type: str
    width: int
    height: int
    quality: int = 82
    whole: bool = False
    moves: bool = False

    def as_request(self) -> dict[str, Any]:
        """What the worker is told."""
        form = {"image/webp": "WEBP", "image/jpeg": "JPEG"}[self.media_type]
        more = {"method": 4} if form == "WEBP" else {"optimize": True, "progressive": True}
        options = {"quality": self.quality, **more}
        size = {"width": self.width, "height": self.height, "whole": self.whole, "moves": self.moves}
        return {"format": form, **size, "options": options}


@dataclass(frozen=True)
class Made:
    """A picture that was made; its bytes hold nothing but pixels."""

    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    role: str = ""


@dataclass(frozen=True)
class Prepared:
    """All that is kept of a picture somebody uploads, and what it is.

    `about` says: width and height as it was, format, frames, blurhash, colour.
    """

    versions: Sequence[Made]
    about: Mapping[str, Any]


def type_of(content: bytes) -> str | None:
    """The media type of a picture by its first bytes; None for what is none of those that are known."""
    kind = kind_of(content[:BEGINNING])
    return kind.media_type if kind and kind.type == "image" else None


def require_readable(media_type: str) -> None:
    """Raises UnsupportedMediaType for HEIC where Pillow has no plugin for it: it brings none itself."""
    if media_type == HEIC and find_spec("pillow_heif") is None:
        raise UnsupportedMediaType(NO_HEIC, code="heic_unsupported")


class Pictures:
    """The processes that make pictures: none until there is something to do, and none some time after."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._turns = Turns(AT_ONCE)
        self._waiting = 0

    async def made(
        self, content: bytes, wanted: Sequence[Wanted], crop: Crop | None = None, *, name: str = "image"
    ) -> list[Made]:
        """Pictures as they are wanted, turned as their Exif data says; the first frame of what moves and may not.

        Raises UnsupportedMediaType for what is no picture, Invalid naming the field `name` for one that cannot be
        read, Unavailable where too many are waiting.
        """
        media_type = type_of(content)
        if media_type is None:
            raise UnsupportedMediaType("This is not a picture of a kind we know: JPEG, PNG, WebP, GIF or AVIF.")
        require_readable(media_type)
        answer, parts = await self._turn(
            lambda: content,
            {
                "crop": [crop.x, crop.y, crop.width, crop.height] if crop else None,
                "wanted": [one.as_request() for one in wanted],
            },
            name,
            WAITING_AT_MOST,
        )
        return [
            Made(part, how.media_type, one["width"], one["height"])
            for one, how, part in zip(answer["made"], wanted, parts, strict=True)
        ]

    async def prepared(
        self, path: Path, sides: Mapping[str, int], cut: Cut | None = None, *, name: str = "file"
    ) -> Prepared:
        """All that is kept of a picture that lies in a file; `sides` has the longest of each smaller one by its role.

        Raises Invalid naming the field `name` for one that cannot be read, Unavailable where too many are waiting,
        FileNotFoundError.
        """
        cut = cut or Cut()
        crop = cut.crop.as_request() if cut.crop else None
        wanted = {"sides": dict(sides), "crop": crop, "turn": cut.turn}
        answer, parts = await self._turn(path.read_bytes, wanted, name, UPLOADS_AT_MOST)
        versions = [
            Made(part, one["type"], one["width"], one["height"], one["role"])
            for one, part in zip(answer["made"], parts, strict=True)
        ]
        return Prepared(versions, answer["about"])

    async def _turn(
        self, content: Callable[[], bytes], request: Mapping[str, Any], name: str, waiting_at_most: int
    ) -> tuple[Mapping[str, Any], list[bytes]]:
        """The answer to a request once there is room, and the bytes of each picture of it."""
        if self._waiting >= waiting_at_most:
            raise Unavailable(retry_after=10)
        self._waiting += 1
        try:
            async with self._turns.turn(can_wait=waiting_at_most > WAITING_AT_MOST):
                answer, body = await self._ask(request, await asyncio.to_thread(content))
        finally:
            self._waiting -= 1
        if error := answer.get("error"):
            raise Invalid({name: _SENTENCES.get(str(error), _SENTENCES["damaged"])})
        parts, at = [], 0
        for one in answer["made"]:
            parts.append(body[at : at + one["size"]])
            at += one["size"]
        return answer, parts

    async def _ask(self, request: Mapping[str, Any], content: bytes) -> tuple[Mapping[str, Any], bytes]:
        worker = await self._worker()
        try:
            async with asyncio.timeout(SECONDS):
                answer = await worker.ask(request, content)
        except TimeoutError:
            log.warning("picture_took_too_long", size=len(content))
            await worker.end()
            return {"error": "too_large"}, b""
        except (OSError, ValueError, asyncio.IncompleteReadError):  # it died of the picture
            log.warning("picture_worker_died", size=len(content))
            await worker.end()
            return {"error": "damaged"}, b""
        except BaseException:
            await worker.end()
            raise
        if worker.asked < PICTURES_AT_MOST:
            self._idle.append(worker)
            worker.rest(lambda: self._dismiss(worker))
        else:
            worker.dismiss()
        return answer

    async def _worker(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            worker.rest_no_longer()
            if worker.lives:
                return worker
        return await _Worker.started()

    def _dismiss(self, worker: _Worker) -> None:
        if worker in self._idle:
            self._idle.remove(worker)
            worker.dismiss()

    async def close(self) -> None:
        """End the processes."""
        workers, self._idle = self._idle, []
        for worker in workers:
            worker.rest_no_longer()
            await worker.end()


class _Worker:
    """One process, which makes one picture at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.asked = 0
        self._resting: asyncio.TimerHandle | None = None

    @classmethod
    async def started(cls) -> _Worker:
        """A new process; of our environment and open files it gets nothing."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            WORKER,
            str(Path(__file__).parent),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is for the server, which ends it
            limit=LARGEST_LINE,
        )
        return cls(process)

    async def ask(self, request: Mapping[str, Any], content: bytes) -> tuple[Mapping[str, Any], bytes]:
        """The worker's answer. Raises OSError, ValueError or IncompleteReadError where it has none."""
        self.asked += 1
        target, source = self._process.stdin, self._process.stdout
        assert target is not None and source is not None
        target.write(json.dumps({**request, "size": len(content)}).encode() + b"\n")
        target.write(content)
        await target.drain()
        answer = json.loads(await source.readline() or b"x")
        return answer, await source.readexactly(int(answer["size"]))

    @property
    def lives(self) -> bool:
        return self._process.returncode is None

    def rest(self, too_long: Callable[[], None]) -> None:
        """Call `too_long` if nothing is asked for some time."""
        self._resting = asyncio.get_running_loop().call_later(IDLE_SECONDS, too_long)

    def rest_no_longer(self) -> None:
        """Something is to be done, or the end has come."""
        if self._resting:
            self._resting.cancel()
            self._resting = None

    def dismiss(self) -> None:
        """Let it end by itself: it stops when nobody can ask it any more."""
        if self._process.stdin:
            self._process.stdin.close()

    async def end(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
