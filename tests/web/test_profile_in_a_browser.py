"""The page of one's own profile as people use it: choosing a part of a picture, dragging lines, looking first."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, Page, expect

from core.testing import Person
from tests.core.storage.photos import corners, opened_bytes, quarters, saved
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
AT = "/settings/profile"
PHOTO = FilePayload(name="me.png", mimeType="image/png", buffer=saved(quarters(1200, 1200), "PNG"))
LINES = [{"name": name, "value": f"The {name}"} for name in ("first", "second", "third")]


async def names(page: Page) -> list[str]:
    fields = page.locator("[name=fieldName]")
    return [value for value in [await fields.nth(n).input_value() for n in range(await fields.count())] if value]


async def picture_of(person: Person, key: str = "avatar") -> list[str]:
    url = (await person.get("/users/me"))[key]
    return corners(opened_bytes((await person.page(url)).content))


async def test_the_part_in_the_window_is_what_is_shown(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto(AT)
        await page.set_input_files("#f-avatar", PHOTO)
        form = page.locator(".picture-avatar")
        window, image = form.locator(".crop-window"), form.locator(".crop-window img")
        await expect(window).to_be_visible()
        await expect(form.locator(".picture-now")).to_be_hidden()
        await form.locator("[type=range]").fill("2")
        await expect(image).to_have_css("width", "480px")
        box = await window.bounding_box()
        assert box
        await page.mouse.move(box["x"] + 120, box["y"] + 120)
        await page.mouse.down()
        await page.mouse.move(box["x"] - 200, box["y"] + 400, steps=5)  # further than the picture reaches
        await page.mouse.up()
        await form.locator("[name=alt]").fill("A green square")
        await form.locator("button", has_text="Save picture").click()
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
        await expect(form.locator(".picture-now img")).to_be_visible()
    assert await picture_of(ann) == ["green"] * 4
    assert site.complaints == []


async def test_a_part_is_chosen_where_the_browser_does_not_tell_how_far_the_pointer_went(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.add_init_script(
            "for (const name of ['movementX', 'movementY'])"
            " Object.defineProperty(MouseEvent.prototype, name, { get: () => 0 })"
        )
        await page.goto(AT)
        await page.set_input_files("#f-avatar", PHOTO)
        form = page.locator(".picture-avatar")
        await expect(form.locator(".crop-window")).to_be_visible()
        await form.locator("[type=range]").fill("2")
        box = await form.locator(".crop-window").bounding_box()
        assert box
        await page.mouse.move(box["x"] + 120, box["y"] + 120)
        await page.mouse.down()
        await page.mouse.move(box["x"] + 130, box["y"] + 100, steps=4)
        await page.mouse.up()
        await page.mouse.move(box["x"] + 20, box["y"] + 200)  # nothing is held any more
        left = await form.locator(".crop-window img").evaluate("({ style }) => [style.left, style.top]")
        assert left == ["-110px", "-140px"]
    assert site.complaints == []


async def test_the_keyboard_chooses_a_part_too(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto(AT)
        await page.set_input_files("#f-cover", PHOTO)
        window = page.locator(".picture-cover .crop-window")
        await expect(window).to_be_visible()
        await window.focus()
        for _ in range(60):
            await page.keyboard.press("ArrowDown")
        await page.locator(".picture-cover button", has_text="Save picture").click()
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
    assert await picture_of(ann, "coverImage") == ["blue", "grey"] * 2
    assert site.complaints == []


async def test_a_file_that_is_too_large_is_told_before_it_is_sent(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto(AT)
        await page.evaluate("document.querySelector('#f-avatar').dataset.limit = 100")
        await page.set_input_files("#f-avatar", PHOTO)
        await page.locator(".picture-avatar button", has_text="Save picture").click()
        said = await page.eval_on_selector("#f-avatar", "field => field.validationMessage")
        assert said == "This file is too large." and page.url.endswith(AT)
    assert (await ann.get("/users/me"))["avatar"] is None


async def test_lines_are_moved_with_buttons_and_by_dragging(site: Site) -> None:
    ann = await site.instance.user("ann")
    await ann.put("/users/me", {"fields": LINES})
    async with site.visit(ann) as page:
        await page.goto(AT)
        await page.get_by_label("Move line 3 up").click()
        await expect(page.locator("[data-lines-said]")).to_have_text("Line 2 of 5")
        assert await names(page) == ["first", "third", "second"]
        await expect(page.get_by_label("Move line 2 up")).to_be_focused()
        await page.keyboard.press("Enter")
        assert await names(page) == ["third", "first", "second"]
        await expect(page.get_by_label("Move line 1 down")).to_be_focused()
        grip, target = page.locator("[data-grip]").nth(0), page.locator(".line").nth(2)
        place = await target.bounding_box()
        assert place
        await grip.hover()
        await page.mouse.down()
        await page.mouse.move(place["x"] + 10, place["y"] + place["height"] - 4, steps=8)
        await page.mouse.up()
        assert await names(page) == ["first", "second", "third"]
        await page.get_by_label("Move line 1 down").click()
        await page.locator("#profile button.primary").click()
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
    assert [field["name"] for field in (await ann.get("/users/me"))["fields"]] == ["second", "first", "third"]
    assert site.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_the_text_is_looked_at_and_enter_saves_it(site: Site, scripts: bool) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, java_script_enabled=scripts) as page:
        await page.goto(AT)
        await page.fill("[name=bio]", "I *pour* tea.")
        await page.click(".bio-look button")
        await expect(page.locator("#bio-preview em")).to_have_text("pour")
        await expect(page.locator("[name=bio]")).to_have_value("I *pour* tea.")
        assert (await ann.get("/users/me"))["bio"] == ""
        await page.fill("[name=fullName]", "Ann Larsen")
        await page.press("[name=fullName]", "Enter")
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
    assert (await ann.get("/users/me"))["fullName"] == "Ann Larsen"
    assert site.complaints == []


@SIZES
async def test_profiles_and_their_settings_shut_nobody_out(site: Site, size: tuple[int, int]) -> None:
    ann = await site.instance.user("ann")
    files = {"image": ("me.png", PHOTO["buffer"], "image/png")}
    for role in ("avatar", "cover"):
        await ann.put(f"/users/me/{role}", files=files, data={"alt": "Four quarters"})
    long = [{"name": "שורה " * 12, "value": "https://long.example/" + "path/" * 60}] * 8
    await ann.put("/users/me", {"fullName": "W" * 60 + " מרים", "bio": "مرحبا " * 60, "fields": long})
    found: dict[str, list[str]] = {}
    for scheme in ("light", "dark"):
        async with site.visit(ann, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
            for path in ("/@ann", "/settings", "/settings/privacy", AT):
                await page.goto(path)
                if path == AT:
                    await page.set_input_files("#f-avatar", PHOTO)
                    await expect(page.locator(".picture-avatar .crop-window")).to_be_visible()
                trouble = await findings(page)
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[f"{path} {scheme}"] = trouble
    assert found == {}
