"""Collections: posts of others and one's own, in an order of somebody's, and never more than each may see anyway."""

from __future__ import annotations

import asyncio
from html import unescape
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from orjson import loads

from core.accounts import administration
from core.models import Actor
from core.testing import Person, TestInstance, settle
from core.testing.pages import submit
from core.testing.people import fields_of
from plugins.images import album_items
from plugins.images.models import Album, AlbumImage, AlbumRefusal
from tests.core.transfer.packing import bring, outcome, packed, person
from tests.plugins.images.sharing import photo, shared
from tests.plugins.images.test_albums import inside


async def gathered(person: Person, *posts: str, **more: Any) -> str:
    """The id of a collection with these posts in it, the last first."""
    made = str((await person.post("/albums", {"title": "Boats", "kind": "collection", **more}))["albumId"])
    for post in posts:
        await person.post(f"/albums/{made}/images", {"postId": post})
    return made


async def posted(person: Person, words: str = "A boat", **more: Any) -> str:
    """The id of a post with a picture, which is no picture post."""
    file = await person.post("/files", files={"file": ("1.jpg", photo(), "image/jpeg")})
    return str((await person.publish(words, fileIds=[file["fileId"]], **more))["postId"])


async def test_a_collection_holds_posts_of_others_with_pictures_and_nothing_else(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    his, picture = await posted(bob), await shared(bob)
    own = await posted(ann, visibility="followers")
    made = await gathered(ann, his, picture, own)
    assert await inside(ann, made) == [own, picture, his] and await inside(alpha.anon, made) == [picture, his]
    form = await alpha.anon.get(f"/albums/{made}")
    assert (form["kind"], form["imagesCount"], form["cover"]["type"]) == ("collection", 2, "image")
    await ann.follow(bob)
    close = await posted(bob, visibility="followers")
    for wrong in (str((await bob.publish("Words alone"))["postId"]), close, await posted(ann, visibility="direct")):
        assert fields_of(await ann.refused(422, "POST", f"/albums/{made}/images", {"postId": wrong})) == ["postId"]
    await ann.refused(404, "POST", f"/albums/{made}/images", {"postId": await posted(bob, visibility="private")})
    await ann.refused(409, "POST", f"/albums/{made}/images", {"postId": his})
    await bob.refused(403, "POST", f"/albums/{made}/images", {"postId": his})
    await ann.refused(409, "POST", f"/albums/{made}/authors", {"userId": bob.id})
    album = (await ann.post("/albums", {"title": "Own"}))["albumId"]
    assert fields_of(await ann.refused(422, "POST", f"/albums/{album}/images", {"postId": his})) == ["postId"]
    kinds = {kind: [one["albumId"] for one in (await ann.get("/albums", kind=kind))["albums"]] for kind in KINDS}
    assert kinds == {"album": [album], "collection": [made]}
    assert fields_of(await ann.refused(422, "GET", "/albums?kind=heap")) == ["kind"]


KINDS = ("album", "collection")


async def test_each_sees_in_a_collection_what_they_may_see_and_counts_tell_of_nothing_else(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    eve, fay = await alpha.users("eve", "fay")
    his, hers = await posted(bob), await posted(eve)
    close = await posted(ann, visibility="followers")
    made = await gathered(ann, his, close, hers)
    for_followers, hidden = await gathered(ann, privacy="followers"), await gathered(ann, privacy="private")
    await bob.follow(ann)
    for visitor, seen in ((bob, [hers, close, his]), (fay, [hers, his]), (alpha.anon, [hers, his])):
        form = await visitor.get(f"/albums/{made}")
        assert await inside(visitor, made) == seen and form["imagesCount"] == len(seen)
    await bob.post(f"/users/{eve.id}/block")
    assert await inside(bob, made) == [close, his] and (await bob.get(f"/albums/{made}"))["imagesCount"] == 2
    await eve.refused(404, "DELETE", f"/albums/{made}/images/{close}")  # it is nobody's to know that it is there
    await fay.post(f"/users/{eve.id}/mute")
    assert await inside(fay, made) == [his]
    await ann.post(f"/users/{eve.id}/block")
    assert await inside(alpha.anon, made) == [his] == await inside(fay, made)
    assert (await bob.get(f"/albums/{for_followers}"))["privacy"] == "followers"
    for visitor, album in ((fay, for_followers), (bob, hidden), (eve, made)):
        await visitor.refused(404, "GET", f"/albums/{album}")
    listed = [one["albumId"] for one in (await bob.get("/albums", user=ann.id, kind="collection"))["albums"]]
    assert listed == [for_followers, made]


async def test_what_is_deleted_or_shows_no_picture_any_more_stands_in_no_collection(ann: Person, bob: Person) -> None:
    gone, bare, cut, left = [await posted(bob, words) for words in ("gone", "bare", "cut", "left")]
    made = await gathered(ann, gone, bare, cut, left)
    await bob.delete(f"/posts/{gone}")
    await bob.put(f"/posts/{bare}", {"content": "Nothing to see", "fileIds": []})
    (file,) = (await bob.get(f"/posts/{cut}"))["attachments"]
    await bob.delete(f"/files/{file['fileId']}")
    await bob.put(f"/posts/{left}", {"content": "Still there"})
    assert await inside(ann, made) == [left] and (await ann.get(f"/albums/{made}"))["imagesCount"] == 1


async def test_an_author_takes_a_post_out_of_somebodys_collection_for_good(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    his, other = await posted(bob), await posted(bob, "Another")
    made, hidden = await gathered(ann, his, other), await gathered(ann, his, privacy="private")
    await gathered(bob, his, privacy="private")  # which is not for him to take it out of for good
    assert [one["albumId"] for one in (await bob.get(f"/posts/{his}/albums"))["albums"]][1:] == [made]
    assert len((await ann.get(f"/posts/{his}/albums"))["albums"]) == 2
    eve = await alpha.user("eve")
    assert (await eve.get(f"/posts/{his}/albums"))["albums"] == []
    async with bob.browser() as browser:
        page = (await browser.get(f"/@bob/{his}")).text
        assert "Take it out for good" in page and f"remove:{his}" in page and hidden not in page
        out = await submit(browser, f"/albums/{made}/arrange", {"act": f"remove:{his}", "next": f"/@bob/{his}"})
        assert (out.status_code, out.headers["Location"]) == (303, f"/@bob/{his}")
        assert "Take it out for good" not in (await browser.get(f"/@bob/{his}")).text
        last = await submit(browser, f"/albums/{made}/arrange", {"act": f"remove:{other}"}, on=f"/albums/{made}/edit")
        assert (await browser.get(last.headers["Location"])).status_code == 200
    problem = await ann.refused(422, "POST", f"/albums/{made}/images", {"postId": his})
    assert fields_of(problem) == ["postId"] and "for good" in str(problem)
    await ann.delete(f"/albums/{hidden}/images/{his}")
    await ann.post(f"/albums/{hidden}/images", {"postId": his})  # what the gatherer took out comes back


async def test_what_is_taken_out_while_it_is_moved_is_out_and_nothing_else(
    alpha: TestInstance, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await posted(bob, "1"), await posted(bob, "2")
    made = await gathered(ann, two, one)
    with alpha.inside():
        owner = await Actor.get(id=ann.id)

    async def after_a_move(album_id: str) -> None:  # it is waited for until the owner has moved what it is about
        monkeypatch.undo()
        await album_items.reorder(owner, album_id, [two, one])

    monkeypatch.setattr(album_items, "alone_with", after_a_move)
    await bob.delete(f"/albums/{made}/images/{one}")
    assert await inside(ann, made) == [two]


async def test_whoever_wants_to_be_gathered_by_nobody_is_not(alpha: TestInstance, ann: Person, bob: Person) -> None:
    his, picture, own = await posted(bob), await shared(bob), await posted(ann)
    made, album = await gathered(ann, his, own), (await ann.post("/albums", {"title": "Summer"}))["albumId"]
    await ann.post(f"/albums/{album}/images", {"postId": picture})
    his_own = await gathered(bob, his)
    async with bob.browser() as browser:
        assert 'name="gatherable" value="true" checked' in (await browser.get("/settings/privacy")).text
        await submit(browser, "/settings/privacy", {"discoverable": "true", "searchable": "true"})
    assert (await bob.get("/users/me"))["settings"]["gatherable"] is False
    assert await inside(ann, made) == [own] == await inside(alpha.anon, made)
    assert await inside(ann, album) == [] and await inside(alpha.anon, his_own) == [his]
    for where, what in ((await gathered(ann), his), (album, await shared(bob))):
        assert "gathered" in str(await ann.refused(422, "POST", f"/albums/{where}/images", {"postId": what}))
    async with ann.browser() as browser:
        page = (await browser.get(f"/posts/{his}/collections")).text
        assert "does not want their posts to be gathered" in page and "Begin it with this post" not in page
        assert f'value="remove:{made}"' in page and 'value="add:' not in page
    await bob.put("/users/me", {"settings": {"gatherable": True}})
    assert await inside(ann, made) == [own, his]


async def test_no_more_is_put_in_at_once_than_there_is_room_for_and_a_retry_puts_in_nothing_twice(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(album_items, "IMAGES_AT_MOST", 3)
    posts = [await posted(bob, f"Boat {number}") for number in range(6)]
    made = await gathered(ann)

    async def put(post: str) -> int:
        key = {"Idempotency-Key": post}
        return (await ann.call("POST", f"/albums/{made}/images", json={"postId": post}, headers=key)).status_code

    statuses = await asyncio.gather(*(put(post) for post in posts))
    assert sorted(statuses) == [201, 201, 201, 409, 409, 409]
    (first, *_) = [post for post, status in zip(posts, statuses, strict=True) if status == 201]
    assert await put(first) == 201 and (await ann.get(f"/albums/{made}"))["imagesCount"] == 3
    # Two at a time, and neither repeats what the other had.
    page = await ann.get(f"/albums/{made}/images", limit=2)
    rest = await ann.get(f"/albums/{made}/images", limit=2, cursor=page["pagination"]["nextCursor"])
    assert len({one["postId"] for one in page["images"] + rest["images"]}) == 3 and not rest["pagination"]["hasMore"]


async def test_a_collection_is_filled_arranged_and_looked_through_on_its_pages(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    one, two = await posted(bob, "The first boat"), await posted(bob, "The second boat")
    words = str((await bob.publish("Words alone"))["postId"])
    async with ann.browser() as browser:
        assert "No collections yet" in (await browser.get("/collections")).text
        assert f"/posts/{one}/collections" in (await browser.get(f"/@bob/{one}")).text
        assert f"/posts/{words}/collections" not in (await browser.get(f"/@bob/{words}")).text
        gather = f"/posts/{one}/collections"
        for typed, status in (({"title": " "}, 422), ({"title": "Boats", "privacy": "public"}, 303)):
            assert (await submit(browser, gather, typed)).status_code == status
        assert (await submit(browser, f"/posts/{words}/collections", {"title": "Never"})).status_code == 422
        (made,) = [each["albumId"] for each in (await ann.get("/albums", kind="collection"))["albums"]]
        page, second = f"/albums/{made}", f"/posts/{two}/collections"
        for act, left in (("add", [two, one]), ("remove", [one]), ("add", [two, one])):
            assert (await submit(browser, second, {"act": f"{act}:{made}"})).status_code == 303
            assert await inside(ann, made) == left
        assert (await submit(browser, second, {"act": f"add:{made}"})).status_code == 422
        moved = await submit(browser, f"{page}/arrange", {"act": f"later:{two}"})
        assert await inside(ann, made) == [one, two]
        assert f'value="later:{two}" autofocus' in (await browser.get(moved.headers["Location"])).text
        single = (await browser.get(f"{page}/{one}")).text
        assert f'rel="next" href="{page}/{two}"' in single and "The first boat" in single and "1/2" in single
        assert (await browser.get(f"{page}/{words}")).status_code == 404
        typed = {"title": "Ships", "description": "Big ones", "privacy": "private"}
        assert (await submit(browser, f"{page}/edit", typed)).status_code == 303
        assert "Ships" in (await browser.get("/@ann/collections")).text
        for number in range(24):
            await ann.post("/albums", {"title": f"Heap {number}", "kind": "collection"})
        first = (await browser.get("/collections")).text
        further = unescape(first.split('rel="next" href="')[1].split('"')[0])
        assert "Heap 0" in first and "Ships" not in first and "Ships" in (await browser.get(further)).text
        assert "Who puts pictures in" not in (await browser.get(f"{page}/edit")).text
    assert "Ships" not in (await alpha.anon.page("/@ann/collections")).text
    assert (await alpha.anon.page(page)).status_code == 404
    async with ann.browser() as browser:
        assert (await submit(browser, f"{page}/delete")).headers["Location"] == "/collections"
    assert (await ann.get(f"/posts/{one}/albums"))["albums"] == []


async def test_a_collection_is_taken_along_brought_back_and_forgotten(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    one, two, eve = await posted(bob, "1"), await posted(bob, "2"), await alpha.user("eve")
    made = await gathered(ann, two, one, privacy="followers", description="Small")
    await bob.delete(f"/albums/{await gathered(eve, one)}/images/{one}")
    archive = (await ann.call("GET", "/users/me/export")).content
    with ZipFile(BytesIO(archive)) as taken:
        (kept,) = loads(taken.read("images/albums.json"))
    with ZipFile(BytesIO((await bob.call("GET", "/users/me/export")).content)) as taken:
        assert [each["title"] for each in loads(taken.read("images/taken-out.json"))] == ["Boats"]
    await ann.delete(f"/albums/{made}")
    assert (kept["kind"], len(kept["images"])) == ("collection", 2)
    odd = {**kept, "title": "Odd", "privacy": "?", "images": ["?", 7]}
    strange = packed({"actor.json": person(), "images/albums.json": [7, {"title": 3}, {"title": "x" * 101}, odd]})
    for content, done, failed in ((archive, 1, 0), (archive, 0, 0), (strange, 1, 4)):
        transfer = await bring(ann, "archive", content)
        await settle(alpha)
        report = await outcome(ann, transfer)
        assert (report["state"], report["done"], report["failed"]) == ("done", done, failed), report
    odd, back = (await ann.get("/albums"))["albums"]
    assert (odd["privacy"], back["privacy"], back["description"]) == ("private", "followers", "Small")
    assert await inside(ann, back["albumId"]) == [one, two]
    with alpha.inside():
        assert (await AlbumImage.all().count(), await AlbumRefusal.all().count()) == (2, 1)
    for owner, left in ((bob, 3), (ann, 1)):
        with alpha.inside():
            await administration.remove(await Actor.get(id=owner.id))
        await settle(alpha)
        with alpha.inside():
            assert await AlbumImage.all().count() == await AlbumRefusal.all().count() == 0
            assert await Album.all().count() == left
