"""Albums and collections are reported by themselves, here and across servers."""

from __future__ import annotations

import pytest

from core.testing import Foreign, Person, TestInstance, Visitor, settle
from core.testing.pages import submit
from tests.federation.arrivals import arrive
from tests.plugins.images.test_collections import gathered


async def reports(mod: Person) -> list[dict[str, object]]:
    return list((await mod.get("/admin/reports"))["reports"])


def body(album: str, kind: str = "album") -> dict[str, object]:
    return {"targetType": kind, "targetId": album, "reason": "A list of people to hate."}


@pytest.fixture
async def mod(alpha: TestInstance) -> Person:
    """Somebody who looks after the place."""
    return await alpha.user("carla", role="moderator")


async def test_an_album_is_reported_from_its_page_and_seen_by_those_in_charge(
    ann: Person, bob: Person, mod: Person
) -> None:
    album = (await bob.post("/albums", {"title": "Enemies <b>"}))["albumId"]
    browser, way = ann.browser(), f"/report?kind=album&id={album}"
    assert way.replace("&", "&amp;") in (await browser.get(f"/albums/{album}")).text
    assert "Report “Enemies &lt;b&gt;” by bob" in (await browser.get(way)).text
    asked = {"kind": "album", "id": album}
    assert (await submit(browser, "/report", asked | {"reason": ""}, on=way)).status_code == 422
    sent = await submit(browser, "/report", asked | {"reason": "Hate"}, on=way)
    assert "Thank you" in (await browser.get(sent.headers["Location"])).text
    (report,) = await reports(mod)
    url = f"https://alpha.test/albums/{album}"
    assert report["thing"] == {"type": "album", "id": album, "name": "Enemies <b>", "url": url}
    page = (await mod.browser().get("/admin/reports")).text
    assert url in page and "Enemies &lt;b&gt;" in page and "Hate" in page


async def test_each_album_is_reported_once_and_so_is_its_owner(ann: Person, bob: Person, mod: Person) -> None:
    one = (await bob.post("/albums", {"title": "One"}))["albumId"]
    two = await gathered(bob, title="Two")
    about = (body(one), body(two, "collection"), {"targetType": "user", "targetId": bob.id, "reason": "x"})
    for report in about:
        await ann.post("/reports", report)
    for report in about:
        await ann.refused(409, "POST", "/reports", report)
    assert len(await reports(mod)) == 3
    await mod.delete(f"/albums/{one}")  # what it was called is known still
    assert [one["thing"] and one["thing"]["name"] for one in await reports(mod)] == [None, "Two", "One"]


async def test_nobody_reports_albums_that_are_not_there_or_not_for_them_or_their_own(
    ann: Person, bob: Person, mod: Person, anon: Visitor
) -> None:
    secret = (await bob.post("/albums", {"title": "Secret", "privacy": "private"}))["albumId"]
    own = (await ann.post("/albums", {"title": "Mine"}))["albumId"]
    for wrong, status in ((body(secret), 404), (body("nothing"), 404), (body(own), 422), (body(own, "planet"), 422)):
        await ann.refused(status, "POST", "/reports", wrong)
    await anon.refused(401, "POST", "/reports", body(own))
    for query in (f"kind=album&id={secret}", f"kind=planet&id={own}", "kind=album"):
        assert (await ann.browser().get(f"/report?{query}")).status_code == 404
    assert await reports(mod) == []


async def test_a_report_of_an_album_reaches_its_server(alpha_and_beta: tuple[TestInstance, TestInstance]) -> None:
    alpha, beta = alpha_and_beta
    ann, bob, chief = await alpha.user("ann"), await beta.user("bob"), await beta.user("dora", role="moderator")
    await ann.follow(bob.address)
    await settle(alpha, beta)
    made = (await bob.post("/albums", {"title": "Enemies"}))["albumId"]
    await settle(alpha, beta)
    (seen,) = (await ann.get("/albums", user=bob.address.removeprefix("@")))["albums"]
    await ann.post("/reports", body(seen["albumId"]) | {"forward": True})
    await settle(alpha, beta)
    (report,) = await reports(chief)
    thing = report["thing"]
    assert isinstance(thing, dict) and (thing["id"], thing["name"]) == (made, "Enemies")
    assert (report["target"]["username"], report["reporter"]["domain"]) == ("bob", "alpha.test")  # type: ignore[index]


async def test_no_server_has_somebody_blamed_for_an_album_of_others_or_learns_of_a_secret_one(
    alpha: TestInstance, ann: Person, bob: Person, mod: Person
) -> None:
    masto = Foreign("masto.test").join(alpha)
    secret = (await ann.post("/albums", {"title": "Secret", "privacy": "private"}))["albumId"]
    bobs = (await bob.post("/albums", {"title": "Open"}))["albumId"]
    for album in (secret, bobs):
        flag = masto.person("masto.test").activity("Flag", [ann.uri, f"https://alpha.test/albums/{album}"], content="x")
        assert await arrive(alpha, masto.people["masto.test"], flag) == "done"
    found = await reports(mod)
    assert [one["thing"] for one in found] == [None, None]
    assert {one["target"]["username"] for one in found} == {"ann"}  # type: ignore[index]
