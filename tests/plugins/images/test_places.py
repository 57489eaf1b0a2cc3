"""Where pictures were taken can be told otherwise later, or to nobody any more, here and elsewhere."""

from __future__ import annotations

from core.testing import Person, TestInstance, Visitor, settle
from core.testing.pages import submit
from tests.plugins.images.sharing import WHARF, shared


async def place(visitor: Visitor, image: str) -> object:
    return (await visitor.get(f"/images/{image}"))["location"]


async def near(visitor: Visitor) -> list[str]:
    return [one["postId"] for one in (await visitor.get("/images", near="-41.29,174.78,5"))["images"]]


async def test_a_place_is_told_otherwise_or_to_nobody_any_more(ann: Person, anon: Visitor) -> None:
    image = await shared(ann, caption="Sea", location=WHARF)
    assert await near(anon) == [image]
    await ann.put(f"/images/{image}", {"location": {"name": "Pier", "latitude": 1.23456, "longitude": 2.34567}})
    assert await place(anon, image) == {"name": "Pier", "latitude": 1.23, "longitude": 2.35}
    assert await near(anon) == []
    exact = {"name": "Pier", "latitude": 1.23456, "longitude": 2.34567, "precision": "exact"}
    assert (await ann.put(f"/images/{image}", {"location": exact}))["location"]["latitude"] == 1.23456
    gone = await ann.put(f"/images/{image}", {"location": None})
    assert gone["location"] is None and gone["caption"] == "Sea"
    assert await place(anon, image) is None and "Pier" not in (await anon.page(f"/@ann/{image}")).text
    history = await anon.get(f"/posts/{image}/history")
    assert "Pier" not in str(history) and "Wharf" not in str(history)


async def test_only_authors_say_where_and_nothing_that_makes_no_sense(ann: Person, bob: Person, anon: Visitor) -> None:
    image = await shared(ann, location=WHARF)
    words = (await ann.publish("Words"))["postId"]
    told = await place(anon, image)
    await anon.refused(401, "PUT", f"/images/{image}", {"location": None})
    await bob.refused(403, "PUT", f"/images/{image}", {"location": None})
    await ann.refused(404, "PUT", f"/images/{words}", {"location": None})
    for wrong in ({}, {"location": "x"}, {"location": {"latitude": 91, "longitude": 0}}, {"location": {"name": 5}}):
        await ann.refused(422, "PUT", f"/images/{image}", wrong)
    assert await place(anon, image) == told


async def test_the_page_of_a_picture_leads_its_author_to_the_place(ann: Person, bob: Person, anon: Visitor) -> None:
    image = await shared(ann, location=WHARF | {"precision": "town"})
    way, browser = f"/images/place/{image}", ann.browser()
    assert way in (await browser.get(f"/@ann/{image}")).text
    assert way not in (await bob.browser().get(f"/@ann/{image}")).text
    page = (await browser.get(way)).text
    assert 'value="-41.3"' in page and '<option value="town" selected' in page
    typed = {"place": "Wharf", "latitude": "91", "longitude": "0", "precision": "town"}
    assert (await submit(browser, way, typed, on=way)).status_code == 422
    await submit(browser, way, typed | {"place": "Quay", "latitude": "-41.3", "longitude": "174.8"}, on=way)
    assert await place(anon, image) == {"name": "Quay", "latitude": -41.3, "longitude": 174.8}
    await submit(browser, way, typed | {"forget": "true"}, on=way)
    assert await place(anon, image) is None


async def test_other_servers_forget_a_place_too(alpha_and_beta: tuple[TestInstance, TestInstance]) -> None:
    alpha, beta = alpha_and_beta
    ann, bob = await alpha.user("ann"), await beta.user("bob")
    await bob.follow(ann.address)
    await settle(alpha, beta)
    image = await shared(ann, location=WHARF)
    await settle(alpha, beta)
    (seen,) = (await bob.get("/images"))["images"]
    assert seen["location"]["name"] == "Wharf"
    await ann.put(f"/images/{image}", {"location": None})
    await settle(alpha, beta)
    assert await place(bob, seen["postId"]) is None and await near(bob) == []
