"""With what pictures were taken is told where their author wants that, and else nobody ever learns it."""

from __future__ import annotations

import io
import struct
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from PIL import Image

from core.database import now
from core.storage.cameras import LONGEST, camera_of
from core.storage.files import expire
from core.storage.models import File
from core.testing import Person, TestInstance
from core.testing.pages import token_of
from core.testing.people import problem_of
from tests.core.storage.photos import quarters, saved
from tests.core.storage.test_heic import HEIC
from tests.core.storage.uploading import uploaded
from tests.core.transfer.test_export import exported
from tests.plugins.images.sharing import photo, send, shared

SIX, BOX = "Folding Six", "Box Two"


async def told(visitor: object, image: str) -> str | None:
    """What everybody is told of the camera."""
    seen = (await visitor.get(f"/images/{image}"))["metadata"]["camera"]  # type: ignore[attr-defined]
    post = (await visitor.get(f"/posts/{image}"))["camera"]  # type: ignore[attr-defined]
    assert seen == post
    return str(seen) if seen else None


async def kept(alpha: TestInstance, person: Person) -> list[str]:
    """The cameras that are stored of somebody's files."""
    with alpha.inside():
        return [file.camera for file in await File.filter(owner_id=person.id).order_by("id")]


async def test_the_camera_is_told_where_its_author_says_so_and_else_forgotten(alpha: TestInstance, ann: Person) -> None:
    silent = await shared(ann, photo(SIX))
    refused = await shared(ann, photo(SIX), showCamera="false")
    wanted = await shared(ann, photo(SIX), photo(BOX), photo(SIX), photo(), showCamera="true")
    assert [await told(alpha.anon, one) for one in (silent, refused, wanted)] == [None, None, f"{SIX}, {BOX}"]
    assert await kept(alpha, ann) == ["", "", SIX, BOX, SIX, ""]
    problem_of(await send(ann, photo(SIX), showCamera="perhaps"), 422)
    page = (await alpha.anon.page(f"/@ann/{wanted}")).text
    assert f"{SIX}, {BOX}" in page and SIX not in (await alpha.anon.page(f"/@ann/{silent}")).text
    # What other servers are sent has a place for a location, and none for this.
    note = await alpha.anon.page(f"/@ann/{wanted}", headers={"accept": "application/activity+json"})
    assert note.status_code == 200 and SIX not in note.text


