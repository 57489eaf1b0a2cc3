"""Content that may not be here: taken away wherever it is shown, and refused from then on."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from core.accounts import audit
from core.accounts.audit import Doer
from core.accounts.emojis import remove_blobs, shows_blobs
from core.accounts.profile_pictures import SIZES, remove_picture
from core.attachments import remove_file
from core.database import is_id, one_of, row, rows
from core.errors import Invalid, NotFound, Unavailable
from core.file_forms import FILE_COLUMNS
from core.html import without_controls
from core.instance import here
from core.models import Actor
from core.permissions import require, require_over
from core.storage.film_fetching import mark_in
from core.storage.models import File, RefusedContent
from core.storage.service import forget_at_once, sweep_unused_files

PURGE = "files.purge"
REASON_AT_MOST = 500
ROLES_OF_POSTS = ("feed", "full")  # in which pictures of posts from elsewhere are shown
_DIGEST = re.compile(r"(?<![0-9a-z])[0-9a-f]{64}(?![0-9a-z])")


async def purge(digest: str, *, reason: str = "", by: Doer | None = None) -> dict[str, int]:
    """Take away whatever has this SHA-256, as it was uploaded or as it is shown, and refuse it from now on.

    The address of a file shown here will do for its digest. Of a file that has it every other version goes and is
    refused too. Returns how many uploads, profile pictures, small pictures of texts and pictures from elsewhere that
    were. Raises Invalid naming "digest" for what is none, Forbidden where `by` has no say over one of those who show
    it; then nothing is done.
    """
    found = _DIGEST.search(digest.strip().lower())
    if found is None:
        raise Invalid({"digest": "This is no SHA-256: 64 digits of 0-9 and a-f are expected."})
    return await _purge([found[0]], _checked(reason), by)


async def purge_file(file_id: str, *, reason: str = "", by: Doer | None = None) -> dict[str, int]:
    """As `purge`, for what hangs on an entry; of a picture from elsewhere it is what is shown of it here.

    Raises NotFound where there is no such file, Invalid naming "fileId" for one that is not shown from here.
    """
    return await _purge(await _digests_of(await shown_file(file_id)), _checked(reason), by)


async def shown_file(file_id: str) -> dict[str, Any]:
    """What hangs on an entry, or is somebody's upload: FILE_COLUMNS of it, and `owner_id`. Raises NotFound."""
    columns = (
        f"SELECT CAST(h.id AS TEXT) AS attachment_id, {FILE_COLUMNS}, f.source_digest, CAST(f.id AS TEXT) AS upload_id,"
        " CAST(a.id AS TEXT) AS owner_id FROM"
    )
    found = None
    if is_id(file_id):
        found = await row(
            f"{columns} core_file f LEFT JOIN core_attachment h ON h.file_id = f.id JOIN core_actor a"
            " ON a.id = f.owner_id WHERE f.id = $1",
            file_id,
        ) or await row(
            f"{columns} core_attachment h LEFT JOIN core_file f ON f.id = h.file_id JOIN core_entry e"
            " ON e.id = h.entry_id JOIN core_actor a ON a.id = e.author_id WHERE h.id = $1 AND h.file_id IS NULL",
            file_id,
        )
    if found is None:
        raise NotFound("There is no such file.")
    return {**found, "file_id": found["upload_id"]}  # which hangs on nothing yet, it may be


async def _digests_of(shown: dict[str, Any]) -> list[str]:
    if shown["file_id"]:
        versions = orjson.loads(shown["versions"] or b"{}")
        known = [shown["source_digest"], *(one["digest"] for one in versions.values())]
        return [one for one in known if one][:1]  # the others follow from one
    if shown["type"] in ("video", "audio"):
        found = await here().remote_films.fetched(shown["url"])
        if found is None:
            raise Invalid({"fileId": "This cannot be fetched, so there is nothing to refuse."})
        mark, path = found
        return [mark] if path is None else [mark, await asyncio.to_thread(_digest, path)]
    if shown["type"] != "image":
        raise Invalid({"fileId": "This lies on another server, and is not shown from here."})
    made = [await here().remote_pictures.fetched(shown["url"], role) for role in ROLES_OF_POSTS]
    if not any(made):
        raise Invalid({"fileId": "This picture cannot be fetched, so there is nothing to refuse."})
    return [hashlib.sha256(one).hexdigest() for one in made if one]


