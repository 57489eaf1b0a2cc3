"""What stands in albums and collections: putting in, taking out, and the order."""

from __future__ import annotations

from collections.abc import Sequence

from core.audience import OPEN, may_see, viewer_of, visible_sql
from core.database import HIGHEST_ID, is_id, new_id, one_at_a_time, row, rows, transaction
from core.entries import visible_entry
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import Actor, Attachment, Entry
from core.present import PAGE_COLUMNS
from plugins.images import album_acts
from plugins.images.albums import COLLECTION, Row, album, create, own_album, part_of
from plugins.images.models import Album, AlbumImage, AlbumRefusal
from plugins.images.service import KIND

IMAGES_AT_MOST = 1000


async def add(actor: Actor, album_id: str, post_id: str) -> None:
    """Put a picture into an album, or a post with pictures into a collection: one's own, or one for everybody.

    Raises NotFound, Forbidden, Invalid for what does not belong there and whose author does not want that, Conflict.
    """
    viewer = viewer_of(actor)
    found = await album(viewer, album_id)
    if await part_of(actor, found) not in ("owner", "author"):
        raise Forbidden("This is somebody else's.")
    entry = await visible_entry(viewer, post_id)
    if found["album_uri"] and (entry.visibility not in OPEN or entry.local_only):
        raise Invalid({"postId": "This album is on another server: only what everybody may see can be put into it."})
    async with transaction():
        changed = await Album.get(id=album_id)
        await put_in(actor, changed, entry)
        await album_acts.tell_moved("album_add", actor, changed, entry)


async def begin_with(actor: Actor, post_id: str, title: str, *, description: str = "", privacy: str = "public") -> str:
    """Begin a collection with a post in it, or none at all; its id. Raises as `create` and `add` do."""
    async with transaction():
        album_id = await create(actor, title, description=description, privacy=privacy, kind=COLLECTION)
        await add(actor, album_id, post_id)
    return album_id


async def put_in(actor: Actor, changed: Album, entry: Entry) -> None:
    """The same in the running transaction, of what the actor may see; nobody is told. Raises Invalid, Conflict."""
    await alone_with(changed.id)
    await _require_fit(actor, changed, entry)
    if await AlbumImage.exists(album_id=changed.id, entry_id=entry.id):
        raise Conflict(f"It is in this {changed.kind} already.")
    if await AlbumImage.filter(album_id=changed.id).count() >= IMAGES_AT_MOST:
        raise Conflict(f"The {changed.kind} is full: at most {IMAGES_AT_MOST} pictures.")
    await AlbumImage.create(id=new_id(), album_id=changed.id, entry_id=entry.id, actor_id=actor.id)


async def alone_with(album_id: str) -> None:
    """Have whoever else puts something in or takes it out wait: so that it is counted, and what is out stays out."""
    await one_at_a_time(f"album:{album_id}")


async def _require_fit(actor: Actor, changed: Album, entry: Entry) -> None:
    """Raise Invalid for what has no place in this album or collection, or whose author wants it there no more."""
    is_own = entry.author_id == actor.id
    if changed.kind == COLLECTION:
        if not await Attachment.exists(entry_id=entry.id, type="image"):
            raise Invalid({"postId": "There is no picture in this post."})
    elif entry.kind != KIND:
        raise Invalid({"postId": "This is no picture."})
    if entry.visibility == "direct" or (not is_own and entry.visibility not in OPEN):
        raise Invalid({"postId": "Of others only what everybody may see can be put in, and no message at all."})
    refused = AlbumRefusal.filter(album_id=changed.id, entry_id=entry.id)
    if is_own:
        await refused.delete()  # they have changed their mind
        return
    author = await Actor.get(id=entry.author_id)
    if not author.is_gatherable:
        raise Invalid({"postId": f"@{author.acct} does not want their posts to be gathered."})
    if await refused.exists():
        raise Invalid({"postId": f"@{author.acct} has taken it out of here for good."})


