"""What people do on the pages: it shows at once, can be taken back, and works without scripts."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, expect

from core.testing import Foreign, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive
from tests.web.looks import findings, is_too_wide
from tests.web.site import PHONE, Site, listening


def card(page: Page, text: str) -> Locator:
    return page.locator(".entry", has_text=text)


async def test_a_like_shows_at_once_and_can_be_taken_back(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = await bob.publish("First frost this morning.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        like = card(page, "First frost").locator(".like")
        async with page.expect_response("**/like"):
            await like.click()
            await expect(like).to_have_attribute("aria-pressed", "true")
        assert (await bob.get(f"/posts/{post['postId']}"))["likesCount"] == 1
        async with page.expect_response("**/unlike"):
            await like.click()
            await expect(like).to_have_attribute("aria-pressed", "false")
        assert (await bob.get(f"/posts/{post['postId']}"))["likesCount"] == 0
    assert site.complaints == []


async def test_a_like_that_does_not_reach_the_server_is_put_right_and_can_be_tried_again(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish("First frost this morning.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        like = card(page, "First frost").locator(".like")
        await page.context.set_offline(True)
        await like.click()
        await expect(page.locator(".toast")).to_contain_text("did not reach the server")
        await expect(like).to_have_attribute("aria-pressed", "false")
        await page.context.set_offline(False)
        async with page.expect_response("**/like"):
            await page.locator(".toast button").click()
        await expect(like).to_have_attribute("aria-label", re.compile("^Like · 1"))


async def test_a_post_appears_on_top_and_the_composer_is_empty_again(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.fill("main .composer textarea", "Good morning, all.")
        await page.click("main .composer button.primary")
        await expect(page.locator("#feed .entry").first).to_contain_text("Good morning, all.")
        await expect(page.locator("main .composer textarea")).to_have_value("")
        await expect(page.locator(".empty")).to_have_count(0)
    assert [post["content"] for post in await ann.feed()] == ["<p>Good morning, all.</p>"]
    assert site.complaints == []


async def test_a_draft_survives_a_closed_page(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.fill("main .composer textarea", "Half a thought")
        await page.goto("/local")
        await page.goto("/")
        await expect(page.locator("main .composer textarea")).to_have_value("Half a thought")
        await page.click("[data-discard]")
        await page.reload()
        await expect(page.locator("main .composer textarea")).to_have_value("")


async def test_a_post_that_is_refused_keeps_its_words_and_says_why(site: Site) -> None:
    ann = await site.instance.user("ann")
    limit = site.instance.instance.settings.limits.post_characters
    async with site.visit(ann) as page:
        await page.goto("/")
        text = page.locator("main .composer textarea")
        await text.fill("x" * (limit + 1))
        await expect(page.locator("main .composer button.primary")).to_be_disabled()
        await expect(page.locator(".composer-count")).to_have_text("-1")
        await page.evaluate("document.querySelector('main .composer').dataset.limit = 1e6")
        await text.press("x")
        await page.click("main .composer button.primary")
        await expect(page.locator("main .composer .field-error")).to_be_visible()
        await expect(text).to_have_value("x" * (limit + 2))


async def test_the_composer_says_who_will_see_it(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.follow(ann)
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.fill("main .composer textarea", "Hello @bob")
        says = page.locator("main .composer-says")
        await expect(says).to_have_text(re.compile("Everyone will see this"), use_inner_text=True)
        await page.click(".audience-menu > summary")
        await page.click(".audience-menu label:has([value=followers])")
        await expect(says).to_have_text(re.compile("Your 1 follower will see this and @bob"), use_inner_text=True)


async def test_a_deleted_post_can_be_brought_back_for_a_while(site: Site) -> None:
    ann = await site.instance.user("ann")
    post = await ann.publish("I take this back.")
    async with site.visit(ann) as page:
        await page.goto("/")
        for undo in (True, False):
            await card(page, "take this back").locator(".entry-acts > :last-child").click()
            await page.click(".confirm summary")
            await page.click("[data-delete]")
            await expect(card(page, "take this back")).to_be_hidden()
            assert await ann.sees(post["postId"])
            if undo:
                await page.locator(".toast button", has_text="Undo").click()
                await expect(card(page, "take this back")).to_be_visible()
        await page.goto("/about")
        async with asyncio.timeout(60):
            while await ann.sees(post["postId"]):
                await page.wait_for_timeout(50)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_a_menu_on_a_phone_lies_over_no_part_of_the_bar(site: Site, scripts: bool) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = await bob.publish("Wind 4 from the west.")
    menus = [(f"/@bob/{post['postId']}", "#more"), ("/@bob", ".profile .menu > summary"), ("/", ".bar-you > summary")]
    menus += [("/compose", "main .audience-menu > summary"), ("/local", ".act.more")] if scripts else []
    async with site.visit(ann, size=PHONE, bypass_csp=True, java_script_enabled=scripts) as page:
        for path, opens in menus:
            await page.goto(path)
            await page.locator(opens).first.click()
            shown = await page.locator("details[open] > .menu-list").bounding_box()
            bar = await page.locator(".bar").bounding_box()
            assert shown and bar and shown["y"] > 0 and shown["y"] + shown["height"] <= bar["y"], path
            assert not scripts or await findings(page, "target-size") == []


async def test_muting_somebody_clears_the_list_and_can_be_undone(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish("Wind 4 from the west.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        await card(page, "Wind 4").locator("a.more").click()
        await page.locator(".menu-list button", has_text="Mute @bob").click()
        await expect(card(page, "Wind 4")).to_be_hidden()
        await page.locator(".toast button", has_text="Undo").click()
        await expect(card(page, "Wind 4")).to_be_visible()


async def test_blocking_a_server_clears_the_list_of_everybody_there(site: Site) -> None:
    foreign = Foreign("foreign.test").join(site.instance)
    ann, bob = await site.instance.users("ann", "bob")
    for name in ("zoe", "yan"):
        person = foreign.person(name)
        await ann.follow(person.address)
        await settle(site.instance)
        follow = next(one for one in foreign.activities("Follow") if one["object"] == person.id)
        await arrive(site.instance, person, person.activity("Accept", follow))
        await arrive(site.instance, person, person.activity("Create", person.note(f"<p>By {name}.</p>"), to=[PUBLIC]))
    await ann.follow(bob)
    await bob.publish("By Bob.")
    async with site.visit(ann) as page:
        await page.goto("/")
        await card(page, "By Bob").locator("a.more").click()
        await expect(page.locator("[data-server]")).to_have_count(0)
        await page.keyboard.press("Escape")
        await card(page, "By zoe").locator("a.more").click()
        await page.locator("summary", has_text="Block the server foreign.test…").click()
        await expect(page.locator("[data-server] p")).to_contain_text("nothing more from anybody on foreign.test")
        await page.locator("[data-server] button").click()
        await expect(card(page, "By zoe")).to_be_hidden()
        await expect(card(page, "By yan")).to_be_hidden()
        await expect(card(page, "By Bob")).to_be_visible()
        await expect(page.locator(".toast")).to_contain_text("you will see nothing from foreign.test")
        await expect(page.locator(".toast button", has_text="Undo")).to_have_count(0)
        await page.goto("/@zoe@foreign.test")
        await expect(page.locator(".empty")).to_contain_text("You have blocked their server, foreign.test")
        assert await findings(page) == []
        await page.click(".relation .button")
        await expect(page.locator(".relation")).to_contain_text("Follow")
        await page.goto("/settings/blocked-servers")
        await expect(page.locator(".empty")).to_be_visible()
        await page.fill("#f-domain", "Loud.example")
        await page.click(".settings button")
        await expect(page.locator(".people .name")).to_have_text("loud.example")
        assert await findings(page) == [] and not await is_too_wide(page)
    assert site.complaints == []


async def test_following_somebody_changes_the_button_and_unfollowing_can_be_undone(site: Site) -> None:
    ann, _bob = await site.instance.users("ann", "bob")
    async with site.visit(ann) as page:
        await page.goto("/@bob")
        await page.click(".profile .relation .primary")
        await expect(page.locator(".profile .relation .on")).to_have_text("Following")
        await page.click(".profile .relation .on")
        await page.locator(".toast button", has_text="Undo").click()
        await expect(page.locator(".profile .relation .on")).to_have_text("Following")
    assert site.complaints == []


async def test_a_reply_is_written_in_a_dialog_without_leaving_the_list(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = await bob.publish("Does anybody know a bike mechanic?")
    async with site.visit(ann) as page:
        await page.goto("/local")
        await card(page, "bike mechanic").locator(".reply").click()
        await expect(page.locator(".compose-dialog .composer-to")).to_contain_text("bike mechanic")
        await page.fill(".compose-dialog textarea", "Mine is by the station.")
        await page.click(".compose-dialog .composer button.primary")
        await expect(page.locator(".compose-dialog")).to_have_count(0)
        await expect(page.locator(".toast")).to_contain_text("Posted")
    comments = (await bob.get(f"/posts/{post['postId']}/comments"))["comments"]
    assert [comment["content"] for comment in comments] == ["<p>Mine is by the station.</p>"]


async def test_posts_of_others_wait_behind_a_pill(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish("An old one.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        await listening(site, "local")
        await bob.publish("Fresh from the oven.")
        await expect(page.locator(".pill button")).to_have_text("1 new post")
        await expect(card(page, "Fresh from the oven.")).to_have_count(0)
        await page.click(".pill button")
        await expect(page.locator("#feed .entry").first).to_contain_text("Fresh from the oven.")
        await expect(page.locator(".pill")).to_have_count(0)


async def test_older_posts_come_by_themselves_and_are_still_there_on_the_way_back(site: Site) -> None:
    ann = await site.instance.user("ann")
    for number in range(45):
        await ann.publish(f"Number {number}.")
    async with site.visit(ann) as page:
        await page.goto("/")
        await expect(page.locator("#feed .entry")).to_have_count(20)
        for expected in (40, 45):
            await page.locator(".pager").scroll_into_view_if_needed()
            await expect(page.locator("#feed .entry")).to_have_count(expected)
        await card(page, "Number 4.").locator(".like").click()
        await card(page, "Number 4.").locator(".when").click()
        await page.wait_for_url("**/@ann/*")
        await page.go_back()
        await expect(page.locator("#feed .entry")).to_have_count(45)
        await expect(card(page, "Number 4.")).to_be_in_viewport()


async def test_the_keyboard_goes_through_the_list_and_acts(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    for text in ("Lowest.", "Middle.", "Highest."):
        await bob.publish(text)
    async with site.visit(ann) as page:
        await page.goto("/local")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await page.wait_for_function("document.querySelector('[data-dialog]').hidden === false")
        for key in ("j", "j", "l"):
            await page.keyboard.press(key)
        await expect(card(page, "Middle.")).to_be_focused()
        await expect(card(page, "Middle.").locator(".like")).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/@bob/*")
        await page.keyboard.type("gh")
        await page.wait_for_url(f"{site.base_url}/")


async def test_a_chosen_theme_stays(site: Site) -> None:
    async with site.visit(color_scheme="light") as page:
        await page.goto("/local")
        await page.locator("[data-theme-switch]:visible").first.click()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("size", [PHONE, (1440, 900)], ids=["phone", "desktop"])
async def test_everything_works_without_scripts(site: Site, size: tuple[int, int]) -> None:
    bob = await site.instance.user("bob")
    await bob.publish("Hello from Bob.")
    async with site.visit(size=size, java_script_enabled=False) as page:
        await page.goto("/signup")
        await page.fill("[name=username]", "ann")
        await page.fill("[name=email]", "ann@example.org")
        await page.fill("[name=password]", "Quiet-Harbour-47")
        await page.check("[name=rules]")
        await page.click("form.form button")
        await page.goto("/local")
        await card(page, "Hello from Bob.").locator(".like").click()
        await expect(card(page, "Hello from Bob.").locator(".like")).to_have_attribute("aria-pressed", "true")
        await card(page, "Hello from Bob.").locator(".reply").click()
        await page.fill("main .composer textarea", "Hello back.")
        await page.click("main .composer button.primary")
        await expect(card(page, "Hello back.")).to_be_visible()
        await page.goto("/@bob")
        await page.click(".profile .relation .primary")
        await expect(page.locator(".profile .relation .on")).to_have_text("Following")
        await page.goto("/")
        await page.fill("main .composer textarea", "No scripts here.")
        await page.click(".audience-menu > summary")
        await page.click("text=Somebody else")
        await expect(page.locator("main .composer [name=content]")).to_have_value("No scripts here.")
        await page.click(".audience-menu > summary")
        await page.click(".audience-menu label:has([value=private])")
        await expect(page.locator(".composer-says")).to_have_text(re.compile("Only you"), use_inner_text=True)
        await page.press("main .composer button.primary", "Enter")
        await page.goto("/")
        await expect(card(page, "No scripts here.").locator(".audience")).to_contain_text("Only me")
        await card(page, "No scripts here.").locator("a.more").click()
        await page.click("#more")
        await page.click(".confirm summary")
        await page.click("[data-delete]")
        await page.goto("/")
        await expect(card(page, "No scripts here.")).to_have_count(0)
