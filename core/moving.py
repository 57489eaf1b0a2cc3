"""Moving to another account: saying which accounts are one's own, leaving for one, and who follows going along."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from core import actors
from core.database import LOWEST_ID, after_commit, execute, new_id, now, rows, transaction
from core.entries import Act
from core.errors import Conflict, Invalid, KithError, NotFound, Rejected
from core.feed_models import ListMember
from core.graph_models import CircleMember, Move
from core.instance import here
from core.models import Actor, Follow
from core.tasks import task

COOLDOWN = timedelta(days=7)
ALIASES_AT_MOST = 10
BATCH = 100

_FOLLOWERS = (
    "SELECT f.id, f.follower_id AS person_id FROM core_follow f JOIN core_actor a ON a.id = f.follower_id"
    " AND a.domain = '' WHERE f.target_id = $1 AND f.id > $2 ORDER BY f.id LIMIT $3"
)
_APART = "SELECT t.id, t.actor_id AS person_id FROM {table} t JOIN core_actor a ON a.id = t.actor_id AND a.domain = ''"
_APART += " WHERE t.target_id = $1 AND t.id > $2 ORDER BY t.id LIMIT $3"
# What is carried over to the new account, one after the other, and where it stands.
_PARTS = {
    "follows": _FOLLOWERS,
    "blocks": _APART.format(table="core_block"),
    "mutes": _APART.format(table="core_mute"),
    "circles": "SELECT m.id, m.circle_id AS person_id FROM core_circle_member m"
    " WHERE m.actor_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3",
}


# -- Which accounts are one's own --------------------------------------------------------------------------------------
async def aliases(actor: Actor) -> list[Actor]:
    """The other accounts somebody has said are theirs, as far as they are known here."""
    known = {one.uri: one for one in await Actor.filter(uri__in=list(actor.also_known_as), removed_at__isnull=True)}
    return [known[uri] for uri in actor.also_known_as if uri in known]


async def add_alias(actor: Actor, other: Actor) -> Actor:
    """Say that another account is one's own, so that it can move here. Raises Invalid, Conflict."""
    if other.id == actor.id:
        raise Invalid({"address": "This is the account you are using."})
    if other.uri in actor.also_known_as:
        raise Conflict("You have said so already.", code="already_alias")
    if len(actor.also_known_as) >= ALIASES_AT_MOST:
        raise Conflict(f"These are {ALIASES_AT_MOST} already; take one away first.", code="too_many_aliases")
    return await _set_aliases(actor, [*actor.also_known_as, other.uri])


async def remove_alias(actor: Actor, other: Actor) -> Actor:
    """Say no longer that another account is one's own. Raises NotFound."""
    if other.uri not in actor.also_known_as:
        raise NotFound("You have not said that this account is yours.")
    return await _set_aliases(actor, [uri for uri in actor.also_known_as if uri != other.uri])


async def _set_aliases(actor: Actor, uris: list[str]) -> Actor:
    async with transaction():
        actor.also_known_as, actor.version = uris, actor.version + 1
        await actor.save(update_fields=["also_known_as", "version"])
        await _tell_of_profile(actor)
    return actor


async def _tell_of_profile(actor: Actor) -> None:
    await here().hooks.outgoing(act=Act("update_actor", actor))
    after_commit(lambda: _forget(actor))
    after_commit(lambda: here().hooks.actor_updated(actor=actor))


def _forget(actor: Actor) -> None:
    here().cache.drop_tag(f"actor:{actor.id}")


# -- Leaving for another account ---------------------------------------------------------------------------------------
async def leave_for(actor: Actor, target: Actor) -> Actor:
    """Move to another account, which has to say that this one is its own: followers are told, and go along.

    What was written stays, and nothing is written any more. Ask only for who has just proved who they are, and have
    looked at the target anew. Raises Invalid naming `address`, Conflict for who has moved already.
    """
    if actor.moved_to_uri:
        raise Conflict("You have moved already.", code="has_moved")
    try:
        await _check(actor, target)
    except Rejected as refusal:
        raise Invalid({"address": refusal.sentence}) from None
    async with transaction():
        actor = await _begin(actor, target)
        await _tell_of_profile(actor)
        await here().hooks.outgoing(act=Act("move", actor, target=target))
    return actor


async def come_back(actor: Actor) -> Actor:
    """Use an account again after moving away; who went along stays there. Raises NotFound where nobody moved."""
    if not actor.moved_to_uri:
        raise NotFound("You have not moved.")
    async with transaction():
        actor.moved_to_uri, actor.version = "", actor.version + 1
        await actor.save(update_fields=["moved_to_uri", "version"])
        await _tell_of_profile(actor)
    return actor


