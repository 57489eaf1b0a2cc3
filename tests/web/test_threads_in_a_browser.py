"""A conversation that is open in a browser: answers come to their places, and what is read stays where it is."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import uploaded
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


async def test_an_answer_that_could_not_be_loaded_comes_later(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Which lamp?"))["postId"]
    async with site.visit(ann) as page:
        await page.goto(f"/@ann/{post}")
        await listening(site, f"post:{post}")
        await page.route("**/new?ids=*", lambda route: route.abort(), times=1)
        async with page.expect_event("requestfailed"):
            await bob.post(f"/posts/{post}/comments", {"content": "The green one"})
        await page.route("**/new?ids=*", lambda route: route.fulfill(status=503), times=1)
        await expect(page.locator("#replies .prose")).to_have_text("The green one")


async def test_ones_own_answer_to_an_answer_comes_to_its_place(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Which lamp?"))["postId"]
    answer = (await bob.post(f"/posts/{post}/comments", {"content": "The green one"}))["commentId"]
    async with site.visit(ann) as page:
        await page.goto(f"/@ann/{post}")
        await listening(site, f"post:{post}")
        await page.locator(f"#post-{answer} .reply").click()
        await page.fill(".compose-dialog textarea", "And where is it?")
        await page.click(".compose-dialog .composer button.primary")
        await expect(page.locator(f"li:has(> #post-{answer}) > .replies .prose")).to_have_text("And where is it?")
        await page.fill("#reply textarea", "Or a red one?")
        await page.click("#reply button.primary")
        await expect(page.locator("#replies .prose")).to_have_count(3)
        await bob.post(f"/posts/{post}/comments", {"content": "The last word"})
        await expect(page.locator("#replies .prose", has_text="The last word")).to_be_attached()
        await expect(page.locator("#replies .prose")).to_have_count(4)
    assert site.complaints == []


async def test_an_answer_that_came_is_as_alive_as_the_others(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    post = (await ann.publish("Which lamp?"))["postId"]
    async with site.visit(ann) as page:
        await page.goto(f"/@ann/{post}")
        await listening(site, f"post:{post}")
        file = await uploaded(bob, saved(quarters(300, 200), "JPEG"), alt="A lamp")
        answer = (await bob.publish("This one", inReplyTo=post, fileIds=[file["fileId"]]))["postId"]
        await listening(site, f"counts:{answer}")
        await bob.post(f"/posts/{answer}/like")
        await expect(page.locator(f"#post-{answer} .like span")).to_have_text("1")
        await page.locator(f"#post-{answer} a.tile").click()
        await expect(page.locator("dialog.lightbox figcaption")).to_have_text("A lamp")
    assert site.complaints == []
