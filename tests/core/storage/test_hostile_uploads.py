"""Uploads that mean harm or tell too much: a clear refusal or a clean picture, and nothing of the camera's is left."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from core.errors import Invalid
from core.storage.models import File
from core.storage.pictures import Pictures
from core.testing import Person, TestInstance
from core.testing.people import data_of, fields_of, problem_of
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved
from tests.core.storage.test_pictures import TURNS, bomb
from tests.core.storage.uploading import attached, upload, uploaded

SECRET = b"SECRET"
# What a second program may say of a file that bears nothing but pixels.
HARMLESS = {"SourceFile", "ExifTool", "File", "Composite", "JFIF", "RIFF", "PNG", "GIF"}
HARMLESS_OF = {
    "RIFF": {"VP8Version", "HorizontalScale", "VerticalScale", "ImageWidth", "ImageHeight", "WebP_Flags",
             "AlphaPreprocessing", "AlphaFiltering", "AlphaCompression", "AnimationLoopCount", "BackgroundColor",
             "FrameCount", "Duration"},
    "PNG": {"ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace"},
    "GIF": {"GIFVersion", "ImageWidth", "ImageHeight", "HasColorMap", "ColorResolutionDepth", "BitsPerPixel",
            "BackgroundColor", "AnimationIterations", "FrameCount", "Duration", "TransparentColor"},
}  # fmt: skip


def camera() -> Image.Exif:
    """What a telephone writes: make, model, owner, and the exact place."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = "SECRETMAKE", "SECRETMODEL", "SECRETOWNER"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 28.0, 38.0), 3: "W", 4: (0.0, 0.0, 5.0)})
    return exif


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "SECRETTEXT")
    info.add_itxt("XML:com.adobe.xmp", "<x>SECRETXMP</x>", zip=True)
    return info


def moving(form: str, **more: object) -> bytes:
    turned = [quarters(60, 60).rotate(90)]
    return saved(quarters(60, 60), form, save_all=True, append_images=turned, duration=90, **more)


TELLING: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved(quarters(), "JPEG", exif=camera(), xmp=b"<x>SECRETXMP</x>", comment=b"SECRETCOMMENT"),
    "png": lambda: saved(quarters(), "PNG", exif=camera(), pnginfo=texts()),
    "webp": lambda: saved(quarters(), "WEBP", exif=camera(), xmp=b"<x>SECRETXMP</x>"),
    "avif": lambda: saved(quarters(), "AVIF", exif=camera(), xmp=b"<x>SECRETXMP</x>"),
    "gif": lambda: saved(quarters(), "GIF", comment=b"SECRETCOMMENT"),
    "moving gif": lambda: moving("GIF", comment=b"SECRETCOMMENT"),
    "moving webp": lambda: moving("WEBP", exif=camera(), xmp=b"<x>SECRETXMP</x>"),
    "moving png": lambda: moving("PNG", exif=camera(), pnginfo=texts()),
}


def said_of(content: bytes, folder: Path) -> dict[str, set[str]]:
    """What exiftool finds in a file beside its shape, by group."""
    path = folder / "shown"
    path.write_bytes(content)
    answer = subprocess.run(["exiftool", "-j", "-g0", str(path)], capture_output=True, check=True).stdout
    found = json.loads(answer)[0]
    return {
        group: tags
        for group, names in found.items()
        if group not in HARMLESS or group in HARMLESS_OF
        if (tags := set(names) - HARMLESS_OF.get(group, set()))
    }


@pytest.mark.parametrize("form", TELLING)
async def test_nothing_a_camera_wrote_is_in_any_file_that_is_shown(
    ann: Person, alpha: TestInstance, tmp_path: Path, form: str
) -> None:
    content = TELLING[form]()
    assert SECRET in content or form == "png"
    file = await uploaded(ann, content)
    for url in (file["url"], *(one["url"] for one in file["metadata"]["versions"].values())):
        shown = await attached(alpha, url)
        assert SECRET not in shown
        image = opened_bytes(shown)
        assert not image.getexif() and not {"exif", "xmp", "icc_profile", "comment", "Comment"} & image.info.keys()
        if shutil.which("exiftool"):
            assert said_of(shown, tmp_path) == {}
    # Make and model are for whoever uploaded it, until they publish it without telling them.
    assert file["metadata"].pop("camera", "SECRETMAKE SECRETMODEL") == "SECRETMAKE SECRETMODEL"
    post = await ann.publish("x", fileIds=[file["fileId"]])
    assert "SECRET" not in str([file, post, await ann.get(f"/files/{file['fileId']}")])
    stored = [path for path in (alpha.folder / "files").rglob("*") if path.is_file()]
    assert stored and not any(SECRET in path.read_bytes() for path in stored)


