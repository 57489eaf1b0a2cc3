"""Uploads in parts: they go on where they stopped, are their owner's alone, and never take more than they said."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.accounts import administration
from core.models import Actor
from core.storage import films, parts
from core.storage.files import expire
from core.storage.models import File
from core.testing import Person, TestInstance, settle, world
from core.testing.pages import token_of
from core.testing.people import data_of, fields_of, problem_of
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved
from tests.core.storage.test_films import by_hand, filmed
from tests.core.storage.test_heic import HEIC, READS_HEIC
from tests.core.storage.uploading import attached, uploaded

PHOTO = saved(quarters(900, 600), "JPEG")
BYTES = {"Content-Type": "application/octet-stream"}


async def begun(person: Person, size: int) -> str:
    return str((await person.post("/uploads", {"size": size}))["uploadId"])


async def sent(person: Person, upload_id: str, offset: object, content: Any, **headers: str) -> httpx.Response:
    path = f"/uploads/{upload_id}?offset={offset}"
    return await person.call("PATCH", path, content=content, headers={**BYTES, **headers})


async def finished(person: Person, upload_id: str, **said: str) -> httpx.Response:
    return await person.call("POST", f"/uploads/{upload_id}/file", json=said)


def waiting(alpha: TestInstance) -> list[str]:
    return [path.name for path in (alpha.folder / "uploads").glob("*")]


async def test_a_picture_that_comes_in_parts_is_as_one_that_came_whole(ann: Person, alpha: TestInstance) -> None:
    whole = await uploaded(ann, PHOTO)
    answer = await ann.call("POST", "/uploads", json={"size": len(PHOTO)})
    upload = data_of(answer)
    assert answer.status_code == 201 and answer.headers["location"].endswith(f"/uploads/{upload['uploadId']}")
    assert upload["offset"] == 0 and upload["size"] == len(PHOTO) and upload["expiresAt"] > "2026"
    for at in range(0, len(PHOTO), 7000):
        now = data_of(await sent(ann, upload["uploadId"], at, PHOTO[at : at + 7000]))
        assert now["offset"] == min(at + 7000, len(PHOTO))
        assert (await ann.get(f"/uploads/{upload['uploadId']}"))["offset"] == now["offset"]
    half = '{"x": 0, "y": 0, "width": 1, "height": 0.5}'
    file = data_of(await finished(ann, upload["uploadId"], alt="Colours", focus="0,1", turn="180", crop=half))
    assert (file["fileId"], file["alt"], file["focus"]) == (upload["uploadId"], "Colours", [0, 1])
    assert corners(opened_bytes(await attached(alpha, file["url"]))) == ["grey", "blue", "grey", "blue"]
    assert (whole["width"], whole["height"]) == (900, 600) and (file["width"], file["height"]) == (900, 300)
    again = data_of(await finished(ann, upload["uploadId"]))  # the answer was lost on the way, say
    assert again["url"] == file["url"]
    assert (await ann.call("GET", f"/uploads/{upload['uploadId']}")).status_code == 404
    assert waiting(alpha) == []
    post = await ann.publish("Look", fileIds=[file["fileId"]])
    assert post["attachments"][0]["fileId"] == file["fileId"]


async def test_what_came_before_the_connection_broke_stays(ann: Person, alpha: TestInstance) -> None:
    upload_id = await begun(ann, len(PHOTO))

    async def broken() -> AsyncIterator[bytes]:
        yield PHOTO[:5000]
        raise ConnectionError("the network is gone")

    with pytest.raises(ConnectionError):
        await sent(ann, upload_id, 0, broken())
    with alpha.inside():
        upload = parts.own_upload(ann.id, upload_id)
        assert upload.offset in (0, 5000)  # as far as it had come when the process heard of it
        upload.path.write_bytes(PHOTO[:5000])
    assert problem_of(await sent(ann, upload_id, 0, PHOTO), 409)["code"] == "wrong_offset"
    assert problem_of(await finished(ann, upload_id), 409)["code"] == "incomplete"
    data_of(await sent(ann, upload_id, 5000, PHOTO[5000:]))
    file = data_of(await finished(ann, upload_id))
    assert corners(opened_bytes(await attached(alpha, file["url"]))) == UPRIGHT


async def test_two_requests_never_write_at_once(ann: Person, alpha: TestInstance) -> None:
    upload_id = await begun(ann, len(PHOTO))
    reached, go = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PHOTO[:5000]
        reached.set()
        await go.wait()
        yield PHOTO[5000:]

    with alpha.inside():
        upload = parts.own_upload(ann.id, upload_id)
        writing = asyncio.create_task(parts.go_on(upload, 0, slow()))
        await reached.wait()
        assert problem_of(await sent(ann, upload_id, 5000, PHOTO[5000:]), 409)["code"] == "busy"
        assert problem_of(await finished(ann, upload_id), 409)["code"] == "busy"
        go.set()
        await writing
    first, second = await asyncio.gather(finished(ann, upload_id), finished(ann, upload_id))
    assert sorted([first.status_code, second.status_code])[0] == 201
    with alpha.inside():
        assert await File.all().count() == 1


async def test_a_sender_who_says_nothing_any_more_makes_room_for_another(
    ann: Person, alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "SILENCE", 0.05)
    upload_id = await begun(ann, len(PHOTO))

    async def silent() -> AsyncIterator[bytes]:
        yield PHOTO[:5000]
        await asyncio.Event().wait()

    with alpha.inside():
        await parts.go_on(parts.own_upload(ann.id, upload_id), 0, silent())
    monkeypatch.undo()
    assert data_of(await sent(ann, upload_id, 5000, PHOTO[5000:]))["offset"] == len(PHOTO)


async def test_nobody_touches_the_uploads_of_others(ann: Person, eve: Person, alpha: TestInstance) -> None:
    upload_id = await begun(ann, len(PHOTO))
    data_of(await sent(ann, upload_id, 0, PHOTO))
    for answer in (
        await eve.call("GET", f"/uploads/{upload_id}"),
        await sent(eve, upload_id, len(PHOTO), b"more"),
        await finished(eve, upload_id),
        await eve.call("DELETE", f"/uploads/{upload_id}"),
    ):
        problem_of(answer, 404)
    for name in ("..", "x", f"{upload_id}-9", "*", upload_id.upper(), upload_id[:-1] + "%2F"):
        assert (await ann.call("GET", f"/uploads/{name}")).status_code in (404, 405)
    anon = alpha.anon
    problem_of(await anon.call("POST", "/uploads", json={"size": 10}), 401)
    problem_of(await anon.call("PATCH", f"/uploads/{upload_id}?offset=0", content=b"x", headers=BYTES), 401)
    async with eve.browser() as browser:
        token = token_of((await browser.get("/compose")).text)
        stolen = await browser.post("/compose/file", data={"csrfToken": token, "uploadId": upload_id})
        assert stolen.status_code == 404
    async with ann.browser() as browser:  # a page of another place has the cookie, and not the token
        bare = await browser.patch(f"/api/v1/uploads/{upload_id}?offset=0", content=b"x", headers=BYTES)
        assert bare.status_code == 403
        token = token_of((await browser.get("/compose")).text)
        made = await browser.post("/compose/file", data={"csrfToken": token, "uploadId": upload_id, "alt": "Mine"})
        assert made.status_code == 200 and f'value="{upload_id}"' in made.text and "Mine" in made.text


async def test_more_than_was_said_is_refused_and_what_was_said_stays(ann: Person) -> None:
    upload_id = await begun(ann, 5000)
    problem_of(await sent(ann, upload_id, 0, PHOTO), 413)
    assert (await ann.get(f"/uploads/{upload_id}"))["offset"] <= 5000
    for offset in ("-1", "x", ""):
        assert fields_of(problem_of(await sent(ann, upload_id, offset, b"x"), 422)) == ["offset"]
    problem_of(await ann.call("PATCH", f"/uploads/{upload_id}", content=b"x", headers=BYTES), 422)
    problem_of(await sent(ann, upload_id, 0, b"{}", **{"Content-Type": "application/json"}), 415)


async def test_sizes_are_checked_before_anything_is_sent(ann: Person, alpha: TestInstance) -> None:
    for size in (0, -1):
        assert fields_of(problem_of(await ann.call("POST", "/uploads", json={"size": size}), 422)) == ["size"]
    for size in ("10", None, 1.5, True):
        assert fields_of(problem_of(await ann.call("POST", "/uploads", json={"size": size}), 422)) == ["size"]
    for size in (alpha.instance.settings.limits.video_bytes + 1, 10**30):
        assert (await ann.call("POST", "/uploads", json={"size": size})).status_code in (413, 422)
    assert waiting(alpha) == []


async def test_twenty_may_be_under_way_also_where_they_are_begun_at_once(ann: Person, alpha: TestInstance) -> None:
    asked = [ann.call("POST", "/uploads", json={"size": 10}) for _ in range(parts.AT_ONCE + 5)]
    answers = sorted(answer.status_code for answer in await asyncio.gather(*asked))
    assert answers == [201] * parts.AT_ONCE + [409] * 5 and len(waiting(alpha)) == parts.AT_ONCE
    assert problem_of(await ann.call("POST", "/uploads", json={"size": 10}), 409)["code"] == "too_many_uploads"


async def test_what_is_under_way_counts_as_taken() -> None:
    async with world("alpha.test", storage__person_megabytes=1) as (alpha,):
        ann = await alpha.user("ann")
        first = await begun(ann, 700_000)
        assert problem_of(await ann.call("POST", "/uploads", json={"size": 400_000}), 413)["code"] == "quota_exceeded"
        data_of(await ann.call("DELETE", f"/uploads/{first}"))
        await begun(ann, 400_000)
        bob = await alpha.user("bob")
        await begun(bob, 700_000)


async def test_what_cannot_be_taken_is_refused_as_soon_as_it_has_begun(ann: Person, alpha: TestInstance) -> None:
    program = await begun(ann, 1_000_000)
    problem_of(await sent(ann, program, 0, b"\x7fELF" + bytes(8000)), 415)
    large = await begun(ann, alpha.instance.settings.limits.image_bytes + 1)
    problem_of(await sent(ann, large, 0, PHOTO), 413)  # a film might be as large
    if not READS_HEIC:
        telephone = await begun(ann, len(HEIC))
        assert problem_of(await sent(ann, telephone, 0, HEIC), 415)["code"] == "heic_unsupported"
    assert waiting(alpha) == []


async def test_words_that_are_no_good_cost_nobody_their_upload(ann: Person, alpha: TestInstance) -> None:
    upload_id = await begun(ann, len(PHOTO))
    data_of(await sent(ann, upload_id, 0, PHOTO))
    assert fields_of(problem_of(await finished(ann, upload_id, alt="x" * 2000), 422)) == ["alt"]
    assert fields_of(problem_of(await finished(ann, upload_id, focus="2,2"), 422)) == ["focus"]
    assert fields_of(problem_of(await finished(ann, upload_id, turn="1"), 422)) == ["turn"]
    data_of(await finished(ann, upload_id))
    damaged = await begun(ann, 5000)
    data_of(await sent(ann, damaged, 0, PHOTO[:5000]))
    assert fields_of(problem_of(await finished(ann, damaged), 422)) == ["file"]
    assert waiting(alpha) == []


async def test_a_film_may_come_in_parts(ann: Person, tmp_path: Path) -> None:
    content = filmed(tmp_path, "a.mp4") if films.has_ffmpeg() else by_hand()
    upload_id = await begun(ann, len(content))
    half = len(content) // 2
    data_of(await sent(ann, upload_id, 0, content[:half]))
    data_of(await sent(ann, upload_id, half, content[half:]))
    assert data_of(await finished(ann, upload_id))["type"] in ("video", "document")


async def test_what_nobody_goes_on_with_is_deleted_after_a_day(ann: Person, alpha: TestInstance) -> None:
    old, young = await begun(ann, 10), await begun(ann, 10)
    with alpha.inside():
        yesterday = time.time() - 25 * 3600
        os.utime(parts.own_upload(ann.id, old).path, (yesterday, yesterday))
        await expire()
    problem_of(await ann.call("GET", f"/uploads/{old}"), 404)
    await ann.get(f"/uploads/{young}")


async def test_an_account_that_goes_takes_what_it_began_with_it(alpha: TestInstance, ann: Person) -> None:
    eve = await alpha.user("eve")
    await begun(eve, 10)
    kept = await begun(ann, 10)
    with alpha.inside():
        await administration.remove(await Actor.get(id=eve.id))
    await settle(alpha)
    assert waiting(alpha) == [f"part-{ann.id}-{kept}-10"]
