"""What somebody uploads, by its first bytes: names and what browsers claim say nothing."""

from __future__ import annotations

from typing import NamedTuple

BEGINNING = 4096  # how many bytes are looked at


class Kind(NamedTuple):
    """What it is shown as (image, video, audio), and its media type."""

    type: str
    media_type: str


_BEGINNINGS = {
    b"\xff\xd8\xff": Kind("image", "image/jpeg"),
    b"\x89PNG\r\n\x1a\n": Kind("image", "image/png"),
    b"GIF87a": Kind("image", "image/gif"),
    b"GIF89a": Kind("image", "image/gif"),
    b"OggS": Kind("audio", "audio/ogg"),
    b"fLaC": Kind("audio", "audio/flac"),
    b"ID3": Kind("audio", "audio/mpeg"),
}
# Brands of the ISO base media file format, ISO/IEC 14496-12: what the box "ftyp" says.
HEIC = "image/heic"
NO_HEIC = (
    "HEIC pictures cannot be read here. Save it as JPEG or PNG and try again. An iPhone takes JPEG pictures with"
    " Settings, Camera, Formats, Most Compatible."
)
_BRANDS = {
    b"avif": Kind("image", "image/avif"),
    b"avis": Kind("image", "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), Kind("image", HEIC)),
    b"M4A ": Kind("audio", "audio/mp4"),
    b"M4B ": Kind("audio", "audio/mp4"),
    b"qt  ": Kind("video", "video/quicktime"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"3gp4", b"3gp5"),
        Kind("video", "video/mp4"),
    ),
}
# Of pictures that name only what holds them (HEIF, ISO/IEC 23008-12) the other brands say how they are coded.
_HOLDERS = (b"mif1", b"msf1")


def kind_of(beginning: bytes) -> Kind | None:
    """What begins so; None for what is none of the kinds that are taken."""
    for start, kind in _BEGINNINGS.items():
        if beginning.startswith(start):
            return kind
    if beginning[:4] == b"RIFF":
        riff = {b"WEBP": Kind("image", "image/webp"), b"WAVE": Kind("audio", "audio/wav")}
        return riff.get(beginning[8:12])
    if beginning[4:8] == b"ftyp":
        return _in_boxes(beginning)
    if beginning.startswith(b"\x1aE\xdf\xa3") and b"webm" in beginning[:64]:
        return Kind("video", "video/webm")
    # Frames of MPEG audio, layer III: eleven bits set, and neither a reserved version nor a reserved rate.
    if len(beginning) > 2 and beginning[0] == 0xFF and beginning[1] & 0xE6 == 0xE2 and beginning[1] & 0x18 != 0x08:
        return Kind("audio", "audio/mpeg") if beginning[2] & 0xF0 != 0xF0 and beginning[2] & 0x0C != 0x0C else None
    return None


def film_of(beginning: bytes) -> str | None:
    """The media type of a film or a sound that begins so, of more kinds than are taken here; None for anything else."""
    kind = kind_of(beginning)
    if kind is not None:
        is_film = kind == Kind("audio", "audio/ogg") and b"\x80theora" in beginning[:256]
        return "video/ogg" if is_film else kind.media_type if kind.type in ("video", "audio") else None
    if beginning[4:8] == b"ftyp":
        size = int.from_bytes(beginning[:4], "big")
        brands = (beginning[at : at + 4] for at in range(16, min(size, 512, len(beginning)), 4))
        kinds = [_BRANDS[one] for one in brands if one in _BRANDS]
        return kinds[0].media_type if kinds and kinds[0].type in ("video", "audio") else None
    return "audio/aac" if beginning[:2] in (b"\xff\xf1", b"\xff\xf9") else None  # ADTS, ISO/IEC 13818-7


def _in_boxes(beginning: bytes) -> Kind | None:
    brand, size = beginning[8:12], int.from_bytes(beginning[:4], "big")
    if brand not in _HOLDERS:
        return _BRANDS.get(brand)
    others = (beginning[at : at + 4] for at in range(16, min(size, len(beginning)), 4))
    return next((_BRANDS[one] for one in others if one in _BRANDS and _BRANDS[one].type == "image"), None)
