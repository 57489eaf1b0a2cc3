"""Pinned posts between servers: `Add` to and `Remove` from the collection `featured` (section 7)."""

from __future__ import annotations

from collections.abc import Mapping

from core import pins
from core.entries import Act, by_uri
from core.errors import NotFound, Rejected
from core.federation.documents import Document, id_of
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming
from core.federation.outbox import Writer
from core.models import Entry
from core.outbound import Outbound, addressed


async def add(act: Act) -> Outbound:
    """A post of ours pinned, for whoever sees the profile."""
    return await _outbound("Add", act)


async def remove(act: Act) -> Outbound:
    """A post of ours pinned no longer."""
    return await _outbound("Remove", act)


async def _outbound(type: str, act: Act) -> Outbound:
    assert isinstance(act.entry, Entry)
    audience = await addressed(act.entry, act.actor)
    document: Document = {
        "type": type,
        "to": audience.to,
        "cc": audience.cc,
        "object": act.entry.uri,
        "target": act.actor.featured_url,
    }
    return Outbound(document, to_followers=True)


def _is_about_profile(incoming: Incoming) -> bool:
    """Whether it is the sender's own profile this is about; a hashtag there is nothing to us."""
    target = id_of(incoming.document.get("target"))
    return bool(target) and target == incoming.actor.featured_url and incoming.activity.object_type != "Hashtag"


async def receive_add(incoming: Incoming) -> str | None:
    """Somebody pinned a post of theirs, which is fetched where it is not known."""
    if not _is_about_profile(incoming):
        return UNKNOWN
    if not incoming.is_of_sender(incoming.object_id):
        raise Rejected("This is somebody else's.")
    entry = await incoming.entry(fetch=await incoming.is_heard())
    if entry is None:
        return UNKNOWN
    await pins.pin(incoming.actor, entry)
    return None


async def receive_remove(incoming: Incoming) -> str | None:
    """Somebody pinned a post no longer."""
    if not _is_about_profile(incoming):
        return UNKNOWN
    entry = await by_uri(incoming.object_id)
    if entry is None:
        return UNKNOWN
    try:
        await pins.unpin(incoming.actor, entry)
    except NotFound:
        return "This was not pinned."
    return None


INBOX: Mapping[str, Handler] = {"Add": receive_add, "Remove": receive_remove}
WRITERS: Mapping[str, Writer] = {"pin": add, "unpin": remove}
