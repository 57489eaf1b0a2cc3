"""Pictures: whatever is uploaded comes out small, upright and bare, and what is hostile harms nobody."""

from __future__ import annotations

import asyncio
import io
import os
import platform
import random
import signal
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from core.errors import Invalid, UnsupportedMediaType
from core.storage import pictures as module
from core.storage.pictures import Crop, Made, Pictures, Wanted, type_of
from tests.core.storage.photos import BLUE, RED, UPRIGHT, corners, quarters, saved

AVATAR, JPEG = Wanted("image/webp", 400, 400), Wanted("image/jpeg", 400, 400)


@pytest.fixture
async def maker() -> AsyncIterator[Pictures]:
    made = Pictures()
    yield made
    await made.close()


def opened(made: Made) -> Image.Image:
    assert type_of(made.content) == made.media_type
    image = Image.open(io.BytesIO(made.content))
    image.load()
    assert image.size == (made.width, made.height)
    return image


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
async def test_every_kind_of_picture_that_is_taken_becomes_webp_and_jpeg(maker: Pictures, form: str) -> None:
    webp, jpeg = await maker.made(saved(quarters(), form), [AVATAR, JPEG])
    assert (webp.media_type, jpeg.media_type) == ("image/webp", "image/jpeg")
    for made in (webp, jpeg):
        assert (made.width, made.height) == (400, 400) and corners(opened(made)) == UPRIGHT


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16", "CMYK"])
async def test_every_mode_of_colours_can_be_read(maker: Pictures, mode: str) -> None:
    if mode == "I;16":
        grey = quarters(64, 64, "L")
        image = Image.frombytes("I;16", grey.size, b"".join(struct.pack("<H", v * 257) for v in grey.tobytes()))
    else:
        image = quarters(mode=mode)
    made = (await maker.made(saved(image, "JPEG" if mode == "CMYK" else "PNG"), [AVATAR]))[0]
    seen = opened(made).convert("L")
    assert seen.getextrema()[0] < 128
    if mode == "I;16":  # not all white
        assert abs(int(seen.getpixel((10, 10)) or 0) - int(quarters(64, 64, "L").getpixel((10, 10)) or 0)) < 6


async def test_what_is_wider_than_high_is_cut_to_its_middle(maker: Pictures) -> None:
    image = Image.new("RGB", (1200, 400), RED)
    image.paste(BLUE, (400, 0, 800, 400))
    made = opened((await maker.made(saved(image, "PNG"), [AVATAR]))[0])
    assert made.size == (400, 400) and corners(made) == ["blue"] * 4
    cover = opened((await maker.made(saved(quarters(1600, 1600), "PNG"), [Wanted("image/webp", 1500, 500)]))[0])
    assert cover.size == (1500, 500)


async def test_a_small_picture_is_not_blown_up(maker: Pictures) -> None:
    assert opened((await maker.made(saved(quarters(60, 90), "PNG"), [AVATAR]))[0]).size == (60, 60)
    assert opened((await maker.made(saved(quarters(1, 1), "PNG"), [AVATAR]))[0]).size == (1, 1)


async def test_the_part_that_was_chosen_is_taken(maker: Pictures) -> None:
    made = await maker.made(saved(quarters(), "PNG"), [AVATAR], Crop(0.5, 0, 0.5, 0.5))
    assert corners(opened(made[0])) == ["green"] * 4
    tall = await maker.made(saved(quarters(), "PNG"), [AVATAR], Crop(0, 0.5, 0.25, 0.5))
    assert corners(opened(tall[0])) == ["blue"] * 4  # not distorted, but cut again