@pytest.mark.parametrize("orientation", TURNS)
async def test_every_version_stands_upright(ann: Person, alpha: TestInstance, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = await uploaded(ann, saved(TURNS[orientation](quarters(900, 600)), "JPEG", exif=exif))
    assert (file["width"], file["height"]) == (900, 600)
    for url in (file["url"], *(one["url"] for one in file["metadata"]["versions"].values())):
        assert corners(opened_bytes(await attached(alpha, url))) == UPRIGHT


def deep_grey() -> bytes:
    grey = quarters(64, 64, "L")
    pixels = b"".join(struct.pack("<H", value * 257) for value in grey.tobytes())
    return saved(Image.frombytes("I;16", grey.size, pixels), "PNG")


@pytest.mark.parametrize("content", [saved(quarters(mode="CMYK"), "JPEG"), deep_grey()], ids=["cmyk", "16 bits"])
async def test_colours_of_print_and_of_science_are_shown(ann: Person, alpha: TestInstance, content: bytes) -> None:
    file = await uploaded(ann, content)
    assert opened_bytes(await attached(alpha, file["url"])).mode == "RGB"


def zipped() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("SECRET.html", "<script>SECRETSCRIPT</script>")
    return body.getvalue()


@pytest.mark.parametrize("tail", [b"<html><script>SECRETSCRIPT</script>", zipped()], ids=["page", "archive"])
async def test_of_a_picture_that_is_something_else_as_well_only_the_picture_is_kept(
    ann: Person, alpha: TestInstance, tail: bytes
) -> None:
    for form in ("JPEG", "PNG", "GIF", "WEBP"):
        file = await uploaded(ann, saved(quarters(90, 90), form) + tail)
        for url in (file["url"], file["thumbnailUrl"]):
            shown = await attached(alpha, url)
            assert SECRET not in shown and b"PK\x03\x04" not in shown


def many_frames() -> bytes:
    """Ten thousand frames of two pixels, written by hand: what saves pictures leaves out frames that are alike."""
    frame = b"!\xf9\x04\x00\x02\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"
    return b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff" + frame * 10_000 + b";"


def without_pixels() -> bytes:
    png = bytearray(bomb(8, 8, 8))
    png[16:24] = bytes(8)
    return bytes(png)


REFUSED: dict[str, Callable[[], bytes]] = {
    "50,000 by 50,000 pixels": lambda: bomb(50_000, 50_000, 40),
    "ten thousand frames": many_frames,
    "no pixels": without_pixels,
    "half a jpeg": lambda: saved(quarters(), "JPEG")[:900],
    "half a png": lambda: saved(quarters(), "PNG")[:900],
    "a beginning": lambda: b"\x89PNG\r\n\x1a\n",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_a_picture_is_refused_with_a_sentence(ann: Person, alpha: TestInstance, name: str) -> None:
    content = REFUSED[name]()
    assert len(content) < 400_000
    assert fields_of(problem_of(await upload(ann, content), 422)) == ["file"]
    with alpha.inside():
        assert await File.all().count() == 0
    assert not [*(alpha.folder / "uploads").glob("*")]
    await uploaded(ann, saved(quarters(50, 50), "PNG"))  # the server goes on


@pytest.mark.parametrize(
    "content",
    [b"<svg onload='alert(1)'/>", b"<!doctype html><script>", b"\x7fELF\x02\x01", b"%PDF-1", b"PK\x03\x04", b"#EXTM3U"],
    ids=["svg", "page", "program", "pdf", "archive", "playlist"],
)
async def test_what_is_no_picture_film_or_sound_is_refused_whatever_it_is_called(ann: Person, content: bytes) -> None:
    problem_of(await upload(ann, content + bytes(200), "a.jpg"), 415)


async def test_the_type_is_that_of_the_bytes(ann: Person, alpha: TestInstance) -> None:
    for name in ("letter.txt", "../../etc/passwd", "a.html", "x" * 300 + ".svg"):
        file = data_of(await upload(ann, saved(quarters(40, 40), "PNG"), name))
        answer = await alpha.anon.page(file["url"])
        assert (file["format"], answer.headers["content-type"]) == ("image/png", "image/png")


BEGINNINGS = [saved(quarters(40, 40), form) for form in ("JPEG", "PNG", "GIF", "WEBP", "AVIF")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(beginning=st.sampled_from(BEGINNINGS), cut=st.integers(4, 400), rest=st.binary(max_size=600))
def test_random_bytes_are_refused_or_become_a_clean_picture(beginning: bytes, cut: int, rest: bytes) -> None:
    async def made(path: Path) -> None:
        pictures = Pictures()
        try:
            for one in (await pictures.prepared(path, {"thumbnail": 40})).versions:
                assert not opened_bytes(one.content).getexif()
        except Invalid as refusal:
            assert refusal.errors["file"]
        finally:
            await pictures.close()

    with NamedTemporaryFile() as file:
        file.write(beginning[:cut] + rest)
        file.flush()
        asyncio.run(made(Path(file.name)))
