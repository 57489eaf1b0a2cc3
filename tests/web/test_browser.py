"""A newcomer's day: join, look around, follow, write, answer, be answered; with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from core.testing import PASSWORD
from core.testing.people import befriend
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site, listening

SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


def card(page: Page, text: str) -> Locator:
    return page.locator(".entry", has_text=text)


async def join(page: Page, name: str) -> None:
    await page.goto("/")
    await page.locator(".landing-hero a", has_text="Join").click()
    await page.fill("[name=username]", name)
    await page.fill("[name=email]", f"{name}@example.org")
    await page.fill("[name=password]", PASSWORD)
    await page.check("[name=rules]")
    await page.click("form.form button.primary")
    await expect(page.locator("h1")).to_have_text("Welcome to Millbrook Commons")
    await page.locator("main a", has_text="Not now").click()
    await expect(page.locator("body")).to_have_attribute("data-viewer", re.compile("."))


@pytest.mark.parametrize(
    ("size", "scripts"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "desktop without scripts"]
)
async def test_a_newcomer_settles_in(site: Site, size: tuple[int, int], scripts: bool) -> None:
    bob = await site.instance.user("bob")
    await bob.put("/users/me", {"fullName": "Bob Ferry"})
    await bob.publish("The ferry runs again. #ferry")
    async with site.visit(size=size, java_script_enabled=scripts) as page:
        await join(page, "ann")
        await expect(page.locator(".empty")).to_contain_text("Your home fills with people")
        await page.locator(".empty a", has_text="Find somebody").click()
        await page.fill("main [type=search]", "ferry")
        await page.click("main .search button")
        await page.locator(".person .name").click()
        await expect(page.locator("h1")).to_have_text("Bob Ferry")
        await page.click(".profile .relation .primary")
        await expect(page.locator(".profile .relation .on")).to_have_text("Following")
        await page.goto("/")
        await card(page, "The ferry runs again.").locator(".when").click()
        await page.wait_for_url("**/@bob/*")
        await page.fill("#reply textarea", "At last!")
        await page.click("#reply button.primary")
        await expect(page.locator("#replies .entry")).to_contain_text("At last!")
        await page.locator(".prose a", has_text="#ferry").click()
        await expect(page.locator("h1")).to_have_text("#ferry")
        await page.goto("/settings/profile")
        await page.fill("[name=fullName]", "Ann Larsen")
        await page.fill("[name=bio]", "I *pour* tea.")
        await page.locator("[name=fieldName]").first.fill("Site")
        await page.locator("[name=fieldValue]").first.fill("https://ann.example/")
        await page.click("main form button.primary")
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
        await page.goto("/@ann")
        await expect(page.locator(".profile")).to_contain_text("I pour tea.")
        await page.goto("/settings")
        await page.select_option("[name=theme]", "dark")
        await page.select_option("[name=defaultVisibility]", "followers")
        await page.click("main form button.primary")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.goto("/compose")
        await expect(page.locator("main [name=visibility]:checked")).to_have_value("followers")
    assert site.complaints == []


@SCRIPTS
async def test_logging_out_and_in_again(site: Site, scripts: bool) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, java_script_enabled=scripts) as page:
        await page.goto("/local")
        await page.click(".rail-you > summary")
        await page.locator(".rail-you button", has_text="Log out").click()
        await expect(page.locator("h1")).to_contain_text("The town square")
        await page.goto("/bookmarks")
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", "Wrong-Harbour-48")
        await page.click("form button.primary")
        await expect(page.locator("[role=alert]")).to_contain_text("The name or the password is wrong.")
        await expect(page.locator("[name=login]")).to_have_value("ann")
        await page.fill("[name=password]", PASSWORD)
        await page.click("form button.primary")
        await expect(page.locator("h1")).to_have_text("Bookmarks")


@SCRIPTS
async def test_a_post_gets_other_words_and_its_history_is_shown(site: Site, scripts: bool) -> None:
    ann = await site.instance.user("ann")
    await ann.publish("The fery runs.")
    async with site.visit(ann, java_script_enabled=scripts) as page:
        await page.goto("/@ann")
        await card(page, "The fery").locator(".when").click()
        await page.click("#more")
        await page.locator(".menu-list a", has_text="Edit").click()
        await expect(page.locator("main textarea")).to_have_value("The fery runs.")
        await page.fill("main textarea", "The ferry runs.")
        await page.click("main .composer button.primary")
        await expect(page.locator(".entry-focused")).to_contain_text("The ferry runs.")
        await page.locator(".entry-focused .edited").click()
        await expect(page.locator(".version").nth(1)).to_contain_text("The fery runs.")


async def test_two_people_meet(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.follow(ann)
    async with site.visit(ann) as hers, site.visit(bob) as his:
        await his.goto("/")
        await listening(site, f"home:{bob.id}")
        await hers.goto("/")
        await hers.fill("main .composer textarea", "Good morning, Bob.")
        await hers.click("main .composer button.primary")
        await expect(his.locator(".pill button")).to_have_text("1 new post")
        await his.click(".pill button")
        await expect(his.locator("#feed .entry").first).to_contain_text("Good morning, Bob.")
        await his.goto("/@ann")
        async with his.expect_response("**/befriend"):
            await his.locator(".relation button", has_text="Ask to be friends").click()
        await hers.goto("/local")
        await expect(hers.locator(".rail [data-count=requests]:visible")).to_contain_text("1")
        await hers.goto("/requests")
        await hers.locator("button", has_text="Accept").click()
        await expect(hers.locator(".person .relation")).to_contain_text("Friends")
        await his.goto("/@ann")
        await expect(his.locator(".profile .relation .on")).to_have_text("Friends")
        await hers.locator(".rail-compose").click()
        await hers.fill(".compose-dialog textarea", "For friends.")
        await hers.click(".compose-dialog .audience-menu > summary")
        await hers.click(".compose-dialog label:has([value=friends])")
        await hers.click(".compose-dialog .composer button.primary")
        await expect(hers.locator(".compose-dialog")).to_have_count(0)
        await his.goto("/")
        await expect(card(his, "For friends.").locator(".audience")).to_contain_text("Friends")
    assert site.complaints == []


@pytest.mark.parametrize(
    ("act", "said", "undone"), [("Mute @bob", "Muted", "Mute @bob"), ("Block @bob…", "Blocked", "Block @bob…")]
)
async def test_somebody_is_kept_away_from_their_profile_and_let_back(
    site: Site, act: str, said: str, undone: str
) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    async with site.visit(ann) as page:
        await page.goto("/@bob")
        await page.click(".profile .menu > summary")
        await page.locator(".menu-list", has_text=act).get_by_text(act).click()
        if act.startswith("Block"):
            await page.locator(".confirm button").click()
        await expect(page.locator(".toast")).to_contain_text(said)
        await page.locator(".toast").hover()  # it waits for who looks at it
        assert (await ann.get(f"/users/{bob.id}"))["isBlocked" if act.startswith("Block") else "isMuted"] is True
        await page.locator(".toast button", has_text="Undo").click()
        await expect(page.locator(".profile .menu-list")).to_contain_text(undone)
        assert (await ann.get(f"/users/{bob.id}"))["isBlocked"] is False
    assert site.complaints == []


@SCRIPTS
async def test_somebody_blocked_is_found_in_the_settings_and_let_back(site: Site, scripts: bool) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    async with site.visit(ann, java_script_enabled=scripts) as page:
        for act, way, undo in (("Block @bob…", "Blocked", "Unblock"), ("Mute @bob", "Muted", "Unmute")):
            await page.goto("/@bob")
            await page.click(".profile .menu > summary")
            await page.locator(".menu-list", has_text=act).get_by_text(act).click()
            if way == "Blocked":
                await page.locator(".confirm button").click()
                await expect(page.locator(".profile .relation")).to_contain_text(undo)
            elif scripts:
                await expect(page.locator(".toast").last).to_contain_text(way)
            await page.goto("/settings")
            await page.locator(".tabs-row").get_by_text(way, exact=True).click()
            await page.locator(".person button", has_text=undo).click()
            await expect(page.locator("button", has_text=undo)).to_have_count(0)
    assert {key for key, value in (await ann.get(f"/users/{bob.id}")).items() if value is True} == set()


async def test_sharing_and_keeping_show_at_once(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = await bob.publish("First frost this morning.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        for name, key in (("share", "isShared"), ("keep", "isBookmarked")):
            button = card(page, "First frost").locator(f".{name}")
            async with page.expect_response(f"**/posts/{post['postId']}/*"):
                await button.click()
                await expect(button).to_have_attribute("aria-pressed", "true")
            assert (await ann.get(f"/posts/{post['postId']}"))[key] is True
        await page.goto("/bookmarks")
        await expect(card(page, "First frost")).to_be_visible()
    assert site.complaints == []


async def test_the_keyboard_writes_searches_and_goes_places(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await bob.publish("Hello.")
    async with site.visit(ann) as page:
        await page.goto("/local")
        await page.wait_for_function("document.querySelector('[data-dialog]').hidden === false")
        await page.keyboard.press("n")
        await expect(page.locator(".compose-dialog textarea")).to_be_focused()
        await page.keyboard.type("Written with the keyboard alone. j k l")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".compose-dialog")).to_have_count(0)
        await page.keyboard.press("/")
        await expect(page.locator("[data-search]")).to_be_focused()
        await page.keyboard.press("Escape")
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("j")
        await page.keyboard.press("r")
        await expect(page.locator(".compose-dialog textarea")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator(".compose-dialog")).to_have_count(0)
        async with page.expect_response("**/share"):
            await page.keyboard.press("b")
            await expect(page.locator(".share[aria-pressed=true]")).to_have_count(1)
        await page.keyboard.type("gp")
        await page.wait_for_url("**/@ann")
        await expect(card(page, "Written with the keyboard alone.")).to_be_visible()
        await page.keyboard.type("gf")
        await page.wait_for_url("**/friends/posts")
    assert site.complaints == []


async def test_escape_closes_a_menu_of_the_composer_before_the_composer(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/local")
        await page.locator(".rail-compose").click()
        menu = page.locator(".compose-dialog .audience-menu")
        await menu.locator("summary").click()
        await expect(menu).to_have_attribute("open", "")
        await page.keyboard.press("Escape")
        await expect(menu).not_to_have_attribute("open", "")
        await page.keyboard.type(" ")  # opens it again where it is still there
        await expect(menu).to_have_attribute("open", "")
        await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")
        await expect(page.locator(".compose-dialog")).to_have_count(0)


@SIZES
async def test_the_quieter_pages_shut_nobody_out(site: Site, size: tuple[int, int]) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    eve = await site.instance.user("eve")
    await befriend(ann, bob)
    await ann.post(f"/users/{eve.id}/block")
    post = await ann.publish("Frist words")
    await ann.put(f"/posts/{post['postId']}", {"content": "First words"})
    answer = await bob.publish("An answer", inReplyTo=post["postId"])
    await ann.publish("Another", inReplyTo=answer["postId"])
    await bob.delete(f"/posts/{answer['postId']}")
    page_of_post = f"/@ann/{post['postId']}"
    own = ["/settings", "/settings/profile", "/settings/security", "/settings/blocks", "/settings/mutes", page_of_post]
    own += [f"{page_of_post}/history", f"/compose?reply={post['postId']}", "/about", "/about/privacy", "/tags/none"]
    strangers = [page_of_post, "/lookup?q=ann", "/tags/none", f"/@bob/{answer['postId']}"]
    found: dict[str, list[str]] = {}
    for who, paths in ((ann, own), (None, strangers)):
        async with site.visit(who, size=size, reduced_motion="reduce", bypass_csp=True) as page:
            for path in paths:
                await page.goto(path)
                trouble = await findings(page)
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[path] = trouble
    assert found == {}
