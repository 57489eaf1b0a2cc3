"""How much room there is: what is given up as the disk fills, and how much everybody together may upload."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.database import new_id
from core.storage.parts import Unfinished
from core.storage.room import Level, level
from core.testing import world
from tests.core.storage import buckets
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import upload

PHOTO = saved(quarters(), "JPEG")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """The settings of where files lie."""
    if request.param == "folder":
        yield {}
        return
    yield buckets.settings(request.getfixturevalue("store"))
    buckets.emptied()


async def test_nobody_uploads_anything_to_a_disk_that_is_full(place: dict[str, object]) -> None:
    async with world("full.test", storage__read_only_percent=1.0, **place) as (full,):
        ann = await full.user("ann")
        refused = await upload(ann, PHOTO)
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
        assert not [*(full.folder / "uploads").glob("*")]
        assert (await ann.call("POST", "/uploads", json={"size": 9})).status_code == 503
        with full.inside():
            begun = Unfinished(new_id(), ann.id, 9)  # before it was full
            begun.path.write_bytes(b"")
        headers = {"Content-Type": "application/octet-stream"}
        waits = await ann.call("PATCH", f"/uploads/{begun.id}?offset=0", content=b"x", headers=headers)
        assert waits.status_code == 503 and int(waits.headers["retry-after"]) > 0
        assert (await ann.get(f"/uploads/{begun.id}"))["offset"] == 0


async def test_a_disk_that_fills_up_warns_first_and_still_takes_uploads(place: dict[str, object]) -> None:
    async with world("filling.test", storage__warn_percent=1.0, **place) as (filling,):
        ann = await filling.user("ann")
        with filling.inside():
            assert level() == Level.WARN
        assert (await upload(ann, PHOTO)).status_code in (200, 201)


async def test_everybody_together_uploads_no_more_than_there_is_room_for(place: dict[str, object]) -> None:
    async with world("small.test", storage__all_megabytes=1, **place) as (small,):
        ann, bob = await small.users("ann", "bob")
        with small.inside():
            await small.instance.storage.put(bytes(999_999), "image/webp")
        assert (await upload(ann, PHOTO)).status_code == 503
        assert (await upload(bob, PHOTO)).status_code == 503
