"""Albums and collections: pictures gathered under a title, by one person or by several."""

from __future__ import annotations

from typing import Any

from core.apart import on_blocked_server
from core.audience import WANTED, Viewer, viewer_of, visible_sql
from core.database import HIGHEST_ID, LOWEST_ID, execute, is_id, new_id, one_at_a_time, row, rows, transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import ACCEPTED, Actor
from core.permissions import may, require_over
from core.present import PAGE_COLUMNS
from core.text import shown_name, without_controls
from plugins.images import album_acts
from plugins.images.models import Album, AlbumAuthor, AlbumImage

Row = dict[str, Any]
ALBUM, COLLECTION = KINDS = ("album", "collection")
PRIVACY = ("public", "followers", "friends", "private")
TITLE_AT_MOST, DESCRIPTION_AT_MOST = 100, 1000
ALBUMS_AT_MOST = 200  # of each kind
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
_FOLLOWS = (
    f"EXISTS (SELECT 1 FROM core_follow f WHERE f.follower_id = $1 AND f.target_id = o.id AND f.state = '{ACCEPTED}')"
)
# Albums somebody may see: what has $1 is read with an id that nobody has, for strangers. A block keeps
# the authors of an album out of it too.
_SEEN = (
    f"o.suspended_at IS NULL AND o.removed_at IS NULL AND (l.owner_id = $1 OR (NOT {_APART} AND (l.privacy = 'public'"
    f" OR {_OWN} OR {_ASKED} OR (l.privacy = 'followers' AND {_FOLLOWS}) OR (l.privacy = 'friends' AND {_FRIENDS}))))"
)


_INSIDE = (
    "images_album_image n JOIN images_album l ON l.id = n.album_id"
    " JOIN core_entry e ON e.id = n.entry_id JOIN core_actor a ON a.id = e.author_id"
)


def _shown(viewer: Viewer) -> str:
    """Of what is in an album: what the viewer in $1 finds there, who may not see all and has muted some."""
    return f"{album_acts.WITH_ITS_OWNER} AND {visible_sql(viewer, 1, rule=WANTED)}"


def _albums(viewer: Viewer) -> str:
    """Albums with their owners' columns and how many pictures the viewer in $1 finds in them."""
    inside = (
        "images_album_image n JOIN core_entry e ON e.id = n.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE n.album_id = l.id AND {_shown(viewer)}"
    )
    return (
        "SELECT l.id AS album_id, l.uri AS album_uri, l.kind AS album_kind,"
        " l.title, l.description, l.privacy, l.created_at AS made_at,"
        " l.id AS position, o.*,"
        f" (SELECT COUNT(*) FROM {inside}) AS images_count,"
        f" (SELECT CAST(n.entry_id AS TEXT) FROM {inside} ORDER BY n.id DESC LIMIT 1) AS cover_id"
        f" FROM images_album l JOIN core_actor o ON o.id = l.owner_id WHERE {_SEEN}"
    )


async def listed(
    viewer: Viewer, owner_id: str | None, before: str | None, limit: int, *, kind: str | None = None
) -> list[Row]:
    """One more than `limit` albums, latest first: somebody's that the viewer may see, or those they have a part in.

    `kind` is one of KINDS, where not all are wanted.
    """
    whose = "l.owner_id = $4" if owner_id else f"$4 = '' AND {_OWN}"
    return await rows(
        f"{_albums(viewer)} AND l.id < $2 AND {whose} AND ($5 = '' OR l.kind = $5) ORDER BY l.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
        owner_id or "",
        kind or "",
    )