@pytest.mark.parametrize(
    "bad", [(-0.1, 0, 1, 1), (0, 0, 0, 1), (0.5, 0, 0.6, 1), (0, 0, 1, float("nan")), (2, 2, 1, 1)]
)
def test_a_part_outside_the_picture_is_refused(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(Invalid):
        Crop(*bad)


TURNS: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


@pytest.mark.parametrize("orientation", TURNS)
async def test_a_picture_stands_as_the_camera_says(maker: Pictures, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(TURNS[orientation](quarters(900, 600)), "JPEG", exif=exif)
    whole, part = [
        opened((await maker.made(content, [AVATAR], crop))[0]) for crop in (None, Crop(0.5, 0.5, 1 / 3, 0.5))
    ]
    assert corners(whole) == UPRIGHT and whole.size == (400, 400)
    assert corners(part) == ["grey"] * 4 and part.size == (300, 300)


async def test_nothing_but_the_pixels_is_left(maker: Pictures) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "SECRETCAM", {1: "N", 2: (48.0, 8.0, 15.0)}
    secret = b"SECRETXMP"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    png = PngImagePlugin.PngInfo()
    png.add_text("Comment", "SECRETTEXT")
    photo = quarters()
    hostile = [
        saved(photo, "JPEG", exif=exif, comment=b"SECRETCOMMENT", xmp=secret, icc_profile=profile),
        saved(photo, "WEBP", exif=exif, xmp=secret, icc_profile=profile),
        saved(photo, "PNG", pnginfo=png, exif=exif, icc_profile=profile),
        saved(photo, "GIF", comment=b"SECRETCOMMENT"),
        saved(photo, "JPEG") + b"<script>SECRETSCRIPT</script>PK\x03\x04",
    ]
    for content in hostile:
        for made in await maker.made(content, [AVATAR, JPEG]):
            assert b"SECRET" not in made.content and b"<script" not in made.content
            image = opened(made)
            assert not image.getexif() and not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
            assert corners(image) == UPRIGHT


async def test_wide_colours_look_alike_on_every_screen(maker: Pictures) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for profile in (lab, b"no profile at all", b""):
        made = await maker.made(saved(quarters(), "JPEG", icc_profile=profile), [AVATAR])
        assert opened(made[0]).mode == "RGB"


async def test_what_is_transparent_stays_so_and_is_on_white_where_it_cannot(maker: Pictures) -> None:
    clear = Image.new("RGBA", (500, 500), (0, 0, 0, 0))
    webp, jpeg = [opened(made) for made in await maker.made(saved(clear, "PNG"), [AVATAR, JPEG])]
    assert webp.getpixel((5, 5)) == (0, 0, 0, 0) and jpeg.getpixel((5, 5)) == (255, 255, 255)


async def test_of_what_moves_the_first_frame_is_kept(maker: Pictures) -> None:
    frames = [quarters(40, 40)] + [Image.new("RGB", (40, 40), (n % 256, 0, 0)) for n in range(300)]
    for form in ("GIF", "WEBP", "PNG"):
        content = saved(frames[0], form, save_all=True, append_images=frames[1:])
        image = opened((await maker.made(content, [AVATAR]))[0])
        assert corners(image) == UPRIGHT and getattr(image, "n_frames", 1) == 1, form


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><img src=x onerror=alert(1)>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"BM" + bytes(100),
        b"II*\0" + bytes(100),
        b"\0\0\0\x1cftypmp42" + bytes(100),
    ],
    ids=lambda content: repr(content[:12]),
)
async def test_what_is_no_picture_is_refused(maker: Pictures, content: bytes) -> None:
    with pytest.raises(UnsupportedMediaType):
        await maker.made(content, [AVATAR])


