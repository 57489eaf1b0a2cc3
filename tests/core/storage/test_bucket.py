"""A bucket that is away for a while, holds what is not ours, lost something, or is asked more than it need be."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from core.accounts.audit import all_events
from core.database import execute, now
from core.doctor.examining import examine
from core.errors import Unavailable
from core.purging.service import purge
from core.settings import Storage
from core.storage.models import Blob, File
from core.storage.unfinished import Unfinished
from core.testing import TestInstance, settle, world
from core.testing.people import problem_of
from tests.core.storage.buckets import begin_in_parts, emptied, in_parts, keep, kept, lose, settings
from tests.core.storage.photos import quarters, saved
from tests.core.storage.road import Road, road
from tests.core.storage.upload_lists import list_of_uploads
from tests.core.storage.uploading import attached, upload, uploaded
from tests.federation.odd_server import OddServer

PHOTO = saved(quarters(500, 300), "JPEG")
FORM = {"image": ("a.jpg", PHOTO, "image/jpeg")}


@pytest.fixture
async def way(store: str) -> AsyncIterator[Road]:
    async with road(store) as made:
        yield made
    emptied()


@pytest.fixture
async def alpha(way: Road) -> AsyncIterator[TestInstance]:
    """An instance with its files in a bucket, and one way to it."""
    async with world("alpha.test", **settings(way.url)) as (instance,):
        yield instance


async def test_an_upload_waits_for_a_bucket_that_is_away_and_is_ready_once_it_is_back(
    alpha: TestInstance, way: Road
) -> None:
    ann = await alpha.user("ann")
    way.close()
    waiting = await uploaded(ann, PHOTO)
    assert waiting["processingStatus"] == "processing" and waiting["url"] is None
    assert kept(alpha) == {}
    way.open()
    with alpha.inside():
        await execute("UPDATE core_job SET due_at = $1", now())
    await settle(alpha)
    ready = await ann.get(f"/files/{waiting['fileId']}")
    assert ready["processingStatus"] == "ready" and len(kept(alpha)) == 3
    assert not [*(alpha.folder / "uploads").iterdir()]
    assert len(await attached(alpha, ready["url"])) == ready["fileSize"]


async def test_while_the_bucket_is_away_people_wait_and_nothing_is_half_done(alpha: TestInstance, way: Road) -> None:
    ann = await alpha.user("ann")
    shown = (await uploaded(ann, PHOTO))["url"]
    way.close()
    answer = await alpha.anon.page(shown)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert answer.headers["cache-control"] == "no-store" and b"127.0.0.1" not in answer.content
    refused = await ann.call("PUT", "/users/me/avatar", files=FORM)
    assert problem_of(refused, 503)["detail"].startswith("Files cannot be reached")
    assert (await ann.get("/users/me"))["avatar"] is None
    way.open()
    assert (await alpha.anon.page(shown)).status_code == 200
    assert (await ann.put("/users/me/avatar", files=FORM))["avatar"]


async def test_what_is_purged_is_given_to_nobody_though_the_bucket_is_away(alpha: TestInstance, way: Road) -> None:
    ann = await alpha.user("ann")
    hers = await uploaded(ann, PHOTO)
    await ann.publish("Look", fileIds=[hers["fileId"]])
    way.close()
    with alpha.inside():
        assert (await purge(hashlib.sha256(PHOTO).hexdigest()))["uploads"] == 1
        assert [line.name for line in await all_events(limit=5, name="content_purged")] == ["content_purged"]
    assert (await alpha.anon.page(hers["url"])).status_code == 404
    assert len(kept(alpha)) == 3
    way.open()
    assert (await alpha.anon.page(hers["url"])).status_code == 404
    with alpha.inside():
        assert await alpha.instance.storage.sweep() == 3
    assert kept(alpha) == {}


async def test_what_lies_in_the_bucket_and_is_not_ours_stays_there(alpha: TestInstance) -> None:
    stray = f"{'ab' * 32}.webp"
    others = ["backups/monday.tar", "index.html", f"{'ab' * 32}.html", f"other/{stray}", "cd" * 32]
    for name in [stray, *others]:
        await asyncio.to_thread(keep, alpha, name, b"x", days_ago=30)  # the way to it is ours too
    with alpha.inside():
        assert (await alpha.instance.storage.check()).stray == [stray]
        assert await alpha.instance.storage.prune_strays() == [stray]
        assert not await Blob.exists()
    assert sorted(kept(alpha)) == sorted(others)


async def test_a_bucket_is_asked_once_for_a_file_and_not_for_what_was_never_put(alpha: TestInstance, way: Road) -> None:
    ann = await alpha.user("ann")
    hers = await uploaded(ann, PHOTO)
    way.methods()
    whole = await alpha.anon.page(hers["url"])
    assert whole.status_code == 200 and way.methods() == ["GET"]
    part = await alpha.anon.page(hers["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20]) and way.methods() == ["GET"]
    assert (await alpha.anon.page(hers["url"], headers={"Range": "bytes=99999999-"})).status_code == 416
    assert (await alpha.anon.page(hers["url"], headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    name = hers["url"].rpartition("/")[2]
    for wrong in (f"{'0' * 64}.jpg", name.replace(".jpg", ".png"), name.replace(".jpg", ".html"), "..%2f" + name):
        assert (await alpha.anon.page(f"/files/{wrong}")).status_code == 404, wrong
    assert way.methods() == []
    lose(alpha, name)
    assert (await alpha.anon.page(hers["url"])).status_code == 404


async def test_a_bucket_that_breaks_off_leaves_nobody_with_half_a_file(alpha: TestInstance, way: Road) -> None:
    with alpha.inside():
        film = await alpha.instance.storage.put(bytes(1 << 24), "video/mp4")
        url = alpha.instance.storage.url(film)
        pieces = alpha.instance.storage.read(film)
        assert await anext(pieces)
        way.close()
        with pytest.raises(Exception, match="cannot be reached"):
            async for _ in pieces:
                pass
    assert (await alpha.anon.page(url)).status_code == 503


async def test_the_doctor_finds_a_bucket_that_strangers_can_list(store: str) -> None:
    more = settings(store, public_url="https://media.alpha.test")
    async with world("alpha.test", **more) as (alpha,):
        media = OddServer("media.alpha.test").join(alpha)
        media.answer("/", b"<?xml version='1.0'?><ListBucketResult><Name>kith</Name>", type="application/xml")
        with alpha.inside():
            (found,) = [one async for one in examine() if one.about == "files"]
        assert found.state == "broken" and "lists them all to everybody" in found.says
    emptied()


async def test_an_upload_the_bucket_never_took_is_forgotten_like_any_other(alpha: TestInstance, way: Road) -> None:
    ann = await alpha.user("ann")
    way.close()
    file_id = (await uploaded(ann, PHOTO))["fileId"]
    assert (await upload(ann, b"no picture")).status_code == 415
    way.open()
    await ann.delete(f"/files/{file_id}")
    await settle(alpha)
    with alpha.inside():
        assert not await File.exists()
    assert kept(alpha) == {} and not [*(alpha.folder / "uploads").iterdir()]


async def test_uploads_that_were_never_finished_are_ended_if_they_are_ours(alpha: TestInstance, way: Road) -> None:
    ours, theirs = [begin_in_parts(name) for name in (f"{'ab' * 32}.mp4", "backup/of somebody+else.tar")]
    with alpha.inside():
        storage = alpha.instance.storage
        assert await storage.end_unfinished(dry_run=True) == 1 and set(in_parts()) == {ours, theirs}
        assert await storage.end_unfinished() == 1 and in_parts() == [theirs]
        way.close()
        with pytest.raises(Unavailable):
            await storage.end_unfinished()


async def test_a_list_of_unfinished_uploads_is_read_to_its_end_and_only_what_is_old_is_ended() -> None:
    day, names = now() - timedelta(days=2), [f"{number:064x}.webp" for number in range(3)]
    begun = [(names[0], "a+/=", day), (names[1], "b", now()), (names[2], "c", day)]
    async with list_of_uploads(begun) as store:
        async with world("alpha.test", **settings(store.url)) as (alpha,):
            with alpha.inside():
                assert await alpha.instance.storage.end_unfinished() == 2
        assert store.ended == [(f"/kith-files/{names[0]}", "a+/="), (f"/kith-files/{names[2]}", "c")]
        store.says = b"<html>a page of somebody's proxy"
        async with world("alpha.test", **settings(store.url)) as (alpha,):
            with alpha.inside(), pytest.raises(Unavailable):
                await alpha.instance.storage.end_unfinished()


def test_who_asks_for_unfinished_uploads_says_so_as_amazon_wants_it() -> None:
    wanted = Storage(backend="s3", bucket="b", region="eu-west-1", access_key="kith", secret_key="secret")
    url = "https://b.s3.eu-west-1.amazonaws.com/?key-marker=a%2Fb&uploads="
    signed = Unfinished(wanted)._signed("GET", url)
    request = AWSRequest("GET", url, headers={name: signed[name] for name in ("x-amz-content-sha256", "x-amz-date")})
    request.context["timestamp"] = signed["x-amz-date"]
    signer = S3SigV4Auth(Credentials("kith", "secret"), "s3", "eu-west-1")
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert signed["authorization"].endswith(f"Signature={expected}")
    assert not Unfinished(Storage(backend="s3", bucket="b")).is_possible
