"""A conversation that is open in a browser: answers come to their places, and what is read stays where it is."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.web.site import PHONE, Site, listening


async def test_an_answer_comes_to_its_place_and_nothing_jumps(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Which lamp for the harbour?"))["postId"]
    made = [
        (await bob.post(f"/posts/{post}/comments", {"content": f"Lamp number {number}\n\n" + "light " * 60}))[
            "commentId"
        ]
        for number in range(8)
    ]
    async with site.visit(ann, size=PHONE) as page:
        await page.goto(f"/@ann/{post}")
        await listening(site, f"post:{post}")
        read = page.locator(f"#post-{made[6]}")
        await read.scroll_into_view_if_needed()
        before = (await read.bounding_box() or {})["y"]
        deeper = (await bob.post(f"/comments/{made[0]}/reply", {"content": "The green one " * 40}))["commentId"]
        last = (await bob.post(f"/posts/{post}/comments", {"content": "The last word"}))["commentId"]
        await expect(page.locator(f"#post-{last}")).to_be_attached()
        assert abs((await read.bounding_box() or {})["y"] - before) < 2
        nested = page.locator(f"#replies > .replies > li:has(#post-{made[0]}) > .replies #post-{deeper}")
        await expect(nested).to_be_attached()
        assert await page.locator("#replies > .replies > li").last.locator(f"#post-{last}").count() == 1
        await expect(page.locator("#replies-news")).to_have_text(
            re.compile("^(1 new reply|2 new replies)$")  # together where they came within half a second
        )
        await expect(page.locator("#replies-title")).to_contain_text("9")
    assert site.complaints == []


async def test_answers_are_put_in_another_order_without_scripts(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Which lamp?"))["postId"]
    for words in ("red", "green"):
        await bob.post(f"/posts/{post}/comments", {"content": words})
    async with site.visit(ann, java_script_enabled=False) as page:
        await page.goto(f"/@ann/{post}")
        await page.get_by_role("link", name="Newest first").click()
        await expect(page.locator("#replies .prose")).to_have_text(["green", "red"])
