"""Joining by another service, linking it and signing in by it, in a real browser."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, Route, expect

from tests.core.oidc.identities import BACK, OIDC, Identities
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
WITH_PROVIDER = pytest.mark.parametrize("site", [OIDC], ids=[""], indirect=True)
Someone = dict[str, str]


async def signs_in_there(page: Page, site: Site, identities: Identities, someone: Someone) -> None:
    """At the provider, `someone["is"]` signs in without being asked; nobody, where it is empty."""

    async def there(route: Route) -> None:
        sent = await route.fetch(max_redirects=0)
        brought = identities.sign_in(sent.headers["location"], someone["is"])
        if not someone["is"]:
            brought = {"error": "access_denied", "state": brought["state"]}
        back = f"{site.base_url}{BACK}?{urlencode(brought)}"
        await route.fulfill(response=sent, headers={**sent.headers, "location": back})

    await page.route(re.compile(r"/login/oidc(\?|$)"), there)


@WITH_PROVIDER
@SIZES
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_somebody_joins_by_it_and_comes_back_by_it(site: Site, size: tuple[int, int], scripts: bool) -> None:
    identities = Identities().join(site.instance)
    identities.says = {"name": "Carl Pier", "preferred_username": "carl", "email": "c@x.org", "email_verified": True}
    async with site.visit(size=size, java_script_enabled=scripts) as page:
        await signs_in_there(page, site, identities, {"is": "carl-there"})
        for _ in range(2):
            await page.goto("/login?next=/local")
            await page.locator("a", has_text="Harbour ID").click()
            if "join" in page.url:
                await expect(page.locator("[name=username]")).to_have_value("carl")
                await page.check("[name=rules]")
                await page.click("form.form button.primary")
            await page.wait_for_url("/local")
            await expect(page.locator("body")).to_have_attribute("data-viewer", re.compile("."))
            await page.context.clear_cookies()
    assert site.complaints == []


@WITH_PROVIDER
@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_its_pages_shut_nobody_out(site: Site, size: tuple[int, int], scheme: str) -> None:
    ann = await site.instance.user("ann")
    identities, someone = Identities().join(site.instance), {"is": ""}
    identities.says = {"name": "Maximiliana Wolkenstein-Trostburg von und zu Hohenfels", "email": "m" * 60 + "@x.org"}
    found: dict[str, list[str]] = {}

    async def look(page: Page, name: str) -> None:
        if trouble := await findings(page) + (["wider than its window"] if await is_too_wide(page) else []):
            found[name] = trouble

    how = {"size": size, "color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}
    async with site.visit(**how) as page:
        await signs_in_there(page, site, identities, someone)
        await page.goto("/login")
        await look(page, "log in")
        await page.goto("/login/oidc")
        await look(page, "refused")
        someone["is"] = "max"
        await page.goto("/login/oidc")
        await look(page, "join")
    async with site.visit(ann, **how) as page:
        await signs_in_there(page, site, identities, someone)
        await page.goto("/settings/oidc")
        await look(page, "not linked")
        await page.locator("main a.primary").click()
        await look(page, "about to be linked")
        await page.click("main button.primary")
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
        await look(page, "linked")
    assert found == {}
