"""Answering a post with a sign on pages, with scripts and without."""

from __future__ import annotations

from playwright.async_api import expect

from tests.web.looks import findings, is_too_wide
from tests.web.site import PHONE, Site, listening


async def test_a_sign_is_chosen_on_the_card_and_taken_back(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = await ann.publish("Good morning.")
    async with site.visit(bob, size=PHONE) as page:
        await page.goto("/local")
        await page.click("a.react")
        await page.get_by_role("button", name="🎉").click()
        await expect(page.locator(".reaction")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator(".signs")).to_have_count(0)
        assert await findings(page) == []
        assert not await is_too_wide(page)
        assert (await ann.get(f"/posts/{post['postId']}"))["reactions"][0]["emoji"] == "🎉"
        await page.click(".reaction")
        await expect(page.locator(".reaction")).to_have_count(0)
        await page.click("a.react")
        await expect(page.locator(".signs")).to_be_visible()
        assert await findings(page) == []
        await page.click("a.react")
        await listening(site, f"counts:{post['postId']}")
        await ann.put(f"/posts/{post['postId']}/reactions/🔥")
        fire = page.locator(".reaction[value='🔥']")  # of the other, a count on its way may show once more
        await expect(fire.locator("b")).to_have_text("1")
        await ann.post(f"/posts/{post['postId']}/like")
        await expect(page.locator(".act.like")).to_have_attribute("aria-label", "Like · 1")
        await fire.click()
        await expect(fire.locator("b")).to_have_text("2")
        for sign in (ann, bob):
            await sign.delete(f"/posts/{post['postId']}/reactions/🔥")
        await expect(page.locator(".reaction")).to_have_count(0)
    assert (await ann.get(f"/posts/{post['postId']}"))["reactions"] == []
    assert site.complaints == []


async def test_a_sign_is_chosen_on_the_page_of_all_signs_as_well(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Good morning."))["postId"]
    async with site.visit(bob) as page:
        await page.goto("/local")
        async with page.context.expect_page() as opened:
            await page.click("a.react", modifiers=["Control"])
        chosen = await opened.value
        for sign, more in (("🎉", False), ("🦊", True)):
            await chosen.goto(f"/posts/{post}/react")
            if more:
                await chosen.get_by_role("link", name="More emoji").click()
            await chosen.locator(f".signs [value='{sign}']").click()
            await chosen.wait_for_url(f"**/@ann/{post}*")
            await expect(chosen.locator(f".reaction[value='{sign}']")).to_have_attribute("aria-pressed", "true")
    async with site.visit(bob, java_script_enabled=False) as page:
        await page.goto(f"/posts/{post}/react?all=1")
        await page.locator(".signs [value='🐻']").click()
        await page.wait_for_url(f"**/@ann/{post}*")
    assert site.complaints == []


async def test_the_keyboard_stays_where_a_sign_was_chosen_or_taken_back(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await ann.publish("Good morning.")
    async with site.visit(bob) as page:
        await page.goto("/local")
        await page.focus("a.react")
        await page.keyboard.press("Enter")
        await expect(page.locator(".signs button").first).to_be_focused()
        await page.get_by_role("button", name="🎉").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".reaction[value='🎉']")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator(".reaction")).to_have_count(0)
        await expect(page.locator("a.react")).to_be_focused()
    assert site.complaints == []


async def test_signs_work_without_scripts(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = await ann.publish("Good morning.")
    async with site.visit(bob, java_script_enabled=False) as page:
        await page.goto("/local")
        await page.click("a.react")
        await page.get_by_role("button", name="🎉").click()
        await expect(page.locator(".reaction b")).to_have_text("1")
        await page.click(".reaction")
        await expect(page.locator(".reaction")).to_have_count(0)
    assert (await ann.get(f"/posts/{post['postId']}"))["reactions"] == []
