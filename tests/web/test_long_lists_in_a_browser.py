"""Lists of what waits for somebody, longer than a page: they go on in their place, with scripts and without."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from core.database import now
from core.testing import Person
from tests.web.site import Site

MANY = 25


async def drafts(ann: Person, _others: list[Person]) -> None:
    for number in range(MANY):
        await ann.post("/drafts", {"content": f"Number {number}."})


async def scheduled(ann: Person, _others: list[Person]) -> None:
    for number in range(MANY):
        await ann.publish(f"Number {number}.", publishAt=(now() + timedelta(days=3, minutes=number)).isoformat())


async def replies(ann: Person, others: list[Person]) -> None:
    asked = (await ann.publish("Ask me first.", replyPolicy="ask"))["postId"]
    for number in range(MANY):
        await others[number % len(others)].publish(f"Number {number}.", inReplyTo=asked)


async def quotes(ann: Person, others: list[Person]) -> None:
    asked = (await ann.publish("Ask me first.", quotePolicy="ask"))["postId"]
    for number in range(MANY):
        await others[number % len(others)].publish(f"Number {number}.", quote=asked)


async def people(_ann: Person, others: list[Person]) -> None:
    bob, *_more = others
    for number in range(MANY):
        await bob.follow(await bob.instance.user(f"person{number}"))


LISTS = {"/drafts": drafts, "/scheduled": scheduled, "/requests/replies": replies, "/requests/quotes": quotes}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("path", [*LISTS, "/@bob/following", "/search?q=person&in=people"])
async def test_what_waits_goes_on_below_its_first_page(site: Site, path: str, scripts: bool) -> None:
    ann, *others = await site.instance.users("ann", "bob", "eve", "kim")  # one alone may not ask so often
    await LISTS.get(path, people)(ann, others)
    async with site.visit(ann, java_script_enabled=scripts) as page:
        await page.goto(path)
        rows = page.locator("main ul.sheet > li:not(.pager)")
        if scripts:
            await rows.last.scroll_into_view_if_needed()
            await expect(rows).to_have_count(MANY)
            await expect(page.locator("main")).to_have_count(1)
            await expect(page.locator(".pager")).to_have_count(0)
            await expect(page.locator("main ul.sheet li li")).to_have_count(0)
        else:
            await expect(rows).to_have_count(20)
            await page.get_by_role("link", name="Show more").click()
            await expect(rows).to_have_count(MANY - 20)
    assert site.complaints == []
