"""What stands in a picture's place until it has come: a few colours in a short text, and the one there is most of."""

from __future__ import annotations

from math import copysign, cos, pi

from PIL import Image

# The digits of the text, and how its numbers are made, are those of BlurHash: other servers write and read it.
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_SIDE = 32
_LINEAR = [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in range(256)]
Colour = tuple[float, float, float]


def blurhash(image: Image.Image) -> str:
    """A picture in about thirty characters: a sum of four by three waves, or three by four where it is high."""
    across, down = (4, 3) if image.width >= image.height else (3, 4)
    small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    raw = small.tobytes()
    pixels = [(_LINEAR[raw[at]], _LINEAR[raw[at + 1]], _LINEAR[raw[at + 2]]) for at in range(0, len(raw), 3)]
    waves = [[cos(pi * n * (at + 0.5) / _SIDE) for at in range(_SIDE)] for n in range(5)]
    factors = [_factor(pixels, waves[i], waves[j], i + j > 0) for j in range(down) for i in range(across)]
    largest = max(abs(value) for factor in factors[1:] for value in factor)
    steps = max(0, min(82, int(largest * 166 - 0.5)))
    scale = (steps + 1) / 166
    text = _digits((across - 1) + (down - 1) * 9, 1) + _digits(steps, 1)
    text += _digits(_as_number(factors[0]), 4)
    return text + "".join(_digits(_as_steps(factor, scale), 2) for factor in factors[1:])


def _factor(pixels: list[Colour], wave_x: list[float], wave_y: list[float], moves: bool) -> Colour:
    red = green = blue = 0.0
    for y in range(_SIDE):
        for x in range(_SIDE):
            weight = wave_x[x] * wave_y[y]
            pixel = pixels[y * _SIDE + x]
            red, green, blue = red + weight * pixel[0], green + weight * pixel[1], blue + weight * pixel[2]
    scale = (2 if moves else 1) / (_SIDE * _SIDE)
    return red * scale, green * scale, blue * scale


def _as_number(colour: Colour) -> int:
    red, green, blue = (_as_byte(value) for value in colour)
    return red << 16 | green << 8 | blue


def _as_byte(value: float) -> int:
    value = max(0.0, min(1.0, value))
    return int((value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055) * 255 + 0.5)


def _as_steps(colour: Colour, scale: float) -> int:
    steps = [max(0, min(18, int(copysign(abs(value / scale) ** 0.5, value) * 9 + 9.5))) for value in colour]
    return steps[0] * 361 + steps[1] * 19 + steps[2]


def _digits(number: int, length: int) -> str:
    return "".join(_DIGITS[number // 83 ** (length - at) % 83] for at in range(1, length + 1))


def main_colour(image: Image.Image) -> str:
    """The colour there is most of, as #rrggbb."""
    small = image.convert("RGB").resize((48, 48), Image.Resampling.BOX).quantize(8)
    counts, palette = small.getcolors() or [(1, 0)], small.getpalette() or [0, 0, 0]
    number = max(counts)[1]
    at = int(number if isinstance(number, int | float) else 0) * 3
    return "#" + "".join(f"{value:02x}" for value in palette[at : at + 3])
