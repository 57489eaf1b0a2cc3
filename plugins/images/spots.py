"""Places: as exactly as somebody wants them told, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.html import without_controls

EARTH = 6371.0088  # km, the mean radius (IUGG)
HALF_ROUND = math.pi * EARTH
NAME_AT_MOST = 200
# Decimals that are kept: a few metres, about a kilometre, about ten.
PRECISIONS = {"exact": 5, "area": 2, "town": 1}
USUAL_PRECISION = "area"


@dataclass(frozen=True)
class Spot:
    """A place with a name, with degrees north and east, or both."""

    name: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def point(self) -> tuple[float, float, float] | None:
        """Where it is on a globe of radius 1."""
        if self.latitude is None or self.longitude is None:
            return None
        north, east = math.radians(self.latitude), math.radians(self.longitude)
        return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)


@dataclass(frozen=True)
class Around:
    """All that lies within so many kilometres of a place."""

    spot: Spot
    km: float

    @property
    def chord(self) -> float:
        """The distance as a straight line through a globe of radius 1."""
        return 2 * math.sin(min(self.km, HALF_ROUND) / EARTH / 2)


def spot_of(told: Mapping[str, Any], precision: str = USUAL_PRECISION) -> Spot | None:
    """A place as somebody typed it, told as coarsely as they want; None for nothing. Raises Invalid("location")."""
    name = told.get("name")
    north, east = told.get("latitude"), told.get("longitude")
    if name is not None and not isinstance(name, str):
        raise Invalid({"location": "The name of a place is a text."})
    name = " ".join(without_controls(name or "").split())
    if len(name) > NAME_AT_MOST:
        raise Invalid({"location": f"This name is too long: at most {NAME_AT_MOST} characters."})
    if precision not in PRECISIONS:
        raise Invalid({"location": "How exactly it is told is one of exact, area and town."})
    if north is None and east is None:
        return Spot(name) if name else None
    if north is None or east is None or not (_is_degrees(north, 90) and _is_degrees(east, 180)):
        raise Invalid({"location": "A latitude from -90 to 90 and a longitude from -180 to 180 are expected."})
    decimals = PRECISIONS[precision]
    return Spot(name, round(float(north), decimals), round(float(east), decimals))


def around(text: str) -> Around:
    """What `latitude,longitude,km` stands for. Raises Invalid naming "near"."""
    try:
        north, east, km = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid({"near": "Three numbers are expected: latitude, longitude, kilometres."}) from None
    if not (_is_degrees(north, 90) and _is_degrees(east, 180)):
        raise Invalid({"near": "There is no such place."})
    if not 0 < km < math.inf:
        raise Invalid({"near": "The distance is a number of kilometres over zero."})
    return Around(Spot("", north, east), km)


def _is_degrees(value: Any, most: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most
