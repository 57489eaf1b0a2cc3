"""Text and lines can be read in light and dark, whatever hue an instance picks."""

from __future__ import annotations

import math
import re
from functools import cache

import pytest

from core.web.frame import ROOT

TOKENS = (ROOT / "static" / "css" / "tokens.css").read_text()
TEXT = [
    *((text, ground) for text in ("text", "text-quiet") for ground in ("surface", "surface-raised", "surface-sunken")),
    *(("accent", ground) for ground in ("surface", "surface-raised")),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *((role, "surface-raised") for role in ("danger", "good", "warning", "like", "share", "keep")),
    ("danger", "danger-soft"),
    ("surface-raised", "danger"),
    *(("text", f"{role}-soft") for role in ("accent", "danger", "good", "warning")),
    ("surface", "text"),
    ("on-person", "person"),
]
LINES = [("line", ground) for ground in ("surface", "surface-raised")]


@cache
def colour(role: str, dark: bool, hue: int) -> tuple[float, float, float]:
    """The role's linear sRGB, clipped as a browser clips it (CSS Color 4 §9.3: matrices of OKLab)."""
    found = re.search(rf"--{role}: light-dark\((oklch\([^)]*\)*?[^,]*?\)), (oklch\(.*)\);", TOKENS)
    assert found, role
    lightness, chroma, angle = re.findall(r"[\d.]+%?|var\(--[a-z-]+\)", found[2 if dark else 1])[:3]
    degrees = {"var(--hue)": hue, "var(--warm)": 75, "var(--person-hue)": hue}.get(angle)
    radians = math.radians(float(angle) if degrees is None else degrees)
    level, a, b = (
        float(lightness.rstrip("%")) / 100,
        float(chroma) * math.cos(radians),
        float(chroma) * math.sin(radians),
    )
    long = (level + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (level - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (level - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return min(1.0, max(0.0, red)), min(1.0, max(0.0, green)), min(1.0, max(0.0, blue))


def contrast(one: str, other: str, dark: bool, hue: int) -> float:
    """WCAG 2.1 contrast ratio."""
    light, shade = sorted(
        (
            0.2126 * red + 0.7152 * green + 0.0722 * blue
            for red, green, blue in (colour(one, dark, hue), colour(other, dark, hue))
        ),
        reverse=True,
    )
    return (light + 0.05) / (shade + 0.05)


def worst(pair: tuple[str, str], dark: bool) -> tuple[float, int]:
    return min((contrast(*pair, dark, hue), hue) for hue in range(0, 360, 5))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("pair", TEXT, ids=" on ".join)
def test_text_can_be_read(pair: tuple[str, str], dark: bool) -> None:
    ratio, hue = worst(pair, dark)
    assert ratio >= 4.5, f"{ratio:.2f} at hue {hue}"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("pair", LINES, ids=" on ".join)
def test_lines_can_be_seen(pair: tuple[str, str], dark: bool) -> None:
    ratio, hue = worst(pair, dark)
    assert ratio >= 3, f"{ratio:.2f} at hue {hue}"
