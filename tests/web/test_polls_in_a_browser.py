"""Polls on pages: asked, answered and watched as they move, with scripts and without."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import expect

from core.web.words import as_time
from tests.web.looks import findings, is_too_wide
from tests.web.site import PHONE, Site, listening

BREAD = {"options": ["Rye", "Wheat"], "expiresIn": 3600}


async def test_a_poll_is_written_with_as_many_answers_as_are_wanted(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.fill("main .composer textarea", "Which bread?")
        await page.click(".composer-polls")
        await expect(page.locator(".poll-row")).to_have_count(2)
        await page.click("[data-more]")
        for place, answer in enumerate(("Rye", "Wheat", "Spelt")):
            await page.locator(".poll-row input").nth(place).fill(answer)
        await page.click("[data-more]")
        await page.locator("[data-less]").last.click()
        await page.check("[name=pollMultiple]")
        await page.click("main .composer button.primary")
        await expect(page.locator("#feed .poll-results li")).to_have_count(3)
        await expect(page.locator(".composer-poll")).to_be_hidden()
    (post,) = await ann.feed()
    assert [option["title"] for option in post["poll"]["options"]] == ["Rye", "Wheat", "Spelt"]
    assert post["poll"]["multiple"] is True
    assert site.complaints == []


async def test_a_poll_that_cannot_be_keeps_what_was_typed(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.fill("main .composer textarea", "Which bread?")
        await page.click(".composer-polls")
        await page.locator(".poll-row input").first.fill("Rye")
        await page.click("main .composer button.primary")
        await expect(page.locator(".composer-poll .field-error")).to_contain_text("2 to 10 answers")
        await expect(page.locator(".poll-row input").first).to_have_value("Rye")
    assert await ann.feed() == []


async def test_a_vote_shows_the_results_which_move_as_others_vote(site: Site) -> None:
    ann, bob, eve = await site.instance.users("ann", "bob", "eve")
    post = await ann.publish("Which bread?", poll=BREAD)
    async with site.visit(bob, reduced_motion="reduce") as page:
        await page.goto("/local")
        await expect(page.locator(".poll progress")).to_have_count(0)
        await page.get_by_label("Rye").check()
        await page.click("[data-vote]")
        await expect(page.locator(".poll .chosen b")).to_have_text("100%")
        await expect(page.locator("[data-voters]")).to_have_text("1 person voted")
        await listening(site, f"post:{post['postId']}")
        await eve.post(f"/posts/{post['postId']}/vote", {"choices": [1]})
        await expect(page.locator(".poll .chosen b")).to_have_text("50%")
        await expect(page.locator("[data-voters]")).to_have_text("2 people voted")
        await eve.publish("I like rye", inReplyTo=post["postId"])  # watched with the poll, and no news of this list
        await eve.publish("Good morning")
        await expect(page.locator(".pill")).to_have_text("1 new post")
        assert await findings(page) == []
    assert site.complaints == []


async def test_the_end_of_a_poll_is_told_to_the_minute_in_the_zone_of_the_reader(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = await ann.publish("Which bread?", poll=BREAD)
    end = as_time(post["poll"]["expiresAt"])
    async with site.visit(bob, timezone_id="Asia/Kathmandu") as page:
        for hours in (-1, 3):  # before it and after it
            await page.clock.set_fixed_time(end + timedelta(hours=hours))
            await page.goto("/local")
            there = (end + timedelta(hours=5, minutes=45)).strftime("%-I:%M")
            await expect(page.locator(".poll-foot time")).to_contain_text(f"at {there}")


async def test_whoever_votes_by_keyboard_is_led_to_what_came_of_it(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await ann.publish("Which bread?", poll=BREAD)
    async with site.visit(bob, bypass_csp=True) as page:
        await page.goto("/local")
        await page.get_by_label("Rye").focus()
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        results = page.get_by_role("list", name="Results of the poll")
        await expect(results).to_be_focused()
        await expect(results.get_by_role("img", name="Your choice")).to_be_visible()
        assert await findings(page) == []
    assert site.complaints == []


async def test_polls_work_without_scripts(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    async with site.visit(ann, size=PHONE, java_script_enabled=False) as page:
        await page.goto("/compose")
        await page.fill("main .composer textarea", "Which bread?")
        await page.click(".composer-polls")
        await page.locator(".poll-row input").nth(0).fill("Rye")
        await page.locator(".poll-row input").nth(2).fill("Wheat")
        await page.click("main .composer button.primary")
        await expect(page.locator(".poll-results li")).to_have_count(2)
        (post,) = await ann.feed()
        await page.goto(f"/posts/{post['postId']}/edit")
        await expect(page.locator(".poll-row input").nth(1)).to_have_value("Wheat")
        await page.fill("main .composer textarea", "Which bread, then?")
        await page.click("main .composer button.primary")
    async with site.visit(bob, size=PHONE, java_script_enabled=False) as page:
        await page.goto("/local")
        await page.get_by_label("Wheat").check()
        await page.click("[data-vote]")
        await expect(page.locator(".poll .chosen b")).to_have_text("100%")
    seen = await bob.get(f"/posts/{post['postId']}")
    assert (seen["content"], seen["poll"]["ownChoices"]) == ("<p>Which bread, then?</p>", [1])
    assert seen["poll"]["expiresAt"] == post["poll"]["expiresAt"]


async def test_a_poll_fits_and_axe_finds_nothing(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await ann.publish("Which bread?", poll={"options": ["Rye " * 24, "x" * 100], "multiple": True})
    async with site.visit(bob, size=PHONE) as page:
        await page.goto("/local")
        assert await findings(page) == []
        assert not await is_too_wide(page)
        await page.goto("/compose")
        await page.click(".composer-polls")
        assert await findings(page) == []
        assert not await is_too_wide(page)
