"""Albums: of one person or of several, seen by those they are for, with nothing in them one may not see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.testing import Person, TestInstance, befriend
from core.testing.pages import submit
from core.testing.people import fields_of
from plugins.images.finding import memories
from tests.plugins.images.sharing import shared


async def album_of(person: Person, **more: Any) -> str:
    return str((await person.post("/albums", {"title": "Summer", **more}))["albumId"])


async def inside(visitor: Any, album: str) -> list[str]:
    return [one["postId"] for one in (await visitor.get(f"/albums/{album}/images"))["images"]]


async def test_an_album_gathers_ones_own_pictures_and_public_ones_of_others(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    album, own, his = await album_of(ann), await shared(ann), await shared(bob)
    for image in (own, his):
        await ann.post(f"/albums/{album}/images", {"postId": image})
    assert await inside(alpha.anon, album) == [his, own]
    await ann.refused(409, "POST", f"/albums/{album}/images", {"postId": his})
    await bob.refused(403, "POST", f"/albums/{album}/images", {"postId": his})
    await bob.refused(403, "DELETE", f"/albums/{album}/images/{own}")
    await bob.delete(f"/albums/{album}/images/{his}")
    assert (await alpha.anon.get(f"/albums/{album}"))["imagesCount"] == 1


async def test_nobody_finds_in_an_album_what_is_not_for_them(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    album, secret = await album_of(ann), await shared(ann, privacy="friends")
    await ann.post(f"/albums/{album}/images", {"postId": secret})
    assert await inside(bob, album) == [secret] and await inside(alpha.anon, album) == []
    assert (await alpha.anon.get(f"/albums/{album}"))["imagesCount"] == 0
    his = await album_of(bob)
    assert fields_of(await bob.refused(422, "POST", f"/albums/{his}/images", {"postId": secret})) == ["postId"]


async def test_an_album_is_seen_by_those_it_is_for(alpha: TestInstance, ann: Person, bob: Person) -> None:
    eve = await alpha.user("eve")
    await befriend(ann, bob)
    for_friends, hidden = await album_of(ann, privacy="friends"), await album_of(ann, privacy="private")
    assert (await bob.get(f"/albums/{for_friends}"))["title"] == "Summer"
    for visitor in (eve, alpha.anon):
        await visitor.refused(404, "GET", f"/albums/{for_friends}")
        assert (await visitor.get("/albums", user=ann.id))["albums"] == []
    for person in (bob, eve):
        await person.refused(404, "GET", f"/albums/{hidden}")
    await ann.post(f"/users/{eve.id}/block")
    await eve.refused(404, "GET", f"/albums/{await album_of(ann)}")


async def test_nobody_is_shown_in_the_album_of_whom_they_block(alpha: TestInstance, ann: Person, bob: Person) -> None:
    album, own, his = await album_of(ann), await shared(ann), await shared(bob)
    for image in (own, his):
        await ann.post(f"/albums/{album}/images", {"postId": image})
    await bob.post(f"/users/{ann.id}/block")
    assert await inside(alpha.anon, album) == [own] == await inside(ann, album)
    assert (await alpha.anon.get(f"/albums/{album}"))["imagesCount"] == 1
    document = (await alpha.anon.page(f"/albums/{album}", headers={"Accept": "application/activity+json"})).json()
    assert document["totalItems"] == 1
    await bob.delete(f"/users/{ann.id}/block")
    assert await inside(alpha.anon, album) == [his, own]


async def test_while_a_block_parts_them_an_author_has_nothing_of_an_album(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    album, own, his = await album_of(ann, privacy="private"), await shared(ann), await shared(bob)
    await ann.post(f"/albums/{album}/images", {"postId": own})
    await ann.post(f"/albums/{album}/authors", {"userId": bob.id})
    await bob.post(f"/albums/{album}/accept")
    await bob.post(f"/albums/{album}/images", {"postId": his})
    await ann.post(f"/users/{bob.id}/block")
    for path in (f"/albums/{album}", f"/albums/{album}/images"):
        await bob.refused(404, "GET", path)
    await bob.refused(404, "POST", f"/albums/{album}/images", {"postId": await shared(bob)})
    await bob.refused(404, "DELETE", f"/albums/{album}/images/{own}")
    assert (await bob.get("/albums"))["albums"] == []
    await ann.delete(f"/users/{bob.id}/block")
    assert await inside(bob, album) == [his, own]


async def test_friends_put_pictures_into_an_album_together(alpha: TestInstance, ann: Person, bob: Person) -> None:
    eve = await alpha.user("eve")
    await befriend(ann, bob)
    album = await album_of(ann, privacy="private")
    assert fields_of(await ann.refused(422, "POST", f"/albums/{album}/authors", {"userId": eve.id})) == ["userId"]
    await ann.post(f"/albums/{album}/authors", {"userId": bob.id})
    image = await shared(bob)
    await bob.refused(403, "POST", f"/albums/{album}/images", {"postId": image})
    await eve.refused(404, "POST", f"/albums/{album}/accept")
    assert [one["albumId"] for one in (await bob.get("/albums/invitations"))["albums"]] == [album]
    assert [one["userId"] for one in (await ann.get(f"/albums/{album}"))["asked"]] == [bob.id]
    assert (await bob.post(f"/albums/{album}/accept"))["asked"] == []
    await bob.refused(409, "POST", f"/albums/{album}/accept")
    assert (await bob.get("/albums/invitations"))["albums"] == []
    await bob.post(f"/albums/{album}/images", {"postId": image})
    assert await inside(ann, album) == [image] and (await bob.get("/albums"))["albums"][0]["albumId"] == album
    await bob.refused(403, "PUT", f"/albums/{album}", {"title": "Mine"})
    await bob.delete(f"/albums/{album}/authors/{bob.id}")
    await bob.refused(404, "GET", f"/albums/{album}")
    assert await inside(ann, album) == [image]


async def test_an_invitation_is_declined_or_taken_back_and_gives_nothing(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    album = await album_of(ann, privacy="private")
    for who in (bob, ann):
        await ann.post(f"/albums/{album}/authors", {"userId": bob.id})
        assert (await bob.get(f"/albums/{album}"))["title"] == "Summer"
        await who.delete(f"/albums/{album}/authors/{bob.id}")
        await bob.refused(404, "GET", f"/albums/{album}")
        await bob.refused(404, "POST", f"/albums/{album}/accept")
    await ann.post(f"/albums/{album}/authors", {"userId": bob.id})
    await bob.post(f"/users/{ann.id}/block")
    await bob.refused(404, "POST", f"/albums/{album}/accept")


async def test_pictures_change_places_as_their_owner_wants(ann: Person, bob: Person) -> None:
    album = await album_of(ann)
    one, two, three = [await shared(ann) for _ in range(3)]
    for image in (one, two, three):
        await ann.post(f"/albums/{album}/images", {"postId": image})
    await ann.put(f"/albums/{album}/images", {"postIds": [one, three]})
    assert await inside(ann, album) == [one, two, three]
    for wrong in ([one, one], [await shared(ann)], ["x"]):
        problem = await ann.refused(422, "PUT", f"/albums/{album}/images", {"postIds": wrong})
        assert fields_of(problem) == ["postIds"]
    await bob.refused(403, "PUT", f"/albums/{album}/images", {"postIds": [one, two]})
    assert await inside(ann, album) == [one, two, three]


async def test_a_picture_that_is_taken_away_is_in_no_album(ann: Person) -> None:
    album, image = await album_of(ann), await shared(ann)
    await ann.post(f"/albums/{album}/images", {"postId": image})
    await ann.delete(f"/posts/{image}")
    assert await inside(ann, album) == [] and (await ann.get(f"/albums/{album}"))["imagesCount"] == 0


async def test_an_album_that_makes_no_sense_is_refused_by_name(ann: Person) -> None:
    wrong = {"title": "\u200b", "description": "x" * 1001}
    assert sorted(fields_of(await ann.refused(422, "POST", "/albums", wrong))) == ["description", "title"]
    assert fields_of(await ann.refused(422, "POST", "/albums", {"title": "x", "privacy": "secret"})) == ["privacy"]


async def test_an_album_is_made_filled_and_changed_on_its_pages(alpha: TestInstance, ann: Person, bob: Person) -> None:
    image = await shared(ann)
    async with ann.browser() as browser:
        made = await submit(browser, "/albums", {"title": "Summer", "privacy": "public"})
        page = made.headers["Location"]
        for address, status in ((f"https://alpha.test/@ann/{image}", 303), ("nonsense", 422)):
            assert (await submit(browser, f"{page}/add", {"address": address})).status_code == status
        assert f"{page}/{image}" in (await browser.get(page)).text
        other = await shared(ann)
        await submit(browser, f"{page}/add", {"address": f"https://alpha.test/@ann/{other}"})
        album = page.rpartition("/")[2]
        for act, left in ((f"later:{other}", [image, other]), (f"later:{other}", [image, other])):
            assert (await submit(browser, f"{page}/arrange", {"act": act})).status_code == 303
            assert await inside(ann, album) == left
        await submit(browser, f"{page}/arrange", {"act": f"earlier:{other}"})
        await submit(browser, f"{page}/arrange", {"act": f"remove:{other}"})
        assert await inside(ann, album) == [image]
        for title, status in (("Winter", 303), (" ", 422)):
            typed = {"title": title, "description": "Cold", "privacy": "public"}
            assert (await submit(browser, f"{page}/edit", typed)).status_code == status
        for name, status in (("nobody", 422), ("", 422), ("bob", 422)):
            assert (await submit(browser, f"{page}/invite", {"name": name})).status_code == status
        await befriend(ann, bob)
        assert (await submit(browser, f"{page}/invite", {"name": "@bob"})).status_code == 303
        assert "has not answered" in (await browser.get(f"{page}/edit")).text
    async with bob.browser() as browser:
        assert (await browser.get(f"{page}/edit")).status_code == 403
        assert "Winter" in (await browser.get("/albums")).text
        await submit(browser, f"{page}/accept", on="/albums")
        his = await shared(bob)
        await submit(browser, f"{page}/add", {"address": f"https://alpha.test/@bob/{his}"})
        edit = (await browser.get(f"{page}/edit")).text
        assert f"remove:{his}" in edit and f"remove:{image}" not in edit
        await submit(browser, f"{page}/leave")
        assert (await ann.get(f"/albums/{album}"))["authors"] == []
        await submit(browser, f"{page}/arrange", {"act": f"remove:{his}"})
    assert f"{page}/{image}" in (await alpha.anon.page(page)).text
    assert "Winter" in (await alpha.anon.page("/@ann/albums")).text


async def test_what_was_shared_on_this_day_comes_back_to_its_author_alone(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    image, _today = await shared(ann), await shared(ann)
    shared_on = datetime.fromtimestamp(int(image.replace("-", "")[:12], 16) / 1_000, UTC).date()
    then = shared_on.replace(year=shared_on.year + 4)  # which has a 29 February too
    with alpha.inside():
        assert image in [one["id"] for one in await memories(ann.id, then, 10)]
        assert await memories(bob.id, then, 10) == []
        assert await memories(ann.id, then - timedelta(days=1), 10) == []


async def test_a_moderator_takes_no_album_of_an_admin_away(alpha: TestInstance, ann: Person, admin: Person) -> None:
    moderator = await alpha.user("minder", role="moderator")
    for owner, status in ((ann, 200), (admin, 403)):
        album = (await owner.post("/albums", {"title": "Summer", "privacy": "public"}))["albumId"]
        async with moderator.browser() as browser:
            assert f"/albums/{album}/delete" in (await browser.get(f"/albums/{album}")).text
        assert (await moderator.call("DELETE", f"/albums/{album}")).status_code == status
    assert f"/albums/{album}/delete" not in (await alpha.anon.page(f"/albums/{album}")).text
