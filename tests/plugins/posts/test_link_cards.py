"""What is behind the first link of a post: fetched once, safely and later, shown from here, never more than text."""

from __future__ import annotations

import time
import zlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from core.database import execute, new_id, now, rows
from core.federation.domains import decide
from core.link_cards.service import HOST_SECONDS, PER_HOST
from core.storage.remote import shown_at
from core.testing import Foreign, Person, TestInstance, counted_queries, settle, world
from tests.federation.odd_server import OddServer

HTML = "text/html; charset=utf-8"
PAGE = (
    '<!doctype html><html><head><meta charset="utf-8"><title>Tides &amp; ferries</title>'
    '<meta property="og:title" content="Tide tables of the bay">'
    '<meta property="og:description" content="High water, low water,&#10; and the ferry between.">'
    '<meta property="og:site_name" content="Harbour Office"><meta property="og:image" content="/bay.png">'
    '<meta property="og:image:width" content="1200"><meta property="og:image:height" content="630">'
    '</head><body><meta property="og:title" content="Too late"><p>Words</p></body></html>'
)
Card = dict[str, Any] | None


def a_picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (1200, 630), "teal").save(made, "PNG")
    return made.getvalue()


@pytest.fixture
def site(alpha: TestInstance) -> OddServer:
    site = OddServer("bay.test").join(alpha)
    site.answer("/tides", PAGE.encode(), type=HTML)
    site.answer("/bay.png", a_picture(), type="image/png")
    return site


async def after_a_while(instance: TestInstance) -> None:
    """Until now everything that was put off has been done."""
    with instance.inside():
        await execute("UPDATE core_job SET due_at = $1 WHERE name LIKE 'core.link_cards.%'", now())
    await settle(instance)


async def card_of(person: Person, post: dict[str, Any]) -> Card:
    await after_a_while(person.instance)
    found: Card = (await person.instance.anon.get(f"/posts/{post['postId']}"))["card"]
    return found


async def test_a_link_shows_what_is_behind_it_with_a_picture_from_here(
    alpha: TestInstance, ann: Person, site: OddServer
) -> None:
    post = await ann.publish("Look: https://bay.test/tides#today and https://bay.test/other #tides")
    assert post["card"] is None
    with alpha.inside():
        (job,) = await rows("SELECT due_at > created_at AS waits FROM core_job WHERE name LIKE 'core.link_cards.%'")
    assert job["waits"]  # a moment that differs from server to server
    card = await card_of(ann, post)
    assert card and card["image"] is not None
    picture = card["image"].pop("url")
    assert card == {
        "url": "https://bay.test/tides",
        "title": "Tide tables of the bay",
        "description": "High water, low water, and the ferry between.",
        "siteName": "Harbour Office",
        "host": "bay.test",
        "image": {"alt": None, "width": 1200, "height": 630},
    }
    answer = await alpha.anon.page(picture.removeprefix("https://alpha.test"))
    assert answer.status_code == 200 and Image.open(BytesIO(answer.content)).size == (800, 420)
    page = (await alpha.anon.page(f"/@ann/{post['postId']}")).text
    assert 'rel="noopener noreferrer nofollow ugc"' in page and "Tide tables of the bay" in page
    assert "https://bay.test/bay.png" not in page
    assert 'class="link-card-host">bay.test<' in page  # and not what it calls itself
    assert site.asked == ["/tides", "/bay.png"]
    await ann.publish("Again: https://BAY.test/tides")
    again = (await ann.feed())[0]
    assert again["card"]["title"] == "Tide tables of the bay"
    await after_a_while(alpha)
    assert site.asked == ["/tides", "/bay.png"]


@pytest.mark.parametrize(
    "more",
    [
        {"contentWarning": "Tides"},
        {"sensitive": True},
        {"poll": {"options": ["High", "Low"]}},
        {"visibility": "direct"},
        {"visibility": "private"},
    ],
    ids=["warned of", "sensitive", "a poll", "a message", "for oneself"],
)
async def test_some_links_are_left_alone(ann: Person, site: OddServer, more: dict[str, Any]) -> None:
    post = await ann.publish("@bob https://bay.test/tides", **more)
    await after_a_while(ann.instance)
    assert (await ann.get(f"/posts/{post['postId']}"))["card"] is None
    assert site.asked == []


