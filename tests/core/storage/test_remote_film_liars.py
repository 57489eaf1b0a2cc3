"""Servers that say one thing of their films and do another: nothing of theirs is kept, or waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from core.storage import fetching_places, film_fetching, film_sources
from core.storage.remote_films import AT_ONCE, OF_ONE_DOMAIN, OF_ONE_SERVER
from core.testing import Foreign, Person, TestInstance, world
from tests.core.storage.film_server import PIECE, FilmServer, Lie, document, film, gone, kept, shown, watched, watching
from tests.core.storage.photos import quarters, saved

SIZE = 300_000
FILM = film(SIZE)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def says(status: int = 0, body: bytes | None = None, **headers: str) -> Lie:
    """A server that has these headers, this body or status in place of the true ones."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def lie(true_status: int, true: dict[str, str], true_body: bytes) -> tuple[int, dict[str, str], bytes]:
        return status or true_status, {**true, **named}, true_body if body is None else body

    return lie


async def forgotten(alpha: TestInstance) -> None:
    """Nothing of a film is kept, and what is known of it is forgotten."""
    await gone(alpha)
    alpha.instance.cache.drop_prefix("no-film")
    alpha.instance.cache.drop_prefix("film")


@pytest.fixture
def media(alpha: TestInstance) -> FilmServer:
    server = FilmServer().join(alpha)
    server.put("/a.mp4", FILM)
    return server


@pytest.fixture
async def url(alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer) -> str:
    """Our address of the film."""
    (file,) = await shown(alpha, ann, foreign, document("https://media.test/a.mp4"))
    return str(file["url"])


NO_FILMS = (
    SVG, b"<!doctype html><script>alert(1)</script>", b"%PDF-1.7 ...", b"#EXTM3U\n", saved(quarters(60, 60), "PNG"),
    b"", b"\0" * 70_000, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
)  # fmt: skip


async def test_only_what_begins_like_a_film_is_one_whatever_its_server_calls_it(
    alpha: TestInstance, media: FilmServer, url: str
) -> None:
    for number, content in enumerate(NO_FILMS, 1):
        media.films["/a.mp4"] = content
        media.has_ranges = bool(content)
        for _ in range(3):
            async with watching(alpha, url, "bytes=0-") as answer:
                assert (answer.status, "video" in answer.headers["content-type"]) == (404, False), content[:20]
        assert len(media.asked) == number
        await forgotten(alpha)


async def test_what_is_a_film_is_called_one_whatever_its_server_calls_it(
    alpha: TestInstance, media: FilmServer, url: str
) -> None:
    media.lie = says(content_type="text/html")
    async with watching(alpha, url) as answer:
        assert (answer.status, answer.headers["content-type"], await answer.all()) == (200, "video/mp4", FILM)


LIES = (
    says(content_range=f"bytes 0-{SIZE - 1}/{SIZE * 2}"), says(content_range=f"bytes 1-{SIZE}/{SIZE + 1}"),
    says(content_range=f"bytes 0-{SIZE - 1}/*"), says(content_range="0"), says(content_range=f"bytes 5-2/{SIZE}"),
    says(content_encoding="gzip"), says(status=404), says(status=503), says(status=301, location="https://10.1.2.3/a.mp4"),
    says(status=302, location="http://media.test/a.mp4"), says(status=302, location="https://localhost/a.mp4"),
    says(status=302, location="https://media.test/a.mp4"), says(status=204, body=b""),
)  # fmt: skip


async def test_an_answer_that_makes_no_sense_or_leads_inside_is_none(
    alpha: TestInstance, media: FilmServer, url: str
) -> None:
    for lie in LIES:
        media.lie = lie
        assert (await watched(alpha, url, "bytes=0-"))[0] == 404
        asked = len(media.asked)
        assert (await watched(alpha, url))[0] == 404
        assert len(media.asked) == asked
        await forgotten(alpha)


async def test_a_film_is_as_long_as_its_server_says_or_it_breaks_off_and_is_not_kept(
    alpha: TestInstance, media: FilmServer, url: str
) -> None:
    for body in (FILM[:200_000], FILM + bytes(100_000), FILM[:10_000]):
        for media.has_ranges in (True, False):
            media.lie = says(body=body, content_length=str(SIZE))
            status, seen = await watched(alpha, url)
            assert status == 404 or len(seen) < SIZE
            await forgotten(alpha)
    media.lie = None
    assert await watched(alpha, url) == (200, FILM)


