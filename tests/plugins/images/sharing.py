"""How pictures are shared in tests."""

from __future__ import annotations

import json
from typing import Any

import httpx
from PIL import Image

from core.testing import Person
from core.testing.people import data_of
from tests.core.storage.photos import quarters, saved

WHARF = {"latitude": -41.2865, "longitude": 174.7762, "name": "Wharf"}
PIER = {"latitude": 37.7749, "longitude": -122.4194, "name": "Pier"}


def photo(camera: str = "", *, width: int = 80) -> bytes:
    """A small photo, as a camera of this model writes it."""
    exif = Image.Exif()
    if camera:
        exif[0x010F], exif[0x0110] = camera.split(" ")[0], camera
    return saved(quarters(width, 60), "JPEG", exif=exif)


async def send(person: Person, *pictures: bytes, **fields: Any) -> httpx.Response:
    """The answer to an upload as it is; dicts and lists travel as JSON."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    files = [("image", (f"{number}.jpg", one, "image/jpeg")) for number, one in enumerate(pictures)]
    return await person.call("POST", "/images/upload", files=files, data=texts)


async def shared(person: Person, *pictures: bytes, **fields: Any) -> str:
    """The id of pictures that were shared; of one for everybody, where nothing else is said."""
    answer = await send(person, *(pictures or (photo(),)), **{"privacy": "public", **fields})
    return str(data_of(answer)["postId"])


async def found(visitor: Any, **query: Any) -> list[str]:
    """The ids of the pictures a list has."""
    return [one["postId"] for one in (await visitor.get("/images", **query))["images"]]
