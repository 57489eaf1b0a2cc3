"""News at the foot of the page: what is pushed out of it, or left behind with the page, presses no button by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from playwright.async_api import Page, Route, expect

from core.database import now
from tests.web.site import Site
from tests.web.test_acts_in_a_browser import card


async def delete(page: Page, text: str) -> None:
    await card(page, text).locator("a.more").click()
    await card(page, text).get_by_text("Delete…", exact=True).click()
    await card(page, text).locator("[data-delete]").click()


async def test_deleting_a_fourth_post_does_not_bring_back_the_first(site: Site) -> None:
    ann = await site.instance.user("ann")
    names = ("First", "Second", "Third", "Fourth")
    first, *others = [(await ann.publish(f"{name} of all."))["postId"] for name in names]
    async with site.visit(ann) as page:
        await page.clock.install()
        await page.goto("/@ann")
        await page.clock.pause_at(now() + timedelta(minutes=1))  # no toast goes because its time is over
        for name in names[:3]:
            await delete(page, f"{name} of all.")
        async with page.expect_response(f"**/posts/{first}/delete"):
            await delete(page, "Fourth of all.")
        await expect(page.locator(".toast")).to_have_count(3)
        assert [await ann.sees(post) for post in (first, *others)] == [False, True, True, True]
        await page.locator(".toast").first.get_by_role("button", name="Undo").click()
        await expect(card(page, "Second of all.")).to_be_focused()
    assert site.complaints == []


async def test_what_failed_four_times_is_tried_again_by_whoever_wants_it_alone(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    for number in range(4):
        await bob.publish(f"Number {number}.")
    sent: list[str] = []

    async def refuse(route: Route) -> None:
        sent.append(route.request.url)
        await route.abort()

    async with site.visit(ann) as page:
        await page.goto("/local")
        await page.route("**/posts/*/like", refuse)
        for number in range(4):
            await card(page, f"Number {number}.").locator(".like").click()
            await expect(page.locator(".toast")).to_have_count(min(number + 1, 3))
        await expect(card(page, "Number 3.").locator(".like")).to_have_attribute("aria-pressed", "false")
        await page.unroute("**/posts/*/like")
        async with page.expect_response("**/posts/*/like"):
            await page.locator(".toast").last.get_by_role("button", name="Try again").click()
        await expect(card(page, "Number 3.").locator(".like")).to_have_attribute("aria-pressed", "true")
        assert len(sent) == 4


async def test_what_was_deleted_by_leaving_cannot_be_taken_back_on_the_way_back(site: Site) -> None:
    ann = await site.instance.user("ann")
    post = (await ann.publish("I take this back."))["postId"]
    async with site.visit(ann) as page:
        await page.goto("/@ann")
        await delete(page, "I take this back.")
        await expect(page.locator(".toast")).to_have_count(1)
        # Chromium under test keeps no page to come back to: this is what one that is kept hears.
        await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
        async with asyncio.timeout(60):
            while await ann.sees(post):
                await page.wait_for_timeout(50)
        assert await page.locator(".toast").count() == 0
    assert site.complaints == []
