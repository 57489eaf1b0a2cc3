"""Uploading: what comes of a file, who may do what with it, and what goes with it."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

import pytest

from core.accounts import administration
from core.database import now
from core.models import Actor
from core.storage.files import expire_files
from core.storage.models import Blob, File, RefusedContent
from core.storage.service import sweep_unused_files
from core.testing import Person, TestInstance, settle, world
from core.testing.people import data_of, fields_of, problem_of
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved
from tests.core.storage.uploading import attached, upload, uploaded

PHOTO = saved(quarters(1600, 1000), "JPEG")


async def test_a_picture_is_ready_at_once_in_every_size(ann: Person, alpha: TestInstance) -> None:
    file = await uploaded(ann, PHOTO, alt="Four colours", focus="0.5,-0.25")
    assert (file["type"], file["processingStatus"], file["alt"], file["focus"]) == (
        "image", "ready", "Four colours", [0.5, -0.25]
    )  # fmt: skip
    assert (file["width"], file["height"], file["format"]) == (1600, 1000, "image/jpeg")
    assert len(file["blurhash"]) == 28 and file["metadata"]["colour"].startswith("#")
    versions = file["metadata"]["versions"]
    sizes = {role: (one["width"], one["height"]) for role, one in versions.items()}
    assert sizes == {"thumbnail": (400, 250), "feed": (1200, 750), "full": (1600, 1000)}
    for url in (file["url"], *(one["url"] for one in versions.values())):
        answer = await alpha.anon.page(url)
        assert answer.status_code == 200 and corners(opened_bytes(answer.content)) == UPRIGHT
        assert answer.headers["content-type"].startswith("image/")
    assert file["thumbnailUrl"] == versions["thumbnail"]["url"]
    assert not list((alpha.folder / "uploads").iterdir())


async def test_a_drawing_stays_as_sharp_as_it_was_and_transparent(ann: Person, alpha: TestInstance) -> None:
    drawing = quarters(300, 200).convert("RGBA")
    drawing.putalpha(100)
    file = await uploaded(ann, saved(drawing, "PNG"))
    shown = opened_bytes((await alpha.anon.page(file["url"])).content)
    assert (shown.format, shown.mode, shown.getpixel((9, 9))) == ("PNG", "RGBA", drawing.getpixel((9, 9)))
    assert set(file["metadata"]["versions"]) == {"thumbnail"}


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
async def test_what_moves_goes_on_moving(ann: Person, alpha: TestInstance, form: str) -> None:
    frames = [quarters(60, 40), quarters(60, 40).rotate(180), quarters(60, 40).rotate(90)]
    content = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=120, loop=0)
    file = await uploaded(ann, content)
    shown = opened_bytes((await alpha.anon.page(file["url"])).content)
    assert getattr(shown, "n_frames", 1) == 3 and shown.info["duration"] == 120
    still = opened_bytes((await alpha.anon.page(file["thumbnailUrl"])).content)
    assert getattr(still, "n_frames", 1) == 1


async def test_a_post_shows_its_files_in_order_and_whoever_wrote_it_changes_what_they_say(ann: Person) -> None:
    first, second = await uploaded(ann, PHOTO, alt="One"), await uploaded(ann, PHOTO, alt="Two")
    post = await ann.publish("", fileIds=[second["fileId"], first["fileId"]])
    assert [one["alt"] for one in post["attachments"]] == ["Two", "One"]
    await ann.put(f"/files/{first['fileId']}", {"alt": "Uno", "focus": [0, 1]})
    again = await ann.get(f"/posts/{post['postId']}")
    assert [one["alt"] for one in again["attachments"]] == ["Two", "Uno"] and again["attachments"][1]["focus"] == [0, 1]
    assert again["editedAt"] and again["attachments"][1]["url"] == first["url"]


async def test_an_edit_keeps_files_unless_it_names_others(ann: Person, alpha: TestInstance) -> None:
    old, new = await uploaded(ann, PHOTO), await uploaded(ann, saved(quarters(50, 50), "PNG"))
    post = await ann.publish("Words", fileIds=[old["fileId"]])
    path = f"/posts/{post['postId']}"
    kept = await ann.put(path, {"content": "Other words"})
    assert [one["fileId"] for one in kept["attachments"]] == [old["fileId"]]
    changed = await ann.put(path, {"content": "Other words", "fileIds": [new["fileId"]]})
    assert [one["fileId"] for one in changed["attachments"]] == [new["fileId"]]
    with alpha.inside():
        assert {file.id: file.unused_since is None for file in await File.all()} == {
            old["fileId"]: False, new["fileId"]: True
        }  # fmt: skip
    assert (await ann.put(path, {"content": "Words", "fileIds": []}))["attachments"] == []


async def test_nobody_shows_a_file_that_is_not_theirs_or_is_shown_already(ann: Person, bob: Person) -> None:
    file = await uploaded(ann, PHOTO)
    mine = {"content": "x", "fileIds": [file["fileId"]]}
    assert fields_of(await bob.refused(422, "POST", "/posts", mine)) == ["fileIds"]
    await ann.publish("x", fileIds=[file["fileId"]])
    assert fields_of(await ann.refused(422, "POST", "/posts", mine)) == ["fileIds"]
    twice = {"content": "x", "fileIds": [file["fileId"]] * 2}
    assert fields_of(await ann.refused(422, "POST", "/posts", twice)) == ["fileIds"]
    many = {"content": "x", "fileIds": [file["fileId"]] * 11}
    assert fields_of(await ann.refused(422, "POST", "/posts", many)) == ["fileIds"]
    assert len((await ann.get(f"/users/{ann.id}/posts"))["posts"]) == 1


async def test_two_posts_at_once_do_not_share_a_file(ann: Person) -> None:
    file = await uploaded(ann, PHOTO)
    wanted = {"content": "x", "fileIds": [file["fileId"]]}
    answers = await asyncio.gather(*(ann.call("POST", "/posts", json=wanted) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]


async def test_only_its_owner_reads_changes_and_deletes_a_file(ann: Person, bob: Person, alpha: TestInstance) -> None:
    path = f"/files/{(await uploaded(ann, PHOTO))['fileId']}"
    for person, status in ((bob, 404), (alpha.anon, 401)):
        await person.refused(status, "GET", path)
        await person.refused(status, "PUT", path, {"alt": "Mine"})
        await person.refused(status, "DELETE", path)
    assert (await ann.get(path))["alt"] is None


async def gone(alpha: TestInstance, url: str) -> bool:
    await settle(alpha)
    return (await alpha.anon.page(url)).status_code == 404


async def test_a_deleted_file_is_gone_from_its_post_and_its_address(ann: Person, alpha: TestInstance) -> None:
    file = await uploaded(ann, PHOTO)
    post = await ann.publish("x", fileIds=[file["fileId"]])
    await ann.delete(f"/files/{file['fileId']}")
    assert (await ann.get(f"/posts/{post['postId']}"))["attachments"] == []
    assert await gone(alpha, file["url"]) and await gone(alpha, file["thumbnailUrl"])
    await ann.refused(404, "DELETE", f"/files/{file['fileId']}")


async def test_the_files_of_a_deleted_post_are_gone_unless_somebody_else_shows_the_same(
    ann: Person, bob: Person, alpha: TestInstance
) -> None:
    hers, his = await uploaded(ann, PHOTO), await uploaded(bob, PHOTO)
    assert hers["url"] == his["url"]
    post = await ann.publish("x", fileIds=[hers["fileId"]])
    await ann.delete(f"/posts/{post['postId']}")
    assert not await gone(alpha, hers["url"])
    await bob.delete(f"/files/{his['fileId']}")
    assert await gone(alpha, hers["url"])
    with alpha.inside():
        assert (await File.all().count(), await Blob.all().count()) == (0, 0)


async def test_what_nothing_shows_goes_after_a_day(ann: Person, alpha: TestInstance) -> None:
    waiting, shown = await uploaded(ann, PHOTO), await uploaded(ann, saved(quarters(70, 70), "PNG"))
    await ann.publish("x", fileIds=[shown["fileId"]])
    with alpha.inside():
        await File.filter(id=waiting["fileId"]).update(unused_since=now() - timedelta(hours=23))
        await expire_files()
        assert await File.all().count() == 2
        await File.filter(id=waiting["fileId"]).update(unused_since=now() - timedelta(hours=25))
        left = alpha.folder / "uploads" / "new-0"
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"of a process that died")
        os.utime(left, (0, 0))
        await expire_files()
        assert not left.exists()
        await sweep_unused_files()
    assert await gone(alpha, waiting["url"]) and not await gone(alpha, shown["url"])


async def test_a_post_for_later_keeps_its_files_until_then(ann: Person, alpha: TestInstance) -> None:
    file = await uploaded(ann, PHOTO)
    at = (now() + timedelta(days=3)).isoformat()
    later = await ann.publish("Later", fileIds=[file["fileId"]], publishAt=at)
    await ann.refused(422, "POST", "/posts", {"content": "x", "fileIds": [file["fileId"]]})
    with alpha.inside():
        assert (await File.get(id=file["fileId"])).unused_since is None
    await ann.delete(f"/posts/{later['postId']}")
    with alpha.inside():
        assert (await File.get(id=file["fileId"])).unused_since is not None


@pytest.mark.parametrize(
    ("alt", "focus", "field"),
    [("x" * 1501, "", "alt"), ("", "2,0", "focus"), ("", "0", "focus"), ("", "a,b", "focus"), ("", "nan,0", "focus")],
)
async def test_what_is_said_of_a_file_is_checked(
    ann: Person, alpha: TestInstance, alt: str, focus: str, field: str
) -> None:
    answer = await upload(ann, PHOTO, alt=alt, focus=focus)
    assert fields_of(problem_of(answer, 422)) == [field]
    with alpha.inside():
        assert await File.all().count() == 0
    assert not list((alpha.folder / "uploads").iterdir())


async def test_a_file_is_as_large_as_the_limits_say(ann: Person) -> None:
    async with world("small.test", limits__image_bytes=5000, limits__video_bytes=9000) as (small,):
        sue = await small.user("sue")
        problem_of(await upload(sue, PHOTO[:6000]), 413)
        problem_of(await upload(sue, PHOTO[:3] + bytes(99_000)), 413)
        assert not [*(small.folder / "uploads").glob("*")]


async def test_everybody_has_as_much_room_as_the_settings_say() -> None:
    async with world("small.test", storage__person_megabytes=1) as (small,):
        sue, tom = await small.user("sue"), await small.user("tom")
        noise = saved(quarters(500, 500), "PNG") + os.urandom(600_000)
        first = await uploaded(sue, noise)
        with small.inside():
            await File.filter(id=first["fileId"]).update(kept_size=900_000)
        problem = problem_of(await upload(sue, noise), 413)
        assert problem["code"] == "quota_exceeded"
        await uploaded(tom, noise)
        await sue.delete(f"/files/{first['fileId']}")
        await uploaded(sue, noise)


async def test_bytes_that_are_refused_cannot_be_uploaded(ann: Person, alpha: TestInstance) -> None:
    file = await uploaded(ann, PHOTO)
    with alpha.inside():
        first = await File.get(id=file["fileId"])
        await RefusedContent.create(digest=first.versions["thumbnail"]["digest"])
    assert fields_of(problem_of(await upload(ann, PHOTO), 422)) == ["file"]


async def test_a_retry_uploads_nothing_twice(ann: Person, alpha: TestInstance) -> None:
    headers = {"Idempotency-Key": "one"}
    first = data_of(await upload(ann, PHOTO, headers=headers))
    again = data_of(await upload(ann, PHOTO, headers=headers))
    assert first["fileId"] == again["fileId"]
    problem_of(await upload(ann, PHOTO + b"x", headers=headers), 422)
    with alpha.inside():
        assert await File.all().count() == 1


async def test_an_account_that_goes_takes_its_files_with_it(alpha: TestInstance) -> None:
    eve = await alpha.user("eve")
    shown, waiting = await uploaded(eve, PHOTO), await uploaded(eve, saved(quarters(80, 80), "PNG"))
    await eve.publish("x", fileIds=[shown["fileId"]])
    with alpha.inside():
        await administration.remove(await Actor.get(id=eve.id))
    await settle(alpha)
    assert await gone(alpha, shown["url"]) and await gone(alpha, waiting["url"])
    with alpha.inside():
        assert await File.filter(owner_id=eve.id).count() == 0


async def test_a_file_that_is_not_ready_yet_becomes_so_later(
    ann: Person, alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.files.AT_ONCE", 0.0)
    file = data_of(await upload(ann, PHOTO))
    assert (file["processingStatus"], file["url"], file["thumbnailUrl"]) == ("processing", None, None)
    post = await ann.publish("x", fileIds=[file["fileId"]])
    assert post["attachments"][0]["processingStatus"] == "ready"
    assert await attached(alpha, post["attachments"][0]["url"])


async def test_who_says_two_things_of_a_file_at_once_has_said_both(ann: Person) -> None:
    file_id = (await uploaded(ann, PHOTO))["fileId"]
    for number in range(3):
        alt, focus = f"a tree, {number}", [0.1 * number, 0.5]
        await asyncio.gather(
            *(ann.put(f"/files/{file_id}", change) for change in ({"alt": alt}, {"focus": focus}, {"alt": alt}))
        )
        said = await ann.get(f"/files/{file_id}")
        assert (said["alt"], said["focus"]) == (alt, [round(one, 3) for one in focus])
