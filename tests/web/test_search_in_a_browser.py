"""The pages to find things on, as they look and as they work with a keyboard."""

from __future__ import annotations

import pytest

from core.testing import Person
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site


async def filled(site: Site) -> tuple[Person, list[str]]:
    """Somebody to look, and the pages to look at."""
    ann, bob = await site.instance.users("ann", "bob")
    long = await site.instance.user("a_name_as_long_as_is_allowed_")
    await long.put("/users/me", {"fullName": "Professor Doctor Maximiliana Wolkenstein-Trostburg von und zu Hohenfels"})
    await ann.publish("Fresh #bread and a very long walk by the river")
    await bob.publish("More #bread, and #" + "Donaudampfschifffahrtsgesellschaft" * 2)
    post = await long.publish("مرحبا #خبز bread", language="ar", contentWarning="Crumbs")
    for number in range(6):
        await bob.publish(f"bread number {number}")
    pages = ["/explore", "/trends", "/search", "/search?q=bread", "/search?q=nowhere", "/search?q=a&in=people"]
    pages += ["/search?q=bread&in=posts", "/search?q=b&in=tags", "/search?q=x+before:soon&in=posts", "/tags/bread"]
    return ann, [*pages, f"/@{long.name}/{post['postId']}/embed"]


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light"), (DESKTOP, "dark")])
async def test_the_pages_to_find_things_on_shut_nobody_out(site: Site, size: tuple[int, int], scheme: str) -> None:
    ann, pages = await filled(site)
    found: dict[str, list[str]] = {}
    for who in (ann, None):
        async with site.visit(who, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
            for path in pages:
                await page.goto(path)
                trouble = await findings(page)
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[path] = trouble
    assert found == {}


async def test_a_slash_goes_to_the_search_and_enter_searches(site: Site) -> None:
    ann, _ = await filled(site)
    async with site.visit(ann) as page:
        await page.goto("/about")
        await page.keyboard.press("/")
        await page.keyboard.type("river")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/search?q=river")
        await page.get_by_text("a very long walk").wait_for()
