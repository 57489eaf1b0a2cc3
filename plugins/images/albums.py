"""Albums: pictures gathered under a title, by one person or by several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.apart import on_blocked_server
from core.audience import OPEN, Viewer, viewer_of, visible_sql
from core.database import HIGHEST_ID, execute, is_id, new_id, one_at_a_time, row, rows, transaction
from core.entries import visible_entry
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.html import without_controls
from core.models import ACCEPTED, Actor, Entry
from core.permissions import may, require_over
from core.present import PAGE_COLUMNS
from plugins.images import album_acts
from plugins.images.models import Album, AlbumAuthor, AlbumImage
from plugins.images.service import KIND

Row = dict[str, Any]
PRIVACY = ("public", "friends", "private")
TITLE_AT_MOST, DESCRIPTION_AT_MOST = 100, 1000
ALBUMS_AT_MOST, IMAGES_AT_MOST = 200, 1000
INVITATIONS_SHOWN = 50

# Whether whoever is in $1 was asked to put pictures into an album `l`, or has a part in it.
_AUTHOR = "SELECT 1 FROM images_album_author w WHERE w.album_id = l.id AND w.actor_id = $1"
_ASKED = f"EXISTS ({_AUTHOR} AND w.accepted_at IS NULL)"
_OWN = f"(l.owner_id = $1 OR EXISTS ({_AUTHOR} AND w.accepted_at IS NOT NULL))"
_APART = (
    "(EXISTS (SELECT 1 FROM core_block b WHERE (b.actor_id = o.id AND b.target_id = $1)"
    f" OR (b.actor_id = $1 AND b.target_id = o.id)) OR {on_blocked_server('$1', 'o.domain')})"
)
_FRIENDS = (
    "EXISTS (SELECT 1 FROM core_follow f JOIN core_follow g ON g.follower_id = f.target_id AND g.target_id = $1"
    f" AND g.state = '{ACCEPTED}' WHERE f.follower_id = $1 AND f.target_id = o.id AND f.state = '{ACCEPTED}')"
)
# Albums somebody may see: what has $1 is read with an id that nobody has, for strangers. A block keeps
# the authors of an album out of it too.
_SEEN = (
    f"o.suspended_at IS NULL AND o.removed_at IS NULL AND (l.owner_id = $1 OR (NOT {_APART} AND (l.privacy = 'public'"
    f" OR {_OWN} OR {_ASKED} OR (l.privacy = 'friends' AND {_FRIENDS}))))"
)


def _albums(viewer: Viewer) -> str:
    """Albums with their owners' columns and how many pictures the viewer in $1 finds in them."""
    shown = visible_sql(viewer, 1)
    inside = (
        "images_album_image n JOIN core_entry e ON e.id = n.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE n.album_id = l.id AND {album_acts.WITH_ITS_OWNER} AND {shown}"
    )
    return (
        "SELECT l.id AS album_id, l.uri AS album_uri, l.title, l.description, l.privacy, l.created_at AS made_at,"
        " l.id AS position, o.*,"
        f" (SELECT COUNT(*) FROM {inside}) AS images_count,"
        f" (SELECT CAST(n.entry_id AS TEXT) FROM {inside} ORDER BY n.id LIMIT 1) AS cover_id"
        f" FROM images_album l JOIN core_actor o ON o.id = l.owner_id WHERE {_SEEN}"
    )


