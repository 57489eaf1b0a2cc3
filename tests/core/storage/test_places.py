"""Where files lie and who gives them: a bucket by signed addresses, a CDN, a store that is away, settings that err."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from core.config import ConfigError, load
from core.doctor.examining import examine
from core.errors import Unavailable
from core.testing import TestInstance, world
from tests.core.kith_process import CLIENT, free_port, kith_in
from tests.core.storage.buckets import BUCKET, emptied, keep, kept, settings
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import uploaded

FILM = bytes(range(256)) * 60_000  # more than S3 takes in one part


async def said_of_files(alpha: TestInstance) -> tuple[str, str]:
    with alpha.inside():
        return [(one.state, one.says) async for one in examine() if one.about == "files"][0]


async def test_people_are_sent_to_the_bucket_for_an_hour_where_addresses_are_signed(store: str) -> None:
    async with world("alpha.test", **settings(store, addresses="signed")) as (alpha,):
        with alpha.inside():
            blob = await alpha.instance.storage.put(FILM, "video/mp4")
            url = alpha.instance.storage.url(blob)
        answer = await alpha.anon.page(url)
        assert answer.status_code == 302 and "max-age=1800" in answer.headers["cache-control"]
        assert answer.headers["location"].startswith(f"{store}/{BUCKET}/{blob.digest}.mp4?")
        assert "X-Amz-Expires=3600" in answer.headers["location"]
        film = CLIENT.get(answer.headers["location"], headers={"Range": "bytes=256-511"})
        assert (film.status_code, film.content) == (206, bytes(range(256)))
        assert film.headers["content-type"] == "video/mp4"
        assert film.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await alpha.anon.page(f"/files/{'0' * 64}.mp4")).status_code == 404
        policy = (await alpha.anon.page("/")).headers["content-security-policy"]
        assert f"img-src 'self' {store}" in policy
    emptied()


async def test_what_a_browser_could_run_lies_in_the_bucket_as_mere_bytes(store: str) -> None:
    async with world("alpha.test", **settings(store, addresses="signed")) as (alpha,):
        with alpha.inside():
            await alpha.instance.storage.put(b"<script>alert(1)</script>", "text/html")
            (name,) = kept(alpha)
            link = await alpha.instance.storage.backend.link(name)
        assert link
        found = CLIENT.get(link)
        assert found.headers["content-type"] == "application/octet-stream"
        assert found.headers["content-disposition"] == "attachment"
    emptied()


@pytest.mark.parametrize("backend", ["local", "s3"])
async def test_addresses_are_those_of_the_cdn_where_one_gives_the_files(store: str, backend: str) -> None:
    more = settings(store, backend=backend, public_url="https://media.alpha.test/")
    async with world("alpha.test", **more) as (alpha,):
        with alpha.inside():
            blob = await alpha.instance.storage.put(b"picture", "image/webp")
            assert alpha.instance.storage.url(blob) == f"https://media.alpha.test/{blob.digest}.webp"
        policy = (await alpha.anon.page("/")).headers["content-security-policy"]
        assert "img-src 'self' https://media.alpha.test " in policy
        ann = await alpha.user("ann")
        post = await ann.publish("x", fileIds=[(await uploaded(ann, saved(quarters(), "JPEG")))["fileId"]])
        for path in ("", "/embed"):
            shown = await alpha.anon.page(f"/@ann/{post['postId']}{path}")
            assert '<img src="https://media.alpha.test/' in shown.text, path
        policy = shown.headers["content-security-policy"]
        assert "img-src 'self' https://media.alpha.test " in policy
        assert "media-src 'self' https://media.alpha.test;" in policy
    emptied()


async def test_the_doctor_writes_reads_and_deletes_a_file(store: str) -> None:
    async with world("alpha.test", **settings(store)) as (alpha,):
        assert await said_of_files(alpha) == ("ok", f"in the bucket {BUCKET}: written, read and deleted")
        assert not kept(alpha)
    async with world("alpha.test", **settings(store, bucket="nobodys")) as (alpha,):
        assert (await said_of_files(alpha))[0] == "broken"


async def test_a_store_that_is_away_makes_people_wait_and_tells_them_nothing_of_it() -> None:
    more = settings(f"http://127.0.0.1:{free_port()}")
    async with world("alpha.test", **more) as (alpha,):
        with alpha.inside(), pytest.raises(Unavailable) as refused:
            await alpha.instance.storage.put(b"picture", "image/webp")
        assert "127.0.0.1" not in str(refused.value) and BUCKET not in str(refused.value)
        answer = await alpha.anon.page(f"/files/{hashlib.sha256(b'picture').hexdigest()}.webp")
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


async def test_an_admin_checks_and_prunes_a_bucket(store: str, tmp_path: Path) -> None:
    environ = {
        "KITH_STORAGE__BACKEND": "s3",
        "KITH_STORAGE__BUCKET": BUCKET,
        "KITH_STORAGE__ENDPOINT": store,
        "KITH_STORAGE__ACCESS_KEY": "kith",
        "KITH_STORAGE__SECRET_KEY": "a-secret-of-the-store",
    }
    name = f"{'ab' * 32}.webp"
    async with world("alpha.test", **settings(store)) as (alpha,), kith_in(tmp_path, **environ) as kith:
        keep(alpha, name, b"nobody's", days_ago=3)
        assert json.loads(kith.run("files", "check", "--deep", "--json").stdout)["stray"] == [name]
        assert json.loads(kith.run("files", "prune", "--json").stdout) == {"unused": 0, "stray": 1, "unfinished": 0}
        assert not kept(alpha)
        assert "a-secret-of-the-store" not in kith.run("config", "show").stdout


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        ({"backend": "s3"}, "storage.bucket"),
        ({"backend": "s3", "bucket": "b", "access_key": "k"}, "storage.secret_key"),
        ({"backend": "s3", "bucket": "b", "endpoint": "files.example"}, "storage.endpoint"),
        ({"backend": "s3", "bucket": "b", "front_server": "nginx"}, "storage.front_server"),
        ({"addresses": "signed"}, "storage.addresses"),
        ({"public_url": "media"}, "storage.public_url"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, wanted: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, {}, overrides={f"storage.{name}": value for name, value in wanted.items()})
    assert any(fault.startswith(key) for fault in refused.value.faults)
