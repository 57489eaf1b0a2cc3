"""The pictures somebody shows of themselves: made small, kept, told to other servers, and taken away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from core.accounts.audit import Doer, record_act
from core.accounts.profile import changed
from core.database import after_commit, execute, new_id, now, rows, transaction
from core.entries import Act
from core.errors import Invalid, NotFound
from core.instance import here
from core.models import Actor
from core.permissions import require_allowed
from core.storage.models import Blob, RefusedContent
from core.storage.pictures import Crop, Made, Wanted
from core.storage.service import hold, lock, release

ALT_AT_MOST = 1500
# How large each is shown at most; its name is also that of the column that has its address.
SIZES: Mapping[str, tuple[int, int]] = {"avatar": (400, 400), "cover": (1500, 500)}
# Beside each lies the same picture as JPEG: there are peers that take no WebP.
_FOR_PEERS = {role: f"{role}.jpg" for role in SIZES}
_TYPES = dict.fromkeys(SIZES, "image/webp") | dict.fromkeys(_FOR_PEERS.values(), "image/jpeg")


@dataclass(frozen=True)
class Shown:
    """A picture of a profile: where it is, its media type, and what is to be seen on it, in words."""

    url: str
    media_type: str
    alt: str


async def set_picture(
    actor: Actor, role: str, content: bytes, *, crop: Crop | None = None, alt: str = "", name: str = "image"
) -> Actor:
    """Show a new picture as "avatar" or "cover", cut to `crop` or to its middle.

    Raises UnsupportedMediaType, Invalid naming `name` or "alt", Unavailable: as Pictures.made; Forbidden where a plugin
    says so. Not to be called inside a transaction.
    """
    await require_allowed(actor, "edit", actor)
    _check_alt(alt)
    wanted = [
        Wanted(_TYPES[part], *SIZES[role], quality=82 if part == role else 88) for part in (role, _FOR_PEERS[role])
    ]
    made = await here().pictures.made(content, wanted, crop, name=name)
    blobs = [await here().storage.put(one.content, one.media_type) for one in made]
    digests = [hashlib.sha256(content).hexdigest(), *(blob.digest for blob in blobs)]
    if await RefusedContent.exists(digest__in=digests):
        raise Invalid({name: "This picture may not be shown here."})
    async with transaction():
        await execute("UPDATE core_actor SET version = version + 1 WHERE id = $1", actor.id)  # others wait from here on
        shown = await rows("SELECT blob_id FROM core_profile_picture WHERE actor_id = $1", actor.id)
        await lock(*(one["blob_id"] for one in shown), *(blob.id for blob in blobs))
        for part, blob, one in zip((role, _FOR_PEERS[role]), blobs, made, strict=True):
            await _drop(actor.id, part)
            await _add(actor.id, part, blob, one, alt)
        return await _tell(actor.id, role, here().storage.url(blobs[0]))


async def describe_picture(actor: Actor, role: str, alt: str) -> Actor:
    """Say in other words what is to be seen on a picture. Raises NotFound where there is none, Invalid."""
    await require_allowed(actor, "edit", actor)
    _check_alt(alt)
    async with transaction():
        touched = await execute(
            "UPDATE core_profile_picture SET alt = $1 WHERE actor_id = $2 AND role IN ($3, $4)",
            alt.strip(),
            actor.id,
            role,
            _FOR_PEERS[role],
        )
        if not touched:
            raise NotFound("There is no picture yet.")
        await execute("UPDATE core_actor SET version = version + 1 WHERE id = $1", actor.id)
        return await _tell(actor.id, role, None)


async def remove_picture(actor: Actor, role: str, *, by: Doer | None = None) -> Actor:
    """Show no picture any more; nothing happens where there is none. `by` is who does it where that is not the person.

    Raises Forbidden, NotFound for people of other servers.
    """
    await require_allowed(by.actor if by else actor, "edit", actor, "This is somebody else's picture.")
    if not actor.is_local:
        raise NotFound("There is no such person here.")
    async with transaction():
        await execute("UPDATE core_actor SET version = version + 1 WHERE id = $1", actor.id)
        shown = await rows("SELECT blob_id FROM core_profile_picture WHERE actor_id = $1", actor.id)
        await lock(*(one["blob_id"] for one in shown))
        gone = [await _drop(actor.id, part) for part in (role, _FOR_PEERS[role])]
        if not any(gone):
            return await Actor.get(id=actor.id)
        if by and by.actor.id != actor.id:
            await record_act("picture_removed", actor.id, by, role=role)
        return await _tell(actor.id, role, "")


async def drop_pictures(actor_id: str) -> None:
    """Let go of all pictures of somebody who leaves, in the transaction in which they do."""
    shown = await rows("SELECT blob_id, role FROM core_profile_picture WHERE actor_id = $1", actor_id)
    await lock(*(one["blob_id"] for one in shown))
    for one in shown:
        await _drop(actor_id, one["role"])


async def shown_pictures(actor: Actor, *, for_peers: bool = False) -> dict[str, Shown]:
    """The pictures of somebody here, by role; `for_peers` has those that every server can read."""
    if not (actor.avatar_url or actor.cover_url) or not actor.is_local:
        return {}
    found = await rows(
        "SELECT p.role, p.alt, b.digest, b.media_type FROM core_profile_picture p JOIN core_blob b ON b.id = p.blob_id"
        " WHERE p.actor_id = $1",
        actor.id,
    )
    storage = here().storage
    by_role = {
        one["role"]: Shown(
            storage.url(Blob(digest=one["digest"], media_type=one["media_type"])), one["media_type"], one["alt"]
        )
        for one in found
    }
    return {role: by_role[kept] for role in SIZES if (kept := _FOR_PEERS[role] if for_peers else role) in by_role}


def _check_alt(alt: str) -> None:
    if len(alt) > ALT_AT_MOST:
        raise Invalid({"alt": f"This is too long: at most {ALT_AT_MOST} characters."})


async def _add(actor_id: str, role: str, blob: Blob, made: Made, alt: str) -> None:
    await execute(
        "INSERT INTO core_profile_picture (id, actor_id, role, blob_id, width, height, alt, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new_id(),
        actor_id,
        role,
        blob.id,
        made.width,
        made.height,
        alt.strip(),
        now(),
    )
    await hold(blob.id)


async def _drop(actor_id: str, role: str) -> bool:
    gone = await rows(
        "DELETE FROM core_profile_picture WHERE actor_id = $1 AND role = $2 RETURNING blob_id", actor_id, role
    )
    for one in gone:
        await release(one["blob_id"])
    return bool(gone)


async def _tell(actor_id: str, role: str, url: str | None) -> Actor:
    """Note where the picture is, and have everybody told who shows it."""
    actor = await Actor.get(id=actor_id)
    if url is not None:
        setattr(actor, f"{role}_url", url)
        await actor.save(update_fields=[f"{role}_url"])
    await here().hooks.outgoing(act=Act("update_actor", actor))
    after_commit(lambda: changed(actor))
    after_commit(lambda: here().hooks.actor_updated(actor=actor))
    return actor
