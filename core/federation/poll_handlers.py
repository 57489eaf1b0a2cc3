"""Votes of people on other servers in polls of ours, and what theirs and ours have to be told (sections 7 and 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core import entries, polls
from core.audience import OPEN
from core.database import now
from core.entries import Act, Document
from core.errors import Conflict, Rejected
from core.federation import origin
from core.federation.addresses import same_origin
from core.federation.documents import as_list, id_of
from core.federation.incoming import Incoming
from core.federation.outbox import Writer
from core.instance import here
from core.models import Actor
from core.outbound import Outbound, stamp
from core.reading import is_vote
from core.reading.drafts import answered_address

VOTES_AT_MOST = 100


def votes_in(incoming: Incoming) -> Sequence[Document]:
    """The votes a Create embeds, one or a list of them, each the sender's own. Raises Rejected for others'."""
    embedded = as_list(incoming.document.get("object"))[:VOTES_AT_MOST]
    votes = [one for one in embedded if isinstance(one, dict) and is_vote(one)]
    if len(votes) < len(embedded):
        return []
    for vote in votes:
        if vote.get("id") is not None and not same_origin(id_of(vote), incoming.activity.actor):
            raise Rejected("The object belongs to another server than the actor.")
        if vote.get("attributedTo") is not None:
            origin.check_owner({"id": incoming.activity.actor, **vote}, incoming.activity.actor)
    return votes


async def receive_votes(incoming: Incoming, votes: Sequence[Document]) -> str | None:
    """Count votes in a poll of ours; those that were counted already are no harm."""
    counted = 0
    for vote in votes:
        entry = await entries.by_uri(answered_address(vote))
        if entry is None or not entry.is_local:
            return "There is no such poll here."
        try:
            await polls.receive_vote(incoming.actor, entry, str(vote["name"]))
        except Conflict:
            continue
        counted += 1
    return None if counted else "These votes are counted, or the poll is over."


async def vote(act: Act) -> Outbound:
    """One choice of somebody here, for whoever asks and nobody else."""
    assert act.entry is not None
    author = await Actor.get(id=act.entry.author_id)
    note = {
        "id": act.uri,
        "type": "Note",
        "attributedTo": act.actor.uri,
        "to": [author.uri],
        "cc": [],
        "name": act.details["name"],
        "inReplyTo": act.entry.uri,
    }
    activity = {"id": f"{act.uri}/activity", "type": "Create", "to": [author.uri], "cc": [], "object": note}
    return Outbound(activity)


async def tally(act: Act) -> Outbound:
    """How a poll stands, for all who may have it; its words are what they were."""
    assert act.entry is not None
    document = await here().kinds[act.entry.kind].to_document(act.entry)
    told = {"to": document["to"], "cc": document["cc"], "published": stamp(now()), "object": document}
    return Outbound({"type": "Update", **told}, to_involved=act.entry.visibility in OPEN)


WRITERS: Mapping[str, Writer] = {"vote": vote, "tally": tally}
