"""Albums from other servers, and what their people do to ours: only an owner says what is in an album."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core.audience import OPEN, viewer_of, visible_sql
from core.database import execute, is_id, new_id, now, one_of, rows
from core.entries import by_uri
from core.errors import NotFound, Rejected
from core.html import plain, without_controls
from core.instance import here
from core.models import ACCEPTED, Actor
from core.reading.values import as_list, id_of, is_public
from plugins.images import album_acts, album_items, albums
from plugins.images.album_authors import forget_where_nobody_looks
from plugins.images.models import Album, AlbumAuthor, AlbumImage
from plugins.images.service import KIND

UNKNOWN = "unknown"
FETCHED_AT_ONCE = 20  # pictures nobody here has seen yet, for one activity
_LONGEST_URI = 2048


# -- Albums of other servers ---------------------------------------------------
async def receive_update(incoming: Any) -> str | None:
    """An album of another server as its owner says it is now."""
    document = incoming.activity.object
    if not isinstance(document, Mapping):
        return UNKNOWN
    known = await _said_by_owner(incoming, document)
    is_open = any(is_public(one) for one in as_list(document.get("to")))
    if known is None and not (is_open and await incoming.is_heard()):
        return "Nobody here has a part in this album, or follows its owner."
    if known is not None and not is_open and not await AlbumAuthor.exists(album_id=known.id):
        await albums.forget_album(known.id)
        return None
    if "orderedItems" not in document:  # it is withdrawn from those who have no part in it
        if known is not None and known.privacy == "public":
            await Album.filter(id=known.id).update(privacy="private")
        return None
    uris = _uris(document["orderedItems"])
    seen = {one["uri"] for one in await rows(f"SELECT uri FROM core_entry WHERE uri {one_of(1, 'text')}", uris)}
    await incoming.look_at([uri for uri in uris if uri not in seen][:FETCHED_AT_ONCE])
    album = known or await _begun(incoming.actor, document)
    _name(album, document)
    album.privacy = "public" if is_open else "private"
    await album.save()
    await _fill(album, incoming.actor, uris)
    return None


async def _said_by_owner(incoming: Any, document: Mapping[str, Any]) -> Album | None:
    """The album that is known under this id. Raises Rejected where the sender is not whose it is."""
    incoming.must_own(id_of(document.get("attributedTo")))
    uri = id_of(document)
    if len(uri) > _LONGEST_URI or not incoming.is_of_sender(uri):
        raise Rejected("The album is not of its owner's server.")
    known = await Album.get_or_none(uri=uri)
    if known is not None and known.owner_id != incoming.actor.id:
        raise Rejected("This is somebody else's.")
    return known


async def _begun(owner: Actor, document: Mapping[str, Any]) -> Album:
    if await Album.filter(owner_id=owner.id, kind=_kind(document)).count() >= albums.ALBUMS_AT_MOST:
        raise Rejected("These are too many albums.")
    return Album(id=new_id(), owner_id=owner.id, uri=id_of(document), kind=_kind(document))


def _kind(document: Mapping[str, Any]) -> str:
    """What others publish without saying what it is holds posts of any kind."""
    return albums.COLLECTION if document.get("gathers") == "posts" else albums.ALBUM


def _name(album: Album, document: Mapping[str, Any]) -> None:
    title, said = document.get("name"), document.get("summary")
    title = " ".join(without_controls(title).split()) if isinstance(title, str) else ""
    album.title = title[: albums.TITLE_AT_MOST] or "…"
    album.description = (plain(said) if isinstance(said, str) else "")[: albums.DESCRIPTION_AT_MOST]


def _uris(told: object) -> list[str]:
    found = [id_of(one) for one in as_list(told)[: album_items.IMAGES_AT_MOST]]
    return list(dict.fromkeys(one for one in found if 0 < len(one) <= _LONGEST_URI))


async def _fill(album: Album, owner: Actor, uris: Sequence[str]) -> None:
    """Have in it what is said to be: pictures that everybody may see, or that whoever has a part in it made.

    What its author here has taken out stays out, whatever is said.
    """
    await album_items.alone_with(album.id)
    is_author = (
        "(e.author_id = $1 OR EXISTS (SELECT 1 FROM images_album_author w WHERE w.album_id = $2"
        " AND w.actor_id = e.author_id AND w.accepted_at IS NOT NULL))"
    )
    fits = "x.type = 'image'" if album.kind == albums.COLLECTION else f"e.kind = '{KIND}'"
    found = await rows(
        f"SELECT e.id, e.uri, CASE WHEN {is_author} THEN e.author_id END AS own_id"
        " FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.uri {one_of(3, 'text')} AND (e.visibility {one_of(4, 'text')} OR {is_author})"
        f" AND EXISTS (SELECT 1 FROM core_attachment x WHERE x.entry_id = e.id AND {fits})"
        " AND NOT EXISTS (SELECT 1 FROM images_album_refusal z WHERE z.album_id = $2 AND z.entry_id = e.id)"
        f" AND {visible_sql(viewer_of(owner), 1)}",
        owner.id,
        album.id,
        list(uris),
        list(OPEN),
    )
    by_address = {one["uri"]: str(one["id"]) for one in found}
    wanted = [by_address[uri] for uri in uris if uri in by_address]
    whose = {str(one["id"]): str(one["own_id"]) for one in found if one["own_id"]}
    inside = await AlbumImage.filter(album_id=album.id).order_by("-id")
    if [one.entry_id for one in inside] == wanted:
        return
    whose = {one.entry_id: one.actor_id for one in inside} | whose
    places = sorted((new_id() for _one in wanted), reverse=True)
    await execute("DELETE FROM images_album_image WHERE album_id = $1", album.id)
    await AlbumImage.bulk_create(
        AlbumImage(id=place, album_id=album.id, entry_id=entry_id, actor_id=whose.get(entry_id, owner.id))
        for place, entry_id in zip(places, wanted, strict=True)
    )


async def receive_delete(incoming: Any) -> str | None:
    """An album of another server is gone."""
    known = await Album.get_or_none(uri=incoming.object_id) if incoming.object_id else None
    if known is None:
        return UNKNOWN
    incoming.must_own((await known.owner).uri)
    await albums.forget_album(known.id)
    return None


async def receive_invite(incoming: Any) -> str | None:
    """A friend elsewhere asks somebody here to put pictures into an album of theirs."""
    document = incoming.document.get("target")
    person = await incoming.person_here(incoming.document.get("object"))
    if person is None or not isinstance(document, Mapping) or document.get("type") != "OrderedCollection":
        return UNKNOWN
    known = await _said_by_owner(incoming, document)
    if _kind(document) == albums.COLLECTION or not await _are_friends(person, incoming.actor):
        raise Rejected("Only friends can be asked.")
    album = known or await _begun(incoming.actor, document)
    if known is None:
        _name(album, document)
        album.privacy = "private"
        await album.save(force_create=True)
    if not await AlbumAuthor.exists(album_id=album.id, actor_id=person.id):
        await AlbumAuthor.create(id=new_id(), album_id=album.id, actor_id=person.id)
    return None


async def _are_friends(one: Actor, other: Actor) -> bool:
    found = await rows(
        f"SELECT 1 FROM core_follow f WHERE f.state = '{ACCEPTED}'"
        " AND ((f.follower_id = $1 AND f.target_id = $2) OR (f.follower_id = $2 AND f.target_id = $1))",
        one.id,
        other.id,
    )
    return len(found) == 2


# -- What people elsewhere do to albums ----------------------------------------
async def receive_accept(incoming: Any) -> str | None:
    """Somebody elsewhere accepts to put pictures into an album of somebody here."""
    album = await _ours(incoming.inner.document.get("target"))
    if album is None:
        return UNKNOWN
    asked = AlbumAuthor.filter(album_id=album.id, actor_id=incoming.actor.id, accepted_at__isnull=True)
    if not await asked.update(accepted_at=now()):
        raise Rejected("Nobody asked them.")
    await album_acts.tell(album)
    return None


async def receive_leave(incoming: Any) -> str | None:
    """Somebody elsewhere puts no more pictures in, or does not want to."""
    target = incoming.document.get("object") if incoming.type == "Leave" else incoming.inner.document.get("target")
    album = await _ours(target)
    if album is None:
        return UNKNOWN
    gone = await AlbumAuthor.filter(album_id=album.id, actor_id=incoming.actor.id).delete()
    return None if gone else "They are none of its authors."


async def receive_add(incoming: Any) -> str | None:
    """An author elsewhere puts a picture into an album of ours, which is fetched where it is not known."""
    album = await _ours(incoming.document.get("target"))
    if album is None:
        return UNKNOWN
    found = await albums.album(viewer_of(incoming.actor), album.id)
    if await albums.part_of(incoming.actor, found) != "author":
        raise Rejected("This is somebody else's.")
    entry = await incoming.entry(fetch=True)
    if entry is None:
        raise Rejected("There is no such picture.")
    await album_items.add(incoming.actor, album.id, entry.id)
    return None


async def receive_remove(incoming: Any) -> str | None:
    """Somebody elsewhere takes a picture out of an album of ours, or lets somebody here go from one of theirs."""
    target = incoming.document.get("target")
    album = await _ours(target)
    if album is not None:
        entry = await by_uri(incoming.object_id)
        if entry is None:
            raise NotFound("It is not in this album.")
        await album_items.take_out(incoming.actor, album.id, entry.id)
        return None
    known = await Album.get_or_none(uri=id_of(target)) if id_of(target) else None
    person = await incoming.person_here(incoming.document.get("object"))
    if known is None or person is None:
        return UNKNOWN
    incoming.must_own((await known.owner).uri)
    gone = await AlbumAuthor.filter(album_id=known.id, actor_id=person.id).delete()
    await forget_where_nobody_looks(known)
    return None if gone else "They are none of its authors."


async def _ours(target: object) -> Album | None:
    """The album of this server that is named."""
    album_id = id_of(target).removeprefix(here().url("/albums/"))
    return await Album.get_or_none(id=album_id, uri__isnull=True) if is_id(album_id) else None


INBOX: Mapping[str, Callable[[Any], Awaitable[str | None]]] = {
    "Update OrderedCollection": receive_update,
    "Delete Tombstone": receive_delete,
    "Invite": receive_invite,
    "Accept Invite": receive_accept,
    "Reject Invite": receive_leave,
    "Leave": receive_leave,
    "Add": receive_add,
    "Remove": receive_remove,
}
