"""Pictures cut to proportions, of people for their profiles, or made small as a whole."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageOps

from .decoding import ORIENTATION, in_srgb, on_white, opened, plain, smooth, turn_of
from .moving import Moving, frames_of

Box = tuple[float, float, float, float]


def cut(content: bytes, crop: Box | None, wanted: list[dict[str, Any]]) -> Iterator[tuple[bytes, int, int]]:
    """The bytes, width and height of each picture that is wanted. Raises Refused, and whatever decoders raise."""
    with opened(content) as image:
        if frames_of(image) > 1 and all(one.get("moves") for one in wanted):
            for one in wanted:
                yield Moving(image, (one["width"], one["height"])).saved(one["format"], **one["options"])
            return
        turned = turn_of(image)
        needed = max(max(one["width"], one["height"]) for one in wanted)
        if image.format in ("JPEG", "MPO"):  # decoded no larger than is needed
            smaller = crop[2:] if crop else (1, 1)
            image.draft(None, (int(needed * 2 / smaller[0]), int(needed * 2 / smaller[1])))
        image.load()  # of what moves, the first frame
        profile = image.info.get("icc_profile")
        for one in wanted:
            width, height = one["width"], one["height"]
            if one.get("whole"):
                width, height = _fitting(image, turned, width, height)
            small = in_srgb(_cut(image, crop, turned, width, height), profile)
            small = plain(on_white(small) if one["format"] == "JPEG" else small)
            body = io.BytesIO()
            small.save(body, one["format"], **one["options"])
            yield body.getvalue(), small.width, small.height


def _fitting(image: Image.Image, turned: int, width: int, height: int) -> tuple[int, int]:
    """The size of the whole picture as it is seen, no larger than these two."""
    seen = image.size if turned < 5 else image.size[::-1]
    factor = min(1.0, width / seen[0], height / seen[1])
    return max(1, round(seen[0] * factor)), max(1, round(seen[1] * factor))


def _cut(image: Image.Image, crop: Box | None, turned: int, width: int, height: int) -> Image.Image:
    """The wanted part of the picture as it is seen, at most so large, in the proportions of `width` and `height`."""
    seen = image.size if turned < 5 else image.size[::-1]
    left, top, across, down = crop or (0.0, 0.0, 1.0, 1.0)
    x, y, w, h = left * seen[0], top * seen[1], across * seen[0], down * seen[1]
    if w * height > h * width:  # too wide: its middle
        x, w = x + (w - h * width / height) / 2, h * width / height
    else:
        y, h = y + (h - w * height / width) / 2, w * height / width
    size = (max(1, min(width, round(w))), max(1, min(height, round(h))))
    box = as_stored((x / seen[0], y / seen[1], w / seen[0], h / seen[1]), turned)
    stored = (size[0], size[1]) if turned < 5 else (size[1], size[0])
    bounds = (
        max(box[0] * image.width, 0),
        max(box[1] * image.height, 0),
        min((box[0] + box[2]) * image.width, image.width),
        min((box[1] + box[3]) * image.height, image.height),
    )
    small = smooth(image).resize(stored, Image.Resampling.LANCZOS, box=bounds, reducing_gap=3.0)
    small.getexif()[ORIENTATION] = turned
    return ImageOps.exif_transpose(small) if turned > 1 else small


def as_stored(box: Box, turned: int) -> Box:
    """Where a part of the picture as it is seen lies in the picture as it is stored, by its Exif orientation."""
    x, y, w, h = box
    return {
        1: (x, y, w, h),
        2: (1 - x - w, y, w, h),
        3: (1 - x - w, 1 - y - h, w, h),
        4: (x, 1 - y - h, w, h),
        5: (y, x, h, w),
        6: (y, 1 - x - w, h, w),
        7: (1 - y - h, 1 - x - w, h, w),
        8: (1 - y - h, x, h, w),
    }[turned]
