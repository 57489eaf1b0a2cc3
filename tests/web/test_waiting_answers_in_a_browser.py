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


@pytest.mark.parametrize("how", WAYS, ids=["a dark phone without scripts", "a light desktop"])
async def test_whoever_wants_to_be_asked_decides_about_each_answer(site: Site, how: dict[str, Any]) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    async with site.visit(ann, **how) as page:
        await page.goto("/compose")
        await page.locator("main textarea[name=content]").fill("What should we do with the old boat house?")
        await page.locator("main .policies-menu summary").click()
        await page.locator("main .policies-menu label", has_text="You decide about each reply").click()
        await page.locator("main .policies-menu summary").click()
        async with page.expect_response(
            lambda answer: answer.request.method == "POST" and answer.url.endswith("/compose")
        ):
            await page.locator("main form.composer button.primary").click()
        await page.goto("/@ann")
        await expect(page.get_by_text("What should we do")).to_be_visible()
        (post,) = await ann.feed()
        assert post["replyPolicy"] == "ask"
        words = ("Make a café of it, with a terrace to the lake and a pontoon for boats.", "Tear it down!")
        first, _second = [await bob.publish(said, inReplyTo=post["postId"]) for said in words]
        for path in (f"/@bob/{first['postId']}", "/requests/replies"):
            await page.goto(path)
            if how.get("java_script_enabled", True):
                for size in (PHONE, DESKTOP):
                    await page.set_viewport_size({"width": size[0], "height": size[1]})
                    assert await findings(page) == [] and not await is_too_wide(page)
        await page.goto(f"/@bob/{first['postId']}")
        await page.get_by_role("link", name="Decide").click()
        refused, allowed = [page.locator("li.wish", has_text=said) for said in reversed(words)]
        await allowed.get_by_role("button", name="Allow").click()
        await expect(allowed.get_by_role("button")).to_have_count(0, timeout=30_000)
        if how.get("java_script_enabled", True):
            await expect(allowed.locator(".relation")).to_be_focused()
            await expect(allowed.locator(".relation")).to_have_text("Allowed")
            assert await findings(page) == []
        await refused.get_by_role("button", name="Decline").click()
        await expect(page.locator("li.wish").get_by_role("button")).to_have_count(0, timeout=30_000)
        await page.goto(f"/@ann/{post['postId']}")
        await expect(page.get_by_text(words[0])).to_be_visible()
        await expect(page.get_by_text(words[1])).to_have_count(0)
    async with site.visit(bob, **how) as page:
        await page.goto("/")
        await expect(page.get_by_text("@ann does not want this answer. Only you see it.")).to_be_visible()
    assert site.complaints == []
