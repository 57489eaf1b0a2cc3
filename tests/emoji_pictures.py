"""Small pictures for tests, and how they are added."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from core.testing import Person
from core.testing.people import data_of


def picture(colour: str = "red", size: tuple[int, int] = (300, 300)) -> bytes:
    """A PNG of one colour."""
    body = io.BytesIO()
    Image.new("RGBA", size, colour).save(body, "PNG")
    return body.getvalue()


def moving(form: str) -> bytes:
    """Three frames."""
    frames = [Image.new("RGBA", (64, 64), colour) for colour in ("red", "green", "blue")]
    body = io.BytesIO()
    frames[0].save(body, form, save_all=True, append_images=frames[1:], duration=100, loop=0)
    return body.getvalue()


async def add(person: Person, shortcode: str, content: bytes = b"", **more: str) -> dict[str, Any]:
    """What adding a picture came to, by somebody trusted with it."""
    file = {"image": ("a.png", content or picture(), "image/png")}
    return data_of(await person.call("POST", "/admin/emojis", files=file, data={"shortcode": shortcode, **more}))
