"""The activities of actors about actors, as others have to see them: follow, accept, reject, change, leave."""

from __future__ import annotations

from collections.abc import Mapping

from core.entries import Act, Document
from core.federation.documents import PUBLIC, actor_document
from core.federation.outbox import Writer
from core.models import Actor
from core.outbound import Outbound


async def follow(act: Act) -> Outbound:
    """Ask to follow somebody; `wantsBack` asks servers like this one for friendship, others pass over it."""
    target = _target(act)
    document = _follow(act.uri, act.actor, target)
    if act.details.get("wants_back"):
        document["wantsBack"] = True
    return Outbound(document, actors=[target])


async def unfollow(act: Act) -> Outbound:
    """Follow no longer, or take back the wish to."""
    target = _target(act)
    inner = _follow(act.uri, act.actor, target)
    return Outbound({"type": "Undo", "to": [target.uri], "cc": [], "object": inner}, actors=[target])


async def accept(act: Act) -> Outbound:
    """Let somebody follow; the request is repeated whole, for not everybody finds it by its address."""
    return _answer("Accept", act)


async def reject(act: Act) -> Outbound:
    """Turn a request down, or end a follow that was accepted."""
    return _answer("Reject", act)


async def update_actor(act: Act) -> Outbound:
    """What an actor says of themselves now, for their followers."""
    to_all = {"to": [PUBLIC], "cc": [act.actor.followers_url]}
    return Outbound({"type": "Update", **to_all, "object": await actor_document(act.actor)})


async def delete_actor(act: Act) -> Outbound:
    """Somebody left for good: every server that may know them learns of it."""
    return Outbound({"type": "Delete", "to": [PUBLIC], "cc": [], "object": act.actor.uri}, to_everybody=True)


async def move(act: Act) -> Outbound:
    """Somebody moved: who follows them is told to follow the other account."""
    document = {"type": "Move", "object": act.actor.uri, "target": _target(act).uri}
    return Outbound({**document, "to": [act.actor.followers_url], "cc": []})


def _answer(type: str, act: Act) -> Outbound:
    follower = _target(act)
    inner = _follow(act.uri, follower, act.actor)
    return Outbound({"type": type, "to": [follower.uri], "cc": [], "object": inner}, actors=[follower])


def _follow(uri: str, follower: Actor, target: Actor) -> Document:
    """A follow has exactly one addressee: there is a peer that compares it with whom it is about."""
    return {"id": uri, "type": "Follow", "actor": follower.uri, "object": target.uri, "to": [target.uri]}


def _target(act: Act) -> Actor:
    if act.target is None:
        raise ValueError(f"the act “{act.verb}” is about nobody")
    return act.target


WRITERS: Mapping[str, Writer] = {
    "follow": follow,
    "unfollow": unfollow,
    "accept": accept,
    "reject": reject,
    "update_actor": update_actor,
    "move": move,
    "delete_actor": delete_actor,
}
