"""Pictures: shared, found, told of as far as their author wants, and taken away."""

from __future__ import annotations

from core.plugin_checks import check_plugin
from core.storage.models import File
from core.testing import Person, TestInstance, befriend
from core.testing.people import data_of, fields_of, problem_of
from plugins.images.models import Image
from tests.plugins.images.sharing import PIER, WHARF, found, photo, send, shared


def test_it_is_a_plugin_like_any_other(alpha: TestInstance) -> None:
    plugins = alpha.instance.hooks.plugins
    assert check_plugin(plugins["images"], list(plugins.values())) == []


async def test_a_picture_is_a_post_with_all_that_belongs_to_one(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await bob.follow(ann)
    image = await shared(ann, photo(), photo(), caption="A quiet #harbour", tags=["fog"], location=WHARF)
    for act in ("like", "share", "bookmark"):
        await bob.post(f"/posts/{image}/{act}")
    seen = await bob.get(f"/images/{image}")
    assert (seen["caption"], sorted(seen["tags"])) == ("A quiet #harbour", ["fog", "harbour"])
    assert (len(seen["images"]), seen["likesCount"], seen["isLiked"]) == (2, 1, True)
    assert (seen["metadata"]["width"], seen["metadata"]["height"]) == (80, 60)
    home = (await bob.get("/feed"))["posts"]
    assert (home[0]["postId"], home[0]["kind"]) == (image, "image")


async def test_pictures_are_described_as_they_are_shared(alpha: TestInstance, ann: Person) -> None:
    files = [("image", (f"{number}.jpg", photo(width=80 + number), "image/jpeg")) for number in range(3)]
    answer = await ann.call("POST", "/images/upload", files=files, data={"alt": ["A pier", "", "[Fog]"]})
    seen = await ann.get(f"/images/{data_of(answer)['postId']}")
    assert [one["alt"] for one in seen["images"]] == ["A pier", None, "[Fog]"]
    for wrong in (["A pier", "Fog", "Rain", "Snow"], ["A pier", "x" * 100_000]):
        answer = await ann.call("POST", "/images/upload", files=files, data={"alt": wrong})
        assert fields_of(problem_of(answer, 422)) == ["alt"]
    with alpha.inside():
        assert await File.all().count() == 3


async def test_other_words_leave_hashtags_and_place_and_pictures(ann: Person) -> None:
    image = await shared(ann, caption="Fog #harbour", tags=["boats"], location=WHARF)
    await ann.put(f"/posts/{image}", {"content": "Rain #pier"})
    seen = await ann.get(f"/images/{image}")
    assert sorted(seen["tags"]) == ["boats", "pier"] and seen["location"]["name"] == "Wharf"
    assert len(seen["images"]) == 1 and seen["caption"] == "Rain #pier"


async def test_a_picture_keeps_at_least_one_picture(ann: Person) -> None:
    image = await shared(ann, caption="Fog")
    problem = await ann.refused(422, "PUT", f"/posts/{image}", {"content": "Rain", "fileIds": []})
    assert fields_of(problem) == ["fileIds"]
    seen = await ann.get(f"/images/{image}")
    assert len(seen["images"]) == 1 and seen["caption"] == "Fog"


async def test_a_place_is_told_as_coarsely_as_its_author_wants(ann: Person) -> None:
    for precision, north in (("area", -41.29), ("town", -41.3), ("exact", -41.2865)):
        image = await shared(ann, location={**WHARF, "precision": precision})
        assert (await ann.get(f"/images/{image}"))["location"]["latitude"] == north
    image = await shared(ann, location={"name": "At home"})
    told = (await ann.get(f"/images/{image}"))["location"]
    assert told == {"name": "At home", "latitude": None, "longitude": None}


async def test_pictures_near_a_place_are_found_across_the_date_line(alpha: TestInstance, ann: Person) -> None:
    east = await shared(ann, location={"latitude": -17.0, "longitude": 179.95})
    west = await shared(ann, location={"latitude": -17.0, "longitude": -179.95})
    pier = await shared(ann, location=PIER)
    assert await found(alpha.anon, near="-17,180,20") == [west, east]
    assert await found(alpha.anon, near="-17,180,4") == []
    assert await found(alpha.anon, near="37.7,-122.4,15") == [pier]
    assert await found(alpha.anon, near="0,0,25000") == [pier, west, east]


async def test_what_is_for_friends_is_in_no_list_of_others(alpha: TestInstance, ann: Person, bob: Person) -> None:
    eve = await alpha.user("eve")
    await befriend(ann, bob)
    image = await shared(ann, privacy="friends", location=WHARF, tags=["fog"])
    assert await found(bob, user=ann.id) == [image]
    for query in ({"user": ann.id}, {"tag": "fog"}, {"near": "-41.29,174.78,50"}):
        assert await found(eve, **query) == await found(alpha.anon, **query) == []
    await eve.refused(404, "GET", f"/images/{image}")


async def test_a_list_of_pictures_is_walked_to_its_end(alpha: TestInstance, ann: Person) -> None:
    images = [await shared(ann) for _ in range(3)]
    first = await alpha.anon.get("/images", user=ann.name, limit=2)
    cursor = first["pagination"]["nextCursor"]
    second = await alpha.anon.get("/images", user=ann.name, limit=2, cursor=cursor)
    walked = [one["postId"] for one in (*first["images"], *second["images"])]
    assert walked == images[::-1] and not second["pagination"]["hasMore"]


async def test_a_form_that_is_wrong_leaves_nothing_behind(alpha: TestInstance, ann: Person) -> None:
    wrong = (
        ("location", {"location": {"latitude": 91, "longitude": 0}}),
        ("location", {"location": {"latitude": 1}}),
        ("location", {"location": {"name": "x", "precision": "street"}}),
        ("tags", {"tags": ["two words"]}),
        ("privacy", {"privacy": "everyone"}),
        ("caption", {"caption": "x" * 30_000}),
    )
    for name, fields in wrong:
        assert name in fields_of(problem_of(await send(ann, photo(), **fields), 422)), fields
    assert fields_of(problem_of(await send(ann, photo(), b"no picture at all"), 415)) == []
    assert fields_of(problem_of(await send(ann, *[photo()] * 11), 422)) == ["image"]
    with alpha.inside():
        assert await File.filter(owner_id=ann.id).count() == 0
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_a_picture_that_is_taken_away_leaves_no_place_behind(alpha: TestInstance, ann: Person) -> None:
    image = await shared(ann, location=WHARF)
    await ann.delete(f"/posts/{image}")
    await alpha.anon.refused(404, "GET", f"/images/{image}")
    with alpha.inside():
        assert not await Image.exists(id=image) and not await File.exists(owner_id=ann.id)
