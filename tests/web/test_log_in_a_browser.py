"""The pages of those in charge in a real browser: nobody is shut out, nothing overflows, each act is asked twice."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.web.site import DESKTOP, PHONE, Site
from tests.web.test_looks_in_a_browser import findings, is_too_wide

SIGHTS = {"phone": (PHONE, "dark"), "desktop": (DESKTOP, "light")}


@pytest.mark.parametrize(("size", "scheme"), SIGHTS.values(), ids=SIGHTS)
async def test_no_page_of_the_log_or_of_an_account_shuts_anybody_out(
    site: Site, size: tuple[int, int], scheme: str
) -> None:
    keeper = await site.instance.user("keeper", role="admin")
    long = await site.instance.user("a_name_as_long_as_is_allowed_")
    await keeper.put(f"/admin/users/{long.id}/role", {"role": "moderator"})
    own, paths = "/settings/security/log", ["/admin/audit", "/admin/audit?user=nobody", f"/admin/users/{long.id}"]
    found: dict[str, list[str]] = {}
    for who, pages in ((long, [own]), (keeper, [own, *paths, "/admin/users"])):
        async with site.visit(who, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
            for path in pages:
                await page.goto(path)
                await page.evaluate("document.querySelectorAll('.account-acts details').forEach(d => d.open = true)")
                trouble = [*await findings(page), *(["wider than its window"] if await is_too_wide(page) else [])]
                if path == "/admin/audit" and size == DESKTOP:  # no tab stands alone in a row of its own
                    tops = await page.locator(".tabs a").evaluate_all("tabs => tabs.map(tab => tab.offsetTop)")
                    trouble += [f"a tab alone at {top}" for top in set(tops) if tops.count(top) == 1]
                if trouble:
                    found[path] = trouble
    assert found == {}


async def test_suspending_somebody_is_asked_twice_and_noted(site: Site) -> None:
    keeper, ann = await site.instance.user("keeper", role="admin"), await site.instance.user("ann")
    async with site.visit(keeper) as page:
        await page.goto("/admin/users")
        await page.click("text=ann@example.org >> xpath=../a")
        await expect(page.locator("text=Suspend @ann")).to_be_hidden()
        await page.click("text=Suspend…")
        await page.click("text=Suspend @ann")
        await expect(page.locator(".log-line").first).to_contain_text("The account was suspended")
        await expect(page.locator("text=Let them in again")).to_be_visible()
    assert site.complaints == []
    await ann.refused(401, "GET", "/users/me")
