"""Pictures as newer telephones write them: HEIC is read where Pillow can, else refused by its name; AVIF is taken."""

from __future__ import annotations

import base64
from importlib.util import find_spec

import pytest

from core.storage.models import File
from core.testing import Person, TestInstance
from core.testing.pages import token_of
from core.testing.people import problem_of
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved
from tests.core.storage.uploading import attached, upload, uploaded

# Written by libheif: 64 by 48 pixels, and what a camera says of itself.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAb5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAA"
    "AAAERAAAIAAQAAAAAB4gABAAAAAAAAADkAAgAAAAACGwABAAAAAAAAADAAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVp"
    "bmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGE"
    "ABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkA"
    "AAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEH"
    "BpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAAcW1kYXQAAAA1KAGvC2D60oG/"
    "511y4gYHyyfl76kGeNai6J1kgh9MYKL4aKnQtaU77iihJvehl6RpnMkChnwAAAAGRXhpZgAATU0AKgAAAAgAAQEPAAIAAAALAAAAGgAAAABTRU"
    "NSRVRNQUtFAAA="
)
READS_HEIC = find_spec("pillow_heif") is not None


def named(content: bytes, major: bytes, *others: bytes) -> bytes:
    """A picture whose first box has other brands: what holds it, and how it is coded."""
    size = int.from_bytes(content[:4], "big")
    box = major + bytes(4) + b"".join(others)
    return (len(box) + 8).to_bytes(4, "big") + b"ftyp" + box + content[size:]


def same_size(content: bytes, *others: bytes) -> bytes:
    """As `named` with mif1; what stands behind keeps its place, as the picture says where its parts lie."""
    size = int.from_bytes(content[:4], "big")
    brands = (b"".join(others) + b"miaf" * size)[: size - 16]
    return content[:8] + b"mif1" + bytes(4) + brands + content[size:]


@pytest.mark.skipif(not READS_HEIC, reason="pillow-heif is not installed")
async def test_heic_is_read_where_pillow_can(ann: Person, alpha: TestInstance) -> None:
    file = await uploaded(ann, HEIC, "IMG_0001.HEIC")
    shown = await attached(alpha, file["url"])
    assert (file["width"], file["height"], file["format"]) == (64, 48, "image/jpeg")
    assert corners(opened_bytes(shown)) == UPRIGHT and b"SECRET" not in shown
    problem_of(await upload(ann, HEIC[:500]), 422)


@pytest.mark.skipif(READS_HEIC, reason="pillow-heif is installed")
@pytest.mark.parametrize(
    "content",
    [HEIC, named(HEIC, b"heix", b"mif1"), named(HEIC, b"mif1", b"miaf", b"heic"), named(HEIC, b"msf1", b"hevc")],
    ids=["heic", "heix", "mif1 with heic", "msf1 with hevc"],
)
async def test_heic_that_cannot_be_read_is_refused_by_its_name(
    ann: Person, alpha: TestInstance, content: bytes
) -> None:
    parts = {"image": ("IMG_0001.HEIC", content, "image/heic")}
    for answer in (
        await upload(ann, content, "IMG_0001.HEIC"),
        await ann.call("PUT", "/users/me/avatar", files=parts),
        await ann.call("POST", "/images/upload", files=parts),
    ):
        problem = problem_of(answer, 415)
        assert problem["code"] == "heic_unsupported"
        assert problem["detail"].startswith("HEIC pictures cannot be read here. Save it as JPEG")
    async with ann.browser() as browser:
        for path, fields in (("/images/upload", {"visibility": "public"}), ("/compose/file", {})):
            token = token_of((await browser.get("/images/upload")).text)
            page = await browser.post(
                path, data={"csrfToken": token, **fields}, files={"file": ("a.heic", content, "image/heic")}
            )
            assert page.status_code == 422 and "HEIC pictures cannot be read here. Save it as JPEG" in page.text
    with alpha.inside():
        assert await File.all().count() == 0
    assert not [*(alpha.folder / "uploads").glob("*")]


@pytest.mark.parametrize("brands", [(b"avif",), (b"miaf", b"avif")], ids=["first", "later"])
async def test_avif_that_names_only_what_holds_it_is_avif(
    ann: Person, alpha: TestInstance, brands: tuple[bytes, ...]
) -> None:
    file = await uploaded(ann, same_size(saved(quarters(64, 64), "AVIF"), *brands))
    assert corners(opened_bytes(await attached(alpha, file["url"]))) == UPRIGHT


@pytest.mark.parametrize("others", [(), (b"miaf",), (b"isom", b"mp42"), (b"avif"[:2],)])
async def test_what_names_no_coding_of_pictures_is_refused(ann: Person, others: tuple[bytes, ...]) -> None:
    problem = problem_of(await upload(ann, named(HEIC, b"mif1", *others)), 415)
    assert problem["code"] == "unsupported_media_type"


async def test_a_first_box_that_lies_about_its_length_harms_nobody(ann: Person) -> None:
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x08"):
        answer = await upload(ann, size + b"ftypmif1" + bytes(200))
        problem_of(answer, 415)