async def having(actor: Actor, post_id: str, before: str | None, limit: int, *, of_others: bool = False) -> list[Row]:
    """One more than `limit` albums and collections that have a post, latest first.

    For whoever made the post all that they may see, or those `of_others` alone; for anybody else their own.
    """
    wanted = "e.author_id = $1 AND l.owner_id <> $1" if of_others else "(l.owner_id = $1 OR e.author_id = $1)"
    if not is_id(post_id):
        return []
    return await rows(
        f"{_albums(viewer_of(actor))} AND EXISTS (SELECT 1 FROM images_album_image h JOIN core_entry e"
        " ON e.id = h.entry_id WHERE h.album_id = l.id AND h.entry_id = $2"
        f" AND {wanted}) AND l.id < $3 ORDER BY l.id DESC LIMIT $4",
        actor.id,
        post_id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def to_gather_in(actor: Actor, post_id: str) -> list[Row]:
    """All collections of somebody's own, latest first: `album_id`, `title`, and whether a post `is_in` it."""
    return await rows(
        "SELECT l.id AS album_id, l.title, EXISTS (SELECT 1 FROM images_album_image n WHERE n.album_id = l.id"
        " AND n.entry_id = $2) AS is_in FROM images_album l WHERE l.owner_id = $1 AND l.kind = $3 ORDER BY l.id DESC",
        actor.id,
        post_id,
        COLLECTION,
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
        f"SELECT {PAGE_COLUMNS}, n.id AS position FROM {_INSIDE} WHERE n.album_id = $2 AND n.id < $3"
        f" AND {_shown(viewer)} ORDER BY n.id DESC LIMIT $4",
        viewer.parameter,
        album_id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def image(viewer: Viewer, album_id: str, post_id: str) -> Row:
    """One of the pictures in an album: also its `number`, and which comes `earlier` and `later`, for this viewer.

    Raises NotFound.
    """
    place = await AlbumImage.get_or_none(album_id=album_id, entry_id=post_id) if is_id(post_id) else None
    inside = f"FROM {_INSIDE} WHERE n.album_id = $2 AND {_shown(viewer)}"
    found = await row(
        f"SELECT {PAGE_COLUMNS}, (SELECT COUNT(*) {inside} AND n.id >= $3) AS number,"
        f" (SELECT CAST(n.entry_id AS TEXT) {inside} AND n.id > $3 ORDER BY n.id LIMIT 1) AS earlier,"
        f" (SELECT CAST(n.entry_id AS TEXT) {inside} AND n.id < $3 ORDER BY n.id DESC LIMIT 1) AS later"
        f" {inside} AND n.id = $3",
        viewer.parameter,
        album_id,
        place.id if place else LOWEST_ID,
    )
    if found is None:
        raise NotFound("It is not in this album.")
    return found


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


async def create(owner: Actor, title: str, *, description: str = "", privacy: str = "public", kind: str = ALBUM) -> str:
    """Begin an album or a collection; its id. Raises Invalid naming each wrong field, Conflict for too many."""
    title, description = checked(title, description, privacy)
    if kind not in KINDS:
        raise Invalid({"kind": f"One of {' and '.join(KINDS)} is expected."})
    made = Album(id=new_id(), owner_id=owner.id, kind=kind, title=title, description=description, privacy=privacy)
    async with transaction():
        await one_at_a_time(f"albums:{owner.id}")
        if await Album.filter(owner_id=owner.id, kind=kind).count() >= ALBUMS_AT_MOST:
            raise Conflict(f"These are too many {kind}s: at most {ALBUMS_AT_MOST}.")
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
    own.title, own.description = checked(
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
        for table in ("images_album_image", "images_album_author", "images_album_refusal"):
            await execute(f"DELETE FROM {table} WHERE album_id = $1", album_id)
        await execute("DELETE FROM images_album WHERE id = $1", album_id)


async def part_of(actor: Actor, found: Row) -> str:
    """What somebody is to an album: "owner", "author", "asked" to be one, or nothing."""
    if found["id"] == actor.id:
        return "owner"
    part = await AlbumAuthor.get_or_none(album_id=found["album_id"], actor_id=actor.id)
    return "" if part is None else "asked" if part.accepted_at is None else "author"


async def own_album(actor: Actor, album_id: str) -> Album:
    """An album of somebody's own. Raises NotFound, Forbidden."""
    found = await album(viewer_of(actor), album_id)
    if found["id"] != actor.id:
        raise Forbidden("This is somebody else's.")
    return await Album.get(id=album_id)


def checked(title: str, description: str, privacy: str) -> tuple[str, str]:
    """Title and description as they are stored. Raises Invalid naming each wrong field."""
    title, description = shown_name(title, ""), without_controls(description).strip()
    errors = {}
    if not title:
        errors["title"] = "Call it something."
    elif len(title) > TITLE_AT_MOST:
        errors["title"] = f"This is too long: at most {TITLE_AT_MOST} characters."
    if len(description) > DESCRIPTION_AT_MOST:
        errors["description"] = f"This is too long: at most {DESCRIPTION_AT_MOST} characters."
    if privacy not in PRIVACY:
        errors["privacy"] = f"One of {', '.join(PRIVACY)} is expected."
    if errors:
        raise Invalid(errors)
    return title, description
