"""A session that ended in another window: what the page asks for next leads to the log-in, and back."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from core.testing import Person
from tests.web.site import Site


@pytest.mark.parametrize("path", ["/", "/bookmarks", "/drafts"])
async def test_a_part_of_a_page_for_members_is_no_page_for_strangers(ann: Person, path: str) -> None:
    async with ann.browser() as browser:
        browser.cookies.clear()
        part = await browser.get(path, headers={"HX-Request": "true"})
        assert (part.status_code, "<html" in part.text, "data-says" in part.text) == (401, False, True)
        whole = await browser.get(path)
        assert whole.status_code == (200 if path == "/" else 303)


@pytest.mark.parametrize("path", ["/", "/bookmarks"])
async def test_a_list_that_goes_on_after_the_session_ended_leads_to_the_log_in(site: Site, path: str) -> None:
    ann = await site.instance.user("ann")
    for number in range(25):
        made = await ann.publish(f"Number {number}.")
        await ann.post(f"/posts/{made['postId']}/bookmark")
    async with site.visit(ann) as page:
        await page.set_viewport_size({"width": 1000, "height": 200})  # the end is not in sight yet
        await page.goto(path)
        await expect(page.locator(".feed .entry")).to_have_count(20)
        await page.context.clear_cookies()
        await page.locator(".pager").scroll_into_view_if_needed()
        await page.wait_for_url(re.compile("/login\\?next="))
        assert page.url.endswith("/login?next=" + path.replace("/", "%2F"))
