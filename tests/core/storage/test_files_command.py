"""`kith files`, run as admins run it."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.kith_process import Kith, kith_in

NAME = "ab" * 32 + ".webp"


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path) as found:
        yield found


def test_an_admin_checks_the_files_and_prunes_what_nobody_knows(kith: Kith) -> None:
    assert json.loads(kith.run("files", "check", "--json").stdout)["checked"] == 0
    stray = kith.folder / "files" / "ab" / "ab" / NAME
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"nobody's")
    long_ago = 1_700_000_000
    os.utime(stray, (long_ago, long_ago))
    assert json.loads(kith.run("files", "check", "--deep", "--json").stdout)["stray"] == [NAME]
    assert json.loads(kith.run("files", "prune", "--dry-run", "--json").stdout) == {"unused": 0, "stray": 1}
    assert stray.exists()
    assert json.loads(kith.run("files", "prune", "--json").stdout)["stray"] == 1
    old = kith.folder / "cache" / "pictures" / "ab" / "ab" / NAME
    old.parent.mkdir(parents=True)
    old.write_bytes(b"from elsewhere")
    os.utime(old, (long_ago, long_ago))
    kith.run("files", "prune", "--remote-older-than", "soon", code=2)
    assert json.loads(kith.run("files", "prune", "--remote-older-than", "30d", "--json").stdout)["remote"] == 1
    assert not old.exists()
    assert not stray.exists()
