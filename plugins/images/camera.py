"""With what a picture was taken, as the camera wrote it into the file: read before all of it is removed."""

from __future__ import annotations

import struct
from pathlib import Path

BEGINNING = 262_144  # bytes in which cameras write it
_MARK = b"Exif\0\0"
_MAKE, _MODEL = 0x010F, 0x0110
_TEXT = 2
_FIELDS_AT_MOST = 200
_LONGEST = 100


def camera_of(path: Path) -> str:
    """Make and model of the camera, or nothing: no other field is looked at."""
    with open(path, "rb") as source:
        beginning = source.read(BEGINNING)
    place = beginning.find(_MARK)
    try:
        found = _fields(beginning[place + len(_MARK) :]) if place >= 0 else {}
    except struct.error:
        return ""
    make, model = found.get(_MAKE, ""), found.get(_MODEL, "")
    # Most models begin with their make.
    said = model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    return said[:_LONGEST]


def _fields(exif: bytes) -> dict[int, str]:
    """The two fields of the first directory (Exif 2.32, section 4.6.2)."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
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
        text = exif[at : at + min(length, _LONGEST)].partition(b"\0")[0].decode("utf-8", "replace")
        found[tag] = " ".join("".join(one for one in text if one.isprintable()).split())
    return found
