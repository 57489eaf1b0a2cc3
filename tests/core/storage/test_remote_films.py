"""Films and sounds of posts from elsewhere: watched from here, while they come, and no server learns who watches."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import gc
import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from core.database import now
from core.errors import Invalid
from core.federation.domains import decide
from core.models import Actor
from core.purging import service as purging
from core.storage import film_fetching
from core.storage.models import RefusedContent
from core.storage.remote_room import LEDGER
from core.testing import Foreign, Person, TestInstance, world
from tests.core.storage.film_server import FilmServer, document, film, gone, kept, shown, watched, watching
from tests.core.storage.photos import quarters, saved

SIZE = 5_000_000
FILM = film(SIZE)


@pytest.fixture
def media(alpha: TestInstance) -> FilmServer:
    """Where the films of the foreign server lie."""
    server = FilmServer().join(alpha)
    server.put("/a.mp4", FILM)
    server.put("/a.png", saved(quarters(90, 60), "PNG"))
    return server


async def url_of(alpha: TestInstance, ann: Person, foreign: Foreign, path: str = "/a.mp4") -> str:
    (file,) = await shown(alpha, ann, foreign, document(f"https://media.test{path}"))
    assert file["url"].startswith(f"https://{alpha.host}/files/remote/film/")
    return str(file["url"])


async def test_a_film_is_watched_from_here_in_whatever_parts_a_player_wants_and_fetched_once(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    poster = {"type": "Image", "mediaType": "image/png", "url": "https://media.test/a.png"}
    (file,) = await shown(
        alpha, ann, foreign, document("https://media.test/a.mp4", icon=poster, width=640, height=360, name="A goat")
    )
    url = file["url"]
    assert file["metadata"]["remoteUrl"] == "https://media.test/a.mp4" and media.asked == []
    assert (await alpha.anon.page(file["thumbnailUrl"])).headers["content-type"] == "image/webp"
    async with watching(alpha, url, "bytes=0-1") as first:  # as Safari begins
        assert (first.status, first.headers["content-range"]) == (206, f"bytes 0-1/{SIZE}")
        assert await first.all() == FILM[:2]
    assert await watched(alpha, url, "bytes=0-") == (206, FILM)
    etag = first.headers["etag"]
    for wanted, expected in (
        ("bytes=1000-1999", FILM[1000:2000]),
        ("bytes=-500", FILM[-500:]),
        (f"bytes={SIZE - 10}-{SIZE + 10}", FILM[-10:]),
    ):
        assert await watched(alpha, url, wanted) == (206, expected)
        assert await watched(alpha, url, wanted, if_range=etag) == (206, expected)
    assert await watched(alpha, url, "bytes=5-9", if_range='"other"') == (200, FILM)
    assert await watched(alpha, url, "bytes=1-2,4-5") == (200, FILM)
    async with watching(alpha, url, f"bytes={SIZE}-") as beyond:
        assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{SIZE}")
    async with watching(alpha, url, method="HEAD") as head:
        assert (head.status, head.headers["content-length"], await head.all()) == (200, str(SIZE), b"")
    assert (await watched(alpha, url, if_none_match=etag))[0] == 304
    assert head.headers["content-type"] == "video/mp4" and head.headers["accept-ranges"] == "bytes"
    assert "default-src 'none'" in head.headers["content-security-policy"]
    assert head.headers["x-content-type-options"] == "nosniff"
    assert media.asked == [("/a.png", ""), ("/a.mp4", "bytes=0-")]
    async with ann.browser() as browser:
        page = (await browser.get(f"/@zoe@{foreign.host}")).text
    for part in (url, file["thumbnailUrl"]):
        assert f'"{part.removeprefix("https://alpha.test")}"' in page
    loaded = re.findall(r'(?:src|poster)="([^"]*)"', page)
    assert loaded and not any("media.test" in one for one in loaded)
    assert 'preload="none"' in page and 'aria-label="A goat"' in page
    assert 'width="640" height="360"' in page


async def test_nobody_waits_for_the_whole_and_all_share_one_fetch(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    url, media.most = await url_of(alpha, ann, foreign), 300_000
    async with watching(alpha, url, "bytes=0-") as one, watching(alpha, url) as other:
        assert (one.status, other.status) == (206, 200)
        assert [await one.read(250_000), await other.read(250_000)] == [FILM[:250_000]] * 2
        await media.waiting.wait()
        assert media.asked == [("/a.mp4", "bytes=0-")]
        # What lies far ahead comes straight from its server; what lies near is waited for.
        assert await watched(alpha, url, f"bytes={SIZE - 9000}-") == (206, FILM[-9000:])
        assert media.asked[1:] == [("/a.mp4", f"bytes={SIZE - 9000}-{SIZE - 1}")]
        near = asyncio.create_task(watched(alpha, url, "bytes=400000-400009"))
        async with watching(alpha, url, method="HEAD") as head:
            assert head.headers["content-length"] == str(SIZE)
        assert not near.done() and sum(path.stat().st_size for path in kept(alpha)) == SIZE
        media.go_on()
        assert await near == (206, FILM[400_000:400_010])
        assert [await one.all(), await other.all()] == [FILM] * 2
    assert await watched(alpha, url) == (200, FILM) and len(media.asked) == 2 and len(kept(alpha)) == 1


@pytest.mark.parametrize("says_length", [True, False])
async def test_what_nobody_watches_any_more_is_not_fetched_to_the_end(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer, monkeypatch: Any, says_length: bool
) -> None:
    media.says_length = media.has_ranges = says_length
    url, media.most = await url_of(alpha, ann, foreign), 300_000
    async with watching(alpha, url) as one:
        await one.read(100_000)
        await media.waiting.wait()
        monkeypatch.setattr(film_fetching, "LINGER_SECONDS", 0.0)
    media.go_on()
    await gone(alpha)
    assert media.sent < 1_000_000
    monkeypatch.undo()
    assert await watched(alpha, url) == (200, FILM) and len(kept(alpha)) == 1  # and begun anew by who comes next


async def test_a_film_of_which_nobody_says_how_long_it_is_is_watched_too(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    media.says_length = media.has_ranges = False
    url, media.most = await url_of(alpha, ann, foreign), 300_000
    async with watching(alpha, url, "bytes=0-") as one:
        assert one.status == 200 and "content-length" not in one.headers
        assert await one.read(200_000) == FILM[:200_000]
        two = asyncio.create_task(watched(alpha, url, "bytes=-7"))
        await media.waiting.wait()
        media.go_on()
        assert await one.all() == FILM and await two == (206, FILM[-7:])
    assert len(media.asked) == 1 and [path.stat().st_size for path in kept(alpha)] == [SIZE]


@pytest.mark.parametrize(
    "settings",
    [{"storage__remote_film_megabytes": 1}, {"storage__remote_film_megabytes": 0}, {"storage__remote_megabytes": 12},
     {"storage__cache_nothing_percent": 1.0}],
)  # fmt: skip
async def test_what_may_not_be_kept_is_passed_on_in_the_parts_that_are_wanted(settings: dict[str, Any]) -> None:
    async with world("alpha.test", **settings) as (alpha,):
        ann, foreign, media = await alpha.user("ann"), Foreign("foreign.test").join(alpha), FilmServer().join(alpha)
        media.put("/a.mp4", FILM)
        url = await url_of(alpha, ann, foreign)
        async with watching(alpha, url, method="HEAD") as head:
            assert head.headers["content-length"] == str(SIZE)
        assert await watched(alpha, url, "bytes=0-1") == (206, FILM[:2])
        assert await watched(alpha, url, "bytes=4000000-") == (206, FILM[4_000_000:])
        assert await watched(alpha, url) == (200, FILM)
        ways = [way for _, way in media.asked if way != "bytes=0-"]
        assert ways == ["bytes=0-1", f"bytes=4000000-{SIZE - 1}", f"bytes=0-{SIZE - 1}"]
        media.has_ranges = False
        media.put("/b.mp4", film(SIZE, "b"))
        whole = await url_of(alpha, ann, foreign, "/b.mp4")
        assert await watched(alpha, whole, "bytes=7-9") == (200, film(SIZE, "b"))
        async with watching(alpha, whole, method="HEAD") as head:
            assert head.headers["accept-ranges"] == "none"
        assert kept(alpha) == []


async def test_while_another_process_fetches_it_a_film_is_passed_on(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    url = await url_of(alpha, ann, foreign)
    name = hashlib.sha256(b"film\0https://media.test/a.mp4").hexdigest()
    part = film_fetching.part_path(alpha.folder / "cache", name)
    part.parent.mkdir(parents=True)
    with part.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert await watched(alpha, url, "bytes=9-99") == (206, FILM[9:100])
        alpha.instance.cache.drop_prefix("film")
        media.says_length = media.has_ranges = False  # so it cannot be passed on, and is asked for again soon
        assert [(await watched(alpha, url))[0] for _ in range(2)] == [503, 503]
        assert kept(alpha) == [part]
    alpha.instance.cache.drop_prefix("film")
    assert await watched(alpha, url) == (200, FILM)  # that one died: what it left is written anew
    assert len(kept(alpha)) == 1 and not part.exists()


def held_open(below: str) -> list[str]:
    """The files below a folder that this process has open."""
    opened = [str(path.resolve()) for path in Path("/proc/self/fd").iterdir()]
    return [one for one in opened if one.startswith(below)]


@pytest.mark.parametrize("call", ["truncate", "pwrite"])
async def test_what_the_disk_does_not_take_is_passed_on_and_nothing_stays_open(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer, monkeypatch: Any, call: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    url = await url_of(alpha, ann, foreign)
    monkeypatch.setattr(os, call, full)
    if call == "pwrite":  # it breaks off once it has begun
        assert len((await watched(alpha, url))[1]) < SIZE
        await gone(alpha)
    assert await watched(alpha, url) == (200, FILM)
    monkeypatch.undo()
    async with asyncio.timeout(60):
        while held_open(f"{alpha.folder}/cache/"):
            gc.collect()  # those who watched in other tests, and went away, may not be done with
            await asyncio.sleep(0.05)
    alpha.instance.cache.drop_prefix("film")
    assert await watched(alpha, url) == (200, FILM) and len(kept(alpha)) == 1


async def test_a_server_that_stops_while_a_film_is_begun_leaves_nothing_open(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    url = await url_of(alpha, ann, foreign)
    room = alpha.folder / "cache" / LEDGER
    room.parent.mkdir(exist_ok=True)
    with room.open("wb") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_EX)  # nobody can be given room meanwhile
        watching = asyncio.create_task(watched(alpha, url))
        async with asyncio.timeout(60):
            while not any(one.endswith(".part") for one in held_open(f"{alpha.folder}/cache/")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        stopping = asyncio.create_task(alpha.instance.remote_films.close())
        await asyncio.sleep(0.1)
    await stopping
    await watching
    assert held_open(f"{alpha.folder}/cache/") == [] == kept(alpha)


async def test_a_film_too_old_to_be_true_is_passed_on_where_nothing_can_be_written_any_more(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer, monkeypatch: Any
) -> None:
    url = await url_of(alpha, ann, foreign)
    assert await watched(alpha, url) == (200, FILM)
    (path,) = kept(alpha)
    os.utime(path, (time.time(), time.time() - 31 * 86_400))

    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for call in ("truncate", "unlink", "utime"):
        monkeypatch.setattr(os, call, refused)
    alpha.instance.cache.drop_prefix("film")
    assert await watched(alpha, url) == (200, FILM) and len(media.asked) > 1


async def test_nobody_has_us_fetch_what_no_post_shows_or_what_is_not_wanted_here(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    url = await url_of(alpha, ann, foreign)
    place, _, name = url.rpartition("/")
    thing, tag, _suffix = name.split(".")
    for path in (f"{place}/{thing}.{'0' * 12}.mp4", f"{place}/{ann.id}.{tag}.mp4", f"{place}/https://media.test/a.mp4",
                 f"{place}/{thing}.{tag}", url.replace("/film/", "/full/").replace(".mp4", ".webp")):  # fmt: skip
        assert (await watched(alpha, path))[0] == 404, path
    with alpha.inside():
        await Actor.filter(username="zoe").update(suspended_at=now())
    assert (await watched(alpha, url))[0] == 404
    with alpha.inside():
        await Actor.filter(username="zoe").update(suspended_at=None)
        await decide("media.test", "block")
    assert (await watched(alpha, url))[0] == 404 and media.asked == []


async def test_what_was_purged_is_refused_by_its_first_bytes_wherever_it_lies(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    media.put("/again.mp4", FILM)
    media.put("/other.mp4", film(SIZE, "b"))
    (file,) = await shown(alpha, ann, foreign, document("https://media.test/a.mp4"))
    assert await watched(alpha, file["url"]) == (200, FILM)
    with alpha.inside():
        assert (await purging.purge_file(file["fileId"]))["fromElsewhere"] == 1
    assert kept(alpha) == [] and (await watched(alpha, file["url"]))[0] == 404
    again, sent = await url_of(alpha, ann, foreign, "/again.mp4"), media.sent
    assert (await watched(alpha, again))[0] == 404 and media.sent < sent + 200_000
    # Of what is known by its SHA-256 alone all but the end is seen once.
    with alpha.inside():
        await RefusedContent.create(digest=hashlib.sha256(film(SIZE, "b")).hexdigest())
    other = await url_of(alpha, ann, foreign, "/other.mp4")
    status, seen = await watched(alpha, other)
    assert status == 200 and len(seen) < SIZE
    await gone(alpha)
    alpha.instance.cache.drop_prefix("no-film")
    assert (await watched(alpha, other))[0] == 404
    (lost,) = await shown(alpha, ann, foreign, document("https://media.test/gone.mp4"))
    with alpha.inside(), pytest.raises(Invalid):
        await purging.purge_file(lost["fileId"])


async def test_we_are_nobodys_way_to_download_what_they_like(monkeypatch: Any) -> None:
    monkeypatch.setattr("core.web.remote_films.MEGABYTES", 12)
    limited: dict[str, Any] = {"rate_limits__enabled": True, "storage__remote_film_megabytes": 6}
    async with world("alpha.test", **limited) as (alpha,):
        ann, foreign, media = await alpha.user("ann"), Foreign("foreign.test").join(alpha), FilmServer().join(alpha)
        for name in "abc":
            media.put(f"/{name}.mp4", film(SIZE, name))
        media.put("/long.mp4", film(SIZE + 2_000_000))
        urls = [await url_of(alpha, ann, foreign, f"/{name}.mp4") for name in "abc"]
        assert [(await watched(alpha, url))[0] for url in urls] == [200, 200, 429]
        assert (await watched(alpha, urls[0]))[0] == 200  # what lies here costs nothing
        long = await url_of(alpha, ann, foreign, "/long.mp4")
        assert (await watched(alpha, long))[0] == 429
        monkeypatch.setattr("core.web.remote_films.MEGABYTES", 8000)
        monkeypatch.setattr("core.web.remote_films.PASSED_ON_TO_ONE", 1)
        async with watching(alpha, long) as one:
            await one.read(50_000)
            assert (await watched(alpha, long, "bytes=0-1"))[0] == 429
        assert (await watched(alpha, long, "bytes=0-1"))[0] == 206
        # Who takes none of it for too long is let go, and may come again.
        monkeypatch.setattr("core.web.remote_films.STALLED_SECONDS", 0.5)
        async with watching(alpha, long) as idle:
            await idle.read(50_000)
            await asyncio.sleep(1.5)
            assert len(await idle.all()) < SIZE
