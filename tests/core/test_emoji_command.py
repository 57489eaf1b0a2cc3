"""`kith emoji`, run as admins run it."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.kith_process import Kith, kith_in
from tests.emoji_pictures import moving, picture


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path) as found:
        yield found


def listed(kith: Kith) -> list[tuple[str, str | None, bool]]:
    found = json.loads(kith.run("emoji", "list", "--json").stdout)
    return [(one["shortcode"], one["category"], one["isHidden"]) for one in found]


def test_an_admin_adds_changes_and_removes_a_picture(kith: Kith, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(picture())
    kith.run("emoji", "add", "blobcat", str(file), "--category", "Cats")
    kith.run("emoji", "add", "blobcat", str(file), code=1)
    kith.run("emoji", "change", "blobcat", "--shortcode", "cat", "--hide")
    assert listed(kith) == [("cat", "Cats", True)]
    kith.run("emoji", "remove", "cat")
    kith.run("emoji", "remove", "cat", code=1)
    assert listed(kith) == []


def test_an_admin_imports_folders_and_archives(kith: Kith, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "one.png").write_bytes(picture())
    (folder / "two.gif").write_bytes(moving("GIF"))
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "readme.txt").write_text("Hello")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("../../three.png", picture())
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as packed:
        packed.add(folder / "one.png", "deep/one.png")
    counts = json.loads(kith.run("emoji", "import", str(folder), "--json").stdout)
    assert counts == {"added": 2, "known": 0, "refused": 1}
    assert json.loads(kith.run("emoji", "import", str(folder), "--json").stdout)["known"] == 2
    kith.run("emoji", "import", str(tmp_path / "set.zip"), "--prefix", "my_")
    kith.run("emoji", "import", str(tmp_path / "set.tar.gz"), "--prefix", "tar_", "--category", "Tar")
    kith.run("emoji", "import", str(folder / "readme.txt"), code=1)
    assert [one[:2] for one in listed(kith)] == [("my_three", None), ("one", None), ("two", None), ("tar_one", "Tar")]
