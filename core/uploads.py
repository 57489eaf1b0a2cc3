"""Requests that bring files: which ones may, how large they may be, and what they hold."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from quart import Request
from quart.wrappers.request import Body
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge

from core.errors import BadRequest, Invalid, TooLarge, UnsupportedMediaType
from core.instance import here

MULTIPART = "multipart/form-data"
_PIECE = 1 << 18
FORM_ROOM = 65_536  # for what stands in the form beside the file
_PARAMETER = re.compile(r"<(?:\w+:)?\w+>")
_places: dict[str, tuple[re.Pattern[str], str, int]] = {}
_bare_places: dict[str, tuple[re.Pattern[str], str]] = {}


def take_files(path: str, limit: str, *, at_once: int = 1) -> None:
    """Let requests to this path (of a route, `<parts>` and all) bring files, as large as this key of [limits] says."""
    _places[path] = (_pattern(path), limit, at_once)


def take_bytes(path: str, limit: str) -> None:
    """Let requests (PATCH) to this path bring bytes without a form, as many as this key of [limits] says."""
    _bare_places[path] = (_pattern(path), limit)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in _PARAMETER.split(path)) + "/?")


@dataclass(frozen=True)
class Upload:
    """What a form with a file holds: the file, if one was chosen, and the texts beside it.

    `others` are further files, where several may come at once; `lists` has every text there is under a name.
    """

    name: str
    content: bytes | None = field(repr=False)
    texts: Mapping[str, str] = field(default_factory=dict)
    kept: KeptFile | None = None
    others: Sequence[KeptFile] = ()
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def all_kept(self) -> list[KeptFile]:
        """Every file that was written to the disk, in the order of the form."""
        return [self.kept, *self.others] if self.kept else []


@dataclass(frozen=True)
class KeptFile:
    """A file of a form that was written to the disk, and its SHA-256; whoever does not take it over forgets it."""

    path: Path
    digest: str

    def forget(self) -> None:
        """Delete it where it still lies where it was put."""
        self.path.unlink(missing_ok=True)


async def uploaded(request: Request, *names: str, limit: str, on_disk: bool = False, at_once: int = 1) -> Upload:
    """The file of a multipart form, under the first of `names` that has one; `on_disk` keeps it out of the memory.

    Raises UnsupportedMediaType for another kind of body, TooLarge for a file over this key of [limits], BadRequest for
    a form that cannot be read, Invalid for a text that is none and for more files than `at_once`, where that is over 1.
    """
    if request.mimetype != MULTIPART:
        raise UnsupportedMediaType("A form with a file is expected here: multipart/form-data.")
    if not request.mimetype_params.get("boundary"):
        raise BadRequest("The form cannot be read: its boundary is missing.")
    form, files = await request.form, await request.files
    texts = {name: str(value) for name, value in form.items()}
    lists = {name: [str(value) for value in values] for name, values in form.lists()}
    for name, values in lists.items():
        if any("\0" in value or not _is_text(value) for value in values):
            raise Invalid({name: "This is not text."})
    for name in names:
        chosen = [file for file in files.getlist(name) if not on_disk or file.filename or file.stream.read(1)]
        if on_disk and chosen:
            if len(chosen) > at_once > 1:
                raise Invalid({name: f"These are too many files: at most {at_once}."})
            first, *others = await _all_on_disk([file.stream for file in chosen[:at_once]], limit)
            return Upload(name, None, texts, first, others, lists)
        for file in chosen:
            content = file.read()
            if len(content) > _limit(limit):
                raise TooLarge(f"This file is too large: at most {_limit(limit) // 1_048_576} MB.")
            if content or file.filename:
                return Upload(name, content, texts, lists=lists)
    return Upload(names[0], None, texts, lists=lists)


async def _all_on_disk(sources: Sequence[Any], limit: str) -> list[KeptFile]:
    kept: list[KeptFile] = []
    try:
        for source in sources:
            kept.append(await kept_on_disk(source, limit))
    except BaseException:
        for file in kept:
            file.forget()
        raise
    return kept


async def kept_on_disk(source: Any, limit: str) -> KeptFile:
    """Write a file of a form to the folder of uploads. Raises TooLarge for one over this key of [limits]."""
    path = here().folder / "uploads" / f"new-{secrets.token_hex(16)}"
    try:
        digest = await asyncio.to_thread(_written, source, path, _limit(limit))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return KeptFile(path, digest)


def _written(source: BinaryIO, path: Path, most: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    seen, size = hashlib.sha256(), 0
    source.seek(0)
    with open(path, "xb") as target:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > most:
                raise TooLarge(f"This file is too large: at most {most // 1_048_576} MB.")
            seen.update(piece)
            target.write(piece)
    return seen.hexdigest()


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _limit(key: str) -> int:
    return int(getattr(here().settings.limits, key))


class CountedBody(Body):
    """A body that is counted as it comes, also where nobody said how long it will be."""

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(expected_content_length, max_content_length)
        self._received = 0

    async def __anext__(self) -> bytes:
        """The next part; a body that grew too large while its reader waited has no ordinary end: raises why."""
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            if self._must_raise is not None:
                raise self._must_raise from None
            raise

    def append(self, data: bytes) -> None:
        self._received += len(data)
        if self._max_content_length is not None and self._received > self._max_content_length:
            self._data.clear()
            self._must_raise = RequestEntityTooLarge()
            self.set_complete()
            return
        super().append(data)


class UploadRequest(Request):
    """A request that may be larger where it brings a file to a place that takes some."""

    body_class = CountedBody

    def __init__(
        self,
        method: str,
        scheme: str,
        path: str,
        query_string: bytes,
        headers: Headers,
        *arguments: Any,
        max_content_length: int | None = None,
        **options: Any,
    ) -> None:
        limit = max_content_length
        if method in ("POST", "PUT") and (headers.get("Content-Type") or "").lower().startswith(MULTIPART):
            for pattern, key, at_once in _places.values():
                if pattern.fullmatch(path):
                    limit = _limit(key) * at_once + FORM_ROOM
        if method == "PATCH":
            limits = [key for pattern, key in _bare_places.values() if pattern.fullmatch(path)]
            limit = _limit(limits[0]) if limits else limit
        super().__init__(method, scheme, path, query_string, headers, *arguments, max_content_length=limit, **options)
        self.max_content_length = limit
