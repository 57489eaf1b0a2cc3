"""The public form of files: what hangs on an entry, and what somebody uploaded and has not shown yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from core.database import from_json
from core.instance import here
from core.storage.models import File
from core.storage.remote import film_at, shown_at

Form = dict[str, Any]
# Of a file here what is said stands with the file, of one elsewhere with what hangs on the entry.
FILE_COLUMNS = (
    "CAST(h.file_id AS TEXT) AS file_id, COALESCE(f.type, h.type) AS type, h.url,"
    " COALESCE(f.media_type, h.media_type) AS media_type, COALESCE(f.alt, h.alt) AS alt,"
    " COALESCE(f.width, h.width) AS width, COALESCE(f.height, h.height) AS height,"
    " COALESCE(f.blurhash, h.blurhash) AS blurhash,"
    " CASE WHEN f.id IS NULL THEN CAST(h.focus AS TEXT) ELSE CAST(f.focus AS TEXT) END AS focus,"
    " f.state, f.size, f.seconds, f.colour, CAST(f.versions AS TEXT) AS versions, h.preview_url"
)
NO_FILE_COLUMNS = (
    "NULL AS file_id, '' AS type, '' AS url, '' AS media_type, '' AS alt, NULL AS width, NULL AS height,"
    " '' AS blurhash, NULL AS focus, NULL AS state, NULL AS size, NULL AS seconds, NULL AS colour, NULL AS versions,"
    " '' AS preview_url"
)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def attachment_form(found: Mapping[str, Any]) -> Form:
    """The form of a row of FILE_COLUMNS, with `attachment_id`."""
    if found["file_id"] is None:
        return _from_elsewhere(found)
    return _own(found["file_id"], found, orjson.loads(found["versions"] or b"{}"), _point(found["focus"]))


def own_file_form(file: File) -> Form:
    """The form of a file for whoever uploaded it, and nobody else: with what it was taken, while that is known."""
    form = file_form(file)
    if file.camera:
        form["metadata"]["camera"] = file.camera
    return form


def file_form(file: File) -> Form:
    """The form of a file for whoever sees what shows it."""
    about = {name: getattr(file, name) for name in _SAID}
    form = _own(file.id, about, file.versions, file.focus)
    if file.failure:
        form["metadata"]["failure"] = file.failure
    return form


_SAID = ("type", "media_type", "alt", "width", "height", "blurhash", "state", "size", "seconds", "colour")


def _own(file_id: str, about: Mapping[str, Any], versions: Mapping[str, Any], focus: list[float] | None) -> Form:
    shown = {role: _shown(version) for role, version in versions.items()}
    plain = shown.get("plain") or {}
    return {
        "fileId": file_id,
        "type": about["type"],
        "url": plain.get("url"),
        "thumbnailUrl": (shown.get("thumbnail") or {}).get("url"),
        "alt": about["alt"] or None,
        "width": plain.get("width") or about["width"],
        "height": plain.get("height") or about["height"],
        "fileSize": about["size"],
        "format": about["media_type"],
        "blurhash": about["blurhash"] or None,
        "focus": focus,
        "processingStatus": about["state"],
        "metadata": {
            "width": about["width"],
            "height": about["height"],
            "seconds": about["seconds"],
            "colour": about["colour"] or None,
            "versions": {role: one for role, one in shown.items() if role != "plain"},
        },
    }


def _shown(version: Mapping[str, Any]) -> Form:
    address = here().storage.address(version["digest"], version["type"])
    return {"url": address, "width": version["width"], "height": version["height"], "format": version["type"]}


def _from_elsewhere(found: Mapping[str, Any]) -> Form:
    """Pictures, films and sounds of other servers are shown from here; documents stay where they are."""
    small, full = None, None
    if found["type"] == "image":
        small = shown_at(found["attachment_id"], "feed", found["url"])
        full = shown_at(found["attachment_id"], "full", found["url"])
    elif found["type"] in ("video", "audio"):
        small = shown_at(found["attachment_id"], "poster", found["preview_url"])
        full = film_at(found["attachment_id"], found["url"], found["media_type"])
    return {
        "fileId": found["attachment_id"],
        "type": found["type"],
        "url": full or found["url"],
        "thumbnailUrl": small,
        "alt": found["alt"] or None,
        "width": found["width"],
        "height": found["height"],
        "fileSize": None,
        "format": found["media_type"] or None,
        "blurhash": found["blurhash"] or None,
        "focus": _point(found["focus"]),
        "processingStatus": "ready",
        "metadata": {"remoteUrl": found["url"], "colour": mean_colour(found["blurhash"] or "")},
    }


def _point(text: Any) -> list[float] | None:
    return from_json(text) if text else None


def mean_colour(blurhash: str) -> str | None:
    """The mean of the colours that a BlurHash stands for, as #rrggbb; None for what is none."""
    number = 0
    for digit in blurhash[2:6]:
        number = number * 83 + _DIGITS.find(digit)
    return f"#{number:06x}" if len(blurhash) >= 6 and 0 <= number < 1 << 24 else None
