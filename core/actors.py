"""Who knows whom: follow, accept, befriend, block, mute; the same verbs for people here and elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core import live_feed, prepared, timelines
from core.apart import of_blocked_server
from core.database import after_commit, execute, new_id, now, row, rows, transaction
from core.entries import Act
from core.errors import Conflict, Invalid, NotFound
from core.going_out import refuse_between
from core.instance import here
from core.models import ACCEPTED, REQUESTED, Actor, Block, Follow, Mute
from core.tasks import task


async def follow(actor: Actor, target: Actor, *, wants_back: bool = False, uri: str = "") -> Follow:
    """Follow somebody, or ask to: a locked account and one elsewhere accept first.

    Raises Invalid for oneself, NotFound where they are apart (`are_apart`), Conflict where it is so already.
    """
    if actor.id == target.id:
        raise Invalid({"userId": "You cannot follow yourself."})
    async with transaction():
        await _hold(actor, target)
        await _must_reach(actor, target)
        if target.moved_to_uri:
            raise Conflict("They have moved to another account.", code="has_moved")
        follow = Follow(id=new_id(), follower_id=actor.id, target_id=target.id, wants_back=wants_back)
        follow.uri = uri or f"{actor.uri}/follows/{follow.id}"
        if not await execute(
            "INSERT INTO core_follow (id, follower_id, target_id, state, wants_back, uri, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            *(follow.id, actor.id, target.id, REQUESTED, wants_back, follow.uri, follow.created_at),
        ):
            raise Conflict("You follow them already, or have asked to.", code="already_following")
        if actor.is_local:
            await _tell("follow", actor, target, follow)
        if target.is_local and (not target.is_locked or await _wants_back(target, actor)):
            await _accepted(follow, actor, target)
        else:
            after_commit(lambda: here().hooks.follow_requested(follow=follow))
    return follow


async def _hold(one: Actor, other: Actor) -> None:
    """Have everybody else who changes what ties these two wait until the transaction ends.

    Always in the same order, and before anything else: so of two who begin at once neither waits for the other.
    """
    lock = " FOR NO KEY UPDATE" if here().database.dialect == "postgres" else ""
    await rows(f"SELECT id FROM core_actor WHERE id IN ($1, $2) ORDER BY id{lock}", one.id, other.id)


async def _wants_back(actor: Actor, other: Actor) -> bool:
    """Whether the actor's own follow asks for one by the other: then theirs needs no further yes."""
    return await Follow.exists(follower_id=actor.id, target_id=other.id, wants_back=True)


async def accept(target: Actor, follower: Actor) -> Follow:
    """Let somebody who asked follow. Raises NotFound where nobody asked."""
    async with transaction():
        await _hold(follower, target)
        follow = await Follow.get_or_none(follower_id=follower.id, target_id=target.id, state=REQUESTED)
        if follow is None:
            raise NotFound("There is no such request.")
        await _accepted(follow, follower, target)
    return follow


async def _accepted(follow: Follow, follower: Actor, target: Actor) -> None:
    if not await Follow.filter(id=follow.id, state=REQUESTED).update(state=ACCEPTED):
        raise NotFound("There is no such request.")
    follow.state = ACCEPTED
    await _count(follower, target, 1)
    if await is_following(target.id, follower.id):
        await _befriended(follower, target)
    if follower.is_local:
        await timelines.backfill(follower, target)
    if target.is_local:
        await _tell("accept", target, follower, follow)
    after_commit(lambda: here().hooks.follow_accepted(follow=follow))


async def _befriended(one: Actor, other: Actor) -> None:
    """Two follow each other: what either asked for is fulfilled, and what is for friends is for them, older too."""
    await execute(
        "UPDATE core_follow SET wants_back = FALSE WHERE wants_back"
        " AND ((follower_id = $1 AND target_id = $2) OR (follower_id = $2 AND target_id = $1))",
        one.id,
        other.id,
    )
    if other.is_local:
        await timelines.backfill(other, one)


_accept = accept


async def reject(target: Actor, follower: Actor) -> None:
    """Turn down who asked to follow, or stop somebody from following. Raises NotFound where they do not."""
    async with transaction():
        await _hold(follower, target)
        follow = await Follow.get_or_none(follower_id=follower.id, target_id=target.id)
        if follow is None:
            raise NotFound("They do not follow you and have not asked to.")
        await _end(follow, follower, target)
        if target.is_local:
            await _tell("reject", target, follower, follow)


async def unfollow(actor: Actor, target: Actor) -> None:
    """Follow no longer, or take back the wish to. Raises NotFound where there is neither."""
    async with transaction():
        await _hold(actor, target)
        follow = await Follow.get_or_none(follower_id=actor.id, target_id=target.id)
        if follow is None:
            raise NotFound("You do not follow them.")
        await _end(follow, actor, target)
        if actor.is_local:
            await _tell("unfollow", actor, target, follow)


