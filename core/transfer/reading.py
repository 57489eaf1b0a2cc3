"""Read what somebody brings, trusting none of it: nothing is unpacked, and every size is bounded."""

from __future__ import annotations

import csv
import io
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from core.errors import Invalid
from core.transfer.json_items import NotJson, items_of

ARCHIVE = "archive"
LISTS = ("follows", "blocks", "mutes", "domain_blocks", "lists", "bookmarks")
KINDS = (ARCHIVE, *LISTS)
# Where in an archive each of the lists lies, ours first.
FILES = {
    "follows": ("following_accounts.csv",),
    "blocks": ("blocked_accounts.csv",),
    "mutes": ("muted_accounts.csv",),
    "domain_blocks": ("blocked_domains.csv",),
    "lists": ("lists.csv",),
    "bookmarks": ("bookmarks.csv", "bookmarks.json"),
}
ROWS_AT_MOST = 20_000
POSTS_AT_MOST = 100_000
LIST_BYTES = 20 * 1_048_576
MEMBERS_AT_MOST = 100_000
OUTBOX_BYTES = 1024 * 1_048_576
PLUGIN_BYTES = 20 * 1_048_576
PICTURE_BYTES = 10 * 1_048_576
PIECE = 65_536
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what begins so, spreadsheets work out
NO_LIST = "This is no CSV file. Choose the list as you downloaded it: a file whose name ends in .csv."
_HEADINGS = ("account address", "#account address", "#uri", "uri", "list name", "domain", "#domain")


def check(path: Path, kind: str) -> None:
    """That a file is what it is said to be. Raises Invalid naming `file` or `type`, with what is wrong with it."""
    if kind not in KINDS:
        raise Invalid({"type": f"One of {', '.join(KINDS)}."})
    if kind == ARCHIVE:
        with opened(path) as archive:
            if not {"actor.json", "outbox.json", *(name for names in FILES.values() for name in names)} & archive.names:
                raise Invalid({"file": "There is nothing in this archive that could be imported."})
        return
    if zipfile.is_zipfile(path):
        raise Invalid({"file": "This is a zip file: choose “archive” for it."})
    if path.stat().st_size > LIST_BYTES:
        raise Invalid({"file": f"This list is too large: at most {LIST_BYTES // 1_048_576} MB."})
    with open(path, "rb") as file:
        rows_of(file.read(), kind)


class Zip:
    """An archive whose members are looked at and never unpacked to anywhere."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.names = {info.filename for info in file.infolist()}

    def read(self, name: str, most: int) -> bytes:
        """A member of at most so many bytes. Raises Invalid."""
        with self._member(name, most) as file:
            return b"".join(iter(lambda: file.read(PIECE), b""))

    def json(self, name: str, most: int) -> Any:
        """A member as JSON. Raises Invalid."""
        try:
            return orjson.loads(self.read(name, most))
        except orjson.JSONDecodeError:
            raise Invalid({"file": f"“{name}” in it is no JSON."}) from None

    def items(self, name: str, most: int) -> Iterator[Any]:
        """The items of a collection, one by one, at most `most` of them. Raises Invalid."""
        with self._member(name, OUTBOX_BYTES) as file:
            try:
                for number, item in enumerate(items_of(file, "orderedItems"), 1):
                    if number > most:
                        raise Invalid({"file": f"“{name}” in it has too many items: at most {most}."})
                    yield item
            except NotJson as error:
                raise Invalid({"file": f"“{name}” in it cannot be read: {error}."}) from None

    @contextmanager
    def _member(self, name: str, most: int) -> Iterator[IO[bytes]]:
        """A member to be read piece by piece, which yields no more than it says, whatever it holds. Raises Invalid.

        Only what is stored or deflated: the standard library unpacks all else, and all that is read in one go, without
        bounds before it cuts off what is too much; so a few kilobytes could fill the memory.
        """
        info = self._file.getinfo(name)
        if info.file_size > most:
            raise Invalid({"file": f"“{name}” in it is too large: at most {most // 1_048_576} MB."})
        unreadable = Invalid({"file": f"“{name}” in it cannot be read."})
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise unreadable
        try:
            with self._file.open(info) as file:
                yield file
        except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError, OSError):
            raise unreadable from None

    def plugins(self) -> dict[str, list[str]]:
        """The files in folders, by folder: what plugins exported."""
        found: dict[str, list[str]] = {}
        for name in sorted(self.names):
            folder, _, file = name.partition("/")
            if file and file.endswith(".json"):
                found.setdefault(folder, []).append(file)
        return found

    def size(self, names: Iterable[str]) -> int:
        """How large these members are together, in bytes."""
        return sum(self._file.getinfo(name).file_size for name in names)


@contextmanager
def opened(path: Path) -> Iterator[Zip]:
    """A zip file, once nothing about it is suspicious. Raises Invalid."""
    if not zipfile.is_zipfile(path):
        raise Invalid({"file": "This is no zip archive. If it is a list (.csv), choose above which one."})
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Invalid({"file": "This zip archive is damaged."}) from None
    with file:
        _check_members(file.infolist())
        yield Zip(file)


def _check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    if len(members) > MEMBERS_AT_MOST:
        raise Invalid({"file": f"There are too many files in this archive: at most {MEMBERS_AT_MOST}."})
    for info in members:
        shown = info.filename[:100]
        parts = info.filename.replace("\\", "/").split("/")
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in info.filename:
            raise Invalid({"file": f"“{shown}” in it leads out of the archive."})
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Invalid({"file": f"“{shown}” in it leads elsewhere."})
        if info.flag_bits & 1:
            raise Invalid({"file": f"“{shown}” in it is encrypted."})


def rows_of(content: bytes, kind: str = "") -> list[str]:
    """The first column of a table, without its heading and empty lines. Raises Invalid.

    Of `lists` it is the name of a list and who is on it, as `name,address`: there is no comma in an address.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid({"file": NO_LIST}) from None
    if "\0" in text:
        raise Invalid({"file": NO_LIST})
    found: list[str] = []
    try:
        for number, line in enumerate(csv.reader(io.StringIO(text))):
            first = line[0].strip() if line else ""
            if first.startswith("'") and first[1:].startswith(FORMULAS):
                first = first[1:]  # as spreadsheets are kept from taking it for a formula, see writing.py
            if not first or (number == 0 and first.lower() in _HEADINGS):
                continue
            found.append(f"{first},{line[1].strip() if len(line) > 1 else ''}" if kind == "lists" else first)
            if len(found) > ROWS_AT_MOST:
                raise Invalid({"file": f"There are too many lines in this list: at most {ROWS_AT_MOST}."})
    except csv.Error:
        raise Invalid({"file": NO_LIST}) from None
    return found
