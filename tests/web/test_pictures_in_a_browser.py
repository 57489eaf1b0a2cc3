"""Pictures on the pages: added in the composer, described, put in order, and looked at large."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, expect

from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import uploaded
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site


def photo(width: int, height: int) -> FilePayload:
    return {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": saved(quarters(width, height), "JPEG")}


async def test_pictures_are_added_described_put_in_order_and_posted(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.locator("main .composer textarea").first.click()
        await page.set_input_files("main .composer-choose", [photo(300, 200), photo(200, 300)])
        items = page.locator("main .composer-file")
        await expect(items.locator("textarea")).to_have_count(2)
        await items.nth(0).locator("textarea").fill("Wide")
        await items.nth(1).locator("textarea").fill("High")
        await items.nth(1).get_by_role("button", name="Earlier").click()
        await expect(items.nth(0).locator("textarea")).to_have_value("High")
        await page.click("main .composer button.primary")
        await expect(page.locator("#feed .entry .tile")).to_have_count(2)
        await expect(page.locator("main .composer-file")).to_have_count(0)
    (post,) = await ann.feed()
    assert [one["alt"] for one in post["attachments"]] == ["High", "Wide"] and post["content"] == ""
    assert site.complaints == []


async def test_a_picture_without_a_description_is_asked_about_once(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.set_input_files(".composer-choose", [photo(300, 200)])
        await expect(page.locator(".composer-file textarea")).to_have_count(1)
        await page.click("main .composer button.primary")
        await expect(page.locator(".composer .banner")).to_contain_text("no description yet")
        assert await ann.feed() == []
        await page.click("main .composer button.primary")
        await expect(page.locator(".toast")).to_contain_text("Posted")
    assert len(await ann.feed()) == 1


async def test_what_is_no_picture_says_so_and_leaves_the_words_alone(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.fill(".composer [name=content]", "My words")
        nothing: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"<html>"}
        await page.set_input_files(".composer-choose", [nothing])
        await expect(page.locator(".composer-file .field-error")).to_be_visible()
        await expect(page.locator(".composer [name=content]")).to_have_value("My words")


async def test_a_picture_opens_large_and_keys_go_on_to_the_next(site: Site) -> None:
    ann = await site.instance.user("ann")
    files = [await uploaded(ann, saved(quarters(900, 600 + n), "JPEG"), alt=f"Number {n}") for n in range(3)]
    await ann.publish("Three", fileIds=[file["fileId"] for file in files])
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.locator(".entry .tile").nth(1).click()
        box = page.locator("dialog.lightbox")
        await expect(box.locator("figcaption")).to_have_text("Number 1")
        await page.keyboard.press("ArrowRight")
        await expect(box.locator("figcaption")).to_have_text("Number 2")
        assert await findings(page) == []
        await page.keyboard.press("Escape")
        await expect(box).to_have_count(0)
        await expect(page.locator(".entry .tile").nth(2)).to_be_focused()


@pytest.mark.parametrize("phone", [True, False])
async def test_pages_with_pictures_look_right(site: Site, phone: bool) -> None:
    ann = await site.instance.user("ann")
    for number in (1, 2, 3, 4):
        pictures = [saved(quarters(500, 300 + n + number * 9), "JPEG") for n in range(number)]
        files = [await uploaded(ann, picture, alt="x") for picture in pictures]
        await ann.publish(f"{number} pictures", fileIds=[file["fileId"] for file in files])
    async with site.visit(ann, size=PHONE if phone else DESKTOP) as page:
        await page.goto("/")
        await page.set_input_files("main .composer-choose", [photo(300, 200)])
        await expect(page.locator("main .composer-file textarea")).to_have_count(1)
        assert not await is_too_wide(page)
        assert await findings(page) == []
