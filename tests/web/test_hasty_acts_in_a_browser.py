"""Buttons of a card, pressed again before the first answer came, from the keyboard, or by mistake."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from core.testing import Person
from tests.web.site import Site
from tests.web.test_acts_in_a_browser import card

SAID = "First frost this morning."


class Held:
    """Keeps requests to these paths until they are let go."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    async def __call__(self, route: Route) -> None:
        self.routes.append(route)

    async def first(self, page: Page) -> Route:
        async with asyncio.timeout(30):
            while not self.routes:  # it is on its way from the browser to here
                await page.wait_for_timeout(20)
        return self.routes[0]


async def standing(person: Person, post_id: str) -> tuple[bool, bool, bool]:
    post = await person.get(f"/posts/{post_id}")
    return post["isLiked"], post["isShared"], post["isBookmarked"]


@pytest.mark.parametrize("verb", ["like", "share", "bookmark"])
async def test_a_second_press_takes_back_what_is_still_on_its_way(site: Site, verb: str) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await bob.publish(SAID))["postId"]
    async with site.visit(ann) as page:
        await page.goto("/local")
        button = card(page, SAID).locator(f"[formaction$='/{verb}']")
        handle = await button.element_handle()
        assert handle
        held = Held()
        await page.route(f"**/posts/*/{verb}", held)
        await handle.click()
        route = await held.first(page)
        assert await handle.get_attribute("aria-pressed") == "true"
        await handle.click()
        assert await handle.get_attribute("aria-pressed") == "false"
        async with page.expect_response(f"**/posts/{post}/un{verb}") as answered:
            await route.continue_()
        await (await answered.value).finished()
        assert await standing(ann, post) == (False, False, False)
        await expect(button).to_have_attribute("aria-pressed", "false")
    assert site.complaints == []


async def test_pressed_three_times_it_stays_liked(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await bob.publish(SAID))["postId"]
    sent: list[str] = []
    async with site.visit(ann) as page:
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        await page.goto("/local")
        like = card(page, SAID).locator(".like")
        held = Held()
        await page.route("**/posts/*/like", held)
        for _ in range(3):
            await like.click()
        async with page.expect_response(f"**/posts/{post}/like"):
            await (await held.first(page)).continue_()
        await expect(like).to_have_attribute("aria-label", re.compile("^Like · 1"))
        await expect(like).to_have_attribute("aria-pressed", "true")
        assert len(sent) == 1 and await standing(ann, post) == (True, False, False)


async def test_what_is_taken_back_too_late_for_a_server_out_of_reach_shows_what_is_so(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await bob.publish(SAID))["postId"]
    async with site.visit(ann) as page:
        await page.goto("/local")
        like = card(page, SAID).locator(".like")
        held = Held()
        await page.route("**/posts/*/like", held)
        await page.route("**/posts/*/unlike", lambda route: route.abort())
        await like.click()
        route = await held.first(page)
        await like.click()
        await route.continue_()
        await expect(page.locator(".toast")).to_contain_text("did not reach the server")
        await expect(like).to_have_attribute("aria-pressed", "true")
        assert await standing(ann, post) == (True, False, False)
        await page.unroute("**/posts/*/unlike")
        async with page.expect_response("**/posts/*/unlike"):
            await page.locator(".toast").get_by_role("button", name="Try again").click()
        await expect(like).to_have_attribute("aria-pressed", "false")
        assert await standing(ann, post) == (False, False, False)


async def test_a_key_that_is_held_acts_once_and_goes_on_through_the_list(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    for text in ("Lowest.", "Middle.", "Highest."):
        await bob.publish(text)
    sent: list[str] = []
    async with site.visit(ann) as page:
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        await page.goto("/local")
        await page.wait_for_function("document.querySelector('[data-dialog]').hidden === false")
        for _ in range(3):
            await page.keyboard.down("j")
        await page.keyboard.up("j")
        await expect(card(page, "Lowest.")).to_be_focused()
        like = card(page, "Lowest.").locator(".like")
        for _ in range(4):
            await page.keyboard.down("l")
        await page.keyboard.up("l")
        await expect(like).to_have_attribute("aria-label", re.compile("^Like · 1"))
        assert len(sent) == 1


@pytest.mark.parametrize("verb", ["Mute", "Block"])
async def test_a_card_that_comes_back_has_its_buttons(site: Site, verb: str) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await bob.publish(SAID))["postId"]
    async with site.visit(ann) as page:
        await page.goto("/local")
        await card(page, SAID).locator("a.more").click()
        if verb == "Block":
            await page.locator(".menu-list summary", has_text="Block @bob").click()
        await page.locator(".menu-list button", has_text=verb).click()
        await expect(card(page, SAID)).to_be_hidden()
        await page.locator(".toast button", has_text="Undo").click()
        await expect(card(page, SAID)).to_be_visible()
        like = card(page, SAID).locator(".like")
        await like.click()
        await expect(like).to_have_attribute("aria-label", re.compile("^Like · 1"))
        assert await standing(ann, post) == (True, False, False)
    assert site.complaints == []


async def test_a_liked_post_keeps_the_whole_menu_of_its_own_page(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Which lamp for the harbour?"))["postId"]
    answer = (await bob.post(f"/posts/{post}/comments", {"content": "The green one."}))["commentId"]
    async with site.visit(ann) as page:
        await page.goto(f"/@bob/{answer}")
        focused = page.locator(".entry-focused")
        await focused.locator(".like").click()
        await expect(focused.locator(".like")).to_have_attribute("aria-label", re.compile("^Like · 1"))
        await focused.locator("#more").click()
        await focused.locator("summary", has_text="Take it out of the conversation…").click()
        await focused.get_by_role("button", name="Take it out").click()
        await page.wait_for_url(f"**/@ann/{post}")
        await expect(page.get_by_text("The green one.")).to_have_count(0)
    assert site.complaints == []


async def test_taking_somebody_out_of_one_s_followers_is_said_and_keeps_the_place(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.follow(ann)
    async with site.visit(ann) as page:
        await page.goto("/@bob")
        await page.locator(".profile-acts .menu > summary").click()
        await page.locator("summary", has_text="Remove from your followers…").click()
        await page.get_by_role("button", name="Remove", exact=True).click()
        await expect(page.locator(".toast")).to_contain_text("Removed from your followers")
        await expect(page.locator(".profile-acts .relation")).to_be_focused()
    assert site.complaints == []
