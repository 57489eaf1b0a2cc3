"""Pages of pictures and albums: for everybody, on every window, in light and in dark."""

from __future__ import annotations

from core.testing import Person, befriend
from tests.core.storage.photos import quarters, saved
from tests.plugins.images.sharing import WHARF, shared
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

SIGHTS = (((320, 568), "light"), (PHONE, "dark"), (DESKTOP, "light"))


async def gallery(site: Site) -> tuple[Person, list[str]]:
    """Pictures, albums and people that strain a layout; somebody to look at them, and the pages to look at."""
    ann, bob, long = await site.instance.users("ann", "bob", "a_name_as_long_as_is_allowed_")
    for friend in (bob, long):
        await befriend(ann, friend)
    pictures = [saved(quarters(side, 400), "JPEG") for side in (300, 500, 900)]
    several = await shared(ann, *pictures, caption="W" * 200, tags=["harbour"], location=WHARF)
    images = [await shared(ann, pictures[number % 3], caption=f"Picture {number}") for number in range(5)]
    album = (await ann.post("/albums", {"title": "A summer " * 10, "description": "W" * 200}))["albumId"]
    asked = (await bob.post("/albums", {"title": "Winter"}))["albumId"]
    for image in (several, *images):
        await ann.post(f"/albums/{album}/images", {"postId": image})
    for owner, one, friend in ((ann, album, long), (ann, album, bob), (bob, asked, ann)):
        await owner.post(f"/albums/{one}/authors", {"userId": friend.id})
    await long.post(f"/albums/{album}/accept")
    pages = ["/images", "/images?latitude=-41.3&longitude=174.8&km=50", "/images?tag=harbour", "/images/upload"]
    pages += ["/images/memories", "/@ann/images", "/@ann/albums", "/albums", f"/albums/{album}", f"/albums/{asked}"]
    return ann, [*pages, f"/albums/{album}/edit", f"/@ann/{several}", f"/posts/{several}/edit"]


async def test_no_page_of_pictures_shuts_anybody_out_or_overflows(site: Site) -> None:
    ann, pages = await gallery(site)
    found: dict[str, list[str]] = {}
    for size, scheme in SIGHTS:
        async with site.visit(ann, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
            for path in pages:
                await page.goto(path)
                trouble = await findings(page) if size in (PHONE, DESKTOP) else []
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[f"{path} {size[0]}"] = trouble
    assert found == {}
    assert site.complaints == []