async def _end(follow: Follow, follower: Actor, target: Actor) -> None:
    ended = await row("DELETE FROM core_follow WHERE id = $1 RETURNING state", follow.id)
    if ended is None:
        raise NotFound("This follow has ended already.")
    if ended["state"] == ACCEPTED:
        await _count(follower, target, -1)
        if follower.is_local:
            await timelines.clear(follower, target)


async def _count(follower: Actor, target: Actor, step: int) -> None:
    await execute("UPDATE core_actor SET following_count = following_count + $1 WHERE id = $2", step, follower.id)
    await execute("UPDATE core_actor SET followers_count = followers_count + $1 WHERE id = $2", step, target.id)
    prepared.forget(prepared.of_profile(follower.id), prepared.of_profile(target.id))


async def befriend(actor: Actor, target: Actor) -> Follow:
    """Ask for friendship: a follow that asks for one back. Where they asked to follow or for friendship, that is a yes
    to it, and where they follow already, it is friendship at once.

    Raises as `follow` does; Conflict where it was asked before or they are friends.
    """
    if actor.id == target.id:
        raise Invalid({"targetUserId": "You cannot befriend yourself."})
    async with transaction():
        await _hold(actor, target)
        mine = await Follow.get_or_none(follower_id=actor.id, target_id=target.id)
        theirs = await Follow.get_or_none(follower_id=target.id, target_id=actor.id)
        if mine and (mine.wants_back or (theirs and ACCEPTED == mine.state == theirs.state)):
            raise Conflict("You are friends, or have asked to be.", code="already_requested")
        if theirs and (theirs.wants_back or theirs.state == REQUESTED):
            await _say_yes(actor, target, theirs)
            return await Follow.get(follower_id=actor.id, target_id=target.id)
        if mine is None:
            return await follow(actor, target, wants_back=True)
        await Follow.filter(id=mine.id).update(wants_back=True)
        mine.wants_back = True
        after_commit(lambda: here().hooks.follow_requested(follow=mine))
        return mine


async def open_friend_request(actor: Actor, request_id: str) -> tuple[Follow, Actor]:
    """The request somebody made to `actor`, and who made it. Raises NotFound, also for other people's requests."""
    asked: dict[str, Any] = {"id": request_id, "target_id": actor.id, "wants_back": True}
    if request := await Follow.get_or_none(**asked):
        friend = await Actor.get(id=request.follower_id)
        await _hold(actor, friend)
        if request := await Follow.get_or_none(**asked):
            return request, friend
    raise NotFound("There is no such request.")


async def accept_friend(actor: Actor, request_id: str) -> Actor:
    """Say yes to a friend request: accept the follow if it waits, and follow back. Raises NotFound."""
    async with transaction():
        request, friend = await open_friend_request(actor, request_id)
        await _say_yes(actor, friend, request)
    return friend


async def _say_yes(actor: Actor, friend: Actor, request: Follow) -> None:
    """Accept the friend's follow if it waits, and follow back; they asked for it, so it waits for nothing here."""
    if request.state == REQUESTED:
        await accept(actor, friend)
    mine = await Follow.get_or_none(follower_id=actor.id, target_id=friend.id)
    if mine is None:
        await follow(actor, friend)
    elif mine.state == REQUESTED and friend.is_local and request.wants_back:
        await accept(friend, actor)
    await Follow.filter(id=request.id).update(wants_back=False)


async def reject_friend(actor: Actor, request_id: str) -> Actor:
    """Say no to a friend request; a follow that was accepted stays a follow. Raises NotFound."""
    async with transaction():
        request, friend = await open_friend_request(actor, request_id)
        await Follow.filter(id=request.id).update(wants_back=False)
        if request.state == REQUESTED:
            await reject(actor, friend)
    return friend


async def answer(actor: Actor, other: Actor, *, accept: bool) -> None:
    """Answer whoever asks to follow or to be friends, whichever it is. Raises NotFound where they asked nothing."""
    asked = await Follow.get_or_none(follower_id=other.id, target_id=actor.id)
    if asked is None:
        raise NotFound("There is no such request.")
    if asked.wants_back:
        await (accept_friend if accept else reject_friend)(actor, asked.id)
    elif accept:
        await _accept(actor, other)
    else:
        await reject(actor, other)


async def end_friendship(actor: Actor, friend: Actor) -> None:
    """Be friends no longer: unfollow; they may go on following. Raises NotFound where they are no friends."""
    async with transaction():
        await _hold(actor, friend)
        if not (await is_following(actor.id, friend.id) and await is_following(friend.id, actor.id)):
            raise NotFound("You are not friends.")
        await unfollow(actor, friend)