def _checked(reason: str) -> str:
    reason = " ".join(without_controls(reason).split())
    if len(reason) > REASON_AT_MOST:
        raise Invalid({"reason": f"This is too long: at most {REASON_AT_MOST} characters."})
    return reason


async def _purge(wanted: Sequence[str], reason: str, by: Doer | None) -> dict[str, int]:
    files = [file for digest in wanted for file in await _files_of(digest)]
    digests = {*wanted} | {one["digest"] for file in files for one in file.versions.values()}
    digests |= {file.source_digest for file in files if file.source_digest}
    pictures = await _profile_pictures(sorted(digests))
    if by:
        require(by.actor, PURGE)
        for owner_id in sorted({file.owner_id for file in files} | {actor_id for actor_id, _ in pictures}):
            if owner_id != by.actor.id:
                await require_over(by.actor, PURGE, owner_id)
        if await shows_blobs(sorted(digests)):
            require(by.actor, "emojis.manage")
    for refused in sorted(digests):  # first, so that nobody brings it back meanwhile
        await RefusedContent.get_or_create(digest=refused, defaults={"reason": reason})
    gone: Counter[str] = Counter()
    for file in files:
        await remove_file(await Actor.get(id=file.owner_id), file.id)
        gone["uploads"] += 1
    for actor_id, role in pictures:
        await remove_picture(await Actor.get(id=actor_id), role)
    gone["profilePictures"] = len(pictures)
    gone["emojis"] = await remove_blobs(sorted(digests))
    gone["fromElsewhere"], marks = await asyncio.to_thread(_cached, digests)
    for mark in sorted(marks - digests):  # by which the film is known before all of it has come
        await RefusedContent.get_or_create(digest=mark, defaults={"reason": reason})
    await forget_at_once(sorted(digests))
    where = {"by_id": by.actor.id, "address": by.address, "user_agent": by.user_agent} if by else {}
    await audit.record("content_purged", **where, digest=wanted[0], things=sum(gone.values()))
    with suppress(Unavailable):  # the next sweep deletes the bytes, which nobody is given any more
        await sweep_unused_files()
    return {name: gone[name] for name in ("uploads", "profilePictures", "emojis", "fromElsewhere")}


async def _files_of(digest: str) -> list[File]:
    found = await rows(
        "SELECT f.id FROM core_file f WHERE f.source_digest = $1 UNION SELECT v.file_id FROM core_file_version v"
        " JOIN core_blob b ON b.id = v.blob_id WHERE b.digest = $1",
        digest,
    )
    return await File.filter(id__in=[one["id"] for one in found]) if found else []


async def _profile_pictures(digests: Sequence[str]) -> list[tuple[str, str]]:
    """Whose profile pictures are these bytes, and which of them."""
    shown = await rows(
        "SELECT p.actor_id, p.role FROM core_profile_picture p JOIN core_blob b ON b.id = p.blob_id"
        f" WHERE b.digest {one_of(1, 'text')}",
        list(digests),
    )
    wanted = {(one["actor_id"], one["role"].removesuffix(".jpg")) for one in shown}
    assert all(role in SIZES for _, role in wanted)
    return sorted(wanted)


def _cached(digests: set[str]) -> tuple[int, set[str]]:
    """Delete what is kept from elsewhere and is these bytes; how many files, and the marks of the films among them."""
    gone, marks = 0, set()
    for path in here().remote_room.listed():
        mark = mark_in(path)
        with suppress(FileNotFoundError):
            if mark in digests or _digest(path) in digests:
                here().remote_room.drop(path)
                gone += 1
                marks |= {mark} if mark else set()
    return gone, marks


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