async def take_out(actor: Actor, album_id: str, post_id: str) -> None:
    """Take a picture out: whoever owns the album may, who put it in, and whose it is. Raises NotFound, Forbidden.

    What its author takes out of what is somebody else's nobody but they can put in again.
    """
    await album(viewer_of(actor), album_id)
    inside = await AlbumImage.get_or_none(album_id=album_id, entry_id=post_id) if is_id(post_id) else None
    if inside is None:
        raise NotFound("It is not in there.")
    changed, entry = await Album.get(id=album_id), await Entry.get(id=post_id)
    if actor.id not in (changed.owner_id, entry.author_id, inside.actor_id):
        if not await may_see(viewer_of(actor), entry):
            raise NotFound("It is not in there.")
        raise Forbidden("This is somebody else's.")
    async with transaction():
        await alone_with(changed.id)
        # Not by its id: that is its place, where something else may stand since it was read.
        if not await AlbumImage.filter(album_id=changed.id, entry_id=entry.id).delete():
            raise NotFound("It is not in there.")
        if actor.id == entry.author_id and actor.id != changed.owner_id:
            await AlbumRefusal.get_or_create(album_id=changed.id, entry_id=entry.id)
        await album_acts.tell_moved("album_take_out", actor, changed, entry)


async def reorder(actor: Actor, album_id: str, post_ids: Sequence[str]) -> None:
    """Have pictures of an album of one's own come in this order, in the places they have together now.

    Raises NotFound, Forbidden, Invalid for what is not in it or named twice.
    """
    own = await own_album(actor, album_id)
    async with transaction():
        await alone_with(own.id)
        inside = {one.entry_id: one for one in await AlbumImage.filter(album_id=own.id)}
        if len(set(post_ids)) < len(post_ids) or not inside.keys() >= set(post_ids):
            raise Invalid({"postIds": f"Pictures of this {own.kind} are expected, each once."})
        moved = [inside[one] for one in post_ids]
        places = sorted((one.id for one in moved), reverse=True)
        await AlbumImage.filter(id__in=places).delete()
        await AlbumImage.bulk_create(
            AlbumImage(id=place, album_id=own.id, entry_id=one.entry_id, actor_id=one.actor_id)
            for place, one in zip(places, moved, strict=True)
        )
        await album_acts.tell_soon(own)


async def move(actor: Actor, album_id: str, post_id: str, *, earlier: bool) -> None:
    """Have a picture change places with the one that its owner sees before or after it; at an end it stays.

    Raises as `reorder` does.
    """
    await own_album(actor, album_id)
    moved = await AlbumImage.get_or_none(album_id=album_id, entry_id=post_id) if is_id(post_id) else None
    if moved is None:
        raise NotFound("It is not in there.")
    beside, order = ("n.id > $3", "n.id") if earlier else ("n.id < $3", "n.id DESC")
    other = await row(
        f"SELECT n.entry_id {_TAKEABLE} AND {visible_sql(viewer_of(actor), 1)} AND {beside} ORDER BY {order} LIMIT 1",
        actor.id,
        album_id,
        moved.id,
    )
    if other is not None:
        pair = [moved.entry_id, str(other["entry_id"])]
        await reorder(actor, album_id, pair if earlier else pair[::-1])


_TAKEABLE = (
    "FROM images_album_image n JOIN core_entry e ON e.id = n.entry_id JOIN core_actor a ON a.id = e.author_id"
    " WHERE n.album_id = $2"
)


async def takeable(actor: Actor, found: Row, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the pictures in an album that somebody may take out of it, in their order."""
    theirs = "" if found["id"] == actor.id else " AND (n.actor_id = $1 OR e.author_id = $1)"
    return await rows(
        f"SELECT {PAGE_COLUMNS}, n.id AS position {_TAKEABLE} AND n.id < $3"
        f" AND {visible_sql(viewer_of(actor), 1)}{theirs} ORDER BY n.id DESC LIMIT $4",
        actor.id,
        found["album_id"],
        before or HIGHEST_ID,
        limit + 1,
    )
