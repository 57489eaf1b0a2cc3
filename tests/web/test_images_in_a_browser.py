"""Pages of pictures, albums and collections: for everybody, on every window, in light and in dark."""

from __future__ import annotations

from playwright.async_api import expect

from core.testing import Person, befriend
from tests.core.storage.photos import quarters, saved
from tests.plugins.images.sharing import WHARF, photo, shared
from tests.plugins.images.test_albums import inside
from tests.plugins.images.test_collections import gathered, posted
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site

SIGHTS = (((320, 568), "light"), (PHONE, "dark"), (DESKTOP, "light"))


async def gallery(site: Site) -> tuple[Person, list[str]]:
    """Pictures, albums and people that strain a layout; somebody to look at them, and the pages to look at."""
    ann, bob, long = await site.instance.users("ann", "bob", "a_name_as_long_as_is_allowed_")
    for friend in (bob, long):
        await befriend(ann, friend)
    pictures = [saved(quarters(side, 400), "JPEG") for side in (300, 500, 900)]
    taken = photo("Folding Six " + "W" * 80)
    several = await shared(
        ann, *pictures, taken, caption="W" * 200, tags=["harbour"], location=WHARF, showCamera="true"
    )
    images = [await shared(ann, pictures[number % 3], caption=f"Picture {number}") for number in range(5)]
    album = (await ann.post("/albums", {"title": "A summer " * 10, "description": "W" * 200}))["albumId"]
    asked = (await bob.post("/albums", {"title": "Winter"}))["albumId"]
    for image in (several, *images):
        await ann.post(f"/albums/{album}/images", {"postId": image})
    for owner, one, friend in ((ann, album, long), (ann, album, bob), (bob, asked, ann)):
        await owner.post(f"/albums/{one}/authors", {"userId": friend.id})
    await long.post(f"/albums/{album}/accept")
    theirs = [await posted(bob, "W" * 200), await posted(long, "A boat", sensitive=True)]
    made = await gathered(ann, several, *theirs, title="Boats and " * 9, description="W" * 200)
    await gathered(bob, several, images[0])
    await gathered(ann, title="Nothing yet", privacy="private")
    shy = await posted(bob, "Not to be gathered")
    await bob.put("/users/me", {"settings": {"gatherable": False}})
    pages = ["/images", "/images?latitude=-41.3&longitude=174.8&km=50", "/images?tag=harbour", "/images/upload"]
    pages += ["/images/memories", "/images/trending"]
    pages += ["/@ann/images", "/@ann/albums", "/albums", f"/albums/{album}", f"/albums/{asked}"]
    pages += ["/collections", "/@ann/collections", f"/albums/{made}", f"/albums/{made}/edit"]
    pages += [f"/albums/{made}/{theirs[1]}", f"/posts/{theirs[1]}/collections", f"/posts/{shy}/collections"]
    pages += [f"/albums/{album}/edit", f"/@ann/{several}", f"/posts/{several}/edit", f"/images/place/{several}"]
    return ann, pages


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


async def test_a_post_is_gathered_from_its_menu_and_moved_with_the_keyboard(site: Site) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    posts = [await posted(bob, f"Boat {number}") for number in range(26)]
    words = str((await bob.publish("Words alone"))["postId"])
    made = await gathered(ann, *posts[:25])
    async with site.visit(ann, size=PHONE, reduced_motion="reduce") as page:
        await page.goto("/local")
        for post, offered in ((words, 0), (posts[25], 1)):
            card = page.locator(f"#post-{post}")
            await card.get_by_role("link", name="More").click()
            way = card.get_by_role("link", name="Add to a collection")
            assert await way.count() == offered
        await way.click()
        await page.get_by_role("button", name="Add Boats").click()
        await page.get_by_role("button", name="Take out Boats").wait_for()
        assert await page.get_by_role("status").first.inner_text() == "It is in it now."
        # All of them come as one scrolls, and each leads to those beside it.
        await page.goto(f"/albums/{made}")
        tiles = page.locator("#grid .grid-image")
        while await tiles.count() < 26:
            await page.mouse.wheel(0, 2000)
            await page.wait_for_timeout(50)
        await tiles.first.click()
        await page.get_by_role("link", name="After it").click()
        await page.wait_for_url(f"**/albums/{made}/{posts[24]}")
        for key, post in (("ArrowRight", posts[23]), ("ArrowLeft", posts[24])):
            await page.keyboard.press(key)
            await page.wait_for_url(f"**/albums/{made}/{post}")
        # Whoever moves one with a keyboard goes on from the same button.
        await page.goto(f"/albums/{made}/edit")
        await page.get_by_role("button", name="Later: Boat 25").focus()
        for places in (1, 2):
            async with page.expect_navigation(url="**/edit?*"):
                await page.keyboard.press("Enter")
            await page.wait_for_function("document.activeElement.value?.startsWith('later:')")
            assert (await inside(ann, made)).index(posts[25]) == places
    assert site.complaints == []


async def test_a_place_is_taken_from_the_device_and_no_more_exactly_than_is_asked_for(site: Site) -> None:
    ann = await site.instance.user("ann")
    image = await shared(ann, saved(quarters(300, 200), "JPEG"), location=WHARF)
    here = {"latitude": -41.286642, "longitude": 174.775571}
    async with site.visit(ann, size=PHONE, geolocation=here, permissions=["geolocation"]) as page:
        await page.goto("/images/upload")
        await page.get_by_text("To be found nearby").click()
        degrees_told = {"area": ("-41.29", "174.78"), "town": ("-41.3", "174.8"), "exact": ("-41.28664", "174.77557")}
        for precision, told in degrees_told.items():
            await page.select_option("[name=precision]", precision)
            await page.get_by_role("button", name="Take where I am now").click()
            for name, degrees in zip(("latitude", "longitude"), told, strict=True):
                await expect(page.locator(f"[name={name}]")).to_have_value(degrees)
        await page.goto("/images")
        await page.get_by_text("Find by hashtag or place").click()
        await page.get_by_role("button", name="Near me").click()
        await page.wait_for_url("**/images?*latitude=-41.29&longitude=174.78&km=25")
        assert await page.locator(f'#grid a[href="/@ann/{image}"]').count() == 1
    async with site.visit(ann, size=PHONE, permissions=[]) as page:
        await page.goto("/images/upload")
        await page.get_by_text("To be found nearby").click()
        await page.get_by_role("button", name="Take where I am now").click()
        await expect(page.locator("#toasts")).to_contain_text("does not say where it is")
        assert await page.input_value("[name=latitude]") == ""
    assert site.complaints == []
