"""The picture editor of the composer: what stays in view, by mouse, finger and keys; turned and cut."""

from __future__ import annotations

import os

import pytest
from playwright.async_api import FilePayload, Page, Position, expect

from tests.core.storage.photos import corners, opened_bytes, quarters, saved
from tests.core.storage.test_heic import HEIC, READS_HEIC
from tests.core.storage.uploading import attached, uploaded
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

PHOTO: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": saved(quarters(3000, 2000), "JPEG")}
EDITOR = "dialog.editor-dialog"


async def look(page: Page, name: str) -> None:
    """Keep a picture of the window where somebody wants to look at it."""
    if folder := os.environ.get("KITH_TEST_LOOKS"):
        await page.screenshot(path=f"{folder}/{name}.png")


async def chosen(page: Page, *files: FilePayload) -> None:
    await page.set_input_files("main .composer-choose", list(files))
    await expect(page.locator("main .composer-file textarea")).to_have_count(len(files))


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_the_point_that_stays_in_view_is_chosen_by_keys_mouse_or_finger(
    site: Site, size: tuple[int, int]
) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=size, color_scheme="dark" if size == PHONE else "light") as page:
        await page.goto("/compose")
        await chosen(page, PHOTO)
        await page.fill("main .composer-file textarea", "Four colours")
        await page.get_by_role("link", name="Adjust").click()
        canvas = page.locator(f"{EDITOR} canvas")
        await canvas.focus()
        for _ in range(10):
            await page.keyboard.press("ArrowRight")
        await expect(page.locator("[data-editor-said]")).to_have_text("75% from the left, 50% from the top")
        box = await canvas.bounding_box()
        assert box
        place: Position = {"x": box["width"] * 0.25, "y": box["height"] * 0.9}
        await (canvas.tap(position=place) if size == PHONE else canvas.click(position=place))
        await page.keyboard.press("ArrowUp")
        assert not await is_too_wide(page) and await findings(page) == []
        await look(page, f"focus-{size[0]}")
        await page.locator(f"{EDITOR} button.primary").click()
        await expect(page.locator(EDITOR)).to_have_count(0)
        await expect(page.locator(".composer-file img[data-focus]")).to_have_count(1)
        assert await page.locator(".composer-file img").evaluate("image => image.style.objectPosition") != ""
        await page.click("main .composer button.primary")
        await expect(page.locator(".toast")).to_contain_text("Posted")
    (post,) = await ann.feed()
    across, up = post["attachments"][0]["focus"]
    assert post["attachments"][0]["alt"] == "Four colours"
    assert across == pytest.approx(-0.5, abs=0.03) and up == pytest.approx(-0.75, abs=0.03)
    assert site.complaints == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_a_picture_is_turned_and_cut_before_it_is_shared(site: Site, size: tuple[int, int]) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=size) as page:
        await page.goto("/images/upload")
        await chosen(page, PHOTO)
        await page.fill("main .composer-file textarea", "One colour")
        await page.get_by_role("link", name="Adjust").click()
        await page.get_by_text("Cut and turn").click()
        await page.get_by_text("Square").click()
        await page.get_by_role("button", name="Turn to the right").click()
        await page.locator(f"{EDITOR} canvas").focus()
        for _ in range(9):
            await page.keyboard.press("+")
        await page.locator(f"{EDITOR} canvas").hover()  # once it has come to rest
        box = await page.locator(f"{EDITOR} canvas").bounding_box()
        assert box
        await page.mouse.move(box["x"] + 20, box["y"] + 20)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 20, steps=3)
        await page.mouse.up()
        for _ in range(30):
            await page.keyboard.press("ArrowUp")
        assert not await is_too_wide(page) and await findings(page) == []
        await look(page, f"cut-{size[0]}")
        await page.locator(f"{EDITOR} button.primary").click()
        await expect(page.locator(".composer-file textarea")).to_have_value("One colour")
        await page.get_by_role("link", name="Adjust").click()  # and it stands there as it was left
        await expect(page.locator(f"{EDITOR} [name=shape][value='1']")).to_be_checked()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("link", name="Adjust")).to_be_focused()
        await look(page, f"composer-{size[0]}")
        await page.click("main .image-form button.primary")
        await expect(page.locator(".entry .tile")).to_have_count(1)
    (post,) = await ann.feed()
    file = post["attachments"][0]
    assert file["width"] == file["height"] == pytest.approx(2000 / 1.1**9, abs=12) and file["alt"] == "One colour"
    shown = opened_bytes(await attached(site.instance, file["url"]))
    assert corners(shown) == ["blue"] * 4  # turned to the right, what was below at the left is above at the left
    assert site.complaints == []


async def test_of_a_picture_that_is_shown_already_only_the_point_is_chosen(site: Site) -> None:
    ann = await site.instance.user("ann")
    file = await uploaded(ann, saved(quarters(900, 600), "JPEG"), alt="x")
    post = await ann.publish("Words", fileIds=[file["fileId"]])
    async with site.visit(ann) as page:
        await page.goto(f"/posts/{post['postId']}/edit")
        await page.get_by_role("link", name="Adjust").click()
        await expect(page.locator(f"{EDITOR} canvas")).to_be_visible()
        await expect(page.get_by_text("Cut and turn")).to_be_hidden()
        await page.locator(f"{EDITOR} [name=up]").focus()
        await page.keyboard.press("End")
        await page.locator(f"{EDITOR} button.primary").click()
        await expect(page.locator(".composer-file img[data-focus]")).to_have_count(1)
    assert (await ann.get(f"/files/{file['fileId']}"))["focus"] == [0, 1]


async def test_without_scripts_the_point_is_chosen_on_a_page_of_its_own(site: Site) -> None:
    ann = await site.instance.user("ann")
    file = await uploaded(ann, saved(quarters(900, 600), "JPEG"), alt="x")
    async with site.visit(ann, size=PHONE, java_script_enabled=False) as page:
        await page.goto(f"/compose/file/{file['fileId']}")
        await page.locator("main [name=across]").focus()
        await page.keyboard.press("Home")
        await page.click("main button.primary")
        await expect(page.locator("main .banner")).to_contain_text("Saved")
        await look(page, "page-390")
    assert (await ann.get(f"/files/{file['fileId']}"))["focus"] == [-1, 0]


async def test_a_picture_nobody_can_read_here_says_what_to_do(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        photo: FilePayload = {"name": "IMG_1.HEIC", "mimeType": "image/heic", "buffer": HEIC[:300]}
        await page.set_input_files("main .composer-choose", [photo])
        said = "damaged" if READS_HEIC else "HEIC pictures cannot be read here. Save it as JPEG"
        await expect(page.locator(".composer-file .field-error")).to_contain_text(said)
