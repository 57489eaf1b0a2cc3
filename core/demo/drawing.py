"""What pictures of the demo are drawn with: layers, each of which paints on what is there already."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1280, 854
Colour = tuple[int, int, int]
Layer = Callable[[Image.Image, random.Random], Image.Image]


def sky(*colours: Colour) -> Layer:
    """From above to below, each colour into the next."""

    def paint(picture: Image.Image, _: random.Random) -> Image.Image:
        column = Image.new("RGB", (1, len(colours)))
        column.putdata(colours)
        return column.resize(picture.size, Image.Resampling.BICUBIC)

    return paint


def stars(count: int) -> Layer:
    """So many, the more the higher."""

    def paint(picture: Image.Image, chance: random.Random) -> Image.Image:
        brush = ImageDraw.Draw(picture)
        for _ in range(count):
            x, y, size = chance.random() * WIDTH, chance.random() ** 1.5 * HEIGHT * 0.8, chance.random() ** 3 * 2.2
            shine = 130 + int(chance.random() * 120)
            brush.ellipse((x - size, y - size, x + size, y + size), (shine, shine, min(255, shine + 15)))
        return picture

    return paint


def light(x: float, y: float, size: float, colour: Colour, halo: float = 3.0) -> Layer:
    """A sun, a moon or a lamp, `size` in pixels, with light about it `halo` times as wide."""

    def paint(picture: Image.Image, _: random.Random) -> Image.Image:
        at, to = x * WIDTH, y * HEIGHT
        for scale, strength, blur in ((halo, 0.45, size * halo / 2), (1.0, 1.0, max(1.0, size / 12))):
            glow = Image.new("RGB", picture.size)
            reach, shade = size * scale, tuple(int(part * strength) for part in colour)
            ImageDraw.Draw(glow).ellipse((at - reach, to - reach, at + reach, to + reach), shade)
            picture = ImageChops.screen(picture, glow.filter(ImageFilter.GaussianBlur(blur)))
        return picture

    return paint


def hills(height: float, rough: float, colour: Colour) -> Layer:
    """A line of hills, `height` above the lower edge and `rough` up and down, both as shares of the picture."""

    def paint(picture: Image.Image, chance: random.Random) -> Image.Image:
        waves = [(0.7 + 1.9**number, chance.random() * math.tau, 0.55**number) for number in range(7)]
        line = []
        for x in range(0, WIDTH + 8, 8):
            lift = sum(part * math.sin(many * x / WIDTH * math.tau * 0.6 + begin) for many, begin, part in waves)
            line.append((x, HEIGHT * (1 - height - rough * lift / 2)))
        ImageDraw.Draw(picture).polygon([*line, (WIDTH, HEIGHT), (0, HEIGHT)], colour)
        return picture

    return paint


def houses(foot: float, colour: Colour, lit: int, glow: Colour) -> Layer:
    """A row of gables that stands at `foot`, with light in so many windows."""

    def paint(picture: Image.Image, chance: random.Random) -> Image.Image:
        brush, x, windows = ImageDraw.Draw(picture), -20.0, []
        while x < WIDTH:
            wide, tall = 60 + chance.random() * 70, 60 + chance.random() * 110
            top, ground = HEIGHT * foot - tall, HEIGHT * foot
            ridge = (x + wide / 2, top - wide * (0.3 + chance.random() * 0.35))
            brush.polygon([(x, ground), (x, top), ridge, (x + wide, top), (x + wide, ground)], colour)
            windows.append((x + wide * 0.42, top + tall * 0.25))
            x += wide + chance.random() * 14
        for at, to in chance.sample(windows[2:-2], lit):
            picture = light((at + 7) / WIDTH, (to + 10) / HEIGHT, 5, glow, 16)(picture, chance)
            ImageDraw.Draw(picture).rectangle((at, to, at + 14, to + 20), glow)
        return picture

    return paint


def sea(horizon: float, dark: float = 0.55) -> Layer:
    """Water below `horizon` that gives back what is above it, `dark`er and broken by waves."""

    def paint(picture: Image.Image, chance: random.Random) -> Image.Image:
        edge = int(HEIGHT * horizon)
        deep = HEIGHT - edge
        above = picture.crop((0, max(0, edge - deep), WIDTH, edge)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        above = above.resize((WIDTH, deep)).filter(ImageFilter.BoxBlur(3))
        for y in range(deep):
            shift = int(math.sin(y / 5 + chance.random()) * (2 + y / 22) + (chance.random() - 0.5) * y / 9)
            row = ImageChops.offset(above.crop((0, y, WIDTH, y + 1)), shift, 0)
            shade = dark * (0.96 + 0.07 * chance.random())
            picture.paste(row.point([min(255, int(value * shade)) for value in range(256)] * 3), (0, edge + y))
        return picture

    return paint


def fog(colour: Colour, thick: float, below: float = 0.0) -> Layer:
    """Fog over everything under `below` of the height, the thicker the lower."""

    def paint(picture: Image.Image, _: random.Random) -> Image.Image:
        veil = Image.new("L", (1, HEIGHT))
        veil.putdata([int(255 * thick * max(0.0, min(1.0, (y / HEIGHT - below) * 2.5))) for y in range(HEIGHT)])
        return Image.composite(Image.new("RGB", picture.size, colour), picture, veil.resize(picture.size))

    return paint


def tower(x: float, foot: float, tall: float, colour: Colour, beam: Colour | None = None) -> Layer:
    """A lighthouse at `x`, `tall` as a share of the height, with its `beam` to the left where it is lit."""

    def paint(picture: Image.Image, chance: random.Random) -> Image.Image:
        at, ground, high = x * WIDTH, foot * HEIGHT, tall * HEIGHT
        wide, lamp = high * 0.11, ground - high
        if beam:
            cone = Image.new("RGB", picture.size)
            far = [(-200, lamp - HEIGHT * 0.22), (-200, lamp + HEIGHT * 0.02), (at, lamp + 4), (at, lamp - 4)]
            ImageDraw.Draw(cone).polygon(far, tuple(part // 3 for part in beam))
            picture = ImageChops.screen(picture, cone.filter(ImageFilter.GaussianBlur(14)))
        brush = ImageDraw.Draw(picture)
        slim = wide * 0.6
        brush.polygon([(at - wide, ground), (at - slim, lamp), (at + slim, lamp), (at + wide, ground)], colour)
        brush.rectangle((at - wide * 0.85, lamp - 4, at + wide * 0.85, lamp + 4), colour)
        brush.polygon([(at - wide * 0.7, lamp - 38), (at, lamp - 66), (at + wide * 0.7, lamp - 38)], colour)
        brush.rectangle((at - wide * 0.5, lamp - 38, at + wide * 0.5, lamp - 4), beam or colour)
        return light(x, (lamp - 20) / HEIGHT, 12, beam, 8)(picture, chance) if beam else picture

    return paint


def pier(y: float, reach: float, colour: Colour) -> Layer:
    """A pier on posts from the left edge, and its ladder at the end."""

    def paint(picture: Image.Image, _: random.Random) -> Image.Image:
        brush, top, end = ImageDraw.Draw(picture), y * HEIGHT, int(reach * WIDTH)
        brush.rectangle((0, top, end, top + 18), colour)
        for x in range(30, end, 92):
            brush.rectangle((x, top, x + 14, top + 118 + x % 5 * 4), colour)
        for side in (end + 10, end + 40):
            brush.rectangle((side, top - 46, side + 5, top + 150), colour)
        for step in range(12):
            brush.rectangle((end + 10, top - 30 + step * 15, end + 45, top - 27 + step * 15), colour)
        return picture

    return paint


def comet(x: float, y: float, long: float) -> Layer:
    """Grey, round and not very bright, with a tail up to the right."""

    def paint(picture: Image.Image, chance: random.Random) -> Image.Image:
        tail, at, to = Image.new("RGB", picture.size), x * WIDTH, y * HEIGHT
        brush = ImageDraw.Draw(tail)
        for part in range(60, 0, -1):  # from its thin end to its head
            along, wide = part / 60, 6 + part * 0.5
            there, up, shade = at + along * long * WIDTH, to - along * long * HEIGHT * 0.7, int(96 * (1 - along) ** 0.8)
            brush.ellipse((there - wide, up - wide, there + wide, up + wide), (shade, shade + 8, shade + 18))
        picture = ImageChops.screen(picture, tail.filter(ImageFilter.GaussianBlur(16)))
        return light(x, y, 9, (205, 214, 224), 4)(picture, chance)

    return paint


def grain(strength: int = 9) -> Layer:
    """What makes it look taken rather than drawn."""

    def paint(picture: Image.Image, chance: random.Random) -> Image.Image:
        noise = Image.frombytes("L", (WIDTH // 2, HEIGHT // 2), chance.randbytes(WIDTH // 2 * (HEIGHT // 2)))
        noise = noise.resize(picture.size, Image.Resampling.BILINEAR)
        noise = noise.point([value * strength // 255 for value in range(256)])
        return ImageChops.add(picture, noise.convert("RGB"), offset=-strength // 2)

    return paint
