"""What goes wrong while somebody writes, keys pressed early, networks that break off, other tabs: no words are lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, Route, expect

from tests.web.site import Site
from tests.web.test_pictures_in_a_browser import photo

WORDS = "Which lamp for the harbour?"

# What browsers do with the words of forms, where they do it: before the scripts of a page are there.
RESTORING = """
document.addEventListener("readystatechange", () => {
  if (document.readyState === "interactive") document.querySelector("main .composer [name=content]").value = words;
});
"""


@asynccontextmanager
async def held(page: Page, path: str, method: str = "GET") -> AsyncIterator[asyncio.Event]:
    """Requests to this path wait until the event is set."""
    go = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == method:
            await go.wait()
        await route.continue_()

    await page.route(f"**{path}", hold)
    yield go
    go.set()
    await page.unroute_all(behavior="ignoreErrors")


async def test_enter_in_a_line_of_its_own_posts_nothing_and_loses_nothing(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/explore")
        await page.click("a[data-compose] >> visible=true")
        dialog = page.locator(".compose-dialog")
        text = dialog.locator("[name=content]")
        for files in ([], [photo(300, 200)]):
            await page.set_input_files(".compose-dialog .composer-choose", files)
            await expect(dialog.locator(".composer-file textarea")).to_have_count(len(files))
            await text.fill(WORDS)
            if not files:
                await dialog.get_by_text("Warning", exact=True).click()
            await dialog.locator("[name=contentWarning]").fill("Loud")
            await page.keyboard.press("Enter")
            await expect(text).to_be_focused()
            await expect(text).to_have_value(WORDS)
        assert await ann.feed() == []
        await dialog.locator(".composer-file textarea").fill("Four colours")
        await dialog.locator("button.primary").click()
        await expect(page.locator(".toast")).to_contain_text("Posted")
    (post,) = await ann.feed()
    assert (post["contentWarning"], len(post["attachments"])) == ("Loud", 1)


async def test_nothing_is_posted_while_its_files_are_on_their_way(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        for path in ("/images/upload", "/compose"):
            await page.goto(path)
            form = page.locator("main form:has(.composer-choose)")
            await form.locator("[name=caption], [name=content]").fill(WORDS)
            async with held(page, "/compose/file", "POST") as go:
                await page.set_input_files("main .composer-choose", [photo(300, 200)])
                await expect(form.locator("progress")).to_have_count(1)
                if path == "/compose":
                    await form.locator("[name=content]").press("Control+Enter")
                else:
                    await form.locator("button.primary").click()
                await expect(page.locator(".toast")).to_contain_text("Your files are still on their way.")
                go.set()
                await expect(form.locator(".composer-file textarea")).to_have_count(1)
            await form.locator(".composer-file textarea").fill("Four colours")
            await form.locator("button.primary").click()
            await expect(form.locator(".composer-file")).to_have_count(0)
    assert [len(post["attachments"]) for post in await ann.feed()] == [1, 1]


async def test_a_draft_goes_to_those_it_was_for_however_early_one_posts_it(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.fill(".composer [name=content]", WORDS)
        await page.click(".composer .audience-menu > summary")
        await page.click(".composer .audience-menu label:has([value=followers])")
        await page.set_input_files(".composer-choose", [photo(300, 200)])
        await page.fill(".composer-file textarea", "Four colours")
        await page.click(".more-menu > summary")
        await page.get_by_role("button", name="Save draft").click()
        await expect(page.locator(".composer-kept")).to_have_text("Draft saved")
        async with held(page, "/compose") as go:
            await page.goto("/")
            await expect(page.locator("main .composer [name=content]").first).to_have_value(WORDS)
            async with page.expect_response("**/compose") as answer:
                await page.locator("main .composer button.primary").first.click()
                go.set()
            await (await answer.value).finished()
            await expect(page.locator("#feed .entry")).to_have_count(1)
    (post,) = await ann.feed()
    assert (post["visibility"], len(post["attachments"])) == ("followers", 1)


async def test_a_post_that_was_refused_is_mended_in_the_same_composer(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        form = page.locator("main .composer").first
        await form.locator("[name=content]").fill(WORDS)
        await form.get_by_text("Poll", exact=True).click()
        await form.locator("[name=pollOption]").nth(0).fill("Green")
        await form.locator("button.primary").click()
        await expect(form.locator(".composer-poll .field-error")).to_be_visible()
        await form.get_by_role("button", name="Add an answer").click()
        await expect(form.locator("[name=pollOption]")).to_have_count(3)
        await form.get_by_role("button", name="Emoji").click()
        await expect(form.locator(".composer-emoji")).to_be_visible()
        await page.keyboard.press("Escape")
        await form.locator("[name=pollOption]").nth(1).fill("Red")
        await form.locator("[name=content]").press("End")
        await form.locator("[name=content]").press_sequentially(" Now!")
        await form.locator("button.primary").click()
        await expect(page.locator("#feed .entry")).to_have_count(1)
        await page.reload()
        await expect(form.locator("[name=content]")).to_have_value("")
    (post,) = await ann.feed()
    assert [option["title"] for option in post["poll"]["options"]] == ["Green", "Red"]
    assert site.complaints == [] or all("422" in text for text in site.complaints)


async def test_a_composer_nobody_wrote_in_wipes_no_draft_of_another_tab(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        other = await page.context.new_page()
        await other.goto("/compose")
        await other.locator(".composer [name=content]").press_sequentially(WORDS)
        await other.wait_for_function("() => Object.keys(localStorage).some((key) => key.startsWith('draft:'))")
        await other.close()
        await page.goto("/explore")
        await page.goto("/")
        await expect(page.locator("main .composer [name=content]").first).to_have_value(WORDS)


async def test_an_edit_that_was_begun_goes_on_and_can_be_thrown_away(site: Site) -> None:
    ann = await site.instance.user("ann")
    post = (await ann.publish("As it was"))["postId"]
    async with site.visit(ann) as page:
        await page.goto(f"/posts/{post}/edit")
        text = page.locator(".composer [name=content]")
        await text.fill(WORDS)
        await page.goto("/explore")
        await page.goto(f"/posts/{post}/edit")
        await expect(text).to_have_value(WORDS)
        await page.click("[data-discard]")
        await expect(text).to_have_value("As it was")
        await page.get_by_role("button", name="Undo").click()
        await expect(text).to_have_value(WORDS)
        await page.click(".composer button.primary")
        await page.wait_for_url("**/@ann/*")
    assert (await ann.get(f"/posts/{post}"))["content"] == f"<p>{WORDS}</p>"


async def test_a_file_that_has_come_calls_nobody_away_who_writes(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        async with held(page, "/compose/file", "POST") as go:
            await page.set_input_files(".composer-choose", [photo(300, 200)])
            text = page.locator(".composer [name=content]")
            await text.press_sequentially("Which lamp ")
            go.set()
            await expect(page.locator(".composer-file textarea")).to_have_count(1)
            await page.keyboard.type("for the harbour?")
            await expect(text).to_have_value(WORDS)


async def test_nothing_can_be_written_into_what_is_on_its_way(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        form = page.locator("main .composer").first
        await form.locator("[name=content]").fill(WORDS)
        async with held(page, "/compose", "POST") as go:
            await form.locator("button.primary").click()
            await expect(form.locator("[name=content]")).not_to_be_editable()
            go.set()
            await expect(page.locator("#feed .entry")).to_have_count(1)
        await form.locator("[name=content]").fill("Another")


async def test_without_a_network_nobody_is_led_away_and_is_told_what_failed(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish(WORDS)
    async with site.visit(ann) as page:
        await page.goto("/local")
        await page.context.set_offline(True)
        await page.click(".entry a.reply")
        await expect(page.locator(".toast")).to_have_count(1)
        assert page.url.endswith("/local")
        await page.context.set_offline(False)
        await page.dblclick(".entry a.reply")
        await expect(page.locator(".compose-dialog textarea")).to_be_focused()
        assert await page.locator(".compose-dialog").count() == 1
        await page.fill(".compose-dialog textarea", "The green one")
        await page.click(".compose-dialog .more-menu > summary")
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Save draft").click()
        await expect(page.locator(".toast", has_text="That did not reach the server.").last).to_be_visible()


async def test_a_picture_comes_back_with_words_the_browser_itself_brought_back(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.fill(".composer [name=content]", WORDS)
        await page.set_input_files(".composer-choose", [photo(300, 200)])
        await page.fill(".composer-file textarea", "Four colours")
        await page.click(".more-menu > summary")
        await page.get_by_role("button", name="Save draft").click()
        await expect(page.locator(".composer-kept")).to_have_text("Draft saved")
        await page.add_init_script(f"words = {json.dumps(WORDS)}; {RESTORING}")
        await page.reload()
        await expect(page.locator(".composer [name=content]")).to_have_value(WORDS)
        await expect(page.locator(".composer-file textarea")).to_have_value("Four colours")
