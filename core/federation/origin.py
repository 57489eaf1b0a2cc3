"""Whose word counts: the rules of origin that activities and objects have to meet (federation profile, section 6)."""

from __future__ import annotations

from core.errors import Rejected, Unauthenticated
from core.federation.addresses import is_address, same_origin
from core.federation.documents import Document, as_list, id_of
from core.federation.normalise import Activity

OWNERS_AT_MOST = 10


def check_sender(activity: Activity, signer: str) -> None:
    """Raise Unauthenticated unless the activity is in the name of whoever signed it, and of that one's server."""
    if activity.actor != signer:
        raise Unauthenticated("The activity is in the name of somebody who did not sign it.")
    if not same_origin(activity.id, activity.actor):
        raise Unauthenticated("The activity's id belongs to another server than its actor.")


def own_object(activity: Activity) -> Document | None:
    """What a Create or Update embeds, where it counts: its id is of the actor's server and the actor is its owner.

    None where only its id is given, or its owner is not, so that it has to be fetched. Raises Rejected where the
    object is somebody else's: nobody creates or changes what is not their own.
    """
    if not activity.object_id:
        raise Rejected("The activity does not say what it is about.")
    if not same_origin(activity.object_id, activity.actor):
        raise Rejected("The object belongs to another server than the actor.")
    if activity.object is None or activity.object.get("attributedTo") is None:
        return None
    check_owner(activity.object, activity.actor)
    return activity.object


def check_fetched(document: Document, uri: str, owner: str) -> None:
    """Raise Rejected unless a document that was fetched is the one asked for, and this owner's."""
    if id_of(document) != uri:
        raise Rejected("The object has another id where it comes from.")
    check_owner(document, owner)


def check_owner(document: Document, owner: str) -> None:
    """Raise Rejected unless the document is attributed to this actor, and all it is attributed to is of one server."""
    owners = owners_of(document)
    if owner not in owners:
        raise Rejected("The object is somebody else's.")
    if not same_origin(id_of(document), *owners):
        raise Rejected("The object is attributed to another server.")


def owners_of(document: Document) -> list[str]:
    """To whom a document is attributed, in its order; some name a person and the channel it appears in."""
    named = (id_of(one) for one in as_list(document.get("attributedTo"))[:OWNERS_AT_MOST])
    return [one for one in named if is_address(one)]


def check_target(activity: Activity, owner: str) -> None:
    """Raise Rejected unless what is to be changed or taken away is the actor's own."""
    if owner != activity.actor:
        raise Rejected("This is somebody else's.")
