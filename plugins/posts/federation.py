"""How posts, likes and shares cross the border."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from core.database import now
from core.entries import Act, Document, Kind
from core.entry_document import entry_document
from core.instance import here
from core.models import Actor, Entry
from core.outbound import PUBLIC, Outbound, addressed, stamp
from plugins.posts import receiving

FOLLOWED = ("public", "unlisted", "followers")


async def to_document(entry: Entry) -> Document:
    """The ActivityStreams object of a post."""
    return await entry_document(entry, "Note")


async def create(act: Act) -> Outbound:
    """A new entry of any kind, whole, for those it is addressed to."""
    entry, document = await _object(act)
    return Outbound(
        {"type": "Create", "published": document["published"], **_audience(document), "object": document},
        urgent=entry.visibility == "direct",
    )


async def update(act: Act) -> Outbound:
    """An entry as it is now; where everybody may see it, also for whoever had to do with it."""
    entry, document = await _object(act)
    changed = document.get("updated", document["published"])
    return Outbound(
        {"type": "Update", "published": changed, **_audience(document), "object": document},
        to_involved=entry.visibility in ("public", "unlisted"),
        urgent=entry.visibility == "direct",
    )


async def delete(act: Act) -> Outbound:
    """An entry that is no more, for everybody who may have it. What is left names only what was there."""
    entry = _entry(act)
    audience = await addressed(entry, act.actor)
    return Outbound(
        {"type": "Delete", "to": [PUBLIC], "cc": [], "object": {"id": entry.uri, "type": "Tombstone"}},
        to_followers=entry.visibility in FOLLOWED,
        actors=audience.actors,
        to_involved=True,
    )


async def like(act: Act) -> Outbound:
    """A like, for the author alone."""
    return Outbound(await _like(act))


async def unlike(act: Act) -> Outbound:
    """A like taken back; it is repeated whole, for not everybody remembers likes by their address."""
    return Outbound(_undo(await _like(act)))


async def boost(act: Act) -> Outbound:
    """A share, for the followers of who shares and for the author."""
    return Outbound({**await _announce(act), "published": stamp(now())})


async def unboost(act: Act) -> Outbound:
    """A share taken back."""
    return Outbound(_undo(await _announce(act)))


async def _object(act: Act) -> tuple[Entry, Document]:
    entry = _entry(act)
    return entry, await here().kinds[entry.kind].to_document(entry)


def _entry(act: Act) -> Entry:
    if act.entry is None:
        raise ValueError(f"the act “{act.verb}” is about no entry")
    return act.entry


def _audience(document: Document) -> Document:
    return {"to": document["to"], "cc": document["cc"]}


async def _like(act: Act) -> Document:
    entry = _entry(act)
    author = await Actor.get(id=entry.author_id)
    return {"id": act.uri, "type": "Like", "actor": act.actor.uri, "object": entry.uri, "to": [author.uri], "cc": []}


async def _announce(act: Act) -> Document:
    entry = _entry(act)
    author = await Actor.get(id=entry.author_id)
    cc = list(dict.fromkeys([act.actor.followers_url, author.uri]))
    return {"id": act.uri, "type": "Announce", "actor": act.actor.uri, "object": entry.uri, "to": [PUBLIC], "cc": cc}


def _undo(inner: Document) -> Document:
    return {"type": "Undo", "to": inner["to"], "cc": inner["cc"], "object": inner}


POST = Kind(receiving.KIND, to_document, receiving.receive, receiving.TYPES)
INBOX = receiving.INBOX
OUTBOX: Mapping[str, Callable[[Act], Awaitable[Outbound]]] = {
    "create": create,
    "update": update,
    "delete": delete,
    "like": like,
    "unlike": unlike,
    "boost": boost,
    "unboost": unboost,
}
