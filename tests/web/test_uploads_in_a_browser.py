"""Large files from a page whose network breaks off: they go on where they stopped, or are given up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, Route, expect

from core.storage.processing import files_of
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import makers_busy
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site, listening
from tests.web.test_picture_editor_in_a_browser import look

PIECE = 4 * 1024 * 1024


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A picture of six megabytes that cannot be made smaller."""
    path = tmp_path / "harbour.png"
    path.write_bytes(saved(Image.frombytes("RGB", (1600, 1300), os.urandom(1600 * 1300 * 3)), "PNG", compress_level=0))
    return path


@asynccontextmanager
async def network(page: Page) -> AsyncIterator[tuple[list[str], set[str]]]:
    """The parts that are sent, by where they begin; and those that do not get through while they are in the set."""
    begun: list[str] = []
    broken: set[str] = set()

    async def pass_on(route: Route) -> None:
        offset = route.request.url.partition("offset=")[2]
        begun.append(offset)
        await (route.abort("internetdisconnected") if offset in broken else route.continue_())

    await page.route("**/api/v1/uploads/*?offset=*", pass_on)
    yield begun, broken


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_a_file_goes_on_where_the_connection_broke(site: Site, large: Path, size: tuple[int, int]) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=size) as page, network(page) as (begun, broken):
        broken.add(str(PIECE))
        await page.goto("/compose")
        await page.set_input_files("main .composer-choose", large)
        await expect(page.locator(".composer-waits")).to_be_visible()
        await expect(page.locator("[data-files-said]")).to_have_text("harbour.png: Waiting for the connection …")
        await expect(page.locator("main .composer button.primary")).to_be_disabled()
        assert 0.5 < await page.locator(".composer-file progress").evaluate("bar => bar.value") < 1
        assert not await is_too_wide(page) and await findings(page) == []
        await look(page, f"waits-{size[0]}")
        broken.clear()
        await page.evaluate("dispatchEvent(new Event('online'))")
        await page.locator(".composer-file textarea").fill("Noise")
        await page.click("main .composer button.primary")
        await expect(page.locator(".toast")).to_contain_text("Posted")
    assert begun[0] == "0" and begun.count("0") == 1 and set(begun[1:]) == {str(PIECE)}
    (post,) = await ann.feed()
    assert (post["attachments"][0]["width"], post["attachments"][0]["alt"]) == (1600, "Noise")


async def test_whoever_is_cut_off_tries_less_and_less_often(site: Site, large: Path) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, network(page) as (begun, broken):
        broken.add(str(PIECE))
        await page.clock.install()
        await page.goto("/compose")
        await page.set_input_files("main .composer-choose", large)
        times: list[int] = []
        async with asyncio.timeout(60):
            while len(times) < 5:
                if begun.count(str(PIECE)) > len(times):
                    times.append(await page.evaluate("Date.now()"))
                await page.clock.run_for(100)
        assert times[4] - times[3] >= 5_000  # of eight seconds, more or less, after four times in vain
        await expect(page.locator(".composer-waits")).to_be_visible()


async def test_a_page_that_is_loaded_anew_goes_on_and_what_is_given_up_is_gone(site: Site, large: Path) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, network(page) as (begun, broken):
        broken.add(str(PIECE))
        await page.goto("/images/upload")
        await page.set_input_files("main .composer-choose", large)
        await expect(page.locator(".composer-waits")).to_be_visible()
        await page.reload()
        begun.clear()
        await page.set_input_files("main .composer-choose", large)
        await expect(page.locator(".composer-waits")).to_be_visible()
        assert begun[0] == str(PIECE)
        assert len([*(site.instance.folder / "uploads").glob("part-*")]) == 1
        async with page.expect_response(lambda answer: answer.request.method == "DELETE"):
            await page.get_by_role("button", name="Give up: harbour.png").click()
        await expect(page.locator(".composer-file")).to_have_count(0)
        assert [*(site.instance.folder / "uploads").glob("part-*")] == []


async def test_a_large_file_that_cannot_be_taken_says_why(site: Site, tmp_path: Path) -> None:
    ann = await site.instance.user("ann")
    path = tmp_path / "a.jpg"
    path.write_bytes(b"<html>" + bytes(6_000_000))
    async with site.visit(ann) as page:
        await page.goto("/compose")
        await page.set_input_files("main .composer-choose", path)
        await expect(page.locator(".composer-file .field-error")).to_contain_text("no file of a kind we know")


async def test_a_picture_that_takes_its_time_appears_when_it_is_ready(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.files.AT_ONCE", 0.0)
    ann = await site.instance.user("ann")
    photo = saved(quarters(300, 200), "JPEG")
    good: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo}
    damaged: FilePayload = {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": photo[:900]}
    async with site.visit(ann, size=PHONE, color_scheme="dark") as page:
        await page.goto("/compose")
        async with makers_busy(site.instance):
            await page.set_input_files("main .composer-choose", [good, damaged])
            await expect(page.locator(".composer-file .spinner")).to_have_count(2)
            await page.locator(".composer-file textarea").first.fill("Words meanwhile")
            await listening(site, files_of(ann.id))
            assert await findings(page) == []
            await look(page, "processing-390")
        await expect(page.locator(".composer-file .spinner")).to_have_count(0)
        await expect(page.locator(".composer-file .composer-thumb img")).to_have_count(1)
        await expect(page.locator(".composer-file .field-error")).to_have_text(
            "This picture is damaged and cannot be read."
        )
        await expect(page.locator(".composer-file textarea").first).to_have_value("Words meanwhile")
        await expect(page.get_by_role("link", name="Adjust")).to_have_count(1)
        assert await findings(page) == []
        await look(page, "processed-390")
    assert site.complaints == []
