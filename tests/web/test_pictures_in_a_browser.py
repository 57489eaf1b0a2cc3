"""Pictures on the pages: added in the composer, described, put in order, and looked at large."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, Locator, expect

from core.testing import Person
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


async def large(site: Site) -> Person:
    """Somebody with a post of two pictures."""
    ann = await site.instance.user("ann")
    files = [await uploaded(ann, saved(quarters(900, 600 + n), "JPEG"), alt=f"Number {n}") for n in range(2)]
    await ann.publish("Two", fileIds=[file["fileId"] for file in files])
    return ann


async def times(box: Locator) -> float:
    """How much wider the picture is than it was as a whole, and as its window shows it."""
    scale = "image => image.getBoundingClientRect().width / image.offsetWidth"
    return round(float(await box.locator("img").evaluate(scale)), 2)


async def test_a_picture_is_made_larger_by_keys_the_wheel_a_button_and_two_clicks_and_moved(site: Site) -> None:
    ann = await large(site)
    async with site.visit(ann) as page:
        await page.goto("/")
        await page.locator(".entry .tile").first.click()
        box = page.locator("dialog.lightbox")
        await expect(box.locator("figcaption")).to_have_text("Number 0")
        await page.keyboard.press("+")
        assert await times(box) == 1.5
        await page.keyboard.press("ArrowRight")  # of what is large another part, not the next one
        await expect(box.locator("figcaption")).to_have_text("Number 0")
        await page.keyboard.press("0")
        assert await times(box) == 1
        middle = {"x": 720, "y": 450}
        await page.mouse.move(**middle)
        await page.mouse.wheel(0, -400)
        assert 2 < await times(box) < 3
        await page.get_by_role("button", name="Show all of it").click()
        assert await times(box) == 1
        await page.mouse.dblclick(**middle)
        assert await times(box) == 2.25
        left = "image => image.getBoundingClientRect().left"
        before = await box.locator("img").evaluate(left)
        await page.mouse.down()
        await page.mouse.move(middle["x"] + 80, middle["y"], steps=4)
        await page.mouse.up()
        assert 60 < await box.locator("img").evaluate(left) - before <= 80
        assert await findings(page) == []
        await page.get_by_role("button", name="Show all of it").click()
        await page.keyboard.press("ArrowRight")
        await expect(box.locator("figcaption")).to_have_text("Number 1")
    assert site.complaints == []


async def test_fingers_swipe_to_the_next_pinch_it_large_and_pull_it_away(site: Site) -> None:
    ann = await large(site)
    async with site.visit(ann, size=PHONE) as page:
        await page.goto("/")
        await page.locator(".entry .tile").first.tap()
        box = page.locator("dialog.lightbox")
        await expect(box.locator("figcaption")).to_have_text("Number 0")
        hands = await page.context.new_cdp_session(page)

        async def touch(*ways: tuple[tuple[int, int], tuple[int, int]]) -> None:
            """Fingers go down together, each on its way, and come up again."""
            for step in range(6):
                points = [
                    {"x": a[0] + (b[0] - a[0]) * step / 5, "y": a[1] + (b[1] - a[1]) * step / 5, "id": number}
                    for number, (a, b) in enumerate(ways)
                ]
                kind = "touchMove" if step else "touchStart"
                await hands.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            await hands.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        await touch(((300, 400), (80, 410)))
        await expect(box.locator("figcaption")).to_have_text("Number 1")
        await touch(((190, 420), (100, 420)), ((200, 420), (290, 420)))
        assert await times(box) > 2
        await touch(((300, 400), (80, 410)))  # moves what is large
        await expect(box.locator("figcaption")).to_have_text("Number 1")
        await page.keyboard.press("0")
        await touch(((80, 400), (300, 410)))
        await expect(box.locator("figcaption")).to_have_text("Number 0")
        await touch(((200, 300), (205, 500)))
        await expect(box).to_have_count(0)
    assert site.complaints == []


async def test_a_tap_beside_a_picture_closes_it_and_presses_nothing_below(site: Site) -> None:
    ann = await large(site)
    await ann.publish("A post to lie below.")
    async with site.visit(ann, size=PHONE) as page:
        await page.goto("/")
        await page.locator(".entry .tile").first.tap()
        box = page.locator("dialog.lightbox")
        await expect(box.locator("figcaption")).to_have_text("Number 0")
        await expect(box.locator("img")).to_have_js_property("complete", True)
        await page.evaluate("pressed = []; addEventListener('click', ({ target }) => pressed.push(target.id), true)")
        room, seen = await box.locator("figure").bounding_box(), await box.locator("img").bounding_box()
        assert room and seen and seen["y"] - room["y"] > 40
        await page.touchscreen.tap(room["x"] + room["width"] / 2, room["y"] + 20)
        await expect(box).to_have_count(0)
        await page.locator("#content").evaluate("content => content.click()")
        assert await page.evaluate("pressed") == ["content"]


@pytest.mark.parametrize("size", [(320, 568), PHONE, DESKTOP])
async def test_all_of_a_picture_is_seen_however_tall_or_wide(site: Site, size: tuple[int, int]) -> None:
    ann = await site.instance.user("ann")
    shapes = ((2400, 1800), (700, 2400), (2400, 500))
    files = [await uploaded(ann, saved(quarters(*shape), "JPEG"), alt="Wind " * 60) for shape in shapes]
    await ann.publish("Shapes", fileIds=[file["fileId"] for file in files])
    async with site.visit(ann, size=size) as page:
        await page.goto("/")
        await page.locator(".entry .tile").first.click()
        box = page.locator("dialog.lightbox")
        for width, height in shapes:
            await expect(box.locator("img")).to_have_js_property("naturalWidth", width)
            seen, room = await box.locator("img").bounding_box(), await box.locator("figure").bounding_box()
            assert seen and room
            assert seen["y"] >= room["y"] - 1 and seen["y"] + seen["height"] <= room["y"] + room["height"] + 1
            assert seen["x"] >= 0 and seen["x"] + seen["width"] <= size[0]
            assert abs(seen["width"] / seen["height"] - width / height) < 0.1
            await page.keyboard.press("ArrowRight")
