"""The composer as a person uses it: one post with everything, drafts, later, and once without scripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site
from tests.web.test_pictures_in_a_browser import photo


async def test_a_post_with_everything_is_written_kept_previewed_and_posted(site: Site) -> None:
    ann = await site.instance.user("ann")
    await site.instance.user("bob")
    async with site.visit(ann, reduced_motion="reduce", bypass_csp=True) as page:
        await page.goto("/")
        form = page.locator("main .composer").first
        text = form.locator("[name=content]")
        await text.press_sequentially("**News** for @bo")
        await expect(form.locator(".suggestions [aria-selected=true]")).to_contain_text("@bob")
        assert await findings(page) == []
        await text.press("Enter")
        await text.press_sequentially("and :unicorn")
        await expect(form.locator(".suggestions li")).to_have_count(1)  # and no more of what an earlier letter found
        await form.locator(".suggestions li").click()
        await expect(text).to_have_value("**News** for @bob and 🦄 ")
        await form.get_by_role("button", name="Emoji").click()
        await form.get_by_role("button", name="bread", exact=True).click()
        await page.keyboard.press("Escape")
        await expect(text).to_have_value("**News** for @bob and 🦄 🍞")
        await page.set_input_files("main .composer-choose", [photo(300, 200)])
        await form.locator(".composer-file textarea").fill("Four colours")
        await form.get_by_text("Warning", exact=True).click()
        await form.locator("[name=contentWarning]").fill("Loud")
        await form.get_by_text("Poll", exact=True).click()
        await form.locator("[name=pollOption]").nth(0).fill("Yes")
        await form.locator("[name=pollOption]").nth(1).fill("No")
        await form.locator(".audience-menu > summary").click()
        await form.locator(".audience-menu label:has([value=unlisted])").click()
        await form.locator(".more-menu > summary").click()
        await form.get_by_text("Only on this server").click()
        await form.get_by_role("button", name="Preview").click()
        await expect(form.locator(".preview strong")).to_have_text("News")
        await form.locator(".more-menu > summary").click()
        await form.get_by_role("button", name="Save draft").click()
        await expect(form.locator(".composer-kept")).to_have_text("Draft saved")
        (draft,) = (await ann.get("/drafts"))["drafts"]
        assert (draft["content"], draft["poll"]["options"]) == ("**News** for @bob and 🦄 🍞", ["Yes", "No"])
        await page.evaluate("scrollTo(0, 0)")
        assert await findings(page) == []
        await form.locator("button.primary").click()
        await expect(page.locator("#feed .entry")).to_have_count(1)
    (post,) = await ann.feed()
    assert (post["visibility"], post["contentWarning"], post["localOnly"]) == ("unlisted", "Loud", True)
    assert [one["alt"] for one in post["attachments"]] == ["Four colours"] and len(post["poll"]["options"]) == 2
    assert (await ann.get("/drafts"))["drafts"] == [] and site.complaints == []


async def test_what_is_written_is_kept_by_itself_and_goes_when_it_is_posted(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.locator(".composer [name=content]").press_sequentially("By itself")
        await expect(page.locator(".composer-kept")).to_have_text("Draft saved")
        (draft,) = (await ann.get("/drafts"))["drafts"]
        await page.goto(f"/compose?draft={draft['draftId']}")
        await page.locator(".composer [name=content]").press_sequentially(" more")
        await page.click(".composer button.primary")
        await expect(page.locator(".toast")).to_contain_text("Posted")
    assert (await ann.get("/drafts"))["drafts"] == [] and len(await ann.feed()) == 1


async def test_newer_words_are_not_said_to_be_kept_before_they_are(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.clock.install()
        await page.goto("/compose")
        text, kept = page.locator(".composer [name=content]"), page.locator(".composer-kept")
        await text.press_sequentially("Half")
        await page.clock.run_for(5_000)
        await expect(kept).to_have_text("Draft saved")
        await text.press_sequentially(" a thought")
        assert not (await kept.inner_text()).strip()
        await page.clock.run_for(5_000)
        await expect(kept).to_have_text("Draft saved")
    (draft,) = (await ann.get("/drafts"))["drafts"]
    assert draft["content"] == "Half a thought"


async def test_whoever_comes_back_to_the_composer_goes_on_with_the_whole_draft(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.fill(".composer [name=content]", "Half")
        await page.set_input_files(".composer-choose", [photo(300, 200)])
        await page.fill(".composer-file textarea", "Four colours")
        await page.locator(".composer-polls").click()
        await page.locator("[name=pollOption]").nth(0).fill("Yes")
        await page.locator("[name=pollOption]").nth(1).fill("No")
        await page.click(".more-menu > summary")
        await page.get_by_text("Only on this server").click()
        await page.get_by_role("button", name="Save draft").click()
        await expect(page.locator(".composer-kept")).to_have_text("Draft saved")
        # Another tab, for nobody hears of the end of one that a phone has closed.
        other = await page.context.new_page()
        for path, words in (("/compose", " a"), ("/", " thought")):
            await other.goto(path)
            form = other.locator("main .composer").first
            await expect(form.locator(".composer-file textarea")).to_have_value("Four colours")
            await expect(form.locator("[name=pollOption]").nth(1)).to_have_value("No")
            await form.locator("[name=content]").press("End")
            await form.locator("[name=content]").press_sequentially(words)
            await expect(form.locator(".composer-kept")).to_have_text("Draft saved")
            (draft,) = (await ann.get("/drafts"))["drafts"]
            assert (len(draft["attachments"]), draft["poll"]["options"]) == (1, ["Yes", "No"])
        await form.locator("button.primary").click()
        await expect(other.locator("#feed .entry")).to_have_count(1)
    (post,) = await ann.feed()
    assert (post["source"], post["localOnly"]) == ("Half a thought", True)
    assert [one["alt"] for one in post["attachments"]] == ["Four colours"] and len(post["poll"]["options"]) == 2
    assert (await ann.get("/drafts"))["drafts"] == [] and site.complaints == []


async def test_a_draft_that_was_changed_elsewhere_meanwhile_is_not_written_over(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.fill(".composer [name=content]", "Here")
        await page.click(".more-menu > summary")
        await page.get_by_role("button", name="Save draft").click()
        await expect(page.locator(".composer-kept")).to_have_text("Draft saved")
        (draft,) = (await ann.get("/drafts"))["drafts"]
        await ann.put(f"/drafts/{draft['draftId']}", {"content": "There", "version": draft["version"]})
        await page.goto("/compose")
        await expect(page.locator(".composer [name=content]")).to_have_value("Here")
        await page.locator(".composer [name=content]").press_sequentially(", too")
        await expect(page.locator(".composer-kept")).to_have_text("Draft saved")
    kept = {one["content"] for one in (await ann.get("/drafts"))["drafts"]}
    assert len(kept) == 2 and "There" in kept


async def test_a_post_for_later_is_told_in_the_zone_of_its_writer(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.fill(".composer [name=content]", "Later")
        await page.click(".more-menu > summary")
        zone = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
        await expect(page.locator("[name=timeZone]")).to_have_value(zone)
        await page.fill("[name=publishAt]", (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
        await page.keyboard.press("Escape")
        await page.click(".composer button.primary")
        await page.wait_for_url("**/scheduled")
        await expect(page.locator(".kept li")).to_contain_text("Later")
    assert len((await ann.get("/scheduled"))["scheduled"]) == 1


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_pages_of_what_is_not_published_look_right(site: Site, size: tuple[int, int], dark: bool) -> None:
    ann = await site.instance.user("ann")
    poll = {"options": ["Yes", "No"]}
    await ann.post("/drafts", {"content": "Half a thought", "contentWarning": "W", "poll": poll})
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await ann.post("/posts", {"content": "Tomorrow", "publishAt": later})
    async with site.visit(
        ann, size=size, color_scheme="dark" if dark else "light", reduced_motion="reduce", bypass_csp=True
    ) as page:
        for path in ("/drafts", "/scheduled", "/compose"):
            await page.goto(path)
            if path == "/compose":
                await page.click(".more-menu > summary")
            assert await findings(page) == []
            assert not await is_too_wide(page)


async def test_a_post_with_everything_is_written_without_scripts(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=PHONE, java_script_enabled=False) as page:
        await page.goto("/")
        assert not await is_too_wide(page)
        await page.click(".more-menu > summary")
        assert not await is_too_wide(page)
        await page.click("text=Poll, language, time and more")
        await page.fill(".composer [name=content]", "**News**")
        await page.set_input_files(".composer-choose", [photo(300, 200)])
        await page.click(".more-menu > summary")
        await page.click("text=Preview")
        await expect(page.locator(".preview strong")).to_have_text("News")
        await page.fill(".composer-file textarea", "Four colours")
        await page.locator(".composer-polls").click()
        await page.locator("[name=pollOption]").nth(0).fill("Yes")
        await page.locator("[name=pollOption]").nth(1).fill("No")
        await page.click(".more-menu > summary")
        await page.click("text=Save draft")
        await page.click("text=Go on writing")
        await expect(page.locator("[name=pollOption]").nth(1)).to_have_value("No")
        await page.click(".composer button.primary")
        await expect(page.locator(".entry .tile")).to_have_count(1)
    (post,) = await ann.feed()
    assert post["attachments"][0]["alt"] == "Four colours" and len(post["poll"]["options"]) == 2
    assert (await ann.get("/drafts"))["drafts"] == []


@pytest.mark.parametrize("size", [(1280, 620), DESKTOP, (820, 1180), PHONE])
@pytest.mark.parametrize("path", ["/", "/compose"])
async def test_whatever_a_menu_of_the_composer_offers_can_be_reached(
    site: Site, path: str, size: tuple[int, int]
) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await ann.follow(bob)
    await bob.follow(ann)
    for name in ("Family", "Choir", "Those who know"):
        await ann.post("/circles", {"name": name, "userIds": [bob.id]})
    async with site.visit(ann, size=size, reduced_motion="reduce") as page:
        await page.goto(path)
        await page.locator("textarea").first.click()
        await expect(page.locator("main .composer").first).not_to_have_attribute("data-whole", re.compile("."))
        for menu in ("audience-menu", "policies-menu", "more-menu"):
            summary = page.locator(f".{menu} > summary").first
            await summary.click()
            listed = page.locator(f".{menu} > .menu-list").first
            await page.wait_for_timeout(100)  # it finds its place once it is open
            box = await listed.bounding_box()
            assert box is not None
            assert box["y"] >= 0 and box["y"] + box["height"] <= size[1] + 0.5, (menu, box)
            items = listed.locator("label, button, a")
            for place in range(await items.count()):
                item = items.nth(place)
                await item.scroll_into_view_if_needed()
                shown = await item.bounding_box()
                assert shown is not None and shown["y"] >= 0 and shown["y"] + shown["height"] <= size[1], (menu, place)
            await page.keyboard.press("Escape")
            await expect(listed).to_be_hidden()
    assert site.complaints == []
