"""Write an archive to disk while it is made: nothing of it is ever held whole."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from core.transfer.reading import FORMULAS

PIECE = 262_144  # bytes gathered before they are compressed, in a thread


class Archive:
    """A zip file that is written to `path`, which nobody but the server's own user may read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self.names: list[str] = []

    def _open(self) -> io.BufferedWriter:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._path.touch(mode=0o600)
        return open(self._path, "wb")

    async def add(self, name: str, content: AsyncIterable[bytes]) -> None:
        """Write one file, piece by piece."""
        info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as file:
            gathered = bytearray()
            async for piece in content:
                gathered += piece
                if len(gathered) >= PIECE:
                    await asyncio.to_thread(file.write, bytes(gathered))
                    gathered.clear()
            await asyncio.to_thread(file.write, bytes(gathered))
        self.names.append(name)

    async def add_whole(self, name: str, content: bytes) -> None:
        """Write one small file."""
        await self.add(name, _once(content))

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._file.close()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def json_object(head: Mapping[str, Any], **lists: AsyncIterable[Any]) -> AsyncIterator[bytes]:
    """A JSON object of some members that are at hand and some lists that come bit by bit; bytes are JSON already."""
    yield orjson.dumps(head)[:-1]
    separator = b"," if head else b""
    for name, items in lists.items():
        yield separator + orjson.dumps(name) + b":["
        separator = b",\n"
        first = True
        async for item in items:
            yield (b"\n" if first else b",\n") + (item if isinstance(item, bytes) else orjson.dumps(item))
            first = False
        yield b"]"
    yield b"}\n"


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: with a `'` before it where it would (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


async def csv_lines(lines: AsyncIterable[Sequence[str]], heading: Sequence[str] = ()) -> AsyncIterator[bytes]:
    """A table of comma separated values (RFC 4180, but for the ends of lines), with a heading where there is one."""
    if heading:
        yield _line(heading)
    async for line in lines:
        yield _line(line)


def _line(values: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([as_text(value) for value in values])
    return text.getvalue().encode()