async def is_following(follower_id: str, target_id: str) -> bool:
    """Whether an accepted follow stands."""
    return await Follow.exists(follower_id=follower_id, target_id=target_id, state=ACCEPTED)


async def block(actor: Actor, target: Actor, uri: str = "") -> None:
    """Have nothing to do with somebody: follows end both ways, neither sees the other. Raises Invalid, Conflict.

    It is not told to the other server (federation.md, section 7): what ends there is the follows.
    """
    if actor.id == target.id:
        raise Invalid({"userId": "You cannot block yourself."})
    async with transaction():
        await refuse_between(actor, target)  # first, for whoever agrees holds the answer, and then who wrote it
        await _hold(actor, target)
        added = await execute(
            "INSERT INTO core_block (id, actor_id, target_id, uri, created_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            new_id(),
            actor.id,
            target.id,
            uri,
            now(),
        )
        if not added:
            raise Conflict("You block them already.", code="already_blocked")
        for end in (unfollow, reject):
            try:
                await end(actor, target)
            except NotFound:
                continue  # they did not, or do no longer
        await execute(
            "DELETE FROM core_quote_asked WHERE (author_id = $1 AND actor_id = $2)"
            " OR (author_id = $2 AND actor_id = $1)",
            actor.id,
            target.id,
        )
        for one, other in ((actor, target), (target, actor)):
            if one.is_local:
                await timelines.clear(one, other)
        after_commit(lambda: live_feed.forget_ties(actor.id, target.id))


async def unblock(actor: Actor, target: Actor) -> None:
    """Lift a block. Raises NotFound where there is none."""
    if not await Block.filter(actor_id=actor.id, target_id=target.id).delete():
        raise NotFound("You do not block them.")
    live_feed.forget_ties(actor.id, target.id)


async def mute(actor: Actor, target: Actor, *, until: datetime | None = None) -> None:
    """Not see somebody in lists, for good or until then; they do not notice. Muting them otherwise changes until when.

    Raises Invalid for oneself and for what is past, Conflict where it is so already.
    """
    if actor.id == target.id:
        raise Invalid({"userId": "You cannot mute yourself."})
    if until is not None and until <= now():
        raise Invalid({"expiresAt": "This is in the past."})
    async with transaction():
        changed = await rows(
            "INSERT INTO core_mute (id, actor_id, target_id, expires_at, created_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (actor_id, target_id) DO UPDATE SET expires_at = excluded.expires_at"
            " WHERE core_mute.expires_at IS NOT NULL OR excluded.expires_at IS NOT NULL RETURNING id",
            *(new_id(), actor.id, target.id, until, now()),
        )
        if not changed:
            raise Conflict("You mute them already.", code="already_muted")
        if until is not None:
            await end_mute.later(actor_id=actor.id, target_id=target.id, delay=(until - now()).total_seconds())
        after_commit(lambda: live_feed.forget_ties(actor.id))


@task
async def end_mute(actor_id: str, target_id: str) -> None:
    """Lift a mute whose time is over; nothing happens where it was made longer meanwhile."""
    sql = "DELETE FROM core_mute WHERE actor_id = $1 AND target_id = $2 AND expires_at <= $3"
    if await execute(sql, actor_id, target_id, now()):
        live_feed.forget_ties(actor_id)


async def unmute(actor: Actor, target: Actor) -> None:
    """See somebody in lists again. Raises NotFound where they are not muted."""
    if not await Mute.filter(actor_id=actor.id, target_id=target.id).delete():
        raise NotFound("You do not mute them.")
    live_feed.forget_ties(actor.id)


async def are_apart(one_id: str, other_id: str) -> bool:
    """Whether either blocks the other, or the other's server."""
    return bool(
        await row(
            "SELECT 1 AS one FROM core_block WHERE (actor_id = $1 AND target_id = $2)"
            f" OR (actor_id = $2 AND target_id = $1) UNION ALL SELECT 1 WHERE {of_blocked_server('$1', '$2')}"
            f" OR {of_blocked_server('$2', '$1')}",
            one_id,
            other_id,
        )
    )


async def _must_reach(actor: Actor, target: Actor) -> None:
    if not target.is_here or await are_apart(actor.id, target.id):
        raise NotFound("There is no such person.")


async def _tell(verb: str, actor: Actor, target: Actor, follow: Follow) -> None:
    if not target.is_local:
        act = Act(verb, actor, target=target, uri=follow.uri, details={"wants_back": follow.wants_back})
        await here().hooks.outgoing(act=act)
