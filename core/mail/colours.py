"""The accent of an instance as mail programs understand it: in sRGB, because none of them reads OKLCH."""

from __future__ import annotations

import math
from functools import lru_cache

# The accent of the light pages (static/css/tokens.css): dark enough for white words on it.
_LIGHTNESS, _CHROMA = 0.46, 0.1


@lru_cache
def accent(hue: int) -> str:
    """`#rrggbb` for a hue in degrees (Björn Ottosson's OKLab to linear sRGB, cut off where a screen cannot show it)."""
    angle = math.radians(hue)
    a, b = _CHROMA * math.cos(angle), _CHROMA * math.sin(angle)
    long = (_LIGHTNESS + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (_LIGHTNESS - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (_LIGHTNESS - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(_curved(part) * 255):02x}" for part in linear)


def _curved(part: float) -> float:
    """A linear share of light as sRGB writes it (IEC 61966-2-1)."""
    part = min(max(part, 0.0), 1.0)
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
