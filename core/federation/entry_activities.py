"""The activities of entries of every kind, as others have to see them: publish, change, delete, like, share."""

from __future__ import annotations

from collections.abc import Mapping

from core.audience import OPEN
from core.database import value
from core.entries import Act, Document
from core.federation.addresses import activity_url
from core.federation.consent import document_of
from core.federation.outbox import Writer
from core.federation.recipients import LOOKED_AT
from core.federation.stamps import given_to
from core.fields import moment_of
from core.models import ACCEPTED, Actor, Entry
from core.outbound import PUBLIC, Outbound, addressed, stamp

FOLLOWED = (*OPEN, "followers")


async def create(act: Act) -> Outbound | None:
    """A new entry of any kind, whole, for those it is addressed to; None where that is nobody elsewhere."""
    entry = _entry(act)
    if not await _concerns_others(act.actor, entry):
        return None
    return Outbound(await publication(act.actor, entry), urgent=entry.visibility == "direct")


async def _concerns_others(author: Actor, entry: Entry) -> bool:
    """Whether anybody elsewhere may have to get it: asked first, for the document of most posts costs more than that.

    What is for followers goes to them alone, unless it names, answers or quotes somebody. Among very many followers
    somebody is taken to be elsewhere, so that nobody waits until all those here were looked at.
    """
    if entry.visibility not in FOLLOWED or entry.reply_to_uri or entry.quote_id or "quote-inline" in entry.content:
        return True
    if author.followers_count > LOOKED_AT:
        return True
    return bool(
        await value(
            "SELECT 1 FROM core_mention WHERE entry_id = $1 UNION ALL SELECT 1 FROM core_follow f"
            " JOIN core_actor a ON a.id = f.follower_id AND a.domain <> ''"
            f" WHERE f.target_id = $2 AND f.state = '{ACCEPTED}' LIMIT 1",
            entry.id,
            author.id,
        )
    )


async def publication(author: Actor, entry: Entry) -> Document:
    """The Create of an entry of ours: one and the same wherever it is delivered, listed or fetched."""
    document = await document_of(entry)
    return {
        "id": activity_url(entry.id),
        "type": "Create",
        "actor": author.uri,
        "published": document["published"],
        **_audience(document),
        "object": document,
    }


async def update(act: Act) -> Outbound:
    """An entry as it is now; where everybody may see it, also for whoever had to do with it."""
    entry, document = await _object(act)
    changed = document.get("updated", document["published"])
    return Outbound(
        {"type": "Update", "published": changed, **_audience(document), "object": document},
        to_involved=entry.visibility in OPEN,
        urgent=entry.visibility == "direct",
    )


async def delete(act: Act) -> Outbound:
    """An entry that is no more, for everybody who may have it. What is left names only what was there."""
    entry = _entry(act)
    audience = await addressed(entry, act.actor)
    return Outbound(
        {"type": "Delete", "to": [PUBLIC], "cc": [], "object": {"id": entry.uri, "type": "Tombstone"}},
        to_followers=entry.visibility in FOLLOWED,
        actors=[*audience.actors, *await given_to(entry)],
        to_involved=True,
        to_reached=True,
    )


async def like(act: Act) -> Outbound:
    """A like, for the author alone."""
    return Outbound(await _like(act))


async def unlike(act: Act) -> Outbound:
    """A like taken back; it is repeated whole, for not everybody remembers likes by their address."""
    return Outbound(_undo(await _like(act)))


async def boost(act: Act) -> Outbound:
    """A share, for the followers of who shares and for the author."""
    return Outbound(await _announce(act))


async def unboost(act: Act) -> Outbound:
    """A share taken back."""
    return Outbound(_undo(await _announce(act)))


async def _object(act: Act) -> tuple[Entry, Document]:
    entry = _entry(act)
    return entry, await document_of(entry)


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
    return {
        "id": act.uri,
        "type": "Announce",
        "actor": act.actor.uri,
        "published": stamp(moment_of(act.uri.rpartition("/")[2])),  # BookWyrm takes none back that lacks it
        "object": entry.uri,
        "to": [PUBLIC],
        "cc": list(dict.fromkeys([act.actor.followers_url, author.uri])),
    }


def _undo(inner: Document) -> Document:
    return {"type": "Undo", "to": inner["to"], "cc": inner["cc"], "object": inner}


WRITERS: Mapping[str, Writer] = {
    "create": create,
    "update": update,
    "delete": delete,
    "like": like,
    "unlike": unlike,
    "boost": boost,
    "unboost": unboost,
}