async def test_an_edit_changes_the_card_and_takes_it_away(alpha: TestInstance, ann: Person, site: OddServer) -> None:
    site.answer("/other", b"<title>Another page</title>", type=HTML)
    post = await ann.publish("https://bay.test/tides")
    assert await card_of(ann, post)
    await ann.put(f"/posts/{post['postId']}", {"content": "No: https://bay.test/other"})
    card = await card_of(ann, post)
    assert card == {
        "url": "https://bay.test/other",
        "title": "Another page",
        "description": None,
        "siteName": None,
        "host": "bay.test",
        "image": None,
    }
    await ann.put(f"/posts/{post['postId']}", {"content": "Nothing to see."})
    assert await card_of(ann, post) is None
    await ann.delete(f"/posts/{post['postId']}")
    with alpha.inside():
        assert await rows("SELECT 1 AS one FROM core_linked_card") == []


async def test_a_post_from_elsewhere_has_a_card_and_its_mentions_are_no_links(
    alpha: TestInstance, ann: Person, site: OddServer, foreign: Foreign
) -> None:
    zoe = foreign.person("zoe")
    await ann.follow("@zoe@foreign.test")
    await settle(alpha)
    words = (
        '<p><a href="https://foreign.test/@zoe" class="u-url mention">@zoe</a>'
        ' <a href="https://foreign.test/tags/bay" class="mention hashtag" rel="tag">#bay</a>'
        ' <a href="https://bay.test/tides?a=1&amp;b=2">bay.test/tides</a></p>'
    )
    await zoe.send(alpha, zoe.activity("Create", zoe.note(words)))
    await settle(alpha)
    await after_a_while(alpha)
    assert site.asked == ["/tides?a=1&b=2"]
    assert (await ann.feed("global"))[0]["card"]["url"] == "https://bay.test/tides?a=1&b=2"


async def test_a_page_is_asked_for_again_only_when_it_is_old_and_somebody_writes_of_it(
    alpha: TestInstance, ann: Person, site: OddServer
) -> None:
    async def written(days: float) -> int:
        with alpha.inside():
            await execute("UPDATE core_link_card SET asked_at = $1", now() - timedelta(days=days))
        await ann.publish("https://bay.test/tides")
        await after_a_while(alpha)
        return len(site.asked)

    assert await written(0) == 1 and await written(13) == 1 and await written(15) == 2
    site.answer("/tides", b"", status=503)
    post = await ann.publish("https://bay.test/tides")
    assert await written(15) == 3
    assert (await card_of(ann, post) or {}).get("title") == "Tide tables of the bay"  # out for a moment
    site.answer("/none", b"", status=404)
    await ann.publish("https://bay.test/none")
    await after_a_while(alpha)
    await ann.publish("https://bay.test/none")
    await after_a_while(alpha)
    assert site.asked.count("/none") == 1