def bomb(width: int, height: int, rows: int) -> bytes:
    """A PNG of many pixels in few bytes; it ends after so many rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = zlib.compressobj(9)
    body = b"".join(row.compress(bytes(1 + width // 8)) for _ in range(rows)) + row.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(29_000, 29_000, 29_000), (31_000, 1, 1), (1_000_000, 2_000_000_000, 2)])
async def test_a_picture_of_too_many_pixels_is_refused_before_it_is_read(
    maker: Pictures, size: tuple[int, int, int]
) -> None:
    with pytest.raises(Invalid) as refused:
        await maker.made(bomb(*size), [AVATAR], name="file")
    assert "pixels" in refused.value.errors["file"]


async def test_damaged_pictures_are_refused_and_the_next_one_is_made(maker: Pictures) -> None:
    good = {form: saved(quarters(300, 300), form) for form in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")}
    chance = random.Random(7)
    for content in good.values():
        with pytest.raises(Invalid):
            await maker.made(content[: len(content) // 2], [AVATAR])
        with pytest.raises(Invalid):
            await maker.made(content[:16], [AVATAR])
    for content in good.values():
        for _ in range(8):
            broken = bytearray(content)
            for _ in range(12):
                broken[chance.randrange(16, len(broken))] = chance.randrange(256)
            try:
                made = await maker.made(bytes(broken), [AVATAR])
            except Invalid:
                continue
            opened(made[0])
    assert corners(opened((await maker.made(good["PNG"], [AVATAR]))[0])) == UPRIGHT


def pids() -> list[int]:
    """The workers that are children of this process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            is_worker = b"picture_worker" in path.read_bytes()
            parent = int(path.with_name("stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        if is_worker and parent == os.getpid():
            found.append(int(path.parent.name))
    return found


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_one_that_takes_its_process_down_is_refused_and_the_next_one_is_made(maker: Pictures) -> None:
    before = set(pids())
    content = saved(quarters(), "PNG")
    await maker.made(content, [AVATAR])
    (worker,) = set(pids()) - before
    os.kill(worker, signal.SIGSTOP)
    asking = asyncio.create_task(maker.made(content, [AVATAR]))
    await until(lambda: not maker._idle)  # it is asked
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(Invalid):
        await asking
    assert corners(opened((await maker.made(content, [AVATAR]))[0])) == UPRIGHT


async def test_one_that_takes_too_long_is_given_up(maker: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(pids())
    content = saved(quarters(), "PNG")
    await maker.made(content, [AVATAR])
    (worker,) = set(pids()) - before
    monkeypatch.setattr(module, "SECONDS", 0.1)
    os.kill(worker, signal.SIGSTOP)
    with pytest.raises(Invalid):
        await maker.made(content, [AVATAR])
    assert worker not in pids()


async def test_a_process_can_take_no_more_memory_than_it_was_given(maker: Pictures) -> None:
    before = set(pids())
    await maker.made(saved(quarters(), "PNG"), [AVATAR])
    (worker,) = set(pids()) - before
    limits = Path(f"/proc/{worker}/limits").read_text()
    assert [line.split()[3] for line in limits.splitlines() if line.startswith("Max address space")] == [str(1 << 30)]
    assert b"SECRET" not in Path(f"/proc/{worker}/environ").read_bytes()
    assert set(Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")) >= {b"MALLOC_ARENA_MAX=2"}


async def test_many_pictures_at_once_take_two_processes_at_most(maker: Pictures) -> None:
    before = set(pids())
    content = saved(quarters(2000, 2000), "PNG")
    making = asyncio.gather(*(maker.made(content, [AVATAR]) for _ in range(8)))
    most = 0
    while not making.done():
        await asyncio.sleep(0.01)
        most = max(most, len(set(pids()) - before))
    assert len(await making) == 8 and most == module.AT_ONCE <= 2


async def test_what_somebody_waits_for_is_made_before_uploads_that_can_wait(maker: Pictures, tmp_path: Path) -> None:
    path, order = tmp_path / "upload", list[str]()
    path.write_bytes(saved(quarters(600, 600), "JPEG"))

    async def made(name: str, making: Awaitable[object]) -> None:
        await making
        order.append(name)

    uploads = [asyncio.create_task(made(f"upload {n}", maker.prepared(path, {"feed": 300}))) for n in range(8)]
    await asyncio.sleep(0)
    given_up = asyncio.create_task(maker.made(path.read_bytes(), [AVATAR]))
    urgent = asyncio.create_task(made("avatar", maker.made(path.read_bytes(), [AVATAR])))
    await asyncio.sleep(0)
    given_up.cancel()  # nobody waits for it any more, and it keeps nobody's place
    await asyncio.gather(urgent, *uploads)
    assert given_up.cancelled() and len(order) == 9 and order.index("avatar") <= 2 * module.AT_ONCE


async def test_the_processes_end_when_there_is_nothing_to_do(maker: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(pids())
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.05)
    await maker.made(saved(quarters(), "PNG"), [AVATAR])
    await until(lambda: not set(pids()) - before)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries give back on their own terms")
async def test_a_process_that_rests_keeps_nothing_of_the_large_picture_it_made(maker: Pictures, tmp_path: Path) -> None:
    def megabytes() -> float:
        (worker,) = set(pids()) - before
        return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    before = set(pids())
    await maker.made(saved(quarters(), "JPEG"), [AVATAR])
    at_first = megabytes()
    path = tmp_path / "large"
    path.write_bytes(saved(Image.effect_noise((4000, 3000), 60).convert("RGB"), "JPEG"))
    await maker.prepared(path, {"feed": 1200, "thumbnail": 400})
    await until(lambda: megabytes() - at_first < 10)  # the last of it goes after the answer
