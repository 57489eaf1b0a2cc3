"""What activities between actors do here: follow, accept, reject, block, change, leave."""

from __future__ import annotations

from collections.abc import Mapping

from core import actors, moving
from core.database import transaction
from core.entries import Act
from core.errors import NotFound, Rejected
from core.federation.addresses import is_ours
from core.federation.documents import id_of
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming
from core.federation.outbox_reading import read_soon
from core.federation.removal import remove_actor
from core.instance import here
from core.models import ACCEPTED, Actor, Block, Follow

__all__ = ["INBOX"]


async def receive_follow(incoming: Incoming) -> str | None:
    """Somebody wants to follow: accepted at once unless the target decides, answered again where it is so already."""
    follower = incoming.actor
    target = await incoming.person_here(incoming.object_id)
    if target is None:
        raise Rejected("There is no such person here.")
    known = await Follow.get_or_none(follower_id=follower.id, target_id=target.id)
    if known is not None:
        return await _again(known, incoming.id, follower, target)
    is_nobody = target.type == "application"  # the server itself publishes nothing (federation profile, section 2)
    if is_nobody or not target.is_here or target.moved_to_uri or await actors.are_apart(follower.id, target.id):
        await _answer("reject", target, follower, incoming.id)
        return "They may not follow."
    await actors.follow(follower, target, wants_back=incoming.document.get("wantsBack") is True, uri=incoming.id)
    return None


async def _again(follow: Follow, uri: str, follower: Actor, target: Actor) -> str | None:
    """A request that is made anew has a new id, and whoever asks again has not heard the answer."""
    if follow.uri != uri:
        await Follow.filter(id=follow.id).update(uri=uri)
    if follow.state == ACCEPTED:
        await _answer("accept", target, follower, uri)
    return None


async def _answer(verb: str, target: Actor, follower: Actor, follow_uri: str) -> None:
    await here().hooks.outgoing(act=Act(verb, target, target=follower, uri=follow_uri))


async def receive_accept(incoming: Incoming) -> str | None:
    """Whom somebody here asked to follow says yes; only from now on does the follow count."""
    follow = await _asked(incoming)
    if follow is None:
        return UNKNOWN
    if follow.state == ACCEPTED:
        return "They follow already."
    await actors.accept(incoming.actor, await Actor.get(id=follow.follower_id))
    await read_soon(incoming.actor)
    return None


async def receive_reject(incoming: Incoming) -> str | None:
    """Whom somebody here follows, or asked to, says no: the follow ends."""
    follow = await _asked(incoming)
    if follow is None:
        return UNKNOWN
    await actors.reject(incoming.actor, await Actor.get(id=follow.follower_id))
    return None


async def receive_undo_accept(incoming: Incoming) -> str | None:
    """A follow that was accepted is not accepted any more."""
    inner = incoming.inner
    if inner.object is None:
        return UNKNOWN
    incoming.must_own(inner.actor)
    follow = await _follow_of(inner.object_id, inner.object, incoming.actor)
    if follow is None:
        return UNKNOWN
    await actors.reject(incoming.actor, await Actor.get(id=follow.follower_id))
    return None


async def _asked(incoming: Incoming) -> Follow | None:
    """The follow of the sender an answer is about."""
    return await _follow_of(incoming.object_id, incoming.activity.object, incoming.actor)


async def _follow_of(uri: str, embedded: Mapping[str, object] | None, target: Actor) -> Follow | None:
    """The follow of `target` by somebody here: by its id, else by who is named in it."""
    if uri and (found := await Follow.get_or_none(uri=uri, target_id=target.id)):
        return found if (await Actor.get(id=found.follower_id)).is_local else None
    follower_uri = id_of(embedded.get("actor")) if embedded else ""
    if embedded is None or not is_ours(follower_uri) or id_of(embedded.get("object")) != target.uri:
        return None
    follower = await Actor.get_or_none(uri=follower_uri, domain="")
    return await Follow.get_or_none(follower_id=follower.id, target_id=target.id) if follower else None


async def receive_undo_follow(incoming: Incoming) -> str | None:
    """Somebody follows no longer, or takes back the wish to."""
    inner = incoming.inner
    follow = await Follow.get_or_none(uri=inner.id, follower_id=incoming.actor.id) if inner.id else None
    target = await Actor.get(id=follow.target_id) if follow else await incoming.person_here(inner.object_id)
    if incoming.activity.object is not None:
        incoming.must_own(inner.actor)
    if target is None:
        return UNKNOWN
    try:
        await actors.unfollow(incoming.actor, target)
    except NotFound:
        return UNKNOWN
    return None


async def receive_block(incoming: Incoming) -> str | None:
    """Somebody wants nothing to do with a person here: follows end both ways, and it is told to nobody.

    With a `target` it is a moderator who keeps them out of that, a group or a server (Lemmy): between the two of them
    nothing changes.
    """
    if id_of(incoming.document.get("target")):
        return "Somebody was banned from a group or a server elsewhere."
    target = await incoming.person_here(incoming.object_id)
    if target is None:
        raise Rejected("There is no such person here.")
    await actors.block(incoming.actor, target, uri=incoming.id)
    return None


async def receive_undo_block(incoming: Incoming) -> str | None:
    """A block is lifted; the follows it ended stay ended."""
    inner = incoming.inner
    if incoming.activity.object is not None:
        incoming.must_own(inner.actor)
    block = await Block.get_or_none(uri=inner.id, actor_id=incoming.actor.id) if inner.id else None
    target = await Actor.get(id=block.target_id) if block else await incoming.person_here(inner.object_id)
    if target is None:
        return UNKNOWN
    try:
        await actors.unblock(incoming.actor, target)
    except NotFound:
        return UNKNOWN
    return None


async def receive_update_actor(incoming: Incoming) -> str | None:
    """Somebody changed their profile, or their keys, which the old one vouches for."""
    incoming.must_own(incoming.object_id)
    await incoming.refresh_sender()
    return None


async def receive_delete_actor(incoming: Incoming) -> str | None:
    """Somebody left for good, with everything they published."""
    incoming.must_own(incoming.object_id)
    async with transaction():
        await remove_actor(incoming.actor)
    return None


async def receive_move(incoming: Incoming) -> str | None:
    """Somebody moved to another account, which says itself that it is theirs: who follows here follows there."""
    incoming.must_own(incoming.object_id)
    target = await incoming.fresh_actor(id_of(incoming.document.get("target")))
    if target is None:
        raise Rejected("There is nobody where they moved to.")
    await moving.moved(await Actor.get(id=incoming.actor.id), target)
    return None


INBOX: Mapping[str, Handler] = {
    "Follow": receive_follow,
    "Undo Follow": receive_undo_follow,
    "Accept": receive_accept,
    "Undo Accept": receive_undo_accept,
    "Reject": receive_reject,
    "Block": receive_block,
    "Undo Block": receive_undo_block,
    "Move": receive_move,
    "Update Actor": receive_update_actor,
    "Delete Actor": receive_delete_actor,
}
