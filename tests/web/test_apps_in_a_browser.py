"""Letting an app act, and taking it back, in a real browser: the form leads on to the app, and nobody is shut out."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Route, expect

from tests.core.oauth.client import Client, good
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
LONG = "An App With A Name That Is As Long As It May Be At All, Yes"


@SIZES
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_somebody_lets_an_app_act_and_takes_it_back(site: Site, size: tuple[int, int], scripts: bool) -> None:
    ann = await site.instance.user("ann")
    app = await Client.registered(site.instance)

    async def there(route: Route) -> None:
        await route.fulfill(body="You are back.", content_type="text/plain")

    async with site.visit(ann, size=size, java_script_enabled=scripts) as page:
        await page.route("https://app.example/**", there)
        await page.goto(app.address())
        await expect(page.locator("h1")).to_contain_text("Harbour Reader")
        await page.click("[value=allow]")
        await page.wait_for_url(re.compile(r"^https://app\.example/back\?code="))
        code = page.url.partition("code=")[2].partition("&")[0]
        program = app.bearing(good(await app.redeem(code))["access_token"])
        await program.get("/users/me")
        await page.goto("/settings/apps")
        await page.locator(".device", has_text="Harbour Reader").locator("button").click()
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
        await expect(page.locator("main")).not_to_contain_text("Harbour Reader")
        await program.refused(401, "GET", "/users/me")
        await page.goto(app.address())
        await page.click("[value=deny]")
        await page.wait_for_url(re.compile(r"^https://app\.example/back\?error=access_denied"))
    assert site.complaints == []


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_of_apps_shut_nobody_out(site: Site, size: tuple[int, int], scheme: str) -> None:
    ann = await site.instance.user("ann")
    app = await Client.registered(site.instance, name=LONG, website="https://a-rather-long-name.of-a-site.example/")
    await app.tokens(ann, "read write profile")
    await ann.post("/auth/tokens", {"name": "W" * 100, "scopes": ["read:users"]})
    by_hand = await Client.registered(site.instance, redirectUris=["urn:ietf:wg:oauth:2.0:oob"])
    found: dict[str, list[str]] = {}
    async with site.visit(ann, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:

        async def look(name: str) -> None:
            trouble = await findings(page) + (["wider than its window"] if await is_too_wide(page) else [])
            if trouble:
                found[name] = trouble

        await page.goto(app.address("read:users write:posts read:feeds write:users", prompt="login"))
        await look("consent")
        await page.click("[value=allow]")
        await look("consent with a wrong password")
        await page.goto(by_hand.address())
        await page.click("[value=allow]")
        await look("code")
        await page.goto("/settings/apps")
        unfolded = "document.querySelectorAll('main details:not(.menu)').forEach(part => { part.open = true })"
        await page.evaluate(unfolded)
        await look("apps")
        await page.fill("[name=name]", "Backup")
        await page.check("[name=scopes][value=read]")
        await page.click("main form button.primary")
        await expect(page.locator(".secret")).to_contain_text("kith_pat_")
        await look("token")
    assert found == {}
