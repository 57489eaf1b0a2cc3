"""Opening pictures: what is asked before anything is decoded, and how what was decoded becomes plain colours."""

from __future__ import annotations

import contextlib
import importlib
import io
import struct

from PIL import Image, ImageCms

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
HEIF = "HEIF"  # which Pillow reads with a plugin, where there is one
_IN_BOXES, _NOT_HEIF = b"ftyp", (b"avif", b"avis")
PIXELS_AT_MOST = 50_000_000
SIDE_AT_MOST = 30_000
ORIENTATION = 0x0112


class Refused(Exception):
    """What is wrong with the bytes, in a word."""


def opened(content: bytes) -> Image.Image:
    """The picture, of which no pixel is decoded yet. Raises Refused where it has too many."""
    image = Image.open(io.BytesIO(content), formats=_formats(content))
    width, height = image.size
    if width < 1 or height < 1:
        raise Refused("damaged")
    if width * height > PIXELS_AT_MOST or max(width, height) > SIDE_AT_MOST:
        raise Refused("too_many_pixels")
    return image


def _formats(content: bytes) -> tuple[str, ...]:
    """What to try; the plugin is loaded only for what may need it."""
    if content[4:8] != _IN_BOXES or content[8:12] in _NOT_HEIF:
        return FORMATS
    with contextlib.suppress(ImportError):
        register = importlib.import_module("pillow_heif").register_heif_opener
        register(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
        return (*FORMATS, HEIF)
    return FORMATS


def turn_of(image: Image.Image) -> int:
    """How it has to be turned to be seen upright: an Exif orientation, 1 to 8."""
    turned = image.getexif().get(ORIENTATION, 1)
    return int(turned) if turned in range(1, 9) else 1


def smooth(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller without steps."""
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 257) + 0).convert("L")
    return image if image.mode in ("RGB", "RGBA", "L", "CMYK") else image.convert("RGB")


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in the colours every screen knows; without a profile, or with a bad one, as they are."""
    if profile:
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            bare = image.convert("RGB") if alpha else image
            changed = ImageCms.profileToProfile(bare, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if changed is not None:
                if alpha:
                    changed.putalpha(alpha)
                return changed
        except (ImageCms.PyCMSError, OSError, ValueError, struct.error):
            pass
    return image.convert("RGB") if image.mode in ("CMYK", "L") else image


def plain(image: Image.Image) -> Image.Image:
    """Nothing but the pixels."""
    return Image.frombytes(image.mode, image.size, image.tobytes())


def on_white(image: Image.Image) -> Image.Image:
    """The picture without transparency, for formats that know none."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page