HOSTILE: dict[str, tuple[bytes, str]] = {
    "a picture": (a_picture(), "image/png"),
    "no title": (b"<p>Hello</p>", HTML),
    "an empty title": (b"<title> \n </title>", HTML),
    "plain text": (PAGE.encode(), "text/plain"),
    "nothing": (b"", HTML),
    "only signs that turn text around": ("<title>\u202e\u2066\x00\x07</title>".encode(), HTML),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_no_page_has_no_card(ann: Person, site: OddServer, name: str) -> None:
    body, type = HOSTILE[name]
    site.answer("/odd", body, type=type)
    assert await card_of(ann, await ann.publish("https://bay.test/odd")) is None
    assert site.asked == ["/odd"]


async def test_a_hostile_page_gives_nothing_but_short_text(alpha: TestInstance, ann: Person, site: OddServer) -> None:
    async def seen(body: bytes, type: str = HTML) -> dict[str, Any]:
        path = f"/odd{len(site.answers)}"
        site.answer(path, body, type=type)
        card = await card_of(ann, await ann.publish(f"https://bay.test{path}"))
        assert card
        return card

    script = "&lt;script&gt;alert(1)&lt;/script&gt;"
    card = await seen(f'<title>{script}</title><meta name="description" content="{script}">'.encode())
    assert card["title"] == card["description"] == "<script>alert(1)</script>"
    assert "<script>alert(1)" not in (await alpha.anon.page("/@ann")).text
    long = await seen(b"<title>" + b"x" * 4_000_000 + b"</title>")  # more than is read
    assert len(long["title"]) == 300
    endless = await seen(b"<title>Deep</title>" + b"<div " * 2_000_000)
    assert endless["title"] == "Deep"
    many = await seen(b"<title>Many</title>" + b'<meta name="a' + b'b" c="d' * 50_000 + b'">')
    assert many["title"] == "Many"
    for name in (
        "undefined",
        "punycode",
        "unicode_escape",
    ):  # never succeeds, takes quadratic time, means something else
        assert (await seen("<title>Größe</title>".encode(), f"text/html; charset={name}"))["title"] == "Größe"
    spent = time.process_time()
    begun = await seen(b"<title>Begun</title>" + b"<title " * 150_000)
    assert begun["title"] == "Begun"
    site.answer("/begun", b"<title " * 150_000, type=HTML)
    site.answer("/coded", b"a" * 1_000_000, type="text/html; charset=punycode")
    for path in ("/begun", "/coded"):
        assert await card_of(ann, await ann.publish(f"https://bay.test{path}")) is None
    assert time.process_time() - spent < 5  # what takes quadratic time takes a minute here
    for address in (
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "http://127.0.0.1/x.png",
        "https://10.0.0.1/x",
        "file:///etc/passwd",
        "https://" + "x" * 3000,
        "//[",
    ):
        page = f'<title>Picture</title><meta property="og:image" content="{address}">'
        shown = (await seen(page.encode()))["image"]
        if shown:  # whatever it says, it is asked for under the rules of all that is fetched
            answer = await alpha.anon.page(shown["url"].removeprefix("https://alpha.test"))
            assert answer.status_code == 404
    assert (await seen("<title>Größe</title>".encode("latin-1"), "text/html; charset=ISO-8859-1"))["title"] == "Größe"
    assert (await seen('<meta charset="shift_jis"><title>港</title>'.encode("shift_jis"), "text/html"))["title"] == "港"
    assert (await seen("<title>Größe</title>".encode(), "text/html; charset=rot13"))["title"] == "Größe"
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = bomb.compress(b"<title>Packed</title>" + b" " * 50_000_000) + bomb.flush()
    site.answers["/bomb"] = (200, {"content-type": HTML, "content-encoding": "gzip"}, packed)
    card_of_bomb = await card_of(ann, await ann.publish("https://bay.test/bomb"))
    assert card_of_bomb and card_of_bomb["title"] == "Packed"


async def test_nothing_is_fetched_from_within_from_ourselves_or_from_who_is_blocked(
    alpha: TestInstance, ann: Person, site: OddServer
) -> None:
    site.answer("/within", status=302, location="https://127.0.0.1/")
    site.answer("/round", status=302, location="/round")
    for address in (
        "https://127.0.0.1/x",
        "https://alpha.test/@ann",
        "https://bay.test/within",
        "https://bay.test/round",
    ):
        assert await card_of(ann, await ann.publish(f"Look at {address}")) is None
    site.asked.clear()
    blocked = OddServer("blocked.test").join(alpha)
    blocked.answer("/page", PAGE.encode(), type=HTML)
    blocked.answer("/bay.png", a_picture(), type="image/png")
    with alpha.inside():
        await decide("blocked.test", "block")
    assert await card_of(ann, await ann.publish("https://blocked.test/page")) is None
    site.answer("/away", status=302, location="https://blocked.test/page")
    assert await card_of(ann, await ann.publish("https://bay.test/away")) is None
    shows = b'<title>Bay</title><meta property="og:image" content="https://blocked.test/bay.png">'
    site.answer("/shows", shows, type=HTML)
    card = await card_of(ann, await ann.publish("https://bay.test/shows"))
    assert card and (await alpha.anon.page(card["image"]["url"].removeprefix("https://alpha.test"))).status_code == 404
    assert blocked.asked == [] and site.asked == ["/away", "/shows"]


async def test_a_host_that_is_asked_for_much_is_asked_for_the_rest_later(
    alpha: TestInstance, ann: Person, site: OddServer
) -> None:
    limit = ("link_cards_of:bay.test", PER_HOST, HOST_SECONDS)
    with alpha.inside():
        await alpha.instance.limiter.take(*limit, cost=PER_HOST)
    post = await ann.publish("https://bay.test/tides")
    await settle(alpha)
    assert await card_of(ann, post) is None and site.asked == []
    with alpha.inside():
        assert [one["asked_at"] for one in await rows("SELECT asked_at FROM core_link_card")] == [None]  # not failed
        await alpha.instance.limiter.clear(limit[0])
    assert await card_of(ann, post) and site.asked == ["/tides"]


async def test_an_admin_may_switch_them_off() -> None:
    async with world("alpha.test", link_previews__enabled=False) as (alpha,):
        site = OddServer("bay.test").join(alpha)
        ann = await alpha.user("ann")
        post = await ann.publish("https://bay.test/tides")
        assert await card_of(ann, post) is None
        assert site.asked == []
        with alpha.inside():  # from when they were on
            await execute(
                "INSERT INTO core_link_card (id, url_key, url, title, description, site_name, image_url, image_alt,"
                " created_at) VALUES ($1, 'k', 'https://bay.test/tides', 'Old', '', '', '', '', $2)",
                card_id := new_id(),
                now(),
            )
            await execute(
                "INSERT INTO core_linked_card (id, entry_id, card_id) VALUES ($1, $2, $3)",
                new_id(),
                post["postId"],
                card_id,
            )
            await execute("UPDATE core_link_card SET image_url = 'https://bay.test/bay.png'")
            await execute("UPDATE core_entry SET version = version + 1")
        assert await card_of(ann, post) is None
        with alpha.inside():
            old = shown_at(card_id, "card", "https://bay.test/bay.png") or ""
        assert (await alpha.anon.page(old)).status_code == 404 and site.asked == []
        await ann.put(f"/posts/{post['postId']}", {"content": "Rather https://bay.test/other"})
        assert await card_of(ann, post) is None


async def test_a_card_comes_to_those_who_have_the_post_in_view(
    alpha: TestInstance, ann: Person, bob: Person, site: OddServer
) -> None:
    post = (await ann.publish("https://bay.test/tides"))["postId"]
    async with bob.socket() as socket:
        await socket.send({"type": "auth", "token": bob.access_token})
        await socket.receive_type("ready")
        await socket.send({"type": "subscribe", "channel": f"counts:{post}"})
        await socket.send({"type": "ping"})
        await socket.receive_type("pong")
        await after_a_while(alpha)
        frame = await socket.receive_type("card")
    assert frame["data"] == {"postId": post, "card": (await bob.get(f"/posts/{post}"))["card"]}
    assert (frame["channel"], frame["data"]["card"]["title"]) == (f"counts:{post}", "Tide tables of the bay")


async def test_a_page_of_posts_with_links_takes_no_query_more(
    alpha: TestInstance, ann: Person, site: OddServer
) -> None:
    for number in range(5):
        await ann.publish(f"Number {number}: https://bay.test/tides")
    await after_a_while(alpha)
    await ann.feed()
    with counted_queries(alpha) as queries:
        assert all(post["card"] for post in await ann.feed())
    assert not [query for query in queries if "link_card" in query]
    with alpha.inside():
        alpha.instance.cache.drop_prefix("")
    with counted_queries(alpha) as queries:
        await ann.feed()
    assert len([query for query in queries if "link_card" in query]) == 1
