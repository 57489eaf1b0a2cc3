"""Pictures of people elsewhere: shown from here, fetched once, and never more than there is room for."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.database import now
from core.models import Actor
from core.storage import remote
from core.storage.remote_room import LEDGER, trim_remote_files
from core.testing import Foreign, Person, TestInstance, world
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved
from tests.federation.odd_server import OddServer

PHOTO = saved(quarters(900, 900), "PNG")


@pytest.fixture
def media(alpha: TestInstance) -> OddServer:
    """Where the pictures of the foreign server lie."""
    server = OddServer("media.test").join(alpha)
    server.answer("/face.png", PHOTO, type="image/png")
    return server


async def zoe_of(ann: Person, foreign: Foreign, url: str = "https://media.test/face.png") -> dict[str, str]:
    """Zoe, of another server, as ann sees her."""
    pictures = {"icon": {"type": "Image", "url": url}, "image": {"type": "Image", "url": url}}
    zoe = foreign.people.get("zoe") or foreign.person("zoe", **pictures)
    found: dict[str, str] = await ann.get(f"/users/{zoe.address}")
    return found


def kept(alpha: TestInstance) -> list[Path]:
    return [path for path in (alpha.folder / "cache").rglob("*") if path.is_file() and path.name != LEDGER]


async def test_a_picture_is_shown_from_here_small_and_fetched_once(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer
) -> None:
    zoe = await zoe_of(ann, foreign)
    assert media.asked == []  # nobody has looked yet
    for key, size in (("avatar", (400, 400)), ("coverImage", (900, 300))):
        assert zoe[key].startswith("https://alpha.test/files/remote/")
        answers = await asyncio.gather(*(alpha.anon.page(zoe[key]) for _ in range(5)))
        for answer in answers:
            image = opened_bytes(answer.content)
            assert (answer.status_code, image.format, image.size, corners(image)) == (200, "WEBP", size, UPRIGHT)
        assert "default-src 'none'" in answers[0].headers["content-security-policy"]
        assert answers[0].headers["x-content-type-options"] == "nosniff"
        tag = {"If-None-Match": answers[0].headers["etag"]}
        assert (await alpha.anon.page(zoe[key], headers=tag)).status_code == 304
    assert media.asked == ["/face.png"] * 2
    async with ann.browser() as browser:
        page = (await browser.get(f"/@zoe@{foreign.host}")).text
    assert "media.test" not in page and f'src="{zoe["avatar"].removeprefix("https://alpha.test")}"' in page


async def test_another_picture_has_another_address(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer
) -> None:
    before = (await zoe_of(ann, foreign))["avatar"]
    with alpha.inside():
        await Actor.filter(username="zoe").update(avatar_url=media.answer("/new.png", PHOTO, type="image/png"))
    after = (await zoe_of(ann, foreign))["avatar"]
    assert before != after
    assert (await alpha.anon.page(before)).status_code == 404
    assert (await alpha.anon.page(after)).status_code == 200 and media.asked == ["/new.png"]


@pytest.mark.parametrize(
    ("content", "type", "status"),
    [(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 200), (PHOTO[:300], "image/png", 200),
     (b"<script>", "image/png", 200), (PHOTO, "image/png", 404), (b"", "image/png", 200)],
)  # fmt: skip
async def test_what_is_no_picture_is_never_passed_on_and_not_asked_for_again_at_once(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer, content: bytes, type: str, status: int
) -> None:
    media.answer("/face.png", content, type=type, status=status)
    zoe = await zoe_of(ann, foreign)
    for _ in range(3):
        assert (await alpha.anon.page(zoe["avatar"])).status_code == 404
    assert media.asked == ["/face.png"] and kept(alpha) == []


@pytest.mark.parametrize("url", ["https://127.0.0.1/face.png", "https://localhost/face.png", "https://10.1.2.3/a.png"])
async def test_nothing_inside_is_fetched(alpha: TestInstance, ann: Person, foreign: Foreign, url: str) -> None:
    zoe = await zoe_of(ann, foreign, url)
    if zoe["avatar"]:
        assert (await alpha.anon.page(zoe["avatar"])).status_code == 404


async def test_nobody_has_us_fetch_what_no_profile_names(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer
) -> None:
    zoe = await zoe_of(ann, foreign)
    place, _, name = zoe["avatar"].rpartition("/")
    actor_id, tag, _webp = name.split(".")
    for path in (
        f"{place}/{actor_id}.{'0' * 12}.webp",
        f"{place}/{ann.id}.{tag}.webp",
        f"{place}/{'0' * 8}{actor_id[8:]}.{tag}.webp",
        f"{place}/{actor_id}.{tag}.png",
        f"{place}/https://media.test/face.png",
        f"{place.replace('avatar', 'other')}/{name}",
        f"{place}/..%2f..%2f..%2fkith.db",
    ):
        assert (await alpha.anon.page(path)).status_code == 404, path
    with alpha.inside():
        await Actor.filter(username="zoe").update(suspended_at=now())
    assert (await alpha.anon.page(zoe["avatar"])).status_code == 404
    assert media.asked == []


@pytest.fixture
async def tight() -> AsyncIterator[TestInstance]:
    """An instance with room for a few pictures."""
    async with world("alpha.test", storage__remote_megabytes=1) as (instance,):
        yield instance


async def test_what_was_used_longest_ago_goes_when_there_is_no_room(tight: TestInstance) -> None:
    with tight.inside():
        store = tight.instance.remote_room
        folder = tight.folder / "cache" / "pictures" / "ab" / "cd"
        folder.mkdir(parents=True)
        for number in range(12):
            path = folder / f"{number}.webp"
            path.write_bytes(bytes(100_000))
            used = time.time() - 1000 * (12 - number)
            os.utime(path, (used, time.time()))
        assert await store.trim(dry_run=True) == 3 and len(kept(tight)) == 12
        await trim_remote_files()
        assert sorted(int(path.stem) for path in kept(tight)) == list(range(3, 12))
        assert await store.trim(unused_seconds=5500) == 4


async def test_an_old_picture_is_fetched_anew(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer
) -> None:
    zoe = await zoe_of(ann, foreign)
    await alpha.anon.page(zoe["avatar"])
    (path,) = kept(alpha)
    os.utime(path, (time.time(), time.time() - 31 * 86_400))
    media.answer("/face.png", saved(quarters(50, 50), "PNG"), type="image/png")
    assert opened_bytes((await alpha.anon.page(zoe["avatar"])).content).size == (50, 50)
    assert len(kept(alpha)) == 1


async def test_where_there_is_no_room_none_are_shown() -> None:
    async with world("alpha.test", storage__remote_megabytes=0) as (alpha,):
        foreign = Foreign("foreign.test").join(alpha)
        zoe = await zoe_of(await alpha.user("ann"), foreign)
        assert (zoe["avatar"], zoe["coverImage"]) == (None, None)


def fails(error: int) -> Any:
    def call(*_: Any, **__: Any) -> None:
        raise OSError(error, os.strerror(error))

    return call


@pytest.mark.parametrize(
    ("call", "error"), [("fsync", errno.ENOSPC), ("replace", errno.EROFS), ("mkdir", errno.EROFS)]
)
async def test_what_the_disk_does_not_take_is_passed_on(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer, monkeypatch: Any, call: str, error: int
) -> None:
    zoe = await zoe_of(ann, foreign)
    with monkeypatch.context() as disk:
        disk.setattr(os, call, fails(error))
        for _ in range(2):
            answer = await alpha.anon.page(zoe["avatar"])
            assert (answer.status_code, opened_bytes(answer.content).size) == (200, (400, 400))
        assert kept(alpha) == []
    assert (await alpha.anon.page(zoe["avatar"])).status_code == 200 and len(kept(alpha)) == 1


async def test_what_was_kept_is_shown_where_nothing_can_be_written_any_more(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer, monkeypatch: Any
) -> None:
    zoe = await zoe_of(ann, foreign)
    await alpha.anon.page(zoe["avatar"])
    (path,) = kept(alpha)
    os.utime(path, (time.time() - 600, time.time()))
    monkeypatch.setattr(os, "utime", fails(errno.EROFS))
    assert (await alpha.anon.page(zoe["avatar"])).status_code == 200 and media.asked == ["/face.png"]


async def test_servers_that_let_pictures_drip_keep_nobody_from_those_of_others(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: OddServer, monkeypatch: Any
) -> None:
    monkeypatch.setattr(remote, "SECONDS", 120.0)
    waiting, over = asyncio.Event(), asyncio.Event()

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        waiting.set()
        await over.wait()

    slow = []
    for number in range(10):
        alpha.neighbours[f"s{number}.drip.test"] = silent
        zoe = foreign.person(f"zoe{number}", icon={"type": "Image", "url": f"https://s{number}.drip.test/a.png"})
        slow.append((await ann.get(f"/users/{zoe.address}"))["avatar"])
    face = (await zoe_of(ann, foreign))["avatar"]
    asked = [asyncio.ensure_future(alpha.anon.page(one)) for one in slow]
    await waiting.wait()
    async with asyncio.timeout(60):
        assert (await alpha.anon.page(face)).status_code == 200
    over.set()
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} <= {404, 503}
