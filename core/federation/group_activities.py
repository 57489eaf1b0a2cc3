"""What groups pass on as whole activities (FEP-1b12): nothing of them is believed but which objects they are about.

Lemmy and its kin tell whoever follows a community of answers, edits and deletions in no other way.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.federation.addresses import host_of
from core.federation.entry_handlers import share
from core.federation.forwarded import ask_later
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming
from core.federation.relevance import UNASKED
from core.models import Actor, Entry
from core.reading.drafts import answered_address


async def receive_create(incoming: Incoming) -> str | None:
    """Somebody began a thread in a group, which it shares, or answered in one, which finds its place there.

    Either is fetched from its own server; of answers only those to what is known here, for nobody sees others.
    """
    if not _is_group(incoming) or not await incoming.is_heard():
        return UNASKED
    inner = incoming.inner
    parent_uri = answered_address(inner.object or {})
    if parent_uri and not await Entry.exists(uri=parent_uri, deleted_at=None):
        return UNKNOWN
    entry = await incoming.entry_at(inner.object_id, fetch=True)
    if entry is None:
        return UNKNOWN
    return None if entry.reply_to_uri else await share(incoming, entry.uri)


async def receive_change(incoming: Incoming) -> str | None:
    """Somebody changed or deleted what they wrote in a group, or moderators removed it: its own server knows."""
    if not _is_group(incoming):
        return UNKNOWN
    known = await Entry.get_or_none(uri=incoming.inner.object_id, is_local=False, deleted_at=None)
    if known is None:
        return UNKNOWN
    author = await Actor.get(id=known.author_id)
    is_asked = await ask_later(incoming.inner.type, known.uri, author.uri, host_of(incoming.actor.uri))
    return None if is_asked else "Its server is not asked just now."


def _is_group(incoming: Incoming) -> bool:
    return incoming.actor.type == "group"


INBOX: Mapping[str, Handler] = {
    "Announce Create": receive_create,
    "Announce Update": receive_change,
    "Announce Delete": receive_change,
}
