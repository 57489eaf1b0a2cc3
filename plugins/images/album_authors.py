"""Who puts pictures into an album besides its owner: asked, accepting, leaving."""

from __future__ import annotations

from core.actors import are_apart
from core.audience import viewer_of
from core.database import execute, is_id, new_id, now, transaction, value
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import ACCEPTED, Actor
from plugins.images import album_acts
from plugins.images.albums import COLLECTION, album, forget_album, own_album
from plugins.images.models import Album, AlbumAuthor

AUTHORS_AT_MOST = 20


async def invite(actor: Actor, album_id: str, friend: Actor) -> None:
    """Ask a friend to put pictures into an album of one's own. Raises NotFound, Forbidden, Invalid, Conflict."""
    own = await own_album(actor, album_id)
    if own.kind == COLLECTION:
        raise Conflict("A collection is filled by whoever owns it alone; an album can have several authors.")
    is_friend = await value(
        "SELECT 1 FROM core_follow f JOIN core_follow g ON g.follower_id = f.target_id AND g.target_id = f.follower_id"
        f" AND g.state = '{ACCEPTED}' WHERE f.follower_id = $1 AND f.target_id = $2 AND f.state = '{ACCEPTED}'",
        actor.id,
        friend.id,
    )
    if not is_friend or await are_apart(actor.id, friend.id):
        raise Invalid({"userId": "Only friends can be asked: people you follow and who follow you."})
    async with transaction():
        await execute("UPDATE images_album SET title = title WHERE id = $1", own.id)
        if await AlbumAuthor.exists(album_id=own.id, actor_id=friend.id):
            raise Conflict("They were asked already.")
        if await AlbumAuthor.filter(album_id=own.id).count() >= AUTHORS_AT_MOST:
            raise Conflict(f"These are too many authors: at most {AUTHORS_AT_MOST}.")
        await AlbumAuthor.create(id=new_id(), album_id=own.id, actor_id=friend.id)
        await album_acts.tell_person("album_invite", own, actor, friend)


async def accept(actor: Actor, album_id: str) -> None:
    """Have a part in an album one was asked into. Raises NotFound, Conflict where one has it already."""
    await album(viewer_of(actor), album_id)
    asked = AlbumAuthor.filter(album_id=album_id, actor_id=actor.id, accepted_at__isnull=True)
    async with transaction():
        if await asked.update(accepted_at=now()):
            joined = await Album.get(id=album_id)
            await album_acts.tell_person("album_accept", joined, actor, await joined.owner)
            await album_acts.tell(joined)
            return
    if await AlbumAuthor.exists(album_id=album_id, actor_id=actor.id):
        raise Conflict("You are one of its authors already.")
    raise NotFound("Nobody asked you to put pictures into this album.")


async def dismiss(actor: Actor, album_id: str, author_id: str) -> None:
    """Have somebody put no more pictures in: its owner may say so, and they themselves. Raises NotFound, Forbidden.

    What they put in stays; an invitation is declined and taken back by this, too.
    """
    found = await album(viewer_of(actor), album_id)
    if actor.id not in (found["id"], author_id):
        raise Forbidden("This is somebody else's.")
    async with transaction():
        gone = await AlbumAuthor.filter(album_id=album_id, actor_id=author_id).delete() if is_id(author_id) else 0
        if not gone:
            raise NotFound("They are none of its authors.")
        left = await Album.get(id=album_id)
        if actor.id == author_id:
            await album_acts.tell_person("album_leave", left, actor, await left.owner)
        else:
            await album_acts.tell_person("album_dismiss", left, actor, await Actor.get(id=author_id))
        await forget_where_nobody_looks(left)


async def forget_where_nobody_looks(left: Album) -> None:
    """Forget an album of another server that is not for everybody, once nobody here has a part in it."""
    if left.uri and left.privacy != "public" and not await AlbumAuthor.exists(album_id=left.id):
        await forget_album(left.id)
