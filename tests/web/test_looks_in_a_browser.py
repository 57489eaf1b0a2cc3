"""Pages that everybody can use, that load quickly, and that load nothing from elsewhere."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Response

from core.testing import Person
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, TABLET, Site

SIGHTS = {
    "small phone": ((320, 568), "light"),
    "phone": (PHONE, "dark"),
    "tablet": (TABLET, "light"),
    "desktop": (DESKTOP, "dark"),
}
RIVER = "The river was high and the ferry did not run, so we walked the long way round. "


async def overfull(site: Site) -> tuple[Person, list[str]]:
    """People and posts that strain a layout; somebody to look at them, and the pages to look at."""
    ann, bob = await site.instance.users("ann", "bob")
    long = await site.instance.user("a_name_as_long_as_is_allowed_")
    await long.put("/users/me", {"fullName": "Professor Doctor Maximiliana Wolkenstein-Trostburg von und zu Hohenfels"})
    await long.follow(ann)
    await ann.follow(long)
    first = await long.publish(" ".join(f"@person{number}" for number in range(30)), contentWarning="A crowd " * 12)
    await bob.publish(RIVER * 5, visibility="unlisted")
    await long.publish("مرحبا بالجميع في هذا المكان الهادئ. " * 8, language="ar")
    await ann.publish("W" * 300)
    await ann.publish("Only for me.", visibility="private")
    for person in (ann, long):
        await person.post(f"/posts/{first['postId']}/like")
    careful = await ann.publish(RIVER * 3, quotePolicy="ask")
    await long.publish("W" * 200, quote=careful["postId"], contentWarning="A crowd " * 12)
    answer = await bob.publish("Deep in here.", inReplyTo=first["postId"])
    for author in (ann, long, bob, ann, long):
        answer = await author.publish("And deeper.", inReplyTo=answer["postId"])
    for number in range(16):
        await bob.publish(f"Number {number}. {RIVER}")
    await ann.follow(bob)
    await bob.follow(ann)
    for number in range(12):
        await ann.post("/circles", {"name": f"{number} of my oldest and dearest friends", "userIds": [bob.id]})
    for number in range(16):
        await bob.publish(f"Number {number} again. {RIVER}")
    thread = f"/@{long.name}/{first['postId']}"
    pages = ["/", "/local", "/global", "/compose", "/requests", "/bookmarks", "/lookup", "/lookup?q=nobody", thread]
    pages += ["/requests/quotes", f"/@{long.name}", "/@ann", "/@ann/followers", f"/posts/{answer['postId']}/edit"]
    pages += ["/friends/posts", "/nowhere"]
    return ann, pages


@pytest.mark.parametrize(("size", "scheme"), SIGHTS.values(), ids=SIGHTS)
async def test_no_page_shuts_anybody_out_or_overflows(site: Site, size: tuple[int, int], scheme: str) -> None:
    ann, pages = await overfull(site)
    strangers = ["/", "/login", "/signup", "/local", "/@ann", "/about/rules", "/nowhere"]
    found: dict[str, list[str]] = {}
    for who, paths in ((ann, pages), (None, strangers)):
        async with site.visit(who, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
            for path in paths:
                await page.goto(path)
                trouble = await findings(page) if size in (PHONE, DESKTOP) else []
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[path] = trouble
    assert found == {}


@pytest.mark.parametrize("path", ["/", "/local"])
async def test_a_list_of_twenty_posts_keeps_to_its_budget(site: Site, path: str) -> None:
    ann, _pages = await overfull(site)
    loaded: list[Response] = []
    async with site.visit(ann) as page:
        page.on("response", lambda response: loaded.append(response))
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        shift = await page.evaluate(SHIFT)
        body = await loaded[0].body()
        sizes = {response.url: (await response.request.sizes())["responseBodySize"] for response in loaded}
    assert body.count(b'class="entry"') == 20
    assert len(body) <= 60 * 1024
    assert len(gzip.compress(body)) <= 12 * 1024
    assert sum(size for url, size in sizes.items() if url.endswith(".css")) <= 25 * 1024
    assert sum(size for url, size in sizes.items() if url.endswith(".js")) <= 45 * 1024
    assert len(loaded) <= 12, list(sizes)
    assert {urlsplit(url).netloc for url in sizes} == {urlsplit(site.base_url).netloc}
    assert shift < 0.02
    assert site.complaints == []


SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 200);
})"""


async def test_pages_allow_nothing_inline_and_no_other_host(site: Site) -> None:
    async with site.visit() as page:
        answer = await page.goto("/local")
        assert answer is not None
        headers: Mapping[str, str] = answer.headers
        html = await answer.text()
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self' 'sha256-" in policy and "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert " style=" not in html and "<style" not in html and " onclick=" not in html


async def test_the_front_page_says_what_this_place_is_and_how_to_join(site: Site) -> None:
    ann = await site.instance.user("ann")
    await ann.publish("Hello, strangers.")
    async with site.visit() as page:
        await page.goto("/")
        text = await page.inner_text("main")
    for said in (
        "The town square of the Mill valley",
        "Be kind",
        "Hello, strangers.",
        "hello@millbrook.example",
        "Join",
    ):
        assert said in text


async def test_an_arabic_reader_gets_a_page_from_right_to_left(site: Site) -> None:
    async with site.visit(locale="ar", extra_http_headers={"Accept-Language": "ar"}) as page:
        await page.goto("/local")
        assert await page.get_attribute("html", "dir") == "rtl"


async def test_suggested_people_have_room_for_their_names_on_a_phone(site: Site) -> None:
    ann, bob, eve = await site.instance.users("ann", "bob", "eve")
    await ann.follow(bob)
    await bob.follow(eve)
    await eve.follow(ann)
    async with site.visit(ann, size=PHONE) as page:
        await page.goto("/suggestions")
        row = page.locator(".person", has_text="@eve")
        body, ways = await row.locator(".person-body").bounding_box(), await row.locator(".relation").bounding_box()
        away = await row.locator(".icon-button").bounding_box()
    assert body and ways and away
    assert body["width"] > 250
    assert ways["y"] >= body["y"] + body["height"]
    assert abs(away["y"] + away["height"] / 2 - ways["y"] - ways["height"] / 2) < 4
