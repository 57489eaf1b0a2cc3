"""Lists, forms and what waits, filled to the brim, in all looks: nothing is cut off, too small, or out of reach."""

from __future__ import annotations

import re

from playwright.async_api import Page

from core.testing import Person
from tests.web.full_house import filled
from tests.web.looks import findings, is_too_wide, too_small
from tests.web.site import DESKTOP, PHONE, Site

# What no other test looks at as closely; everything else is looked at with a finger, on a phone.
CLOSELY = re.compile(
    r"/(lists/.*|circles/.*|packs/.*|drafts|scheduled|requests.*|admin/(reports|emojis|purge[?].*|invites)|@.*#delivery"
    r"|@.*/(quotes|choices)|settings/(filters/.*|tags|blocked-servers|apps|invites))"
)

SETTLED = """async () => {
  await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map((one) => one.finished));
}"""


async def trouble_on(page: Page, path: str, *, is_phone: bool) -> list[str]:
    """What is wrong with the looks of one page, in the light and in the dark."""
    await page.emulate_media(color_scheme="light")
    await page.goto(path)
    if path.endswith("#delivery"):
        await page.locator("#delivery summary").click()
    found = ["wider than its window"] if await is_too_wide(page) else []
    if CLOSELY.fullmatch(path):
        found += await findings(page)
        await page.emulate_media(color_scheme="dark")
        await page.evaluate(SETTLED)
        found += [f"in the dark: {one}" for one in await findings(page, "color-contrast")]
    if is_phone:
        found += [f"too small to touch: {one}" for one in await too_small(page)]
    return found


async def test_what_people_keep_and_look_after_is_for_everybody(site: Site) -> None:
    house = await filled(site.instance)
    visits: list[tuple[Person | None, list[str]]] = [
        (house.keeper, house.pages),
        (house.newcomer, house.empty_pages),
        (None, house.strangers_pages),
    ]
    found: dict[str, list[str]] = {}
    closely = 0
    for size in (PHONE, DESKTOP):
        for who, paths in visits if size == PHONE else visits[:1]:
            wanted = [path for path in paths if size == PHONE or CLOSELY.fullmatch(path)]
            closely += sum(bool(CLOSELY.fullmatch(path)) for path in wanted)
            async with site.visit(who, size=size, reduced_motion="reduce", bypass_csp=True) as page:
                for path in wanted:
                    trouble = await trouble_on(page, path, is_phone=size == PHONE)
                    if trouble:
                        found[f"{path} {size}"] = trouble
    assert found == {}
    assert closely >= 45
