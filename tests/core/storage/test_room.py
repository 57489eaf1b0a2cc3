"""How much room there is: what is given up as the disk fills, and how much everybody together may upload."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database import new_id
from core.storage.parts import Unfinished
from core.storage.room import Level, fullness, level
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


@pytest.mark.parametrize("name", ["database", "what comes from elsewhere", "temporary files"])
async def test_a_full_disk_of_anything_we_write_to_stops_uploads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    apart = tmp_path / "another-disk"
    apart.mkdir()
    usage = shutil.disk_usage

    def disk_usage(path: Path) -> object:
        """As the system tells it, but that the folder is a disk of its own, which is full."""
        found = usage(path)
        return found._replace(free=0) if Path(path).is_relative_to(apart) else found._replace(free=found.total)

    async with world("full.test") as (full,):
        if name == "database" and not full.instance.database.path:
            pytest.skip("PostgreSQL's disk is none of ours")
        ann = await full.user("ann")
        monkeypatch.setattr(shutil, "disk_usage", disk_usage)
        with full.inside():
            assert set(fullness().values()) == {0.0}
        assert (await upload(ann, PHOTO)).status_code == 201
        if name == "database":
            monkeypatch.setitem(full.instance.database.connection["credentials"], "path", str(apart / "kith.db"))
        elif name == "temporary files":
            monkeypatch.setattr(tempfile, "tempdir", str(apart))
        else:
            monkeypatch.setattr(full.instance.remote_room, "folder", apart / "not" / "there" / "yet")
        with full.inside():
            full.instance.cache.drop("disk-level")
            assert [place for place, taken in fullness().items() if taken == 100] == [name]
        assert (await upload(ann, PHOTO)).status_code == 503
