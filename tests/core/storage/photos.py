"""Pictures for tests."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 30), (30, 30, 200), (90, 90, 90)
UPRIGHT = ["red", "green", "blue", "grey"]


def quarters(width: int = 800, height: int = 800, mode: str = "RGB") -> Image.Image:
    """Red and green above, blue and grey below."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(GREY, (width // 2, height // 2, width, height))
    return image.convert(mode)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a picture."""
    body = io.BytesIO()
    image.save(body, form, **options)
    return body.getvalue()


def corners(image: Image.Image) -> list[str]:
    """The colours of the four corners, in words, row by row."""
    names = {RED: "red", GREEN: "green", BLUE: "blue", GREY: "grey"}
    w, h = image.size
    found = []
    for x, y in ((w // 8, h // 8), (w - w // 8, h // 8), (w // 8, h - h // 8), (w - w // 8, h - h // 8)):
        pixel = image.convert("RGB").getpixel((x, y))
        assert isinstance(pixel, tuple)
        found.append(names[min(names, key=lambda c: sum((a - b) ** 2 for a, b in zip(c, pixel, strict=True)))])
    return found


def opened_bytes(content: bytes) -> Image.Image:
    """The picture that these bytes are, read whole."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
