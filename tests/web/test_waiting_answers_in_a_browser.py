"""An answer to somebody elsewhere who wants to be asked, in a browser: one is told before, meanwhile and after."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from core.testing import Foreign, settle
from tests.federation.arrivals import arrive
from tests.federation.test_asking_to_reply import of_zoe
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

WAYS = [
    {"size": PHONE, "color_scheme": "dark", "java_script_enabled": False},
    {"size": DESKTOP, "color_scheme": "light", "bypass_csp": True},
]


@pytest.mark.parametrize("how", WAYS, ids=["a dark phone without scripts", "a light desktop"])
async def test_whoever_answers_is_told_that_it_waits_and_what_came_of_it(site: Site, how: dict[str, Any]) -> None:
    alpha, zoe = site.instance, Foreign("b.test").join(site.instance).person("zoe")
    ann, has_scripts = await alpha.user("ann"), how.get("java_script_enabled", True)
    _note, entry = await of_zoe(alpha, zoe)
    async with site.visit(ann, **how) as page:
        await page.goto(f"/compose?reply={entry.id}")
        await expect(page.get_by_text("@zoe@b.test is asked first. Until they agree, only you see")).to_be_visible()
        await page.locator("main textarea[name=content]").fill("May I say something?")
        await page.locator("main form.composer button.primary").click()
        if has_scripts:
            await expect(page.get_by_text("Not posted yet: they are asked first")).to_be_visible()
            await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_text("Waiting for @zoe@b.test to agree. Until then only you see")).to_be_visible()
        await settle(alpha)
        (asked,) = zoe.server.activities("ReplyRequest")
        assert await arrive(alpha, zoe, zoe.activity("Reject", asked["id"])) == "done"
        await page.goto("/")
        await expect(page.get_by_text("@zoe@b.test does not want this answer. Only you see it.")).to_be_visible()
        for size in (PHONE, DESKTOP) if has_scripts else ():
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            for path in ("/", f"/@zoe@b.test/{entry.id}"):
                await page.goto(path)
                assert await findings(page) == [] and not await is_too_wide(page)
    assert site.complaints == []
