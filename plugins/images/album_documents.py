"""Albums as other servers get them: collections of notes, attributed to their owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any

import orjson
from quart import Response

from core.audience import STRANGER, Viewer, visible_sql
from core.database import is_id, rows
from core.entries import Act, Document
from core.errors import NotFound, Unauthenticated
from core.instance import here
from core.models import Actor
from core.outbound import PUBLIC, Outbound, stamp
from plugins.images.album_acts import WITH_ITS_OWNER, authors_elsewhere
from plugins.images.albums import COLLECTION
from plugins.images.models import Album

# As core.federation writes the word at the top of activities.
CONTEXT = ["https://www.w3.org/ns/activitystreams", {"kith": "urn:kith:ns:", "gathers": "kith:gathers"}]
IMAGES_AT_MOST = 1000


def uri_of(album: Album) -> str:
    """The identity of an album on the network."""
    return album.uri or here().url(f"/albums/{album.id}")


async def album_document(album: Album, viewer: Viewer) -> Document:
    """An album of ours with the addresses of the pictures in it that this viewer may see, and that may leave."""
    found = await rows(
        "SELECT e.uri FROM images_album_image n JOIN images_album l ON l.id = n.album_id"
        " JOIN core_entry e ON e.id = n.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE n.album_id = $2 AND NOT e.local_only AND e.visibility <> 'private' AND {WITH_ITS_OWNER}"
        f" AND {visible_sql(viewer, 1)} ORDER BY n.id DESC LIMIT {IMAGES_AT_MOST}",
        viewer.parameter,
        album.id,
    )
    return {
        **await _named(album),
        "totalItems": len(found),
        "orderedItems": [one["uri"] for one in found],
    }


async def _named(album: Album) -> Document:
    owner: Actor = await album.owner
    is_open = album.privacy == "public"
    return {
        "id": uri_of(album),
        "type": "OrderedCollection",
        "attributedTo": owner.uri,
        "gathers": "posts" if album.kind == COLLECTION else "pictures",
        "name": album.title,
        "summary": escape(album.description),
        "published": stamp(album.created_at),
        "url": uri_of(album),
        "to": [PUBLIC] if is_open else [one.uri for one in await authors_elsewhere(album)],
        "cc": [owner.followers_url] if is_open else [],
    }


def wants_document(accept: str) -> bool:
    """Whether whoever asks wants no page but a document."""
    return "text/html" not in accept and any(
        one in accept for one in ("application/activity+json", "application/ld+json")
    )


async def answer(album_id: str) -> Response:
    """The document of an album that is for everybody. Raises NotFound, Unauthenticated where strangers get none."""
    album = await Album.get_or_none(id=album_id, uri__isnull=True, privacy="public") if is_id(album_id) else None
    owner = await album.owner if album else None
    federation = here().settings.federation
    if album is None or owner is None or not owner.is_here or not federation.enabled:
        raise NotFound("There is no such album.")
    if federation.authorized_fetch:
        raise Unauthenticated("Albums are not given to strangers here.", code="unsigned")
    document = {"@context": CONTEXT, **await album_document(album, STRANGER)}
    response = Response(orjson.dumps(document), content_type="application/activity+json")
    response.headers["Vary"] = "Accept"
    return response


# -- Activities ----------------------------------------------------------------
async def update(act: Act) -> Outbound:
    """What an album is now, for its owner's followers and its authors, or for the authors of one server."""
    album, host = act.details["album"], act.details["host"]
    authors = [one for one in await authors_elsewhere(album) if host in ("", one.domain)]
    document = await album_document(album, Viewer(host=host) if host else STRANGER)
    if host:
        document["to"] = [one.uri for one in authors]
    activity = {"type": "Update", "to": document["to"], "cc": document["cc"], "object": document}
    return Outbound(activity, to_followers=not host, actors=authors)


async def withdraw(act: Act) -> Outbound:
    """That an album is no longer for everybody: whoever has no part in it forgets it, and is told nothing of it."""
    album = act.details["album"]
    document = {"id": uri_of(album), "type": "OrderedCollection", "attributedTo": act.actor.uri}
    return Outbound({"type": "Update", "to": [act.actor.followers_url], "object": document}, to_followers=True)


async def delete(act: Act) -> Outbound:
    """That an album is gone."""
    album = act.details["album"]
    tombstone = {"id": uri_of(album), "type": "Tombstone", "formerType": "OrderedCollection"}
    is_open, authors = album.privacy == "public", await authors_elsewhere(album)
    to = [PUBLIC, act.actor.followers_url] if is_open else [one.uri for one in authors]
    return Outbound({"type": "Delete", "to": to, "object": tombstone}, to_followers=is_open, actors=authors)


async def add(act: Act) -> Outbound | None:
    """A picture for an album of another server."""
    return _to_target("Add", act, object=act.details["entry"].uri, target=uri_of(act.details["album"]))


async def take_out(act: Act) -> Outbound | None:
    """A picture that is to stand in an album of another server no longer."""
    return _to_target("Remove", act, object=act.details["entry"].uri, target=uri_of(act.details["album"]))


async def invite(act: Act) -> Outbound | None:
    """Somebody elsewhere is asked to put pictures in: they learn what the album is, and not yet what is in it."""
    assert act.target is not None
    document = await _named(act.details["album"]) | {"to": [act.target.uri], "cc": []}
    return _to_target("Invite", act, object=act.target.uri, target=document)


async def accept(act: Act) -> Outbound | None:
    """Somebody here does so gladly."""
    assert act.target is not None
    target = uri_of(act.details["album"])
    return _to_target(
        "Accept", act, object={"type": "Invite", "actor": act.target.uri, "object": act.actor.uri, "target": target}
    )


async def leave(act: Act) -> Outbound | None:
    """Somebody here does so no longer, or does not want to."""
    return _to_target("Leave", act, object=uri_of(act.details["album"]))


async def dismiss(act: Act) -> Outbound | None:
    """Somebody elsewhere is asked no longer."""
    assert act.target is not None
    return _to_target("Remove", act, object=act.target.uri, target=uri_of(act.details["album"]))


def _to_target(type: str, act: Act, **said: Any) -> Outbound | None:
    if act.target is None or act.target.is_local:
        return None
    return Outbound({"type": type, "to": [act.target.uri], **said}, actors=[act.target])


WRITERS: Mapping[str, Callable[[Act], Awaitable[Outbound | None]]] = {
    "album_update": update,
    "album_withdraw": withdraw,
    "album_delete": delete,
    "album_add": add,
    "album_take_out": take_out,
    "album_invite": invite,
    "album_accept": accept,
    "album_leave": leave,
    "album_dismiss": dismiss,
}
