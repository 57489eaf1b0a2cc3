"""Reads an activity as any server may write it: single values and lists, embedded things and ids, types in lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.addresses import LONGEST_URL
from core.errors import BadRequest
from core.federation.addresses import is_address
from core.federation.documents import ACTOR_TYPES, Document, as_list, first_known_type, id_of
from core.federation.fetching import parse_document
from core.fetch import Refused

LONGEST_TYPE = 64
# Activity Streams 2.0 vocabulary, section 3.1, and what the servers of federation.md add to it.
ACTIVITY_TYPES = frozenset(
    "Accept Add Announce Arrive Block Create Delete Dislike Flag Follow Ignore Invite Join Leave Like Listen Move Offer"
    " Question Read Reject Remove TentativeAccept TentativeReject Travel Undo Update View"
    " EmojiReact Lock Bite QuoteRequest LikeRequest ReplyRequest AnnounceRequest FeatureRequest".split()
)


@dataclass(frozen=True, slots=True)
class Activity:
    """What an activity says of itself; nothing of it is proved, and `object` is only what the sender embedded.

    `object_id` is empty where the activity is about nothing, about several things, or about one without an id.
    """

    id: str
    type: str
    actor: str
    object_id: str
    object: Document | None
    document: Document

    @property
    def object_type(self) -> str:
        """The first type of what is embedded; "Actor" where the activity is about an actor, the sender included."""
        if self.object_id == self.actor or (self.object and first_known_type(self.object, ACTOR_TYPES)):
            return "Actor"
        return concrete_type(self.object) if self.object else ""


def parse(body: bytes) -> Document:
    """The JSON object in a request's body (section 6: at most 32 deep). Raises BadRequest."""
    try:
        return parse_document(body)
    except Refused as refusal:
        raise BadRequest(refusal.reason) from None


def read_activity(document: Mapping[str, Any]) -> Activity:
    """The activity a document is; it must have an id, a type and one actor. Raises BadRequest."""
    activity = read_loosely(document)
    if not activity.type:
        raise BadRequest("The activity has no type.")
    if not activity.actor:
        raise BadRequest("The activity does not name one actor.")
    if not activity.id:
        raise BadRequest("The activity has no id.")
    if not is_address(activity.id) or not is_address(activity.actor):
        raise BadRequest("The activity's id and its actor must be http addresses.")
    return activity


def read_loosely(document: Mapping[str, Any]) -> Activity:
    """The same of an activity inside another one, which may lack its id, its actor, anything."""
    thing = document.get("object")
    if isinstance(thing, list) and len(thing) == 1:
        thing = thing[0]
    return Activity(
        id=_bounded(document.get("id")),
        type=concrete_type(document),
        actor=_bounded(id_of(document.get("actor"))),
        object_id=_bounded(id_of(thing)),
        object=thing if isinstance(thing, dict) else None,
        document=dict(document),
    )


def concrete_type(document: Mapping[str, Any]) -> str:
    """The type of an activity or object: the first that is an activity's, else the first there is, else nothing."""
    known = first_known_type(document, ACTIVITY_TYPES)
    if known:
        return known
    named = (one for one in as_list(document.get("type")) if isinstance(one, str))
    return next(named, "")[:LONGEST_TYPE]


def _bounded(value: object) -> str:
    """An id as columns can hold it; anything else counts as absent."""
    return value if isinstance(value, str) and len(value) <= LONGEST_URL and value.isprintable() else ""
