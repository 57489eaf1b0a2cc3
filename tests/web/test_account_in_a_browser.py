"""Getting back in, and changing how one gets in, in a real browser; the pages shut nobody out."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from core.accounts import verification
from core.accounts.models import Account
from core.testing import PASSWORD
from tests.core.mailed import links_of, newest
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

OTHER = "Deep-Forest-93"
LONG = "a-very-long-address.with-many-parts@subdomain.of-a-long-domain-with-a-name.example"


@pytest.mark.parametrize(
    ("size", "scripts"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "desktop without scripts"]
)
async def test_somebody_forgets_a_password_and_gets_back_in(site: Site, size: tuple[int, int], scripts: bool) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(size=size, java_script_enabled=scripts) as page:
        await page.goto("/login")
        await page.click("text=Forgot your password?")
        await page.fill("[name=email]", ann.email)
        await page.click("form button.primary")
        await expect(page.locator("h1")).to_have_text("Look into your mail")
        (link,) = links_of(await newest(site.instance, ann.email), "/reset")
        await page.goto(link)
        await page.fill("[name=newPassword]", OTHER)
        await page.click("form button.primary")
        await expect(page.locator("h1")).to_have_text("You have another password")
        await page.click("main a.primary")
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", OTHER)
        await page.click("form button.primary")
        await page.goto("/settings/account")
        section = page.locator("section", has=page.get_by_role("heading", name="User name"))
        await section.locator("[name=username]").fill("anna")
        await section.locator("button").click()
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
        await expect(page.locator("main")).to_contain_text("You are @anna.")
        section = page.locator("section", has=page.get_by_role("heading", name="E-mail address"))
        await section.locator("[name=email]").fill(LONG)
        await section.locator("[name=password]").fill("Wrong-Harbour-1")
        await section.locator("button.primary").click()
        await expect(section.locator(".field-error")).to_contain_text("This is not your password.")
        await section.locator("[name=password]").fill(OTHER)
        await section.locator("button.primary").click()
        await expect(section.locator(".banner")).to_contain_text(LONG)
    assert [said for said in site.complaints if "422" not in said] == []


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
async def test_no_page_about_an_account_shuts_anybody_out_or_overflows(
    site: Site, size: tuple[int, int], scheme: str
) -> None:
    ann, bob = await site.instance.user("ann", verified=False), await site.instance.user("bob")
    with site.instance.inside():
        await verification.ask_to_verify(await Account.get(id=ann.id))
    await bob.put("/users/me", {"email": LONG, "password": PASSWORD})
    await site.instance.anon.post("/auth/forgot-password", {"email": bob.email})
    await newest(site.instance, "")
    mails = [*site.instance.mails(ann.email), *site.instance.mails(bob.email)]
    links = [link for mail in mails for path in ("/verify", "/reset", "/email/confirm", "/email/stop")
             for link in links_of(mail, path)]  # fmt: skip
    assert len(links) == 4
    strangers = [*links, "/forgot", "/verify/again", "/reset?token=made-up"]
    found: dict[str, list[str]] = {}
    for who, paths in ((ann, ["/settings/account"]), (bob, ["/settings/account"]), (None, strangers)):
        async with site.visit(who, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
            for path in paths:
                await page.goto(path)
                trouble = await findings(page)
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[path] = trouble
    assert found == {}
