"""All that is kept of a picture somebody uploads: smaller ones to show, one for every program, and what it is."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from .cutting import Box, as_stored
from .decoding import ORIENTATION, Refused, in_srgb, on_white, opened, plain, smooth, turn_of
from .fingerprints import blurhash, main_colour
from .moving import Moving, frames_of

MOVING_SIDE = 800
QUICKLY_WRITTEN = 1_500_000  # pixels
TURNS = {0: 1, 90: 6, 180: 3, 270: 8}  # to the right, in degrees, as the Exif orientation that asks for it
LOSSLESS_AT_MOST = 4_000_000  # pixels of a drawing or a screenshot, which JPEG would blur


@dataclass(frozen=True)
class Version:
    """One of the files that are kept of a picture."""

    role: str
    type: str
    width: int
    height: int
    content: bytes


def prepared(
    content: bytes, sides: Mapping[str, int], crop: Box | None = None, turn: int = 0
) -> tuple[dict[str, Any], list[Version]]:
    """What is said of a picture, and its versions: "plain", which every program reads, and smaller ones as WebP.

    `sides` has the longest side of each smaller one by its role, in rising order. `turn` is how far it
    is turned to the right, in degrees; `crop` the part that is wanted of what is seen then. Raises Refused for what has
    too many pixels or frames and for what moves and is to be turned or cut, and whatever decoders raise.
    """
    with opened(content) as image:
        is_photo, frames = image.format in ("JPEG", "MPO"), frames_of(image)
        about: dict[str, Any] = {"format": "JPEG" if is_photo else image.format, "frames": frames}
        if frames > 1:
            if crop or turn:
                raise Refused("moves")
            moving = Moving(image, (MOVING_SIDE, MOVING_SIDE))
            first, versions = moving.frames[0], _moving_versions(moving)
            size = image.size
        else:
            first, size = _still(image, max(sides.values()), crop or (0.0, 0.0, 1.0, 1.0), turn)
            versions = [_plain_version(first, image.format or "", same=first.size == size)]
    versions += _smaller(first, sides, moves=frames > 1)
    tiny = first.copy()
    tiny.thumbnail((64, 64), Image.Resampling.BOX)
    tiny = on_white(tiny)
    about |= {"width": size[0], "height": size[1], "blurhash": blurhash(tiny), "colour": main_colour(tiny)}
    return about, versions


def _still(image: Image.Image, side: int, crop: Box, turn: int) -> tuple[Image.Image, tuple[int, int]]:
    """The wanted part upright, in plain colours and no larger than it will be shown; and how large it was."""
    turned = turn_of(image)
    part = as_stored(as_stored(crop, TURNS[turn]), turned)
    whole = (max(1, round(part[2] * image.width)), max(1, round(part[3] * image.height)))
    if image.format in ("JPEG", "MPO"):  # decoded no larger than is needed
        image.draft(None, (round(side / part[2]), round(side / part[3])))
    image.load()
    profile = image.info.get("icc_profile")
    box = _pixels(part, image)
    size = (box[2] - box[0], box[3] - box[1])
    factor = min(1.0, side / max(size))
    wanted = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    small = smooth(image)
    if wanted != image.size:
        small = small.resize(wanted, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    small = plain(in_srgb(small, profile))
    if small.mode == "RGBA" and small.getchannel("A").getextrema()[0] == 255:
        small = small.convert("RGB")
    for orientation in (turned, TURNS[turn]):
        if orientation > 1:
            small.getexif()[ORIENTATION] = orientation
            small = plain(ImageOps.exif_transpose(small))
        whole = whole if orientation < 5 else whole[::-1]
    return small, whole


def _pixels(part: Box, image: Image.Image) -> tuple[int, int, int, int]:
    """The part in whole pixels of the picture, at least one of them."""
    width, height = max(1, round(part[2] * image.width)), max(1, round(part[3] * image.height))
    left = min(round(part[0] * image.width), image.width - width)
    top = min(round(part[1] * image.height), image.height - height)
    return left, top, left + width, top + height


def _plain_version(image: Image.Image, source: str, *, same: bool) -> Version:
    """JPEG; PNG for what is transparent, and for drawings, which would be blurred."""
    drawn = source in ("PNG", "GIF") and same and image.width * image.height <= LOSSLESS_AT_MOST
    if drawn or image.mode == "RGBA":
        return _saved(image, "plain", "PNG", compress_level=6)
    return _saved(image, "plain", "JPEG", quality=88, optimize=True, progressive=True)


def _smaller(first: Image.Image, sides: Mapping[str, int], *, moves: bool) -> list[Version]:
    """WebP for each side that the picture is larger than, and for the smallest in any case."""
    wanted: list[tuple[str, int]] = []
    for role, side in sides.items():
        wanted.append((role, side))
        if moves or side >= max(first.size):
            break  # what is larger would be the same, and of what moves only the smallest stands still
    made: list[Version] = []
    larger = first
    for role, side in reversed(wanted):  # each from the next larger one, which has far fewer pixels than the first
        if side < max(larger.size):
            larger = larger.copy()
            larger.thumbnail((side, side), Image.Resampling.LANCZOS)
        made.append(_saved(larger, role, "WEBP", quality=80, method=_effort(larger)))
    return made[::-1]


def _effort(image: Image.Image) -> int:
    """How hard the encoder tries: much for what is small, little where it takes long and saves one twentieth."""
    return 3 if image.width * image.height <= QUICKLY_WRITTEN else 1


def _saved(image: Image.Image, role: str, form: str, **options: Any) -> Version:
    body = io.BytesIO()
    plain(image).save(body, form, **options)
    return Version(role, f"image/{form.lower()}", image.width, image.height, body.getvalue())


def _moving_versions(moving: Moving) -> list[Version]:
    """A GIF where it was one, which every program reads, and a WebP, which is smaller."""
    webp, width, height = moving.saved("WEBP", quality=70, method=2)
    if moving.format == "GIF":
        gif, *_ = moving.saved("GIF", disposal=2)
        return [
            Version("plain", "image/gif", width, height, gif),
            Version("moving", "image/webp", width, height, webp),
        ]
    return [Version("plain", "image/webp", width, height, webp)]
