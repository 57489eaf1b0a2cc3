"""Removing what films and sounds say of their making without a program that understands them."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from core.errors import Invalid

# Boxes that hold other boxes on the way to what says something (ISO/IEC 14496-12), and those that do say it.
_AROUND = (b"moov", b"trak", b"mdia", b"minf")
_TELLING = (b"udta", b"meta", b"uuid", b"XMP_", b"loci")
_KEPT = (b"vide", b"soun")  # what a track is: tracks of anything else may hold where the camera was
_DEEPEST = 6
_BOXES_AT_MOST = 10_000


def blanked(path: Path, target: Path, media_type: str) -> None:
    """Write the film or sound without what it says of its making. Raises Invalid for one that is damaged."""
    if media_type == "audio/mpeg":
        _without_tags(path, target)
        return
    shutil.copyfile(path, target)
    with open(target, "r+b") as film:
        size = film.seek(0, 2)
        try:
            for box, start, length, _ in list(_boxes(film, 0, size, 0)):
                if box in _TELLING:
                    _blank(film, start, length)
                elif box == b"hdlr" and _handler(film, start) not in _KEPT:
                    raise Invalid({"file": "This film holds more than pictures and sound, and cannot be taken here."})
        except (struct.error, RecursionError):
            raise Invalid({"file": "This film or sound is damaged and cannot be read."}) from None


def _boxes(film: BinaryIO, at: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Each box from `at` on: its name, where it begins, how long it is, and how deep it lies."""
    count = 0
    while at + 8 <= end:
        count += 1
        film.seek(at)
        length, name = struct.unpack(">I4s", film.read(8))
        head = 8
        if length == 1:
            (length,) = struct.unpack(">Q", film.read(8))
            head = 16
        elif length == 0:
            length = end - at
        if length < head or at + length > end or count > _BOXES_AT_MOST:
            raise struct.error
        yield name, at, length, depth
        if name in _AROUND and depth < _DEEPEST:
            yield from _boxes(film, at + head, at + length, depth + 1)
        at += length


def _blank(film: BinaryIO, start: int, length: int) -> None:
    """Make a box free space; nothing else changes its place."""
    film.seek(start + 4)
    film.write(b"free")
    film.write(bytes(length - 8))


def _handler(film: BinaryIO, start: int) -> bytes:
    """What a track is, where the box stands in one; those of data references count as kept."""
    film.seek(start + 12)
    component, kind = struct.unpack(">4s4s", film.read(8))
    return b"vide" if component == b"dhlr" else kind


def _without_tags(path: Path, target: Path) -> None:
    """Copy a sound without the ID3 tags before and behind it."""
    with open(path, "rb") as source, open(target, "wb") as copy:
        begin = 0
        while (head := source.read(10)) and head[:3] == b"ID3" and len(head) == 10:
            begin += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
            begin += 10 if head[5] & 0x10 else 0
            source.seek(begin)
        end = source.seek(0, 2)
        source.seek(max(begin, end - 128))
        if source.read(3) == b"TAG":
            end -= 128
        source.seek(max(begin, end - 32))
        footer = source.read(32)
        if footer[:8] == b"APETAGEX":
            end -= min(end, int.from_bytes(footer[12:16], "little") + (32 if footer[23] & 0x80 else 0))
        if end <= begin:
            raise Invalid({"file": "This sound is empty."})
        source.seek(begin)
        left = end - begin
        while left and (piece := source.read(min(left, 1 << 20))):
            copy.write(piece)
            left -= len(piece)
