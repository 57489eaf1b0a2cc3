"""What forms say of a file in texts: the point that stays in view, the part that is wanted, how it is turned."""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ValidationError

from core.errors import Invalid
from core.storage.pictures import Crop, Cut


class _Part(BaseModel):
    x: float
    y: float
    width: float
    height: float


def crop_of(text: str | None) -> Crop | None:
    """The part of a picture that a form names as JSON; None where it names none. Raises Invalid."""
    if not text:
        return None
    try:
        part = _Part.model_validate(orjson.loads(text))
    except (ValidationError, orjson.JSONDecodeError):
        raise Invalid({"crop": "JSON is expected: x, y, width and height, fractions from 0 to 1."}) from None
    return Crop(part.x, part.y, part.width, part.height)


def focus_of(text: str | None) -> list[float] | None:
    """The point a form names as two numbers; None where it names none. Raises Invalid."""
    if not text:
        return None
    try:
        return [float(part) for part in text.strip("[] ").split(",")]
    except ValueError:
        raise Invalid({"focus": "Two numbers from -1 to 1 are expected: across and up."}) from None


def cut_of(crop: str | None, turn: str | None) -> Cut:
    """What of a picture is to be kept, as a form names it: all of it where it names nothing. Raises Invalid."""
    degrees = (turn or "0").strip()
    return Cut(crop_of(crop), int(degrees) if degrees.isascii() and degrees.isdigit() and len(degrees) < 4 else -1)
