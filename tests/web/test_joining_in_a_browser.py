"""Joining in a real browser: asked, invited, waiting, welcomed; and those in charge who let people in."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from core.testing import PASSWORD, settle
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

SIGHTS = pytest.mark.parametrize(
    "sight", [{"size": PHONE, "color_scheme": "dark"}, {"size": DESKTOP}], ids=["phone", "desktop"]
)
CAREFUL = pytest.mark.parametrize(
    "site",
    [{"accounts__registration": "approval", "accounts__invites_by": "user", "accounts__require_verified_email": True}],
    indirect=True,
    ids=["careful"],
)
PICTURES = os.environ.get("KITH_TEST_PICTURES", "")  # a folder where to keep what the pages look like
REASON = "I have walked the Mill valley for thirty years, and would like to tell what I see there."


async def look(page: Page, name: str) -> list[str]:
    """What is wrong with the looks of a page."""
    if PICTURES:
        wide = page.viewport_size["width"] if page.viewport_size else 0
        await page.screenshot(path=Path(PICTURES) / f"{name}-{wide}.png", full_page=True)
    found = [f"{name}: {finding}" for finding in await findings(page)]
    return [*found, f"{name}: wider than its window"] if await is_too_wide(page) else found


async def fill_in(page: Page, name: str) -> None:
    for field, value in (("username", name), ("email", f"{name}@example.org"), ("password", PASSWORD)):
        await page.fill(f"[name={field}]", value)
    await page.check("[name=rules]")


@CAREFUL
@SIGHTS
async def test_somebody_asks_proves_an_address_is_let_in_and_welcomed(site: Site, sight: dict[str, Any]) -> None:
    bob = await site.instance.user("bob")
    await bob.put("/users/me", {"fullName": "Bob Ferry", "bio": "I run the ferry."})
    await bob.publish("The ferry runs again.")
    keeper = await site.instance.user("keeper", role="moderator")
    wrong: list[str] = []
    async with (
        site.visit(**sight, bypass_csp=True) as page,
        site.visit(keeper, **sight, bypass_csp=True) as other,
    ):
        await page.goto("/signup")
        wrong += await look(page, "signup")
        await fill_in(page, "ann")
        await page.fill("[name=username]", "bob")
        await page.fill("[name=reason]", REASON)
        await page.click("main form button.primary")
        await expect(page.locator("#e-username")).to_contain_text("This name is taken.")
        wrong += await look(page, "signup-wrong")
        await fill_in(page, "ann")
        await page.click("main form button.primary")
        await expect(page.locator("h1")).to_have_text("Look into your mail")
        wrong += await look(page, "waiting-mail")
        await page.click("main form button.primary")
        await expect(page.locator(".banner.good")).to_contain_text("It is sent again.")
        await settle(site.instance)
        body = site.instance.mails("ann@example.org")[-1].get_body(("plain",))
        link = re.search(r"/verify\?token=[\w-]+", body.get_content() if body else "")
        assert link
        await page.goto(link[0])
        await page.click("main form button")
        await page.goto("/login")
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", PASSWORD)
        await page.click("main form button.primary")
        await expect(page.locator("h1")).to_have_text("Somebody will look at it")
        wrong += await look(page, "waiting-answer")

        await other.goto("/admin")
        wrong += await look(other, "admin-people")
        await other.select_option("[name=state]", "waiting")
        await other.click(".filters button")
        await expect(other.locator(".people .person")).to_have_count(1)
        wrong += await look(other, "admin-waiting")
        await other.locator(".people .name").click()
        await other.fill("[name=sentence]", "See you at the mill.")
        wrong += await look(other, "admin-person")
        await other.locator("button", has_text="Let them in").click()
        await expect(other.locator(".banner.good")).to_have_text("Done.")

        await page.goto("/login")
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", PASSWORD)
        await page.click("main form button.primary")
        await expect(page.locator("h1")).to_have_text("Welcome to Millbrook Commons")
        wrong += await look(page, "welcome")
        await page.locator(".person .relation .primary").first.click()
        await expect(page.locator(".person .relation .on").first).to_be_visible()
        await page.fill("[name=fullName]", "Ann Larsen")
        await page.fill("[name=bio]", "I *walk*.")
        await page.click("main form button.primary")
        await expect(page.locator(".entry")).to_contain_text("The ferry runs again.")
    assert (await site.instance.anon.get("/users/ann"))["fullName"] == "Ann Larsen"
    assert wrong == []
    assert [said for said in site.complaints if "status of" not in said] == []


@CAREFUL
@SIGHTS
async def test_a_friend_comes_by_an_invite(site: Site, sight: dict[str, Any]) -> None:
    ann, keeper = await site.instance.user("ann"), await site.instance.user("keeper", role="admin")
    wrong: list[str] = []
    async with (
        site.visit(ann, **sight, bypass_csp=True) as hers,
        site.visit(**sight, bypass_csp=True) as page,
    ):
        await hers.goto("/settings/invites")
        await hers.fill("[name=note]", "For Carl, who mends boats")
        await hers.click("main form button.primary")
        await expect(hers.locator(".invite")).to_have_count(1)
        wrong += await look(hers, "invites")
        link = await hers.locator(".invite-link input").input_value()
        await hers.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await hers.get_by_role("button", name="Copy the link").click()
        await hers.wait_for_function("async (link) => (await navigator.clipboard.readText()) === link", arg=link)
        await page.goto(link)
        wrong += await look(page, "invited")
        await page.locator("main a.primary", has_text="Join").click()
        await expect(page.locator("[name=reason]")).to_have_count(0)
        wrong += await look(page, "signup-invited")
        await fill_in(page, "carl")
        await page.click("main form button.primary")
        await expect(page.locator("h1")).to_have_text("Look into your mail")
        await hers.reload()
        await expect(hers.locator(".invite")).to_contain_text("@carl")
        await page.goto(link)
        await expect(page.locator("h1")).not_to_contain_text("You are invited")
        wrong += await look(page, "invite-over")
    async with site.visit(keeper, **sight, bypass_csp=True) as other:
        await other.goto("/admin/invites")
        await expect(other.locator(".invite")).to_contain_text("by @ann")
        wrong += await look(other, "admin-invites")
    assert wrong == []


async def test_the_keyboard_never_lands_in_the_field_for_bots(site: Site) -> None:
    async with site.visit() as page:
        await page.goto("/signup")
        names = []
        for _ in range(12):
            names.append(await page.evaluate("document.activeElement.name || ''"))
            await page.keyboard.press("Tab")
        assert "username" in names and "email" in names and "homepage" not in names
        assert await page.get_by_label("Leave this empty").count() == 1  # there, but out of the tree:
        assert await page.get_by_role("textbox", name="Leave this empty").count() == 0
