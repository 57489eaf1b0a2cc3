"""Pictures somebody shows of themselves, over the API: here, and as other servers see them."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from core.accounts import administration
from core.accounts.proof_models import SecurityEvent
from core.storage.models import Blob, ProfilePicture
from core.testing import Person, TestInstance, settle, world
from tests.core.storage.photos import UPRIGHT, corners, quarters, saved

PHOTO = saved(quarters(), "JPEG", comment=b"SECRET")
PAGE = b"<!doctype html><script>alert(1)</script>"
ROLES = [("avatar", "avatar", (400, 400)), ("cover", "coverImage", (1500, 500))]


async def show(person: Person, role: str = "avatar", content: bytes = PHOTO, field: str = "image", **texts: str) -> Any:
    return await person.put(f"/users/me/{role}", files={field: ("me.jpg", content, "image/jpeg")}, data=texts)


async def refused(
    person: Person, status: int, content: bytes = PHOTO, role: str = "avatar", **texts: str
) -> dict[str, Any]:
    files = {"image": ("me.jpg", content, "image/jpeg")}
    problem = await person.refused(status, "PUT", f"/users/me/{role}", files=files, data=texts)
    return {error["field"]: error["message"] for error in problem.get("errors", ())}


async def fetched(instance: TestInstance, url: str) -> Image.Image:
    answer = await instance.anon.page(url)
    assert answer.status_code == 200 and b"SECRET" not in answer.content
    image = Image.open(io.BytesIO(answer.content))
    image.load()
    return image


@pytest.mark.parametrize(("role", "key", "size"), ROLES)
async def test_a_picture_is_shown_to_everybody_and_taken_away_again(
    alpha: TestInstance, ann: Person, role: str, key: str, size: tuple[int, int]
) -> None:
    me = await show(ann, role, saved(quarters(1600, 1600), "PNG"), alt="  Four quarters ")
    seen = await alpha.anon.get(f"/users/{ann.id}")
    assert me[key] == seen[key] and me[f"{role}Alt"] == "Four quarters"
    image = await fetched(alpha, seen[key])
    assert (image.format, image.size, corners(image)) == ("WEBP", size, UPRIGHT)
    gone = await ann.delete(f"/users/me/{role}")
    assert gone[key] is None and gone[f"{role}Alt"] is None
    assert (await alpha.anon.get(f"/users/{ann.id}"))[key] is None
    await ann.delete(f"/users/me/{role}")


@pytest.mark.parametrize("field", ["image", "file", "avatar"])
async def test_the_file_may_have_one_of_several_names(alpha: TestInstance, ann: Person, field: str) -> None:
    assert (await show(ann, field=field))["avatar"]


async def test_a_part_of_the_picture_can_be_chosen(alpha: TestInstance, ann: Person) -> None:
    me = await show(ann, crop=json.dumps({"x": 0.5, "y": 0, "width": 0.5, "height": 0.5}))
    assert corners(await fetched(alpha, me["avatar"])) == ["green"] * 4


async def test_the_words_beside_a_picture_can_be_changed_alone(alpha: TestInstance, ann: Person) -> None:
    before = await show(ann, alt="A face")
    after = await ann.put("/users/me/avatar", files={"alt": (None, "My face")})
    assert (after["avatar"], after["avatarAlt"]) == (before["avatar"], "My face")
    await ann.refused(404, "PUT", "/users/me/cover", files={"alt": (None, "My garden")})


@pytest.mark.parametrize(
    "crop", ["no", "[]", "{}", '{"x":0}', '{"x":-1,"y":0,"width":1,"height":1}', '{"x":0,"y":0,"width":NaN,"height":1}',
             '{"x":"a","y":0,"width":1,"height":1}', '{"x":0.9,"y":0,"width":1,"height":1}'],
)  # fmt: skip
async def test_a_part_that_is_none_is_refused(alpha: TestInstance, ann: Person, crop: str) -> None:
    assert list(await refused(ann, 422, crop=crop)) == ["crop"]
    assert (await ann.get("/users/me"))["avatar"] is None


async def test_what_is_no_picture_is_refused_and_nothing_changes(alpha: TestInstance, ann: Person) -> None:
    before = (await show(ann))["avatar"]
    await refused(ann, 415, PAGE)
    await refused(ann, 415, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert list(await refused(ann, 422, PHOTO[:900])) == ["image"]
    assert list(await refused(ann, 422, alt="x" * 1501)) == ["alt"]
    problem = await ann.refused(422, "PUT", "/users/me/avatar", files={"other": ("a.jpg", PHOTO)})
    assert problem["errors"][0]["field"] == "image"
    await ann.refused(415, "PUT", "/users/me/avatar", {"image": "no"})
    await ann.refused(415, "PUT", "/users/me/avatar", content=PHOTO, headers={"Content-Type": "image/jpeg"})
    await ann.refused(400, "PUT", "/users/me/avatar", content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert (await ann.get("/users/me"))["avatar"] == before


async def test_nobody_changes_the_pictures_of_others(alpha: TestInstance, ann: Person, bob: Person) -> None:
    files = {"image": ("me.jpg", PHOTO, "image/jpeg")}
    await alpha.anon.refused(401, "PUT", "/users/me/avatar", files=files)
    await alpha.anon.refused(401, "DELETE", "/users/me/avatar")
    assert (await bob.call("PUT", f"/users/{ann.id}/avatar", files=files)).status_code in (403, 404, 405)
    assert (await ann.get("/users/me"))["avatar"] is None


async def test_a_moderator_takes_a_picture_away_and_nobody_else_does(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await show(ann)
    await show(ann, "cover")
    mod, boss = await alpha.user("mia", role="moderator"), await alpha.user("ada", role="admin")
    await show(boss)
    await alpha.anon.refused(401, "DELETE", f"/users/{ann.id}/avatar")
    await bob.refused(403, "DELETE", f"/users/{ann.id}/avatar")
    await mod.refused(403, "DELETE", f"/users/{boss.id}/avatar")
    seen = await mod.delete(f"/users/{ann.id}/avatar")
    assert seen["avatar"] is None and seen["coverImage"] is not None
    assert (await ann.delete(f"/users/{ann.id}/cover"))["coverImage"] is None
    with alpha.inside():
        (event,) = await SecurityEvent.filter(name="picture_removed")
    assert (event.account_id, event.by_id, event.details) == (ann.id, mod.id, {"role": "avatar"})


async def test_people_who_change_pictures_at_once_do_not_hinder_each_other(alpha: TestInstance) -> None:
    people = await alpha.users("ann", "bob", "cat", "dan")
    both = [saved(quarters(12, 12), "PNG"), saved(quarters(14, 14), "PNG")]
    for turn in range(6):
        await asyncio.gather(*(show(person, content=both[(turn + n) % 2]) for n, person in enumerate(people)))
    with alpha.inside():
        assert [blob.references_count for blob in await Blob.all()] == [2] * 4


async def test_the_same_picture_of_two_people_is_kept_once_and_as_long_as_one_shows_it(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    hers, his = await show(ann), await show(bob)
    assert hers["avatar"] == his["avatar"]
    await ann.delete("/users/me/avatar")
    with alpha.inside():
        assert {blob.references_count for blob in await Blob.all()} == {1}
        assert await Blob.filter(unused_since__isnull=False).count() == 0
        await show(bob, content=saved(quarters(10, 10), "PNG"))
        assert sorted(blob.references_count for blob in await Blob.all()) == [0, 0, 1, 1]


async def test_the_pictures_of_somebody_who_leaves_go_with_them(alpha: TestInstance, ann: Person) -> None:
    await show(ann)
    await show(ann, "cover")
    with alpha.inside():
        await administration.remove(ann.actor)
        await settle(alpha)
        assert await ProfilePicture.all().count() == 0
        assert {blob.references_count for blob in await Blob.all()} == {0}
    assert (await alpha.anon.page(ann.uri, headers={"Accept": "application/activity+json"})).status_code == 410


@pytest.fixture
async def narrow() -> AsyncIterator[TestInstance]:
    """An instance that takes small pictures only."""
    async with world("alpha.test", limits__image_bytes=100_000, limits__request_bytes=20_000) as (instance,):
        yield instance


async def test_a_file_over_the_limit_is_refused(narrow: TestInstance) -> None:
    ann = await narrow.user("ann")
    large = PHOTO + bytes(100_001)
    await refused(ann, 413, large)
    fitting = PHOTO + bytes(90_000 - len(PHOTO))
    assert (await show(ann, content=fitting))["avatar"]


async def test_a_file_that_never_ends_is_refused_while_it_comes(narrow: TestInstance) -> None:
    ann = await narrow.user("ann")

    async def endless(size: int, pauses: int) -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
        for _ in range(5_000_000 // size):
            for _ in range(pauses):  # whoever reads is waiting for the part that is too much, or is not yet
                await asyncio.sleep(0)
            yield bytes(size)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for size in (10_000, 50_000):
        for pauses in range(4):
            await ann.refused(413, "PUT", "/users/me/avatar", content=endless(size, pauses), headers=headers)


async def test_other_places_take_no_more_than_they_did(narrow: TestInstance) -> None:
    ann = await narrow.user("ann")
    files = {"image": ("me.jpg", bytes(50_000), "image/jpeg")}
    for method, path in (("PUT", "/users/me"), ("POST", "/posts"), ("POST", "/users/me/avatar")):
        assert (await ann.call(method, path, files=files)).status_code in (405, 413, 415), path


async def test_other_servers_get_the_picture_as_jpeg_with_its_words(
    alpha_and_beta: tuple[TestInstance, TestInstance],
) -> None:
    alpha, beta = alpha_and_beta
    ann, zoe = await alpha.user("ann"), await beta.user("zoe")
    await zoe.follow(ann.address)
    await settle(alpha, beta)
    await show(ann, alt="A face")
    await show(ann, "cover", alt="A garden")
    await settle(alpha, beta)
    document = (await alpha.anon.page(ann.uri, headers={"Accept": "application/activity+json"})).json()
    icon, image = document["icon"], document["image"]
    assert (icon["type"], icon["mediaType"], icon["name"]) == ("Image", "image/jpeg", "A face")
    assert image["name"] == "A garden" and icon["url"].startswith("https://alpha.test/files/")
    assert (await fetched(alpha, icon["url"])).format == "JPEG"
    known = await zoe.get(f"/users/{ann.address}")
    assert known["avatar"] and known["coverImage"]
    await ann.delete("/users/me/avatar")
    await settle(alpha, beta)
    document = (await alpha.anon.page(ann.uri, headers={"Accept": "application/activity+json"})).json()
    assert "icon" not in document and "image" in document
    assert (await zoe.get(f"/users/{ann.address}"))["avatar"] is None


async def test_a_suspended_persons_pictures_are_not_told(alpha: TestInstance, ann: Person) -> None:
    await show(ann)
    with alpha.inside():
        await administration.suspend(ann.actor)
    answer = await alpha.anon.page(ann.uri, headers={"Accept": "application/activity+json"})
    assert answer.status_code == 200 and "icon" not in answer.json()
