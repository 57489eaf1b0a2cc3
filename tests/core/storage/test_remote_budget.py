"""Everything from elsewhere shares one room: pictures of all kinds, films and sounds never take more than it has."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.database import execute, now
from core.storage.remote_room import LEDGER, RemoteRoom, trim_remote_files
from core.testing import Foreign, TestInstance, settle, world
from tests.core.storage import buckets
from tests.core.storage.film_server import FilmServer, document, film, kept, shown, watched, watching
from tests.core.storage.photos import saved
from tests.federation.arrivals import arrive, stored
from tests.federation.odd_server import OddServer

BUDGET = 3_000_000
PEOPLE = 4


def noise(seed: str) -> bytes:
    """A picture that cannot be made small."""
    return saved(Image.frombytes("RGB", (260, 260), random.Random(seed).randbytes(260 * 260 * 3)), "PNG")


@pytest.fixture(params=["folder", "bucket"])
async def tight(request: pytest.FixtureRequest) -> AsyncIterator[TestInstance]:
    """An instance with little room, whose own files lie in a folder or in a bucket."""
    place = buckets.settings(request.getfixturevalue("store")) if request.param == "bucket" else {}
    async with world("alpha.test", storage__remote_megabytes=BUDGET // 1_000_000, **place) as (instance,):
        yield instance
    if place:
        buckets.emptied()


def taken(alpha: TestInstance) -> int:
    """How much lies here while nobody changes it, as each process of this machine sees it."""
    with (alpha.folder / "cache" / LEDGER).open("rb") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        return sum(path.stat().st_size for path in kept(alpha))


async def everything(alpha: TestInstance) -> dict[str, str]:
    """Our addresses of whatever four people elsewhere and their posts show, by kind and person."""
    ann, foreign = await alpha.user("ann"), Foreign("foreign.test").join(alpha)
    media, page = FilmServer().join(alpha), OddServer("pages.test").join(alpha)
    found: dict[str, str] = {}
    for number in range(PEOPLE):
        for kind in ("avatar", "cover", "emoji", "picture", "poster"):
            media.put(f"/{kind}{number}.png", noise(f"{kind}{number}"))
        pictures = {kind: f"https://media.test/{kind}{number}.png" for kind in ("avatar", "cover", "emoji", "picture")}
        zoe = foreign.person(
            f"zoe{number}",
            icon={"type": "Image", "url": pictures["avatar"]},
            image={"type": "Image", "url": pictures["cover"]},
        )
        emoji = {"type": "Emoji", "name": f":goat{number}:", "icon": {"type": "Image", "url": pictures["emoji"]}}
        emoji["id"] = f"https://foreign.test/emoji/{number}"
        poster = {"type": "Image", "url": f"https://media.test/poster{number}.png"}
        files = [
            document(pictures["picture"], "image/png"),
            document(media.put(f"/f{number}.mp4", film(500_000, str(number))), icon=poster),
            document(media.put(f"/s{number}.mp3", b"ID3" + film(200_000, str(number))), "audio/mpeg"),
        ]
        mention = {"type": "Mention", "href": ann.uri}
        note = zoe.note(f"A :goat{number}:", cc=[ann.uri], tag=[mention, emoji], attachment=files)
        page.answer(f"/{number}", f'<title>T</title><meta property="og:image" content="/{number}.png">'.encode(),
                    type="text/html")  # fmt: skip
        page.answer(f"/{number}.png", noise(f"card{number}"), type="image/png")
        link = f'<a href="https://pages.test/{number}">there</a>'
        linking = zoe.note(link, cc=[ann.uri], tag=[mention])
        for one in (note, linking):
            assert await arrive(alpha, zoe, zoe.activity("Create", one)) == "done"
        with alpha.inside():
            await execute("UPDATE core_job SET due_at = $1 WHERE name LIKE 'core.link_cards.%'", now())
        await settle(alpha)
        entries = [await stored(alpha, one["id"]) for one in (note, linking)]
        post, other = [await ann.get(f"/posts/{entry.id}") for entry in entries if entry]
        user = await ann.get(f"/users/{zoe.address}")
        picture, moving, sound = post["attachments"]
        found |= {f"{kind}{number}": url for kind, url in {
            "avatar": user["avatar"], "cover": user["coverImage"], "emoji": post["emojis"][0]["url"],
            "feed": picture["thumbnailUrl"], "full": picture["url"], "poster": moving["thumbnailUrl"],
            "film": moving["url"], "sound": sound["url"], "card": other["card"]["image"]["url"],
        }.items()}  # fmt: skip
    return found


async def test_pictures_films_and_sounds_together_never_take_more_than_their_room(tight: TestInstance) -> None:
    urls = await everything(tight)
    assert len(urls) == 9 * PEOPLE and all(url.startswith(f"{tight.base_url}/files/remote/") for url in urls.values())
    lies: dict[str, Path] = {}
    most = 0

    async def look(name: str) -> tuple[int, bytes]:
        nonlocal most
        before = set(kept(tight))
        answer = await watched(tight, urls[name])
        most = max(most, taken(tight))
        for new in set(kept(tight)) - before:
            lies[name] = new
        return answer

    first = {name: await look(name) for name in urls}
    assert {status for status, _ in first.values()} == {200} and len(lies) == len(urls)
    whole = sum(len(content) for _, content in first.values())
    assert whole > BUDGET * 5 // 4 and BUDGET // 2 < most <= BUDGET  # there was no room for all of it
    # The first that were looked at are gone, the last are here.
    here = [name for name in urls if lies[name].exists()]
    assert here == list(urls)[-len(here) :] and 0 < len(here) < len(urls)
    # What is looked at again outlives what is not, whichever of the kinds they are.
    for age, name in enumerate(reversed(here)):
        found = lies[name].stat()
        os.utime(lies[name], (time.time() - 7200 - age, found.st_mtime))
    (oldest, second, *_) = here
    assert await look(oldest) == first[oldest]
    await look("film0")
    assert lies[oldest].exists() and not lies[second].exists()
    gone = [name for name in here if not lies[name].exists()]
    assert gone == here[1 : len(gone) + 1]
    # And everything comes back when it is asked for again, by many at once too.
    again = await asyncio.gather(*(look(name) for name in urls))
    assert dict(zip(urls, again, strict=True)) == first and most <= BUDGET
    if tight.instance.settings.storage.backend == "s3":
        assert buckets.kept(tight) == {}


async def test_what_is_on_its_way_is_counted_before_it_is_there_and_never_taken_away(tight: TestInstance) -> None:
    ann, foreign = await tight.user("ann"), Foreign("foreign.test").join(tight)
    servers = [FilmServer(host, most=100_000).join(tight) for host in ("media.test", "more.test")]
    films = [film(700_000, str(number)) for number in range(5)]
    files = [document(servers[at % 2].put(f"/{at}.mp4", content)) for at, content in enumerate(films)]
    urls = [one["url"] for one in await shown(tight, ann, foreign, *files)]
    async with watching(tight, urls[0]) as a, watching(tight, urls[1]) as b, watching(tight, urls[2]) as c:
        async with watching(tight, urls[3]) as d, watching(tight, urls[4]) as e:
            for one, content in zip((a, b, c, d, e), films, strict=True):
                assert await one.read(60_000) == content[:60_000]
            assert taken(tight) == 4 * 700_000  # the fifth is passed on: all the room is for those that come
            for server in servers:
                server.go_on()
            assert [await one.all() for one in (a, b, c, d, e)] == films
    assert taken(tight) == 4 * 700_000 <= BUDGET


async def test_the_room_is_counted_anew_after_a_crash_and_when_it_was_made_smaller(tight: TestInstance) -> None:
    with tight.inside():
        room = tight.instance.remote_room
        lost = tight.folder / "cache" / "films" / "ab" / "cd" / "abcd.part"
        lost.parent.mkdir(parents=True)
        lost.write_bytes(bytes(2_900_000))  # a process died over it
        (tight.folder / "cache" / LEDGER).write_bytes(b"\0\0\0")
        other = tight.folder / "cache" / "pictures" / "ab" / "cd" / "abcd.webp"
        assert await asyncio.to_thread(room.keep, other, bytes(200_000)) and not lost.exists()
        assert not await asyncio.to_thread(room.keep, other.with_name("x.webp"), bytes(BUDGET + 1))
        assert (tight.folder / "cache" / LEDGER).read_bytes() == b"200000" and kept(tight) == [other]
        for number in range(20):
            await asyncio.to_thread(room.keep, other.with_name(f"{number}.webp"), bytes(100_000))
        lost.write_bytes(bytes(1000))
        with (held := lost.with_name("held.part")).open("wb") as busy:
            fcntl.flock(busy, fcntl.LOCK_EX)
            assert await room.trim(dry_run=True) == 0 and lost.exists()
            assert await room.trim() == 0 and held.exists() and not lost.exists()
        held.unlink()
        smaller = RemoteRoom(room.folder, bytes_at_most=1_000_000)
        tight.instance.remote_room = smaller
        try:
            await trim_remote_files()
        finally:
            tight.instance.remote_room = room
        assert taken(tight) == 900_000 and (tight.folder / "cache" / LEDGER).read_bytes() == b"900000"


def test_all_processes_of_a_machine_share_the_room(tmp_path: Path) -> None:
    rooms: list[Any] = [RemoteRoom(tmp_path, bytes_at_most=1_000_000) for _ in range(3)]
    for number in range(60):
        path = tmp_path / "pictures" / "ab" / "cd" / f"{number}.webp"
        assert rooms[number % 3].keep(path, bytes(90_000))
        assert sum(one.stat().st_size for one in path.parent.iterdir()) <= 1_000_000


async def test_who_is_told_of_a_film_sees_it_though_it_has_to_make_room_for_others_at_once(tight: TestInstance) -> None:
    ann, foreign = await tight.user("ann"), Foreign("foreign.test").join(tight)
    servers = [FilmServer(f"media{number}.test").join(tight) for number in range(4)]
    films = [film(450_000, str(number)) for number in range(16)]  # there is room for the six that come at once
    files = [document(servers[at % 4].put(f"/{at}.mp4", content)) for at, content in enumerate(films)]
    urls = [one["url"] for at in range(0, 16, 4) for one in await shown(tight, ann, foreign, *files[at : at + 4])]
    for _ in range(4):
        seen = await asyncio.gather(*(watched(tight, url) for url in urls * 3))
        assert [status for status, _ in seen] == [200] * len(seen)
        assert [content for _, content in seen] == films * 3
