"""The pictures, films, sounds and documents that hang on a foreign object (federation profile, sections 9 and 16)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from mimetypes import guess_type
from typing import Any

from core.entries import AttachmentDraft, Document
from core.html import without_controls
from core.reading.values import address, as_list, first_known_type

FILES_AT_MOST = 16
LOOKED_AT_MOST = 64
ALT_AT_MOST = 10_000
LARGEST_SIDE = 100_000

_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,79}")
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{6,100}")
_FILE_NAME = re.compile(r"[^\n/?#]{1,250}\.[0-9A-Za-z]{2,5}")
_TYPES = {"Image": "image", "Video": "video", "Audio": "audio", "Document": "document", "Link": ""}
_SHOWN = ("image", "video", "audio")
_SHOWN_TYPES = ("Image", "Video", "Audio")


def attachments_of(document: Document) -> list[AttachmentDraft]:
    """The files of an object in its order, sixteen at most; of a film, a sound or a picture it is one itself."""
    found: dict[str, AttachmentDraft] = {}
    for listed in _listed(document):
        file = _file(listed, is_itself=listed is document)
        if file is not None and file.url not in found:
            found[file.url] = file
        if len(found) == FILES_AT_MOST:
            break
    return list(found.values())


def _listed(document: Document) -> Iterator[Any]:
    shown = first_known_type(document, _SHOWN_TYPES)
    if shown:
        yield document
    attached = as_list(document.get("attachment"))[:LOOKED_AT_MOST]
    yield from attached
    if shown in ("Video", "Audio"):
        return  # its picture is of it, and not one more
    if not any(isinstance(one, Mapping) and one.get("type") in ("Image", "Document") for one in attached):
        pictures = as_list(document.get("image"))[:1]
        yield from ({"type": "Image", "url": one} if isinstance(one, str) else one for one in pictures)


def _file(listed: Any, *, is_itself: bool) -> AttachmentDraft | None:
    """A file as it is listed; of what is one itself the media type and summary may be those of its text."""
    if not isinstance(listed, Mapping):
        return None
    foreign_type = first_known_type(listed, _TYPES)
    if not foreign_type and listed.get("type") is not None:
        return None
    url, link = _address(listed, foreign_type.lower() if foreign_type in _SHOWN_TYPES else "")
    if not url:
        return None
    stated = _media_type(listed.get("mediaType"))
    if is_itself and stated.startswith("text/"):
        stated = ""
    media_type = _media_type(_type_of(link)) or stated or _guessed(url)
    kind = _kind(foreign_type, media_type)
    if not kind:
        return None
    return AttachmentDraft(
        type=kind,
        url=url,
        media_type=media_type,
        alt=_alt(listed, ("name",) if is_itself else ("summary", "name")),
        width=_side(link.get("width")) or _side(listed.get("width")),
        height=_side(link.get("height")) or _side(listed.get("height")),
        blurhash=_blurhash(listed.get("blurhash")),
        focus=_focus(listed.get("focalPoint")),
        preview_url=_preview(listed) if kind in ("video", "audio") else "",
    )


def _preview(listed: Mapping[str, Any]) -> str:
    """A picture of a film or a sound: the largest that is given, as PeerTube gives several, Mastodon one."""
    found: list[tuple[int, str]] = []
    for key in ("icon", "image", "preview"):
        for picture in as_list(listed.get(key))[:LOOKED_AT_MOST]:
            if isinstance(picture, str):
                found.append((0, _written(picture)))
            elif isinstance(picture, Mapping) and picture.get("type") in (None, "Image", "Link", "Document"):
                url, link = _address(picture, "image")
                found.append((_side(link.get("width")) or _side(picture.get("width")) or 0, url))
    return max((one for one in found if one[1]), key=lambda one: one[0], default=(0, ""))[1]


def _address(listed: Mapping[str, Any], wanted: str) -> tuple[str, Mapping[str, Any]]:
    """Where the file lies: an address, a link, or the first link that leads to what is wanted."""
    links = as_list(listed.get("url"))[:LOOKED_AT_MOST] or [listed.get("href")]
    found: list[tuple[str, Mapping[str, Any]]] = []
    for link in (*links, *_streamed(links)):
        if isinstance(link, Mapping):
            found.append((_written(link.get("href")), link))
        else:
            found.append((_written(link), {}))
    fitting = [one for one in found if one[0] and str(_type_of(one[1]) or wanted).startswith(wanted)]
    return next(iter(fitting), ("", {}))


def _streamed(links: list[Any]) -> Iterator[Mapping[str, Any]]:
    """The whole files behind playlists: PeerTube lists them there where a film has no others."""
    for link in links:
        if isinstance(link, Mapping) and _media_type(_type_of(link)) == "application/x-mpegurl":
            parts = as_list(link.get("tag"))[:LOOKED_AT_MOST]
            yield from (part for part in parts if isinstance(part, Mapping) and _type_of(part))


def _type_of(link: Mapping[str, Any]) -> Any:
    """The media type of a link as it is written; Funkwhale and the PeerTube of old spell it so."""
    return link.get("mediaType") or link.get("mimeType")


def _written(url: Any) -> str:
    """An address; there are servers that leave the spaces of file names in it."""
    return address(url.strip().replace(" ", "%20")) if isinstance(url, str) else ""


def _kind(foreign_type: str, media_type: str) -> str:
    """What is shown as what: by its media type; links and what has no type only where they lead to a file to show."""
    kind = media_type.partition("/")[0]
    if kind in _SHOWN:
        return kind
    return _TYPES.get(foreign_type, "")


def _media_type(value: Any) -> str:
    text = value.partition(";")[0].strip().lower() if isinstance(value, str) else ""
    return text if _MEDIA_TYPE.fullmatch(text) else ""


def _guessed(url: str) -> str:
    path = url.partition("?")[0].partition("#")[0]
    return guess_type(path)[0] or ""


def _alt(listed: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """What is to be seen or heard, for who cannot; newer servers say it in the summary, older ones in the name.

    Pleroma and Akkoma put there what the file was called where nobody described it: that tells nobody anything.
    """
    texts = (listed.get(key) for key in keys)
    said = (text for text in texts if isinstance(text, str) and text.strip() and not _is_file_name(text))
    return next((without_controls(text[:ALT_AT_MOST]) for text in said), "")


def _is_file_name(text: str) -> bool:
    return bool(_FILE_NAME.fullmatch(text.strip())) and _guessed(text.strip()).partition("/")[0] in _SHOWN


def _side(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= LARGEST_SIDE:
        return None
    return int(value)


def _blurhash(value: Any) -> str:
    return value if isinstance(value, str) and _BLURHASH.fullmatch(value) else ""


def _focus(value: Any) -> list[float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and -1 <= one <= 1 for one in value):
        return None
    return [float(one) for one in value]
