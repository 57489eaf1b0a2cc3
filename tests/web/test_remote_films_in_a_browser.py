"""Films and sounds of posts from elsewhere in a real browser: they play, and nothing but this server is asked."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.testing import Foreign
from tests.core.storage.film_server import FilmServer, document, shown
from tests.core.storage.photos import quarters, saved
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

# Plays from the beginning, then goes far ahead, and says where it has come to.
PLAYED = """one => new Promise((well, badly) => {
  one.muted = true;
  one.querySelector("source").onerror = () => badly(new Error("it cannot be played"));
  one.ontimeupdate = () => {
    if (one.currentTime > 15.1) well(one.currentTime);
    else if (one.currentTime > 0.1 && one.currentTime < 14) one.currentTime = 15;
  };
  one.play();
})"""


async def made(path: Path, *how: str) -> bytes:
    """What ffmpeg makes of this."""
    run = await asyncio.create_subprocess_exec("ffmpeg", "-v", "error", *how, "-y", str(path))
    assert await run.wait() == 0
    return await asyncio.to_thread(path.read_bytes)


@pytest.mark.parametrize(("size", "colours"), [(PHONE, "light"), (DESKTOP, "dark")])
async def test_a_film_plays_and_can_be_gone_through_without_its_server_hearing_of_it(
    site: Site, tmp_path: Path, size: tuple[int, int], colours: str
) -> None:
    alpha, media = site.instance, FilmServer().join(site.instance)
    ann, zoes = await alpha.user("ann"), Foreign("foreign.test").join(alpha)
    film = ("-f", "lavfi", "-i", "testsrc=size=640x360:rate=12:duration=20", "-c:v", "libvpx", "-b:v", "2M")
    media.put("/a.webm", await made(tmp_path / "a.webm", *film))
    media.put("/a.ogg", await made(tmp_path / "a.ogg", "-f", "lavfi", "-i", "sine=duration=20", "-c:a", "libopus"))
    media.put("/a.png", saved(quarters(640, 360), "PNG"))
    poster = {"type": "Image", "url": "https://media.test/a.png"}
    lost = document("https://media.test/gone.mp4", icon=poster, name="Not there any more", width=640, height=360)
    moving = document("https://media.test/a.webm", "video/webm", icon=poster, width=640, height=360, name="A goat eats")
    sound = document("https://media.test/a.ogg", "audio/ogg", icon=poster, name="What the goat said to the gardener")
    await shown(alpha, ann, zoes, moving)
    await shown(alpha, ann, zoes, sound)
    await shown(alpha, ann, zoes, moving, lost, sound)
    asked: list[str] = []
    async with site.visit(ann, size=size, color_scheme=colours) as page:
        page.on("request", lambda request: asked.append(request.url))
        await page.goto("/@zoe@foreign.test")
        await expect(page.locator("video.tile")).to_have_count(3)
        box = await page.locator("video.tile").last.bounding_box()
        assert media.asked in ([("/a.png", "")], []) and box and box["height"] > 150  # its place is kept for it
        await page.locator("video.tile").last.scroll_into_view_if_needed()
        for tag in ("video.tile", "audio"):
            last = page.locator(tag).last
            assert await last.evaluate(PLAYED) > 15
            await last.evaluate("one => one.pause()")
        gone = page.locator("video.tile").nth(1)
        assert await gone.get_attribute("aria-label") == "Not there any more"
        offered = page.get_by_role("link", name="This cannot be shown here")
        await expect(offered).to_have_count(0)
        await gone.evaluate("one => { one.play().catch(() => 0) }")
        await expect(offered).to_have_attribute("href", "https://media.test/gone.mp4")
        assert await findings(page) == [] and not await is_too_wide(page)
    assert {url.partition("/files")[0] for url in asked if "/files/remote/" in url} == {site.base_url}
    assert all(url.startswith((site.base_url, "data:", "blob:")) for url in asked)
    assert [path for path, _ in media.asked].count("/a.webm") == 1
    assert all("404" in one for one in site.complaints)


async def test_a_film_is_there_without_scripts_too(site: Site) -> None:
    ann, zoes = await site.instance.user("ann"), Foreign("foreign.test").join(site.instance)
    await shown(site.instance, ann, zoes, document("https://media.test/a.webm", "video/webm", name="A goat"))
    async with site.visit(ann, java_script_enabled=False) as page:
        await page.goto("/@zoe@foreign.test")
        film = page.get_by_label("A goat")
        await expect(film).to_have_attribute("controls", "")
        await expect(film.locator("source")).to_have_attribute("src", re.compile("^/files/remote/film/"))
