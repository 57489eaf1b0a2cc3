"""What would be gone for good is asked about first, and what there is to set is found on a phone, too."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Route, expect

from core.database import now
from tests.web.looks import findings, is_too_wide, too_small
from tests.web.site import DESKTOP, PHONE, Site

# Playwright itself would wait for the next page before it presses again.
IMPATIENT = """async (button) => {
  const place = () => JSON.stringify(button.getBoundingClientRect());
  const before = place();
  for (let times = 0; times < 3; times++) {
    button.click();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return [button.getAttribute("aria-busy"), place() === before];
}"""


async def test_what_is_thrown_away_is_asked_about_first(site: Site) -> None:
    ann = await site.instance.user("ann")
    await ann.post("/drafts", {"content": "Half a thought"})
    await ann.publish("Not yet", publishAt=(now() + timedelta(days=3)).isoformat())
    made = await ann.post("/filters", {"title": "Spoilers", "words": [{"text": "spoiler"}], "action": "warn"})
    kept = {
        "/drafts": ("Throw it away", "Half a thought"),
        "/scheduled": ("Throw it away", "Not yet"),
        f"/settings/filters/{made['filterId']}": ("Delete the filter", "Spoilers"),
    }
    async with site.visit(ann, size=PHONE, java_script_enabled=False) as page:
        for path, (act, what) in kept.items():
            await page.goto(path)
            button = page.get_by_role("button", name=act, exact=True)
            await expect(button).to_be_hidden()
            await page.locator("main .confirm > summary").click()
            await button.click()
            await expect(page.locator("main")).not_to_contain_text(what)
    for path, name in (("/drafts", "drafts"), ("/scheduled", "scheduled"), ("/filters", "filters")):
        assert (await ann.get(path))[name] == []


async def test_one_menu_on_a_phone_names_all_that_can_be_set(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=PHONE, reduced_motion="reduce", bypass_csp=True) as page:
        await page.goto("/settings")
        menu = page.locator(".tabs .menu")
        await expect(menu.locator("summary")).to_be_in_viewport(ratio=1)
        tabs = await page.locator(".tabs-row > a").all_inner_texts()
        await menu.locator("summary").click()
        assert await menu.locator("a").all_inner_texts() == tabs
        assert (await findings(page), await too_small(page), await is_too_wide(page)) == ([], [], False)
        await menu.get_by_text("Leaving").click()
        await expect(page).to_have_url(f"{site.base_url}/settings/delete")
        await expect(menu.locator("summary")).to_be_in_viewport(ratio=1)
        await expect(page.locator(".tabs-row > [aria-current]")).to_be_in_viewport(ratio=0.9)
    async with site.visit(ann, size=DESKTOP) as page:
        await page.goto("/settings")
        await expect(page.locator(".tabs .menu")).to_be_hidden()
        await expect(page.locator(".tabs-row").get_by_text("Leaving")).to_be_in_viewport(ratio=1)


async def test_pressing_twice_does_it_once(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=PHONE) as page:
        held: list[Route] = []

        async def hold(route: Route) -> None:
            if route.request.method == "POST" and route.request.url.endswith(("/compose", "/lists")):
                held.append(route)
            else:
                await route.continue_()

        await page.route("**/*", hold)
        for path, words, button in (("/compose", "content", "Post"), ("/lists", "title", "Make it")):
            await page.goto(path)
            await page.locator(f"main [name={words}]").fill("Once")
            press = page.get_by_role("button", name=button, exact=True)
            assert await press.evaluate(IMPATIENT) == ["true", True]
            async with asyncio.timeout(30):
                while not held:  # it is on its way from the browser to here
                    await page.wait_for_timeout(20)
            (route,) = held
            async with page.expect_response(f"**{path}"):
                await route.continue_()
            await page.wait_for_load_state("networkidle")
            held.clear()
    assert [post["content"] for post in await ann.feed()] == ["<p>Once</p>"]
    assert [one["title"] for one in (await ann.get("/lists"))["lists"]] == ["Once"]


async def test_a_draft_that_was_thrown_away_can_be_brought_back_for_a_while(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=PHONE) as page:
        await page.clock.install()
        await page.goto("/")
        text = page.locator("main .composer textarea")
        await text.fill("Half a thought")
        await page.locator("main .composer-polls").click()
        await page.locator("main [name=pollOption]").first.fill("Tea")
        async with page.expect_response("**/compose/draft"):
            await page.clock.run_for(5_000)
        await expect(page.locator("main .composer-kept")).to_be_visible()
        await page.reload()
        await expect(page.locator("main [name=pollOption]").first).to_have_value("Tea")
        await page.click("[data-discard]")
        await expect(text).to_have_value("")
        await page.get_by_role("button", name="Undo").click()
        await expect(text).to_have_value("Half a thought")
        await expect(page.locator("main [name=pollOption]").first).to_have_value("Tea")
        assert len((await ann.get("/drafts"))["drafts"]) == 1
        await page.click("[data-discard]")
        await expect(text).to_have_value("")
        async with page.expect_response("**/drafts/*/delete"):
            await page.clock.run_for(11_000)
    assert (await ann.get("/drafts"))["drafts"] == []
    assert site.complaints == []


async def test_what_fails_in_a_dialog_is_said_where_it_can_be_read_and_answered(site: Site) -> None:
    ann = await site.instance.user("ann")
    await ann.publish("Answer me")
    async with site.visit(ann, size=PHONE) as page:
        await page.goto("/")
        await page.locator(".entry a.reply").click()
        await page.locator("dialog textarea").fill("I do")
        await page.route("**/compose", lambda route: route.abort())
        await page.locator("dialog button.primary").click()
        said = page.locator(".toast", has_text="Nothing is lost")
        await said.get_by_role("button").click()
        await expect(said).to_have_count(0)
        await expect(page.locator("dialog textarea")).to_have_value("I do")
        await page.unroute("**/compose")
        await page.locator("dialog button.primary").click()
        await expect(page.locator("dialog.compose-dialog")).to_have_count(0)
        await expect(page.locator(".toast", has_text="Posted")).to_be_visible()


FEW = {"rate_limits__enabled": True, "rate_limits__user_per_hour": 3}


@pytest.mark.parametrize("site", [FEW], indirect=True)
async def test_whoever_does_too_much_hears_when_to_come_back_and_is_not_sent_there_at_once(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish("First frost this morning.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        said = page.locator(".toast", has_text="Please try again in ")
        status = 0
        while status != 429:
            async with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
                await page.locator(".like").click()
            status = (await answered.value).status
            assert status in (200, 429)
        await expect(said).to_contain_text("minutes.")
        await expect(said.get_by_role("button")).to_have_text("Close")


async def test_the_same_words_are_written_twice_on_purpose(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        for number in (1, 2):
            await page.locator("main .composer [name=content]").fill("Good morning")
            await page.locator("main .composer button.primary").click()
            await expect(page.locator("#feed .entry")).to_have_count(number)
