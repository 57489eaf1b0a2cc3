"""Files: kept once, given to everybody under an address that never changes, and swept when nothing uses them."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.database import now, transaction
from core.storage.backends import LocalFolder
from core.storage.models import Blob
from core.storage.service import Storage, hold, release, sweep_unused_files
from core.testing import TestInstance
from tests.core.storage.buckets import keep, kept, lose

WORDS = b"Not quite a picture, but nobody looks."
PAGE = b"<script>alert(1)</script>"


async def put(alpha: TestInstance, content: bytes = WORDS, media_type: str = "image/webp") -> tuple[Blob, str]:
    with alpha.inside():
        blob = await alpha.instance.storage.put(content, media_type)
        return blob, alpha.instance.storage.url(blob)


async def age(blob: Blob) -> None:
    await Blob.filter(id=blob.id).update(unused_since=now() - timedelta(days=2))


async def test_a_file_is_given_to_everybody_for_good(alpha: TestInstance) -> None:
    _, url = await put(alpha)
    assert url.startswith("https://alpha.test/files/")
    answer = await alpha.anon.page(url)
    assert (answer.status_code, answer.content) == (200, WORDS)
    assert answer.headers["content-type"] == "image/webp" and answer.headers["content-disposition"] == "inline"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    head = await alpha.anon.page(url, method="HEAD")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(WORDS)))
    again = await alpha.anon.page(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "status", "content", "said"),
    [
        ("bytes=0-2", 206, WORDS[:3], "bytes 0-2/38"),
        ("bytes=30-", 206, WORDS[30:], "bytes 30-37/38"),
        ("bytes=-8", 206, WORDS[-8:], "bytes 30-37/38"),
        ("bytes=30-999", 206, WORDS[30:], "bytes 30-37/38"),
        ("bytes=38-", 416, b"", "bytes */38"),
        ("bytes=5-2", 416, b"", "bytes */38"),
        ("bytes=-", 416, b"", "bytes */38"),
        ("bytes=0-1,4-5", 200, WORDS, None),
        ("lines=1-2", 200, WORDS, None),
    ],
)
async def test_a_part_of_a_file_is_given(
    alpha: TestInstance, wanted: str, status: int, content: bytes, said: str | None
) -> None:
    _, url = await put(alpha)
    answer = await alpha.anon.page(url, headers={"Range": wanted})
    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (status, content, said)


async def test_a_file_is_whole_whether_it_lies_in_memory_or_on_the_disk(alpha: TestInstance) -> None:
    content = os.urandom(2_500_000)
    _, url = await put(alpha, content)
    assert (await alpha.anon.page(url)).content == content
    backend = alpha.instance.storage.backend
    for path in backend.folder.rglob("*.webp") if isinstance(backend, LocalFolder) else ():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
            for begin in range(0, len(content), 1_000_000):  # the system holds every other half million bytes
                os.posix_fadvise(file.fileno(), begin, 500_000, os.POSIX_FADV_DONTNEED)
    assert (await alpha.anon.page(url)).content == content
    part = await alpha.anon.page(url, headers={"Range": "bytes=400000-2100000"})
    assert part.content == content[400_000:2_100_001]


async def test_a_picture_that_lies_in_memory_waits_for_nothing_else(alpha: TestInstance) -> None:
    if not is_local(alpha):
        pytest.skip("a bucket is asked over the network")
    _, url = await put(alpha)
    done, busy = threading.Event(), ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(busy)
    busy.submit(done.wait, 10)
    try:
        async with asyncio.timeout(5):
            assert (await alpha.anon.page(url)).content == WORDS
    finally:
        done.set()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


def is_local(alpha: TestInstance) -> bool:
    return isinstance(alpha.instance.storage.backend, LocalFolder)


async def test_what_is_no_picture_is_never_shown_in_a_page(alpha: TestInstance) -> None:
    _, film = await put(alpha, b"a film", "video/mp4")
    assert (await alpha.anon.page(film)).headers["content-disposition"] == "attachment"
    _, page = await put(alpha, PAGE, "text/html")
    assert (await alpha.anon.page(page)).status_code == 404


async def test_the_address_alone_does_not_make_something_a_picture(alpha: TestInstance) -> None:
    _, url = await put(alpha, PAGE, "text/html")
    name = url.rpartition("/")[2].partition(".")[0]
    for path in (f"/files/{name}.html", f"/files/{name}.webp", f"/files/{name}", f"/files/{'0' * 64}.webp"):
        assert (await alpha.anon.page(path)).status_code == 404, path


@pytest.mark.parametrize(
    "path", ["/files/../kith.db", "/files/..%2f..%2fkith.db", "/files/%2e%2e/secrets/key", "/files/"]
)
async def test_nothing_beside_the_files_is_given(alpha: TestInstance, path: str) -> None:
    assert (await alpha.anon.page(path)).status_code == 404


async def test_the_same_bytes_are_kept_once(alpha: TestInstance) -> None:
    first, url = await put(alpha)
    second, same = await put(alpha)
    assert (first.id, url) == (second.id, same) and len(kept(alpha)) == 1


async def test_many_who_bring_the_same_bytes_at_once_get_the_same_file(alpha: TestInstance) -> None:
    content = os.urandom(600_000)
    blobs = [blob for blob, _ in await asyncio.gather(*(put(alpha, content) for _ in range(8)))]
    assert len({blob.id for blob in blobs}) == 1
    assert [*kept(alpha).values()] == [content]


async def test_a_file_is_swept_once_nothing_has_used_it_for_a_day(alpha: TestInstance) -> None:
    blob, url = await put(alpha)
    with alpha.inside():
        for _ in range(2):
            await hold(blob.id)
        await release(blob.id)
        await age(blob)
        await sweep_unused_files()
        assert (await Blob.get(id=blob.id)).unused_since is not None
        await Blob.filter(id=blob.id).update(unused_since=None)
        await release(blob.id)
        await sweep_unused_files()
        assert (await alpha.anon.page(url)).status_code == 200
        await age(blob)
        await sweep_unused_files()
        assert await Blob.all().count() == 0
    assert (await alpha.anon.page(url)).status_code == 404 and not kept(alpha)


async def test_bringing_a_file_that_waits_to_be_swept_keeps_it(alpha: TestInstance) -> None:
    blob, url = await put(alpha)
    with alpha.inside():
        await age(blob)
        await put(alpha)
        await sweep_unused_files()
    assert (await alpha.anon.page(url)).status_code == 200


async def test_a_reference_that_is_taken_back_counts_for_nothing(alpha: TestInstance) -> None:
    blob, _ = await put(alpha)
    with alpha.inside():
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await hold(blob.id)
                _ = 1 // 0
        assert (await Blob.get(id=blob.id)).references_count == 0


async def test_a_look_at_the_files_finds_what_is_lost_damaged_or_astray(alpha: TestInstance) -> None:
    (lost, _), (hurt, _), (cut, _) = [await put(alpha, word) for word in (b"lost", b"hurt", b"cut")]
    lose(alpha, f"{lost.digest}.webp")
    keep(alpha, f"{hurt.digest}.webp", b"Hurt")
    keep(alpha, f"{cut.digest}.webp", b"c")
    stray, fresh = f"{'0' * 64}.webp", f"{'1' * 64}.webp"
    keep(alpha, stray, b"nobody's", days_ago=2)
    keep(alpha, fresh, b"under way")
    storage: Storage = alpha.instance.storage
    with alpha.inside():
        quick, deep = await storage.check(), await storage.check(deep=True)
        assert ([*quick.missing], [*quick.damaged]) == ([f"{lost.digest}.webp"], [f"{cut.digest}.webp"])
        assert set(deep.damaged) == {f"{hurt.digest}.webp", f"{cut.digest}.webp"}
        assert quick.stray == [stray]
        assert await storage.prune_strays() == [stray]
    assert stray not in kept(alpha) and fresh in kept(alpha)
