"""A list of posts that is open in a browser: what fails is tried again, and what was missed is caught up with."""

from __future__ import annotations

import asyncio
import sys

from playwright.async_api import Locator, Page, WebSocket, WebSocketRoute, expect

from core.testing import Person
from tests.web.site import Site, listening

AWAY = "dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))"
BACK = "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"


def card(page: Page, text: str) -> Locator:
    return page.locator(".entry", has_text=text)


async def published(author: Person, number: int) -> list[str]:
    return [(await author.publish(f"Number {each}."))["postId"] for each in range(number)]


class Line:
    """The way of a page to the stream, which can be cut and be mended."""

    def __init__(self) -> None:
        self.open: list[WebSocketRoute] = []
        self.whole = asyncio.Event()
        self.whole.set()

    async def lead(self, socket: WebSocketRoute) -> None:
        await self.whole.wait()
        self.open.append(socket)
        socket.connect_to_server()

    async def cut(self) -> None:
        self.whole.clear()
        await self.open.pop().close()


async def test_new_posts_that_do_not_load_wait_on_behind_their_pill(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish("An old one.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        await listening(site, "local")
        post = (await bob.publish("Fresh from the oven."))["postId"]
        await page.route("**/local", lambda route: route.abort())
        await page.click(".pill button")
        await expect(page.locator(".toast")).to_contain_text("did not reach the server")
        await expect(page.locator(".pill button")).to_have_text("1 new post")
        await page.unroute("**/local")
        await page.click(".pill button")
        await expect(page.locator("#feed .entry").first).to_contain_text("Fresh from the oven.")
        await expect(page.locator(".pill")).to_have_count(0)
        await listening(site, f"counts:{post}")
        await bob.post(f"/posts/{post}/like")
        await expect(card(page, "Fresh from the oven.").locator(".like span")).to_have_text("1")


async def test_on_an_older_page_the_pill_leads_to_the_newest_posts(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await published(bob, 25)
    async with site.visit(ann, java_script_enabled=False) as page:
        await page.goto("/local")
        older = await page.locator(".pager a").get_attribute("href")
    async with site.visit(ann) as page:
        await page.goto(str(older))
        await listening(site, "local")
        await bob.publish("Fresh from the oven.")
        await page.click(".pill button")
        await page.wait_for_url("**/local")
        await expect(page.locator("#feed .entry").first).to_contain_text("Fresh from the oven.")


async def test_what_stands_below_all_that_is_known_is_no_new_post(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    posts = await published(bob, 22)
    async with site.visit(ann) as page:
        await page.route("**cursor=*", lambda route: route.abort())
        await page.goto("/local")
        await listening(site, "local")
        for post in posts[-3:]:
            await bob.delete(f"/posts/{post}")
        await expect(page.locator("#feed .entry.gone")).to_have_count(3)
        await bob.publish("Fresh from the oven.")
        await page.click(".pill button")
        await expect(page.locator("#feed .entry").first).to_contain_text("Fresh from the oven.")
        await expect(page.locator("#feed .entry")).to_have_count(21)


async def test_a_quiet_page_that_was_cut_off_hears_of_what_it_missed(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish("An old one.")
    line = Line()
    async with site.visit(ann) as page:
        await page.route_web_socket("**/api/v1/stream", line.lead)
        await page.goto("/local")
        await listening(site, "local")
        await line.cut()
        await bob.publish("Fresh from the oven.")
        line.whole.set()
        await expect(page.locator(".pill button")).to_have_text("1 new post")
        await page.click(".pill button")
        await expect(page.locator("#feed .entry").first).to_contain_text("Fresh from the oven.")
        await expect(page.locator("#feed .entry")).to_have_count(2)


async def test_a_page_looks_anew_where_the_server_no_longer_knows_what_it_missed(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await bob.publish("An old one."))["postId"]
    line = Line()
    async with site.visit(ann) as page:
        await page.route_web_socket("**/api/v1/stream", line.lead)
        await page.goto("/local")
        await listening(site, "local")
        await bob.publish("Fresh from the oven.")
        await expect(page.locator(".pill button")).to_have_text("1 new post")
        await line.cut()
        await ann.post(f"/posts/{post}/like")
        site.instance.instance.live._bus.forgotten_ms = sys.maxsize
        line.whole.set()
        await expect(card(page, "An old one.").locator(".like")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator(".pill button")).to_have_text("1 new post")


async def test_what_was_done_elsewhere_shows_on_the_way_back(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await bob.publish("An old one."))["postId"]
    async with site.visit(ann) as page:
        await page.goto("/friends/posts")
        await page.goto("/local")
        await listening(site, "local")
        await page.evaluate(AWAY)
        await ann.post(f"/posts/{post}/like")
        await ann.put(f"/posts/{post}/reactions/🔥")
        await page.evaluate(BACK)
        like = card(page, "An old one.").locator(".like")
        await expect(like).to_have_attribute("aria-pressed", "true")
        await expect(card(page, "An old one.").locator(".reaction b")).to_have_text("1")
        async with page.expect_response("**/unlike"):
            await like.click()
        assert (await bob.get(f"/posts/{post}"))["likesCount"] == 0


async def test_a_page_that_comes_back_has_one_socket_and_watches_its_polls(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Which bread?", poll={"options": ["Rye", "Wheat"], "expiresIn": 3600}))["postId"]
    sockets: list[WebSocket] = []
    async with site.visit(ann) as page:
        await page.clock.install()
        page.on("websocket", lambda socket: sockets.append(socket))
        await page.goto("/local")
        await listening(site, f"post:{post}")
        before = set(site.instance.instance.live._subscriptions[f"post:{post}"])
        async with sockets[0].expect_event("close"):
            await page.evaluate(f"{AWAY}; {BACK}")
        await page.clock.run_for(5_000)
        await listening(site, f"post:{post}", besides=before)
        await bob.post(f"/posts/{post}/vote", {"choices": [1]})
        await expect(page.locator("[data-voters]")).to_have_text("1 person voted")
        assert len(sockets) == 2


async def test_older_posts_that_do_not_load_come_when_asked_for_again(site: Site) -> None:
    ann = await site.instance.user("ann")
    await published(ann, 45)
    async with site.visit(ann) as page:
        await page.goto("/")
        entries, pager, toast = page.locator("#feed .entry"), page.locator(".pager"), page.locator(".toast")
        for expected in (40, 45):
            await page.route("**cursor=*", lambda route: route.abort())
            await pager.scroll_into_view_if_needed()
            await expect(toast).to_contain_text("did not reach the server")
            await toast.get_by_role("button").click()
            await page.unroute("**cursor=*")
            if expected == 40:
                await pager.get_by_role("link", name="Older posts").click()
            else:
                await page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
                await expect(pager).not_to_be_in_viewport()
                await pager.scroll_into_view_if_needed()
            await expect(entries).to_have_count(expected)
            assert page.url == f"{site.base_url}/"


async def test_a_list_too_long_to_be_kept_comes_back_with_its_way_on(site: Site) -> None:
    ann = await site.instance.user("ann")
    await published(ann, 45)
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.locator(".pager").scroll_into_view_if_needed()
        await expect(page.locator("#feed .entry")).to_have_count(40)
        await page.evaluate(
            """() => {
              const pager = document.querySelector(".pager");
              for (let more = 0; more < 400; more += 1) pager.before(document.createElement("p"));
            }"""
        )
        await page.goto("/about")
        await page.go_back()
        await page.wait_for_function(
            """() => {
              scrollTo({ top: document.body.scrollHeight, behavior: "instant" });
              return document.querySelectorAll("#feed .entry").length === 45;
            }"""
        )


async def test_whoever_logs_out_leaves_no_list_behind_in_the_tab(site: Site) -> None:
    ann = await site.instance.user("ann")
    await published(ann, 25)
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.locator(".pager").scroll_into_view_if_needed()
        await expect(page.locator("#feed .entry")).to_have_count(25)
        await page.click(".rail-you > summary")
        await page.locator(".rail-you button", has_text="Log out").click()
        await expect(page.locator("h1")).to_contain_text("The town square")
        assert await page.evaluate("Object.keys(sessionStorage)") == []
