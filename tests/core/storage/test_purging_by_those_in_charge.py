"""Those in charge purge a file from the report or the post that shows it, and nobody else does."""

from __future__ import annotations

import pytest

from core.accounts.audit import all_events
from core.storage.models import RefusedContent
from core.testing import Foreign, Person, TestInstance
from core.testing.pages import submit
from core.testing.people import fields_of, problem_of
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import upload, uploaded
from tests.federation.arrivals import arrive, stored
from tests.federation.odd_server import OddServer

PHOTO, OTHER = saved(quarters(500, 300), "JPEG"), saved(quarters(60, 60), "PNG")
PURGE = "/admin/files/purge"


@pytest.fixture
async def mod(alpha: TestInstance) -> Person:
    return await alpha.user("carla", role="moderator")


async def test_a_moderator_purges_a_picture_from_the_report_of_it(
    alpha: TestInstance, ann: Person, bob: Person, mod: Person
) -> None:
    hers, his = await uploaded(ann, PHOTO), await uploaded(bob, PHOTO)
    post = (await ann.publish("Look", fileIds=[hers["fileId"]]))["postId"]
    await bob.publish("Look what she has", fileIds=[his["fileId"]])
    await bob.post("/reports", {"targetType": "post", "targetId": post, "reason": "Not hers to show."})
    way = f"/admin/purge?file={hers['fileId']}"
    async with mod.browser() as browser:
        assert way in (await browser.get("/admin/reports")).text
        assert way in (await browser.get(f"/@ann/{post}")).text
        page = (await browser.get(way)).text
        assert "@ann" in page and hers["thumbnailUrl"].removeprefix("https://alpha.test") in page
        typed = {"file": hers["fileId"], "reason": "x" * 501}
        assert (await submit(browser, "/admin/purge", typed, on=way)).status_code == 422
        assert (await alpha.anon.page(hers["url"])).status_code == 200
        done = await submit(browser, "/admin/purge", {**typed, "reason": "A court said so"}, on=way)
        assert (done.status_code, done.headers["location"]) == (303, "/admin/purge?saved")
        assert (await browser.get(way)).status_code == 404
    for url in (hers["url"], hers["thumbnailUrl"], his["url"]):
        assert (await alpha.anon.page(url)).status_code == 404
    assert (await ann.get(f"/posts/{post}"))["attachments"] == []
    assert fields_of(problem_of(await upload(bob, PHOTO), 422)) == ["file"]
    with alpha.inside():
        (line,) = await all_events(limit=5, name="content_purged")
        assert {one.reason for one in await RefusedContent.all()} == {"A court said so"}
        assert line.by_id == mod.id and line.details["things"] == 2


async def test_the_address_of_a_file_will_do_and_rubbish_is_said_to_be_rubbish(
    alpha: TestInstance, ann: Person, mod: Person
) -> None:
    me = await ann.put("/users/me/avatar", files={"image": ("a.jpg", PHOTO, "image/jpeg")})
    for wrong in ({"digest": "a" * 63}, {"digest": f"{'a' * 65}"}, {}, {"digest": "a" * 64, "fileId": ann.id}):
        await mod.refused(422, "POST", PURGE, wrong)
    await mod.refused(404, "POST", PURGE, {"fileId": ann.id})
    assert (await mod.post(PURGE, {"digest": me["avatar"]}))["profilePictures"] == 1
    assert (await ann.get("/users/me"))["avatar"] is None


async def test_nobody_purges_what_belongs_to_their_like_or_without_being_trusted_with_it(
    alpha: TestInstance, ann: Person, bob: Person, mod: Person
) -> None:
    admin = await alpha.user("petra", role="admin")
    hers, roots = await uploaded(ann, OTHER), await uploaded(admin, PHOTO)
    await ann.publish("Mine", fileIds=[(await uploaded(ann, PHOTO))["fileId"]])
    async with ann.browser() as browser:
        assert (await browser.get("/admin/purge")).status_code == 403
    for person in (ann, bob):  # not even one's own
        await person.refused(403, "POST", PURGE, {"fileId": hers["fileId"]})
    await mod.refused(403, "POST", PURGE, {"fileId": roots["fileId"]})
    async with mod.browser() as browser:
        way = f"/admin/purge?file={roots['fileId']}"
        assert (await submit(browser, "/admin/purge", {"file": roots["fileId"]}, on=way)).status_code == 403
    with alpha.inside():
        assert not await RefusedContent.exists()  # not even ann's, which is the same
    assert (await admin.post(PURGE, {"fileId": hers["fileId"]}))["uploads"] == 1
    assert (await alpha.anon.page(roots["url"])).status_code == 200


async def test_a_picture_of_a_post_from_elsewhere_is_shown_no_more(
    alpha: TestInstance, ann: Person, mod: Person, foreign: Foreign
) -> None:
    media = OddServer("media.test").join(alpha)
    url = media.answer("/a.png", saved(quarters(900, 900), "PNG"), type="image/png")
    zoe = foreign.person("zoe")
    file = {"type": "Document", "mediaType": "image/png", "url": url}
    note = zoe.note("Look", cc=[ann.uri], tag=[{"type": "Mention", "href": ann.uri}], attachment=[file])
    await arrive(alpha, zoe, zoe.activity("Create", note))
    entry = await stored(alpha, note["id"])
    assert entry is not None
    post = await ann.get(f"/posts/{entry.id}")
    (shown,) = post["attachments"]
    assert (await alpha.anon.page(shown["url"])).status_code == 200
    assert (await mod.post(PURGE, {"fileId": shown["fileId"]}))["fromElsewhere"] == 2
    for address in (shown["url"], shown["thumbnailUrl"]):
        assert (await alpha.anon.page(address)).status_code == 404