async def moved(actor: Actor, target: Actor) -> None:
    """Somebody elsewhere moved: who follows them here goes along. `target` is as its own server describes it now.

    Raises Rejected where that is not to be believed, Conflict where it is known.
    """
    if await Move.exists(actor_id=actor.id, target_id=target.id, moved_at__gt=now() - COOLDOWN):
        raise Conflict("This is known.", code="has_moved")
    await _check(actor, target)
    if await Move.exists(target_id=actor.id, moved_at__gt=now() - COOLDOWN):
        # Accounts that hand them on from one to the next would have people here follow anew without end.
        raise Rejected("Others came along to this account within the last seven days.")
    async with transaction():
        actor = await _begin(actor, target)
        after_commit(lambda: _forget(actor))
        after_commit(lambda: here().hooks.actor_updated(actor=actor))


async def _check(actor: Actor, target: Actor) -> None:
    """Raise Rejected unless the target says that it is the same person, and is one to follow."""
    if actor.id == target.id or actor.uri not in target.also_known_as:
        raise Rejected("The other account does not say that this one is its own.")
    if not target.is_here or target.type == "application":
        raise Rejected("Nobody can follow the other account.")
    if target.moved_to_uri:
        raise Rejected("The other account has moved as well.")
    if await Move.exists(actor_id=actor.id, moved_at__gt=now() - COOLDOWN):
        raise Rejected("This account has moved within the last seven days.")


async def _begin(actor: Actor, target: Actor) -> Actor:
    actor.moved_to_uri, actor.version = target.uri, actor.version + 1
    await actor.save(update_fields=["moved_to_uri", "version"])
    await execute(
        "INSERT INTO core_move (id, actor_id, target_id, moved_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (actor_id) DO UPDATE SET target_id = excluded.target_id, moved_at = excluded.moved_at",
        new_id(),
        actor.id,
        target.id,
        now(),
    )
    await carry.later(actor_id=actor.id, target_id=target.id)
    return actor


# -- Who goes along ----------------------------------------------------------------------------------------------------
@task(lane=6)
async def carry(actor_id: str, target_id: str, part: str = "follows", after: str = LOWEST_ID) -> None:
    """Have a batch of people here be to the new account what they are to the old one, then queue the next.

    They follow the new one, on the same lists, and the old one no more; blocks, mutes and places in circles stand for
    both.
    """
    actor, target = await Actor.get(id=actor_id), await Actor.get(id=target_id)
    if actor.moved_to_uri != target.uri:
        return  # they came back meanwhile
    found = await rows(_PARTS[part], actor.id, after, BATCH)
    for each in found:
        await _carry(part, each["person_id"], actor, target)
    if len(found) == BATCH:
        await carry.later(actor_id=actor_id, target_id=target_id, part=part, after=found[-1]["id"])
        return
    parts = list(_PARTS)
    if part != parts[-1]:
        await carry.later(actor_id=actor_id, target_id=target_id, part=parts[parts.index(part) + 1])


async def _carry(part: str, person_id: str, actor: Actor, target: Actor) -> None:
    if part == "circles":
        if not await CircleMember.exists(circle_id=person_id, actor_id=target.id):
            await CircleMember.create(circle_id=person_id, actor_id=target.id)
        return
    person = await Actor.get(id=person_id)
    if part == "follows":
        await _carry_follow(person, actor, target)
    else:
        with suppress(KithError):  # it is so already, or it is themselves
            await (actors.block if part == "blocks" else actors.mute)(person, target)


async def _carry_follow(person: Actor, actor: Actor, target: Actor) -> None:
    """Follow the new account instead of the old one; where a block lies between, all stays as it is."""
    async with transaction():
        if person.id != target.id:
            try:
                await actors.follow(person, target)
            except Conflict:
                pass  # they follow already
            except KithError:
                return
            await _carry_lists(person, actor, target)
        with suppress(NotFound):
            await actors.unfollow(person, actor)


async def _carry_lists(person: Actor, actor: Actor, target: Actor) -> None:
    """Places on lists hang on the follow: they go over to the new one before the old one ends."""
    old = await Follow.get_or_none(follower_id=person.id, target_id=actor.id)
    new = await Follow.get_or_none(follower_id=person.id, target_id=target.id)
    if old is None or new is None:
        return
    for place in await ListMember.filter(follow_id=old.id):
        if not await ListMember.exists(list_id=place.list_id, follow_id=new.id):
            await ListMember.create(list_id=place.list_id, follow_id=new.id)