async def test_until_it_is_shared_only_whoever_uploaded_a_picture_is_told(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    file = await uploaded(ann, photo(SIX))
    file_id = file["fileId"]
    assert file["metadata"]["camera"] == SIX == (await ann.get(f"/files/{file_id}"))["metadata"]["camera"]
    for path in (f"/files/{file_id}", f"/posts/{file_id}"):
        assert SIX not in (await bob.call("GET", path)).text
    await bob.refused(404, "PUT", f"/files/{file_id}", {"alt": "mine"})
    await bob.refused(422, "POST", "/posts", {"content": "mine", "fileIds": [file_id]})
    assert (await bob.page(f"/compose/file/{file_id}")).status_code == 404
    assert SIX.encode() in (await exported(ann))["account.json"] and SIX.encode() not in b"".join(
        (await exported(bob)).values()
    )
    # A post that shows it and is none of pictures tells nothing, also not later.
    post = await ann.publish("Fog", fileIds=[file_id])
    assert SIX not in orjson.dumps(post).decode() and await kept(alpha, ann) == [""]
    await ann.refused(422, "PUT", f"/posts/{post['postId']}", {"content": "Fog", "showCamera": True})


async def test_what_is_kept_of_a_camera_goes_with_an_upload_that_nothing_shows(
    alpha: TestInstance, ann: Person
) -> None:
    await uploaded(ann, photo(SIX))
    with alpha.inside():
        await File.all().update(unused_since=now() - timedelta(days=3))
        await expire()
    assert await kept(alpha, ann) == []


async def test_a_camera_that_was_told_is_forgotten_when_its_author_wants_that(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    image = await shared(ann, photo(SIX), showCamera="true", caption="Fog")
    await bob.refused(403, "PUT", f"/posts/{image}", {"content": "Fog", "showCamera": False})
    await ann.put(f"/posts/{image}", {"content": "Rain"})
    assert await told(alpha.anon, image) == SIX
    before = (await ann.get(f"/posts/{image}/history"))["revisions"]
    await ann.put(f"/posts/{image}", {"content": "Rain", "showCamera": False})
    assert await told(alpha.anon, image) is None and await kept(alpha, ann) == [""]
    assert (await ann.get(f"/posts/{image}/history"))["revisions"] == before  # it is no edit
    # What was forgotten does not come back; what comes to it now is told as its author says.
    first, *more = [file["fileId"] for file in (await ann.get(f"/images/{image}"))["images"]]
    for wanted, camera, expected in ((True, BOX, BOX), (None, "Late Nine", BOX), (False, "Late Nine", None)):
        more.append((await uploaded(ann, photo(camera)))["fileId"])
        files = {"content": f"{camera} {wanted}", "fileIds": [first, *more], "showCamera": wanted}
        await ann.put(f"/posts/{image}", files)
        assert await told(alpha.anon, image) == expected
    assert set(await kept(alpha, ann)) == {""}


async def test_settings_say_with_what_one_begins_and_turned_off_take_back_what_was_told(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    chosen = await shared(bob, photo(BOX), showCamera="true")
    await bob.put("/users/me", {"fullName": "Bob", "settings": {"showCamera": False}})
    await ann.put("/users/me", {"settings": {"showCamera": True}})
    image, refused = await shared(ann, photo(SIX)), await shared(ann, photo(SIX), showCamera="false")
    assert [await told(alpha.anon, one) for one in (image, refused, chosen)] == [SIX, None, BOX]
    waits = await uploaded(ann, photo(SIX))
    await ann.put("/users/me", {"settings": {"showCamera": False}})
    assert [await told(alpha.anon, one) for one in (image, refused, chosen)] == [None, None, BOX]
    assert (await ann.get(f"/files/{waits['fileId']}"))["metadata"]["camera"] == SIX


async def test_the_form_asks_whether_the_camera_is_told(alpha: TestInstance, ann: Person) -> None:
    page = await ann.page("/images/upload")
    token = token_of(page.text)
    picture = {"file": ("a.jpg", photo(SIX), "image/jpeg")}
    words = {"csrfToken": token, "visibility": "public", "content": "Fog"}
    arranged = await ann.page("/images/upload", "POST", data={**words, "files": "add", "showCamera": ""}, files=picture)
    assert f"Taken with {SIX}" in arranged.text and 'name="showCamera" value="true" checked' not in arranged.text
    await ann.put("/users/me", {"settings": {"showCamera": True}})
    assert 'name="showCamera" value="true" checked' in (await ann.page("/images/upload")).text
    # Who turned it off has it off also when the form comes back with something wrong in it.
    wrong = await ann.page("/images/upload", "POST", data={**words, "latitude": "north"}, files=picture)
    assert wrong.status_code == 422 and 'name="showCamera" value="true" checked' not in wrong.text
    for switch, expected in (({}, None), ({"showCamera": "true"}, SIX)):
        answer = await ann.page("/images/upload", "POST", data={**words, **switch}, files=picture)
        image = answer.headers["location"].rpartition("/")[2]
        assert await told(alpha.anon, image) == expected
    edit = await ann.page(f"/posts/{image}/edit")
    assert 'name="showCamera" value="true" checked' in edit.text
    file_id = (await ann.get(f"/images/{image}"))["images"][0]["fileId"]
    same = {"csrfToken": token_of(edit.text), "content": "Fog", "fileId": file_id}
    for switch, expected in (({"showCamera": "true"}, SIX), ({}, None)):
        assert (await ann.page(f"/posts/{image}/edit", "POST", data={**same, **switch})).status_code == 303
        assert await told(alpha.anon, image) == expected
    assert "showCamera" not in (await ann.page(f"/posts/{(await ann.publish('Fog'))['postId']}/edit")).text


def exif(make: str = "Folding", model: str = SIX) -> Image.Exif:
    """What a camera writes, and what nobody is to learn."""
    said = Image.Exif()
    said[0x010F], said[0x0110], said[0x0131] = make, model, "SECRETSOFTWARE"
    return said


def bare(order: str, make: bytes) -> bytes:
    """A directory with one field, in either order of bytes, behind the mark of JPEG."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}IHHHII", 8, 1, 0x010F, 2, len(make), 26)
    return b"\xff\xd8\xff" + b"Exif\0\0" + mark + entry + bytes(4) + make


@pytest.mark.parametrize(
    "content, camera",
    [
        (saved(quarters(40, 40), "JPEG", exif=exif()), SIX),
        (saved(quarters(40, 40), "PNG", exif=exif()), SIX),
        (saved(quarters(41, 41), "WEBP", exif=exif()), SIX),
        (saved(quarters(40, 40), "JPEG", exif=exif("Zeiss", "Ikon")), "Zeiss Ikon"),
        (HEIC, "SECRETMAKE"),
        (bare("<", b"Little\0"), "Little"),
        (bare(">", b"Large\0"), "Large"),
        (bare("<", b"a\x1b[31m\nb\xe2\x80\xaec"), "a[31mbc"),
        (bare("<", b"x" * 400), "x" * LONGEST),
        (bare("<", b"")[:20], ""),
        (bare("<", b"")[:15] + b"\xff" * 40, ""),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 30, ""),
        (b"RIFF\0\0\0\0WEBP" + bytes(100), ""),
        (saved(quarters(40, 40), "GIF"), ""),
    ],
)
def test_make_and_model_are_read_and_nothing_else(tmp_path: Path, content: bytes, camera: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    assert camera_of(path) == camera


def test_a_picture_of_chunks_without_end_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    chunks = io.BytesIO()
    chunks.write(b"\x89PNG\r\n\x1a\n")
    for _number in range(3000):
        chunks.write(struct.pack(">I4s", 0, b"tEXt") + bytes(4))
    chunks.write(struct.pack(">I4s", 100, b"eXIf") + bare("<", b"Late\0")[9:])
    path.write_bytes(chunks.getvalue())
    assert camera_of(path) == ""
