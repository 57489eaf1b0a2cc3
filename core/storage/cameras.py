"""With what a picture was taken, as the camera wrote it into the file: read before all of it is removed."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BEGINNING = 262_144  # bytes in which cameras write it
LONGEST = 100
_MARK = b"Exif\0\0"
_MAKE, _MODEL = 0x010F, 0x0110
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_TEXT = 2
_MARKS_AT_MOST = 10
_FIELDS_AT_MOST = 200
_CHUNKS_AT_MOST = 2000
_EXIF_AT_MOST = 65_536  # bytes of a chunk that are looked at


def camera_of(path: Path) -> str:
    """Make and model of the camera that took a picture, at most LONGEST characters, or nothing.

    No other field is looked at. What is no picture, or a broken one, has no camera.
    """
    with open(path, "rb") as source:
        exif = _exif(source)
    try:
        found = _fields(exif)
    except struct.error:
        return ""
    make, model = found.get(_MAKE, ""), found.get(_MODEL, "")
    # Most models begin with their make.
    said = model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    return said[:LONGEST].strip()


def _exif(source: BinaryIO) -> bytes:
    """The Exif data of a picture: in a chunk of PNG and WebP, behind a mark in JPEG and HEIF."""
    beginning = source.read(BEGINNING)
    if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
        return _chunk(source, 8, ">I4s", b"eXIf", 4)
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return _chunk(source, 12, "<4sI", b"EXIF", 0).removeprefix(_MARK)
    # HEIF names what it holds before it comes to it, so that what looks like the mark may not be it.
    parts = (beginning[place + len(_MARK) :] for place in _marks(beginning))
    return next((part for part in parts if part[:4] in _ORDERS), b"")


def _marks(beginning: bytes) -> Iterator[int]:
    place = beginning.find(_MARK)
    for _number in range(_MARKS_AT_MOST):
        if place < 0:
            return
        yield place
        place = beginning.find(_MARK, place + 1)


def _chunk(source: BinaryIO, start: int, head: str, wanted: bytes, tail: int) -> bytes:
    """What the first chunk of this name holds; `tail` bytes stand behind each, and WebP fills up odd lengths."""
    whole = os.fstat(source.fileno()).st_size
    for _number in range(_CHUNKS_AT_MOST):
        if start + 8 > whole:
            break
        source.seek(start)
        told = struct.unpack(head, source.read(8))
        name, length = told if head[0] == "<" else told[::-1]
        if name == wanted:
            return source.read(min(length, _EXIF_AT_MOST))
        start += 8 + length + tail + (length % 2 if head[0] == "<" else 0)
    return b""


def _fields(exif: bytes) -> dict[int, str]:
    """The two fields of the first directory (Exif 2.32, section 4.6.2). Raises struct.error where it is cut off."""
    order = _ORDERS.get(exif[:4])
    if order is None:
        return {}
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    found: dict[int, str] = {}
    for number in range(min(count, _FIELDS_AT_MOST)):
        tag, kind, length = struct.unpack_from(f"{order}HHI", exif, start + 2 + 12 * number)
        if tag not in (_MAKE, _MODEL) or kind != _TEXT:
            continue
        at = start + 2 + 12 * number + 8
        if length > 4:
            (at,) = struct.unpack_from(f"{order}I", exif, at)
        text = exif[at : at + min(length, LONGEST)].partition(b"\0")[0].decode("utf-8", "replace")
        found[tag] = " ".join("".join(one for one in text if one.isprintable()).split())
    return found
