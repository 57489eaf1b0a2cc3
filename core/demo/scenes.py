"""The pictures of the demo, drawn layer on layer, so that nobody's photographs have to be shipped with it."""

from __future__ import annotations

import io
import random

from PIL import Image

from core.demo.drawing import (
    HEIGHT,
    WIDTH,
    Layer,
    comet,
    fog,
    grain,
    hills,
    houses,
    light,
    pier,
    sea,
    sky,
    stars,
    tower,
)

SCENES: dict[str, tuple[Layer, ...]] = {
    "window": (
        sky((9, 14, 33), (20, 32, 62), (52, 66, 96)),
        stars(150),
        hills(0.40, 0.10, (13, 19, 36)),
        houses(0.66, (7, 10, 20), 1, (255, 190, 96)),
        sea(0.66, 0.7),
        grain(),
    ),
    "morning": (
        sky((120, 164, 198), (214, 208, 196), (248, 206, 160)),
        light(0.68, 0.56, 34, (255, 226, 178), 6),
        hills(0.36, 0.09, (134, 150, 168)),
        hills(0.33, 0.06, (98, 116, 136)),
        sea(0.68, 0.88),
        pier(0.66, 0.46, (44, 50, 60)),
        grain(),
    ),
    "comet": (
        sky((5, 8, 20), (12, 20, 42), (30, 46, 74)),
        stars(520),
        comet(0.42, 0.46, 0.24),
        hills(0.14, 0.09, (5, 8, 16)),
        grain(12),
    ),
    "fog": (
        sky((176, 184, 188), (190, 197, 199), (170, 178, 182)),
        houses(0.60, (148, 158, 164), 0, (0, 0, 0)),
        sea(0.60, 0.95),
        light(0.62, 0.50, 12, (20, 120, 60), 7),
        fog((190, 197, 199), 0.85, 0.3),
        pier(0.76, 0.30, (96, 104, 110)),
        grain(),
    ),
    "lamp": (
        sky((8, 12, 30), (24, 34, 66), (74, 72, 98)),
        stars(260),
        tower(0.66, 0.76, 0.42, (16, 20, 34), (255, 232, 178)),
        hills(0.24, 0.12, (10, 14, 26)),
        sea(0.84, 0.6),
        grain(),
    ),
    "rock": (
        sky((92, 142, 182), (170, 204, 218), (232, 232, 214)),
        hills(0.34, 0.07, (150, 178, 188)),
        tower(0.67, 0.66, 0.40, (240, 236, 226)),
        hills(0.30, 0.20, (104, 122, 92)),
        hills(0.16, 0.14, (74, 98, 66)),
        grain(),
    ),
}


def draw(name: str) -> bytes:
    """The JPEG of one of SCENES, every time the same."""
    chance = random.Random(name)
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    for layer in SCENES[name]:
        picture = layer(picture, chance)
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=88)
    return kept.getvalue()
