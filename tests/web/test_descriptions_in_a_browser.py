"""Descriptions of pictures that others suggest: from the large picture to its author's answer, on every window."""

from __future__ import annotations

from playwright.async_api import expect

from tests.core.storage.photos import quarters, saved
from tests.plugins.images.sharing import shared
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

LONG = "W" * 300


async def test_a_description_is_suggested_at_the_large_picture_and_taken_by_its_author(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    pictures = [saved(quarters(side, 400), "JPEG") for side in (300, 900)]
    post = f"/@ann/{await shared(ann, *pictures, caption='A walk')}"
    async with site.visit(bob, size=PHONE) as page:
        await page.goto(post)
        await page.locator(".entry .tile").nth(1).tap()
        await expect(page.locator(".lightbox-describe")).to_be_visible()
        assert await findings(page) == []
        await page.get_by_role("link", name="Suggest a description").tap()
        await page.fill("main [name=alt]", "Four fields of colour")
        await page.check("main [name=credit]")
        await page.get_by_role("button", name="Suggest").tap()
        await expect(page.locator(".describe-one")).to_contain_text("Waits for an answer")
    async with site.visit(ann) as page:
        await page.goto(post)
        await expect(page.locator(".lightbox-describe")).to_have_count(0)
        await expect(page.locator("nav [data-count=images]").first).to_contain_text("1")
        await page.get_by_role("link", name="1 suggested description waits").click()
        await page.fill("main [name=alt]", "Four fields of plain colour")
        await page.get_by_role("button", name="Use it").click()
        await expect(page.locator("main")).to_contain_text("Nothing waits for you")
        await page.goto(post)
        described = page.get_by_role("region", name="Descriptions of the pictures")
        await expect(described).to_contain_text("Description of picture 2 by @bob")
        await expect(page.locator(".entry .tile img").nth(1)).to_have_attribute("alt", "Four fields of plain colour")
        await page.locator(".entry .tile").first.click()
        await expect(page.locator(".lightbox-describe")).to_be_hidden()
    assert site.complaints == []


async def test_no_page_of_descriptions_shuts_anybody_out_or_overflows(site: Site) -> None:
    ann, bob = await site.instance.users("a_name_as_long_as_is_allowed_", "bob")
    pictures = [saved(quarters(side, 400), "JPEG") for side in (300, 500, 900)]
    post_id = await shared(ann, *pictures)
    files = [one["fileId"] for one in (await ann.get(f"/images/{post_id}"))["images"]]
    await ann.put(f"/files/{files[0]}", {"alt": LONG})
    made = [
        await bob.post(f"/files/{one}/alt-suggestions", {"alt": f"{LONG} {number}", "credit": True})
        for number, one in enumerate(files)
    ]
    await ann.put(f"/alt-suggestions/{made[2]['suggestionId']}/accept", {"alt": f"{LONG}!"})
    post, form = f"/@{ann.name}/{post_id}", f"/images/describe/{files[0]}"
    out = "/images/descriptions?direction=out"
    looks = (
        (ann, ["/images", post, "/images/descriptions", "/settings"]),
        (bob, [post, form, out, "/images/descriptions"]),
    )
    found: dict[str, list[str]] = {}
    for size, scheme in (((320, 568), "light"), (PHONE, "dark"), (DESKTOP, "light")):
        for who, paths in looks:
            async with site.visit(who, size=size, color_scheme=scheme, bypass_csp=True) as page:
                for path in paths:
                    await page.goto(path)
                    trouble = await findings(page) if size in (PHONE, DESKTOP) else []
                    if await is_too_wide(page):
                        trouble.append("wider than its window")
                    if trouble:
                        found[f"{path} {size[0]}"] = trouble
    assert found == {}
    assert site.complaints == []
