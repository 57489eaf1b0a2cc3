"""Keeping files: put once by what they hold, kept as long as something refers to them, swept some time after."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from core.database import execute, new_id, now, one_of, row, rows, transaction, value
from core.instance import here
from core.storage.backends import PIECE, SUFFIXES, TYPES, Backend, LocalFolder
from core.storage.models import Blob
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{3,4}")
SWEPT_AT_ONCE = 100
UNKNOWN = "bin"  # what ends the names of files of other types than those that are shown


@dataclass
class Findings:
    """What a look at all files came to: names without bytes, of another size or another content, and strays."""

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)


class Storage:
    """The files of one instance; `unused_hours` is how long one stays that nothing refers to."""

    def __init__(self, backend: Backend, *, base_url: str, unused_hours: float) -> None:
        self.backend = backend
        self._base_url = base_url
        self._unused = timedelta(hours=unused_hours)

    async def put(self, content: bytes | Path, media_type: str) -> Blob:
        """Keep bytes, or those of a file, and return what stands for them; they go again unless `hold` is called soon.

        Better called outside a transaction: writing takes as long as the disk does.
        """
        digest, size = await asyncio.to_thread(_digest, content)
        # The row comes first: from here on the bytes are not swept, so that what lies there already may be relied on.
        await execute(
            "INSERT INTO core_blob (id, digest, size, media_type, references_count, created_at, unused_since)"
            " VALUES ($1, $2, $3, $4, 0, $5, $5) ON CONFLICT (digest) DO UPDATE SET unused_since ="
            " CASE WHEN core_blob.references_count > 0 THEN NULL ELSE excluded.unused_since END",
            new_id(),
            digest,
            size,
            media_type,
            now(),
        )
        blob = await Blob.get(digest=digest)
        await self.backend.put(name_of(blob), content)
        return blob

    def read(self, blob: Blob) -> AsyncIterator[bytes]:
        """The bytes, piece by piece. Raises FileNotFoundError where they are lost."""
        return self.backend.read(name_of(blob))

    def read_version(self, version: Mapping[str, Any]) -> AsyncIterator[bytes]:
        """The bytes of a version of a file, as File.versions has it. Raises FileNotFoundError where they are lost."""
        return self.backend.read(_name(version["digest"], version["type"]))

    def url(self, blob: Blob) -> str:
        """The absolute address at which everybody may fetch the bytes."""
        return self.address(blob.digest, blob.media_type)

    def address(self, digest: str, media_type: str) -> str:
        """The absolute address of the bytes with this SHA-256 and type."""
        address = self.backend.url(_name(digest, media_type))
        return self._base_url + address if address.startswith("/") else address

    async def size(self, name: str) -> int | None:
        """How many bytes a file has that is given away; None where there is none, or it was taken away for good.

        A bucket is not asked for that: what is noted of the file costs less, and is there when the bucket is not.
        """
        if isinstance(self.backend, LocalFolder):
            return await self.backend.size(name)
        digest = name.partition(".")[0]
        found = await row(
            "SELECT size, media_type FROM core_blob WHERE digest = $1 AND (unused_since IS NULL OR unused_since > $2)",
            digest,
            _LONG_AGO,
        )
        return int(found["size"]) if found and _name(digest, found["media_type"]) == name else None

    async def sweep(self) -> int:
        """Delete what nothing has referred to for long enough; returns how many files that were."""
        swept = 0
        while unused := await rows(
            "SELECT id FROM core_blob WHERE unused_since < $1 ORDER BY unused_since LIMIT $2",
            now() - self._unused,
            SWEPT_AT_ONCE,
        ):
            gone = sum([await self._sweep_one(found["id"]) for found in unused])
            swept += gone
            if not gone:
                break
        return swept

    async def count_unused(self) -> int:
        """How many files the next sweep would delete."""
        return int(await value("SELECT COUNT(*) FROM core_blob WHERE unused_since < $1", now() - self._unused) or 0)

    async def _sweep_one(self, blob_id: str) -> bool:
        async with transaction():
            gone = await rows(
                "DELETE FROM core_blob WHERE id = $1 AND references_count = 0 AND unused_since < $2"
                " RETURNING digest, media_type",
                blob_id,
                now() - self._unused,
            )
            # Inside, so that whoever puts the same bytes meanwhile waits, and then writes them anew.
            for blob in gone:
                await self.backend.delete(_name(blob["digest"], blob["media_type"]))
        return bool(gone)

    async def check(self, *, deep: bool = False) -> Findings:
        """Compare what should be there with what is; `deep` reads every byte."""
        findings, last = Findings(), ""
        while found := await Blob.filter(digest__gt=last).order_by("digest").limit(500):
            last = found[-1].digest
            for blob in found:
                findings.checked += 1
                size = await self.backend.size(name_of(blob))
                if size is None:
                    findings.missing.append(name_of(blob))
                elif size != blob.size or (deep and await self._read_digest(blob) != blob.digest):
                    findings.damaged.append(name_of(blob))
        findings.stray = [name async for name in self._strays()]
        return findings

    async def _read_digest(self, blob: Blob) -> str:
        seen = hashlib.sha256()
        async for piece in self.read(blob):
            seen.update(piece)
        return seen.hexdigest()

    async def _strays(self) -> AsyncIterator[str]:
        """Names of bytes that no row knows, put long enough ago not to be just under way.

        What is called otherwise than files of ours is not ours, and none of our business.
        """
        async for name in self.backend.names(older_than=self._unused.total_seconds()):
            if _is_ours(name) and not await Blob.exists(digest=name.partition(".")[0]):
                yield name

    async def prune_strays(self, *, dry_run: bool = False) -> list[str]:
        """Delete bytes that no row knows; returns their names."""
        strays = [name async for name in self._strays()]
        return strays if dry_run else [name for name in strays if await self._delete_stray(name)]

    async def end_unfinished(self, *, dry_run: bool = False) -> int:
        """End uploads to a bucket that were begun too long ago to be under way still; how many there were.

        Only those of files of ours. A folder sees to its own; where settings have no keys the store has to, by a rule.
        Raises Unavailable.
        """
        unfinished = getattr(self.backend, "unfinished", None)
        if unfinished is None or not unfinished.is_possible:
            return 0
        old = [one async for one in unfinished.begun_before(now() - self._unused) if _is_ours(one.name)]
        for one in () if dry_run else old:
            await unfinished.end(one)
        return len(old)

    async def _delete_stray(self, name: str) -> bool:
        """Take it in as something unused and sweep it: so whoever puts the same bytes meanwhile does not lose them."""
        digest, _, suffix = name.partition(".")
        await execute(
            "INSERT INTO core_blob (id, digest, size, media_type, references_count, created_at, unused_since)"
            " VALUES ($1, $2, 0, $3, 0, $4, $5) ON CONFLICT (digest) DO NOTHING",
            new_id(),
            digest,
            TYPES.get(suffix, "application/octet-stream"),
            now(),
            _LONG_AGO,
        )
        found = await Blob.get_or_none(digest=digest)
        return found is not None and name_of(found) == name and await self._sweep_one(found.id)


async def lock(*blob_ids: str) -> None:
    """Have everybody else wait who counts what refers to these files, until the running transaction ends.

    To be called first where several are counted: all lock in one order, so that no two wait for each other.
    """
    for blob_id in sorted(set(blob_ids)):
        await execute("UPDATE core_blob SET references_count = references_count WHERE id = $1", blob_id)


async def hold(blob_id: str) -> None:
    """Count one more thing that refers to a file, in the transaction that writes the reference."""
    await execute(
        "UPDATE core_blob SET references_count = references_count + 1, unused_since = NULL WHERE id = $1", blob_id
    )


async def release(blob_id: str) -> None:
    """Count one thing less that refers to a file, in the transaction that takes the reference away."""
    await execute(
        "UPDATE core_blob SET references_count = references_count - 1,"
        " unused_since = CASE WHEN references_count <= 1 THEN $2 ELSE unused_since END WHERE id = $1",
        blob_id,
        now(),
    )


async def withdraw(blob_id: str) -> None:
    """As `release`, but for what was taken away: if nothing else refers to it, the next sweep deletes it at once."""
    await execute(
        "UPDATE core_blob SET references_count = references_count - 1,"
        " unused_since = CASE WHEN references_count <= 1 THEN $2 ELSE unused_since END WHERE id = $1",
        blob_id,
        _LONG_AGO,
    )


async def forget_at_once(digests: list[str]) -> None:
    """Have the next sweep delete what has these digests, as far as nothing refers to it any more."""
    await execute(
        f"UPDATE core_blob SET unused_since = $1 WHERE references_count = 0 AND digest {one_of(2, 'text')}",
        _LONG_AGO,
        digests,
    )


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def sweep_unused_files() -> None:
    """Delete files that nothing has referred to for long enough."""
    if swept := await here().storage.sweep():
        log.info("files_swept", count=swept)


def name_of(blob: Blob) -> str:
    """What a file is called in the back end and at the end of its address."""
    return _name(blob.digest, blob.media_type)


def _is_ours(name: str) -> bool:
    suffix = name.partition(".")[2]
    return bool(NAME.fullmatch(name)) and (suffix in TYPES or suffix == UNKNOWN)


def _name(digest: str, media_type: str) -> str:
    return f"{digest}.{SUFFIXES.get(media_type, UNKNOWN)}"


def _digest(content: bytes | Path) -> tuple[str, int]:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    seen, size = hashlib.sha256(), 0
    with open(content, "rb") as file:
        while piece := file.read(PIECE):
            seen.update(piece)
            size += len(piece)
    return seen.hexdigest(), size
