"""Content that may not be here: gone from posts, profiles and the cache, and not to be brought back."""

from __future__ import annotations

import hashlib

import pytest

from core.accounts.audit import all_events
from core.errors import Invalid
from core.purging.service import purge
from core.storage.models import RefusedContent
from core.testing import Person, TestInstance
from core.testing.people import fields_of, problem_of
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import upload, uploaded

PHOTO, OTHER = saved(quarters(500, 300), "JPEG"), saved(quarters(60, 60), "PNG")


def digest_in(url: str) -> str:
    return url.rpartition("/")[2].partition(".")[0]


@pytest.mark.parametrize("by", ["original", "shown"])
async def test_it_goes_wherever_it_is_shown_and_cannot_come_back(
    ann: Person, bob: Person, alpha: TestInstance, by: str
) -> None:
    hers, his, other = await uploaded(ann, PHOTO), await uploaded(bob, PHOTO), await uploaded(ann, OTHER)
    post = await ann.publish("Look", fileIds=[hers["fileId"], other["fileId"]])
    digest = hashlib.sha256(PHOTO).hexdigest() if by == "original" else digest_in(hers["thumbnailUrl"])
    with alpha.inside():
        assert await purge(digest, reason="A court said so") == {
            "uploads": 2, "profilePictures": 0, "fromElsewhere": 0, "emojis": 0
        }  # fmt: skip
        assert (await RefusedContent.get(digest=digest)).reason == "A court said so"
    left = (await ann.get(f"/posts/{post['postId']}"))["attachments"]
    assert [one["fileId"] for one in left] == [other["fileId"]]
    for url in (hers["url"], hers["thumbnailUrl"], his["url"]):
        assert (await alpha.anon.page(url)).status_code == 404
    assert (await alpha.anon.page(other["url"])).status_code == 200
    for person in (ann, bob):
        assert fields_of(problem_of(await upload(person, PHOTO), 422)) == ["file"]


async def test_a_profile_picture_goes_too(ann: Person, alpha: TestInstance) -> None:
    me = await ann.put("/users/me/avatar", files={"image": ("a.jpg", PHOTO, "image/jpeg")})
    with alpha.inside():
        assert (await purge(digest_in(me["avatar"])))["profilePictures"] == 1
    assert (await ann.get("/users/me"))["avatar"] is None
    assert (await alpha.anon.page(me["avatar"])).status_code == 404
    await ann.refused(422, "PUT", "/users/me/avatar", files={"image": ("a.jpg", PHOTO, "image/jpeg")})


async def test_a_picture_from_elsewhere_is_forgotten(alpha: TestInstance) -> None:
    path = alpha.folder / "cache" / "pictures" / "ab" / "cd" / "x.webp"
    path.parent.mkdir(parents=True)
    path.write_bytes(PHOTO)
    with alpha.inside():
        assert (await purge(hashlib.sha256(PHOTO).hexdigest()))["fromElsewhere"] == 1
    assert not path.exists()


async def test_what_is_no_digest_is_said_to_be_none(alpha: TestInstance) -> None:
    with alpha.inside():
        for wrong in ("", "abc", "z" * 64):
            with pytest.raises(Invalid):
                await purge(wrong)


async def test_whoever_looks_later_sees_that_something_was_purged(ann: Person, alpha: TestInstance) -> None:
    await uploaded(ann, PHOTO)
    digest = hashlib.sha256(PHOTO).hexdigest()
    with alpha.inside():
        await purge(digest, reason="A court said so")
        (line,) = await all_events(limit=20, name="content_purged")
    assert line.details["digest"] == digest and line.details["things"] == 1
    assert "court" not in str(line.details)