async def test_a_stream_without_an_end_is_given_up(ann: Person) -> None:
    async with world("beta.test", storage__remote_film_megabytes=1) as (beta,):
        media, zoes = FilmServer(says_length=False, has_ranges=False).join(beta), Foreign("foreign.test").join(beta)
        media.put("/radio.mp3", b"ID3" + bytes(30_000_000))
        (file,) = await shown(
            beta, await beta.user("bea"), zoes, document("https://media.test/radio.mp3", "audio/mpeg")
        )
        status, seen = await watched(beta, file["url"])
        assert status == 200 and len(seen) <= 1_000_000 and media.sent < 1_500_000
        assert (await watched(beta, file["url"]))[0] == 404
        await gone(beta)


async def test_a_server_that_falls_silent_or_drips_is_given_up(
    alpha: TestInstance, media: FilmServer, url: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(film_sources, "PATIENCE", 1.0)
    media.most = 200_000
    status, seen = await watched(alpha, url)
    assert status == 200 and len(seen) < SIZE
    await gone(alpha)
    alpha.instance.cache.drop_prefix("no-film")
    monkeypatch.setattr(film_fetching, "PATIENT_SECONDS", 0.0)
    monkeypatch.setattr(film_fetching, "SLOWEST", 1 << 50)
    media.go_on()
    status, seen = await watched(alpha, url)
    assert len(seen) < SIZE
    await gone(alpha)


async def test_what_drips_is_not_passed_on_either(monkeypatch: Any) -> None:
    async with world("alpha.test", storage__remote_film_megabytes=0) as (alpha,):
        media, zoes = FilmServer().join(alpha), Foreign("foreign.test").join(alpha)
        media.put("/a.mp4", FILM)
        (file,) = await shown(alpha, await alpha.user("ann"), zoes, document("https://media.test/a.mp4"))
        assert await watched(alpha, file["url"], "bytes=9-99") == (206, FILM[9:100])
        monkeypatch.setattr(film_fetching, "PATIENT_SECONDS", 0.0)
        monkeypatch.setattr(film_fetching, "SLOWEST", 1 << 50)
        assert (await watched(alpha, file["url"], "bytes=9-99"))[0] == 503


async def test_servers_that_let_even_the_beginning_drip_keep_nobody_from_the_films_of_others(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer, url: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(film_sources, "BEGINNING_SECONDS", 1.0)

    async def drip(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for at in range(len(FILM)):
            await send({"type": "http.response.body", "body": FILM[at : at + 1], "more_body": True})
            await asyncio.sleep(0.05)

    alpha.neighbours["drip.test"] = drip
    names = [document(f"https://drip.test/{number}.mp4") for number in range(AT_ONCE)]
    dripping = [one["url"] for one in await shown(alpha, ann, foreign, *names)]
    answers = await asyncio.wait_for(asyncio.gather(*(watched(alpha, one) for one in (*dripping, url))), 19)
    assert [status for status, _ in answers] == [404] * AT_ONCE + [200]
    assert answers[-1][1] == FILM and len(kept(alpha)) == 1


async def test_a_server_that_sends_just_fast_enough_leaves_places_to_others(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer, monkeypatch: Any
) -> None:
    slow = FilmServer("slow.test", most=3 * PIECE).join(alpha)
    names = [document(slow.put(f"/{number}.mp4", film(SIZE, str(number)))) for number in range(AT_ONCE)]
    (film_here,) = await shown(alpha, ann, foreign, document("https://media.test/a.mp4"))
    files = await shown(alpha, ann, foreign, *names)
    monkeypatch.setattr(fetching_places, "WAITING_SECONDS", 0.3)
    async with AsyncExitStack() as watchers:
        answers = [await watchers.enter_async_context(watching(alpha, file["url"])) for file in files]
        assert [answer.status for answer in answers] == [200] * OF_ONE_SERVER + [503] * (AT_ONCE - OF_ONE_SERVER)
        assert await watched(alpha, film_here["url"]) == (200, FILM)
        slow.go_on()
        assert [len(await answer.all()) for answer in answers[:OF_ONE_SERVER]] == [SIZE] * OF_ONE_SERVER
    assert (await watched(alpha, files[-1]["url"]))[0] == 200


async def test_a_domain_with_many_servers_leaves_places_to_others(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer, monkeypatch: Any
) -> None:
    slow = [FilmServer(f"s{number}.slow.test", most=3 * PIECE).join(alpha) for number in range(AT_ONCE)]
    names = [document(server.put("/a.mp4", film(SIZE, server.host))) for server in slow]
    (film_here,) = await shown(alpha, ann, foreign, document("https://media.test/a.mp4"))
    files = await shown(alpha, ann, foreign, *names)
    monkeypatch.setattr(fetching_places, "WAITING_SECONDS", 0.3)
    async with AsyncExitStack() as watchers:
        answers = [await watchers.enter_async_context(watching(alpha, file["url"])) for file in files]
        assert [answer.status for answer in answers] == [200] * OF_ONE_DOMAIN + [503] * (AT_ONCE - OF_ONE_DOMAIN)
        assert await watched(alpha, film_here["url"]) == (200, FILM)


def _other_size(media: FilmServer) -> None:
    media.films["/a.mp4"] = film(SIZE + 1)


def _no_more_ranges(media: FilmServer) -> None:
    media.has_ranges = False


def _other_tag(media: FilmServer) -> None:
    media.etag = '"two"'


def _other_kind(media: FilmServer) -> None:
    media.films["/a.mp4"] = b"<!doctype html>" + bytes(SIZE - 15)


CHANGES: tuple[Callable[[FilmServer], None], ...] = (
    _other_size, _no_more_ranges, _other_tag, _other_kind,
    lambda media: setattr(media, "lie", says(content_range=f"bytes 1-9999/{SIZE}")),
    lambda media: setattr(media, "lie", says(status=200)),
    lambda media: setattr(media, "lie", says(body=b"")),
    lambda media: setattr(media, "lie", says(status=206, body=FILM[:9_000])),
)  # fmt: skip


async def test_a_film_that_is_passed_on_and_changes_in_between_is_never_mixed() -> None:
    async with world("alpha.test", storage__remote_film_megabytes=0) as (alpha,):
        media, zoes = FilmServer().join(alpha), Foreign("foreign.test").join(alpha)
        (file,) = await shown(alpha, await alpha.user("ann"), zoes, document("https://media.test/a.mp4"))
        for number, change in enumerate(CHANGES):
            media.put("/a.mp4", FILM)
            media.etag, media.has_ranges, media.lie = '"one"', True, None
            async with watching(alpha, file["url"], "bytes=0-9999") as answer:
                before = answer.headers["etag"]
                assert await answer.all() == FILM[:10_000]
            change(media)
            status, seen = await watched(alpha, file["url"], "bytes=0-9999")
            assert status == 503 or (status == 206 and len(seen) < 10_000), number
            # Whoever comes again is told of the film there is now, by another tag.
            media.lie = None
            async with watching(alpha, file["url"], method="HEAD") as answer:
                is_other = answer.status == 404 or answer.headers["etag"] != before
                assert is_other == (change in (_other_size, _other_tag, _other_kind)), number
            await forgotten(alpha)


async def test_a_flood_of_tiny_pieces_and_a_broken_connection_harm_nobody_else(
    alpha: TestInstance, ann: Person, foreign: Foreign, media: FilmServer
) -> None:
    async def torn(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", str(SIZE).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at in range(0, 70_000, 70):
            await send({"type": "http.response.body", "body": FILM[at : at + 70], "more_body": True})
        raise RuntimeError("torn")

    alpha.neighbours["torn.test"] = torn
    bad, good = await shown(
        alpha, ann, foreign, document("https://torn.test/a.mp4"), document("https://media.test/a.mp4")
    )
    broken, whole = await asyncio.gather(watched(alpha, bad["url"]), watched(alpha, good["url"]))
    assert broken[0] == 200 and broken[1] == FILM[: len(broken[1])] and len(broken[1]) < SIZE
    assert whole == (200, FILM)
    async with asyncio.timeout(60):
        while len(kept(alpha)) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # who watched is told first, then what came is put away
    assert len(kept(alpha)) == 1
