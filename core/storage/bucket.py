"""Files in a bucket of a store that speaks S3: Amazon's, Garage, MinIO, Ceph, Backblaze, Hetzner and others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from core.errors import Unavailable
from core.settings import Storage as Settings
from core.storage.backends import PIECE, TYPES
from core.storage.unfinished import Unfinished

log = structlog.get_logger(__name__)
LINK_SECONDS = 3600
PART = 5 * 1024 * 1024  # what goes up or waits at once; S3 takes no smaller parts
PARTS_AT_ONCE = 2
PUT_SECONDS = 600.0  # for a film, by a slow line
ANSWER_SECONDS = 15.0  # for anything else, and for each piece of what is read: people wait for it


class Bucket:
    """Files in a bucket, each under its name; `link` is given where settings say that the store answers itself.

    Every call raises Unavailable where the store does not answer or refuses us.
    """

    def __init__(self, settings: Settings) -> None:
        self._signed = settings.addresses == "signed"
        self._public_url = settings.public_url.rstrip("/")
        self.unfinished = Unfinished(settings)
        self._store = S3Store(
            settings.bucket,
            config={
                "region": settings.region,
                "virtual_hosted_style_request": not settings.endpoint,
                **({"endpoint": settings.endpoint.rstrip("/")} if settings.endpoint else {}),
                **({"access_key_id": settings.access_key} if settings.access_key else {}),
                **({"secret_access_key": settings.secret_key} if settings.secret_key else {}),
            },
            client_options={
                "allow_http": settings.endpoint.startswith("http://"),
                "timeout": timedelta(minutes=5),
                "connect_timeout": timedelta(seconds=5),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

    async def put(self, name: str, content: bytes | Path) -> None:
        if await self.size(name) is not None:
            return
        async with _reached(PUT_SECONDS):
            await obstore.put_async(
                self._store,
                name,
                content,
                attributes=_attributes(name),
                chunk_size=PART,
                max_concurrency=PARTS_AT_ONCE,
            )

    async def size(self, name: str) -> int | None:
        async with _reached():
            try:
                return int((await obstore.head_async(self._store, name))["size"])
            except FileNotFoundError:
                return None

    async def read(self, name: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        if length == 0:
            return
        async with _reached():
            if length is not None:
                answer = await obstore.get_async(self._store, name, options={"range": (start, start + length)})
            elif start:
                answer = await obstore.get_async(self._store, name, options={"range": {"offset": start}})
            else:
                answer = await obstore.get_async(self._store, name)
            pieces = answer.stream(min_chunk_size=PIECE)
        while True:
            async with _reached():
                try:
                    piece = bytes(await anext(pieces))
                except StopAsyncIteration:
                    return
            yield piece

    async def delete(self, name: str) -> None:
        async with _reached():
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._store, name)

    async def names(self, older_than: float = 0) -> AsyncIterator[str]:
        put_before = datetime.now(UTC) - timedelta(seconds=older_than)
        listed = obstore.list(self._store)
        while True:
            async with _reached():
                try:
                    batch = await anext(listed)
                except StopAsyncIteration:
                    return
            for one in batch:
                if one["last_modified"] <= put_before:
                    yield one["path"]

    def url(self, name: str) -> str:
        return f"{self._public_url}/{name}" if self._public_url else f"/files/{name}"

    async def link(self, name: str) -> str | None:
        if not self._signed:
            return None
        async with _reached():
            return await obstore.sign_async(self._store, "GET", name, timedelta(seconds=LINK_SECONDS))


@asynccontextmanager
async def _reached(seconds: float = ANSWER_SECONDS) -> AsyncIterator[None]:
    """What the store says in its own words is for the log, and only its kind: answers name keys and buckets."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (BaseError, TimeoutError) as error:
        log.warning("bucket_failed", reason=type(error).__name__)
        raise Unavailable(30, "Files cannot be reached at the moment. Please try again soon.") from error


def _attributes(name: str) -> dict[str, str]:
    """What the store says of a file to whoever asks it: as our own door does."""
    media_type = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return {
        "Content-Type": media_type,
        "Content-Disposition": "inline" if media_type.startswith("image/") else "attachment",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