async def listed(viewer: Viewer, owner_id: str | None, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` albums, latest first: somebody's that the viewer may see, or those they have a part in."""
    whose = "l.owner_id = $4" if owner_id else f"$4 = '' AND {_OWN}"
    return await rows(
        f"{_albums(viewer)} AND l.id < $2 AND {whose} ORDER BY l.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
        owner_id or "",
    )


async def album(viewer: Viewer, album_id: str) -> Row:
    """An album with its owner. Raises NotFound, also where the viewer may not see it."""
    found = await row(f"{_albums(viewer)} AND l.id = $2", viewer.parameter, album_id) if is_id(album_id) else None
    if found is None:
        raise NotFound("There is no such album.")
    return found


async def images(viewer: Viewer, album_id: str, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the pictures in an album that the viewer may see, the latest put in first."""
    return await rows(
        f"SELECT {PAGE_COLUMNS}, n.id AS position FROM images_album_image n JOIN images_album l ON l.id = n.album_id"
        " JOIN core_entry e ON e.id = n.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE n.album_id = $2 AND n.id < $3 AND {album_acts.WITH_ITS_OWNER} AND {visible_sql(viewer, 1)}"
        " ORDER BY n.id DESC LIMIT $4",
        viewer.parameter,
        album_id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def authors(album_id: str, *, asked: bool = False) -> list[Row]:
    """Who puts pictures into an album besides its owner; with `asked`, who was asked to and has not answered."""
    return await rows(
        "SELECT a.* FROM images_album_author w JOIN core_actor a ON a.id = w.actor_id WHERE w.album_id = $1"
        f" AND w.accepted_at IS {'' if asked else 'NOT '}NULL AND a.suspended_at IS NULL AND a.removed_at IS NULL"
        " ORDER BY w.id",
        album_id,
    )


async def invitations(actor: Actor) -> list[Row]:
    """The albums somebody was asked to put pictures into, and has not answered; the latest first."""
    return await rows(
        f"{_albums(viewer_of(actor))} AND {_ASKED} ORDER BY l.id DESC LIMIT $2", actor.id, INVITATIONS_SHOWN
    )


async def create(owner: Actor, title: str, *, description: str = "", privacy: str = "public") -> str:
    """Begin an album; its id. Raises Invalid naming each wrong field, Conflict for too many."""
    title, description = _checked(title, description, privacy)
    made = Album(id=new_id(), owner_id=owner.id, title=title, description=description, privacy=privacy)
    async with transaction():
        await one_at_a_time(f"albums:{owner.id}")
        if await Album.filter(owner_id=owner.id).count() >= ALBUMS_AT_MOST:
            raise Conflict(f"These are too many albums: at most {ALBUMS_AT_MOST}.")
        await made.save(force_create=True)
        await album_acts.tell(made)
    return made.id


async def change(
    actor: Actor, album_id: str, *, title: str | None, description: str | None, privacy: str | None
) -> None:
    """Say something else of an album of one's own. Raises Invalid, NotFound, Forbidden."""
    own = await own_album(actor, album_id)
    was_public = own.privacy == "public"
    own.privacy = own.privacy if privacy is None else privacy
    own.title, own.description = _checked(
        own.title if title is None else title,
        own.description if description is None else description,
        own.privacy,
    )
    async with transaction():
        await own.save(update_fields=["title", "description", "privacy"])
        await album_acts.tell(own, withdrawn=was_public and own.privacy != "public")


async def delete(actor: Actor, album_id: str) -> None:
    """Take an album away, one's own or as somebody in charge; the pictures stay. Raises NotFound, Forbidden."""
    await album(viewer_of(actor), album_id)
    gone = await Album.get(id=album_id)
    if gone.owner_id != actor.id:
        if not may(actor, "reports.manage"):
            await own_album(actor, album_id)
        await require_over(actor, "reports.manage", gone.owner_id)
    async with transaction():
        await album_acts.tell_deleted(gone)
        await forget_album(album_id)


async def forget_album(album_id: str) -> None:
    """Forget an album with what is in it, in the running transaction."""
    async with transaction():
        for table in ("images_album_image", "images_album_author"):
            await execute(f"DELETE FROM {table} WHERE album_id = $1", album_id)
        await execute("DELETE FROM images_album WHERE id = $1", album_id)


async def add(actor: Actor, album_id: str, post_id: str) -> None:
    """Put a picture into an album: one's own, or one that everybody may see. Raises NotFound, Forbidden, Conflict."""
    viewer = viewer_of(actor)
    found = await album(viewer, album_id)
    await _require_part(actor, found)
    entry = await visible_entry(viewer, post_id)
    if entry.kind != KIND:
        raise Invalid({"postId": "This is no picture."})
    if entry.author_id != actor.id and entry.visibility not in OPEN:
        raise Invalid({"postId": "Of others only what everybody may see can be put into an album."})
    if found["album_uri"] and (entry.visibility not in OPEN or entry.local_only):
        raise Invalid({"postId": "This album is on another server: only what everybody may see can be put into it."})
    async with transaction():
        # Whoever puts in something else now waits: so it is counted.
        await execute("UPDATE images_album SET title = title WHERE id = $1", album_id)
        if await AlbumImage.exists(album_id=album_id, entry_id=entry.id):
            raise Conflict("It is in this album already.")
        if await AlbumImage.filter(album_id=album_id).count() >= IMAGES_AT_MOST:
            raise Conflict(f"The album is full: at most {IMAGES_AT_MOST} pictures.")
        await AlbumImage.create(id=new_id(), album_id=album_id, entry_id=entry.id, actor_id=actor.id)
        await album_acts.tell_moved("album_add", actor, await Album.get(id=album_id), entry)


async def take_out(actor: Actor, album_id: str, post_id: str) -> None:
    """Take a picture out: whoever owns the album may, who put it in, and whose it is. Raises NotFound, Forbidden."""
    await album(viewer_of(actor), album_id)
    inside = await AlbumImage.get_or_none(album_id=album_id, entry_id=post_id) if is_id(post_id) else None
    if inside is None:
        raise NotFound("It is not in this album.")
    changed, entry = await Album.get(id=album_id), await Entry.get(id=post_id)
    if actor.id not in (changed.owner_id, entry.author_id, inside.actor_id):
        raise Forbidden("This is somebody else's.")
    async with transaction():
        await inside.delete()
        await album_acts.tell_moved("album_take_out", actor, changed, entry)


async def reorder(actor: Actor, album_id: str, post_ids: Sequence[str]) -> None:
    """Have pictures of an album of one's own come in this order, in the places they have together now.

    Raises NotFound, Forbidden, Invalid for what is not in it or named twice.
    """
    own = await own_album(actor, album_id)
    async with transaction():
        await execute("UPDATE images_album SET title = title WHERE id = $1", own.id)
        inside = {one.entry_id: one for one in await AlbumImage.filter(album_id=own.id)}
        if len(set(post_ids)) < len(post_ids) or not inside.keys() >= set(post_ids):
            raise Invalid({"postIds": "Pictures of this album are expected, each once."})
        moved = [inside[one] for one in post_ids]
        places = sorted((one.id for one in moved), reverse=True)
        await AlbumImage.filter(id__in=places).delete()
        await AlbumImage.bulk_create(
            AlbumImage(id=place, album_id=own.id, entry_id=one.entry_id, actor_id=one.actor_id)
            for place, one in zip(places, moved, strict=True)
        )
        await album_acts.tell(own)


async def move(actor: Actor, album_id: str, post_id: str, *, earlier: bool) -> None:
    """Have a picture change places with the one before or after it; at an end it stays. Raises as `reorder` does."""
    await own_album(actor, album_id)
    moved = await AlbumImage.get_or_none(album_id=album_id, entry_id=post_id) if is_id(post_id) else None
    if moved is None:
        raise NotFound("It is not in this album.")
    beside = AlbumImage.filter(album_id=album_id, **{"id__gt" if earlier else "id__lt": moved.id})
    other = await beside.order_by("id" if earlier else "-id").first()
    if other is not None:
        await reorder(
            actor, album_id, [moved.entry_id, other.entry_id] if earlier else [other.entry_id, moved.entry_id]
        )


async def part_of(actor: Actor, found: Row) -> str:
    """What somebody is to an album: "owner", "author", "asked" to be one, or nothing."""
    if found["id"] == actor.id:
        return "owner"
    part = await AlbumAuthor.get_or_none(album_id=found["album_id"], actor_id=actor.id)
    return "" if part is None else "asked" if part.accepted_at is None else "author"


async def takeable(actor: Actor, found: Row, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the pictures in an album that somebody may take out of it, in their order."""
    theirs = "" if found["id"] == actor.id else " AND (n.actor_id = $1 OR e.author_id = $1)"
    return await rows(
        f"SELECT {PAGE_COLUMNS}, n.id AS position FROM images_album_image n JOIN core_entry e ON e.id = n.entry_id"
        " JOIN core_actor a ON a.id = e.author_id"
        f" WHERE n.album_id = $2 AND n.id < $3 AND {visible_sql(viewer_of(actor), 1)}{theirs}"
        " ORDER BY n.id DESC LIMIT $4",
        actor.id,
        found["album_id"],
        before or HIGHEST_ID,
        limit + 1,
    )


async def _require_part(actor: Actor, found: Row) -> None:
    if await part_of(actor, found) not in ("owner", "author"):
        raise Forbidden("This is somebody else's.")


async def own_album(actor: Actor, album_id: str) -> Album:
    """An album of somebody's own. Raises NotFound, Forbidden."""
    found = await album(viewer_of(actor), album_id)
    if found["id"] != actor.id:
        raise Forbidden("This is somebody else's.")
    return await Album.get(id=album_id)


def _checked(title: str, description: str, privacy: str) -> tuple[str, str]:
    title, description = " ".join(without_controls(title).split()), without_controls(description).strip()
    errors = {}
    if not title:
        errors["title"] = "Call it something."
    elif len(title) > TITLE_AT_MOST:
        errors["title"] = f"This is too long: at most {TITLE_AT_MOST} characters."
    if len(description) > DESCRIPTION_AT_MOST:
        errors["description"] = f"This is too long: at most {DESCRIPTION_AT_MOST} characters."
    if privacy not in PRIVACY:
        errors["privacy"] = "One of public, friends and private is expected."
    if errors:
        raise Invalid(errors)
    return title, description


# -- What is stored about a person ---------------------------------------------
async def exported(actor_id: str) -> list[dict[str, Any]]:
    """Somebody's albums with the addresses of what is in them, to take along."""
    found: list[dict[str, Any]] = []
    for own in await Album.filter(owner_id=actor_id).order_by("id"):
        inside: Sequence[Row] = await rows(
            "SELECT e.uri FROM images_album_image n JOIN core_entry e ON e.id = n.entry_id WHERE n.album_id = $1"
            " ORDER BY n.id",
            own.id,
        )
        found.append(
            {
                "title": own.title,
                "description": own.description,
                "privacy": own.privacy,
                "images": [one["uri"] for one in inside],
            }
        )
    return found


async def erase(actor_id: str) -> None:
    """Forget somebody's albums, and what they and others have put in where."""
    own = "album_id IN (SELECT l.id FROM images_album l WHERE l.owner_id = $1)"
    by_author = "entry_id IN (SELECT i.id FROM images_image i WHERE i.author_id = $1)"
    await execute(f"DELETE FROM images_album_image WHERE actor_id = $1 OR {own} OR {by_author}", actor_id)
    await execute(f"DELETE FROM images_album_author WHERE actor_id = $1 OR {own}", actor_id)
    await execute("DELETE FROM images_album WHERE owner_id = $1", actor_id)
