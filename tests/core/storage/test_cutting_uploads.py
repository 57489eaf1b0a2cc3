"""Pictures that are turned and cut as they are uploaded: from the original, upright, and never beyond its edge."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from core.database import rows
from core.storage.models import File
from core.testing import Person, TestInstance, settle
from core.testing.people import fields_of, problem_of
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved
from tests.core.storage.test_hostile_uploads import moving
from tests.core.storage.test_pictures import TURNS
from tests.core.storage.uploading import attached, makers_busy, upload, uploaded

RIGHT_HALF = json.dumps({"x": 0.5, "y": 0, "width": 0.5, "height": 1})


@pytest.mark.parametrize("orientation", TURNS)
async def test_the_part_that_is_wanted_is_kept_of_the_picture_as_it_is_seen(
    ann: Person, alpha: TestInstance, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(TURNS[orientation](quarters(3000, 2000)), "JPEG", exif=exif)
    file = await uploaded(ann, content, crop=RIGHT_HALF)
    assert (file["metadata"]["width"], file["metadata"]["height"]) == (1500, 2000)
    for url in (file["url"], file["thumbnailUrl"]):
        assert corners(opened_bytes(await attached(alpha, url))) == ["green", "green", "grey", "grey"]
    file = await uploaded(ann, content, turn="90", crop=RIGHT_HALF)  # what was above is at the right then
    assert (file["metadata"]["width"], file["metadata"]["height"]) == (1000, 3000)
    shown = opened_bytes(await attached(alpha, file["url"]))
    assert shown.size == (800, 2400) and corners(shown) == ["red", "red", "green", "green"]


@pytest.mark.parametrize(
    ("turn", "seen"),
    [("90", ["blue", "red", "grey", "green"]), ("180", ["grey", "blue", "green", "red"]),
     ("270", ["green", "grey", "red", "blue"]), ("0", UPRIGHT), ("", UPRIGHT)],
)  # fmt: skip
async def test_a_picture_is_turned_to_the_right(ann: Person, alpha: TestInstance, turn: str, seen: list[str]) -> None:
    file = await uploaded(ann, saved(quarters(300, 200), "PNG"), turn=turn, focus="0.5,0.5")
    assert corners(opened_bytes(await attached(alpha, file["url"]))) == seen
    assert (file["width"], file["height"]) == ((200, 300) if turn in ("90", "270") else (300, 200))
    assert file["focus"] == [0.5, 0.5]


async def test_a_small_part_keeps_every_pixel_it_has(ann: Person, alpha: TestInstance) -> None:
    part = json.dumps({"x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5})
    file = await uploaded(ann, saved(quarters(4000, 4000), "JPEG"), crop=part)
    assert (file["width"], file["height"]) == (2000, 2000)
    sliver = json.dumps({"x": 1, "y": 1, "width": 0.001, "height": 0.001})
    tiny = await uploaded(ann, saved(quarters(40, 40), "PNG"), crop=sliver)
    assert (tiny["width"], tiny["height"]) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"crop": "all"}, "crop"),
        ({"crop": "[]"}, "crop"),
        ({"crop": '{"x": 0, "y": 0, "width": 2, "height": 1}'}, "crop"),
        ({"crop": '{"x": 0, "y": 0, "width": 0, "height": 1}'}, "crop"),
        ({"crop": '{"x": -0.1, "y": 0, "width": 0.5, "height": 1}'}, "crop"),
        ({"crop": '{"x": "NaN", "y": 0, "width": 0.5, "height": 1}'}, "crop"),
        ({"turn": "45"}, "turn"),
        ({"turn": "-90"}, "turn"),
        ({"turn": "right"}, "turn"),
    ],
)
async def test_what_is_no_part_or_turn_is_named(
    ann: Person, alpha: TestInstance, fields: dict[str, str], wrong: str
) -> None:
    assert fields_of(problem_of(await upload(ann, saved(quarters(40, 40), "PNG"), **fields), 422)) == [wrong]
    with alpha.inside():
        assert await File.all().count() == 0
    assert not [*(alpha.folder / "uploads").glob("*")]


async def test_what_moves_or_sounds_is_neither_cut_nor_turned(ann: Person) -> None:
    moves = problem_of(await upload(ann, moving("GIF"), crop=RIGHT_HALF), 422)
    assert moves["errors"] == [{"field": "file", "message": "A picture that moves cannot be cut or turned."}]
    sound = b"ID3\x04" + bytes(200)
    assert fields_of(problem_of(await upload(ann, sound, turn="90"), 422)) == ["crop"]


async def test_a_job_that_comes_back_to_an_upload_cuts_it_alike(
    ann: Person, alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.files.AT_ONCE", 0.0)
    monkeypatch.setattr("core.storage.files.TRIED_AGAIN_AFTER", 0.0)
    async with makers_busy(alpha):
        file = await uploaded(ann, saved(quarters(300, 200), "PNG"), turn="90", crop=RIGHT_HALF)
        assert file["processingStatus"] == "processing"
        with alpha.inside():
            (job,) = await rows("SELECT arguments FROM core_job WHERE name LIKE '%process_upload'")
    assert json.loads(job["arguments"]) | {"file_id": ""} == {"file_id": "", "crop": [0.5, 0, 0.5, 1], "turn": 90}
    await settle(alpha)
    shown = opened_bytes(await attached(alpha, (await ann.get(f"/files/{file['fileId']}"))["url"]))
    assert shown.size == (100, 300) and corners(shown) == ["red", "red", "green", "green"]
