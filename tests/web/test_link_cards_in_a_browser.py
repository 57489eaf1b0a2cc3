"""Cards of links on open pages: they come when their page was fetched, and do without pictures that do not come."""

from __future__ import annotations

from playwright.async_api import expect

from tests.federation.odd_server import OddServer
from tests.plugins.posts.test_link_cards import HTML, PAGE, a_picture, after_a_while
from tests.web.looks import findings, is_too_wide
from tests.web.site import PHONE, Site, listening


async def test_cards_come_to_an_open_page_with_their_pictures_or_without(site: Site) -> None:
    bay = OddServer("bay.test").join(site.instance)
    bay.answer("/tides", PAGE.encode(), type=HTML)
    bay.answer("/bay.png", a_picture(), type="image/png")
    bay.answer("/fog", PAGE.replace("/bay.png", "/fog.png").replace("Tide tables", "Fog").encode(), type=HTML)
    ann, bob = await site.instance.users("ann", "bob")
    first, second = await ann.publish("https://bay.test/tides"), await ann.publish("https://bay.test/fog")
    tides, fog = (f"#post-{post['postId']} .link-card" for post in (first, second))
    async with site.visit(bob, size=PHONE) as page:
        await page.goto("/local")
        for post in (first, second):
            await listening(site, f"counts:{post['postId']}")
        await expect(page.locator(".link-card")).to_have_count(0)
        await after_a_while(site.instance)
        await expect(page.locator(f"{tides}.wide img")).to_be_visible()
        await expect(page.locator(f"{tides} strong")).to_have_text("Tide tables of the bay")
        await expect(page.locator(f"{fog} strong")).to_have_text("Fog of the bay")
        for _ in range(2):
            await expect(page.locator(f"{fog} img")).to_have_count(0)
            assert await findings(page) == []
            assert not await is_too_wide(page)
            drawn = await page.locator(tides).evaluate("card => card.textContent.replace(/\\s+/g, ' ')")
            await page.reload()  # and drawn by the server they are the same
        assert await page.locator(tides).evaluate("card => card.textContent.replace(/\\s+/g, ' ')") == drawn
