"""What belongs in one line stands in one line where there is room, and says what it will do."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.web.looks import findings
from tests.web.site import TABLET, Site

NOTEBOOK, SMALL_PHONE = (1280, 800), (360, 740)
LINES = """(wanted) => [...document.querySelectorAll(wanted)]
  .map((one) => one.getBoundingClientRect()).filter(({ width }) => width)
  .reduce((lines, { top, bottom }) => {
    const isKnown = lines.some((line) => line < bottom && line > top);
    return isKnown ? lines : [...lines, (top + bottom) / 2];
  }, [])
  .length"""


async def lines(page: Page, wanted: str) -> int:
    """In how many lines these stand."""
    return int(await page.evaluate(LINES, wanted))


async def test_tabs_and_the_tools_of_the_composer_do_not_break(site: Site) -> None:
    keeper = await site.instance.user("keeper", role="admin")
    await keeper.put("/users/me", {"settings": {"defaultVisibility": "followers"}})
    for size in (NOTEBOOK, TABLET):
        async with site.visit(keeper, size=size, bypass_csp=True, reduced_motion="reduce") as page:
            for path in ("/requests", "/requests/quotes", "/circles", "/admin/users"):
                await page.goto(path)
                assert await lines(page, ".tabs > a") == 1, (path, size)
                assert await findings(page) == [], (path, size)
            await page.goto("/compose")
            await page.locator(".composer [name=content]").fill("a" * 400)
            assert await lines(page, ".composer-tools > *") == 1, size
            assert await lines(page, ".composer-add > *") == 1, size
            assert await findings(page) == [], size


async def test_the_tools_of_the_composer_stand_in_one_line_on_a_phone(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, size=SMALL_PHONE, bypass_csp=True) as page:
        await page.goto("/compose")
        assert await lines(page, ".composer-add > *") == 1
        assert await lines(page, ".composer-tools > *") == 1
        assert await findings(page) == []


async def test_a_post_for_later_has_a_button_that_says_so(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/compose")
        button = page.locator(".composer button.primary")
        await page.locator(".composer [name=content]").fill("On Christmas Eve")
        await page.locator(".more-menu > summary").click()
        await page.locator(".composer [name=publishAt]").fill("2040-12-24T18:00")
        await expect(button).to_have_text("Publish later")
        await page.locator(".composer [name=publishAt]").fill("")
        await expect(button).to_have_text("Post")


async def test_whoever_is_asked_sees_so_beside_what_is_folded(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await ann.put("/users/me", {"isLocked": True})
    await bob.follow(ann)
    async with site.visit(ann, size=NOTEBOOK, bypass_csp=True) as page:
        await page.goto("/compose")
        await expect(page.locator(".rail-more > summary .count:visible")).to_contain_text("1")
        assert await findings(page) == []
        await page.locator(".rail-more > summary").click()
        await expect(page.locator(".rail .count:visible")).to_have_count(1)
