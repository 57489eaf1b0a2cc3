"""What of others is of any concern here: nobody fills the lists of a server with what nobody there asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core import entries
from core.audience import OPEN
from core.database import one_of, row
from core.entries import Document
from core.federation.addresses import is_ours
from core.federation.documents import as_list, id_of
from core.instance import here
from core.models import Actor
from core.reading import visibility_of
from core.reading.drafts import ADDRESSEES_AT_MOST, answered_address
from core.reading.words import quoted_address

UNASKED = "Nobody here has asked for this."
_FOLLOWER = (
    "SELECT 1 FROM core_follow f JOIN core_actor b ON b.id = f.follower_id WHERE f.state = 'accepted' AND b.domain = ''"
)
_FOLLOWED = (
    "SELECT 1 FROM core_actor a WHERE a.uri = $1 AND a.removed_at IS NULL AND a.suspended_at IS NULL"
    f" AND EXISTS ({_FOLLOWER} AND f.target_id = a.id) LIMIT 1"
)
_BEFORE = (
    "SELECT EXISTS (SELECT 1 FROM core_entry WHERE uri = $1) AS is_known,"
    " EXISTS (SELECT 1 FROM core_tombstone WHERE uri = $1 AND actor_uri = $2) AS is_buried,"
    f" EXISTS ({_FOLLOWER} AND f.target_id = $3) AS is_heard"
)
_OF_INTEREST = (
    "SELECT 1 FROM core_entry p JOIN core_entry r ON r.id = COALESCE(p.root_id, p.id)"
    " WHERE p.uri = $1 AND p.deleted_at IS NULL AND (p.is_local OR r.is_local"
    f" OR EXISTS ({_FOLLOWER} AND f.target_id = p.author_id) OR EXISTS ({_FOLLOWER} AND f.target_id = r.author_id))"
    " LIMIT 1"
)


async def is_heard(actor_uri: str) -> bool:
    """Whether what somebody delivers or names is looked for: somebody here follows them, or the admin wants all."""
    return here().settings.federation.unasked_posts or await row(_FOLLOWED, actor_uri) is not None


class Before(NamedTuple):
    """What there is of something that is delivered: whether it is here, was here, and whether its author is heard."""

    is_known: bool
    is_buried: bool
    is_heard: bool


async def before(uri: str, author: Actor) -> Before:
    """What is known of an object of somebody elsewhere, and of them, before it is taken in."""
    found = await row(_BEFORE, uri, author.uri, author.id)
    assert found is not None
    wants_all = here().settings.federation.unasked_posts
    return Before(bool(found["is_known"]), bool(found["is_buried"]), wants_all or bool(found["is_heard"]))


async def concerns_us(document: Mapping[str, Any], author_uri: str) -> bool:
    """Whether an object answers something known here, or somebody here follows its author."""
    parent = answered_address(dict(document))
    if parent and await entries.by_uri(parent):
        return True
    return await row(_FOLLOWED, author_uri) is not None


async def is_asked_for(document: Document, author: Actor) -> bool:
    """Whether somebody here may want what was delivered by somebody who is not heard anyway.

    What is for a few; what names somebody here, quotes something of ours, or answers in a conversation of somebody here
    or whom somebody here follows.
    """
    if visibility_of(document, author) not in OPEN:
        return True
    parent, quoted = answered_address(document), quoted_address(document)
    if parent and await row(_OF_INTEREST, parent):
        return True
    if is_ours(quoted) and await entries.by_uri(quoted):
        return True
    return await _names_somebody_here(document)


async def _names_somebody_here(document: Document) -> bool:
    named = (id_of(one) for key in ("to", "cc") for one in as_list(document.get(key))[:ADDRESSEES_AT_MOST])
    ours = [uri for uri in named if is_ours(uri)]
    if not ours:
        return False
    found = await row(
        "SELECT 1 FROM core_actor a WHERE a.domain = '' AND a.removed_at IS NULL AND a.suspended_at IS NULL"
        f" AND a.type <> 'application' AND a.uri {one_of(1, 'text')} LIMIT 1",
        ours,
    )
    return found is not None
