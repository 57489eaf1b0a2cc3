"""Actors of other servers who left: nobody follows them any more, and what they did here is taken back bit by bit."""

from __future__ import annotations

from contextlib import suppress

from core import actors, emoji_reactions, entries, polls, reactions
from core.database import after_commit, execute, now, rows, transaction
from core.errors import NotFound
from core.federation.addresses import host_in_sql
from core.instance import here
from core.models import Actor, Entry, Follow
from core.reaction_models import Boost, Like
from core.tasks import task
from core.tombstones import bury

BATCH = 100


async def remove_actor(actor: Actor) -> None:
    """Have somebody of another server gone for good: unseen at once, their entries and reactions erased by a job."""
    if actor.is_local:
        raise ValueError("people of this server are not removed from elsewhere")
    async with transaction():
        gone = await execute(
            "UPDATE core_actor SET removed_at = $1, name = username, summary = '', avatar_url = '', cover_url = '',"
            " profile_fields = '[]', version = version + 1 WHERE id = $2 AND removed_at IS NULL",
            now(),
            actor.id,
        )
        if not gone:
            return
        await bury(actor.uri, actor.uri, "actor")
        await execute("DELETE FROM federation_key WHERE actor_id = $1", actor.id)
        await execute("DELETE FROM core_block WHERE actor_id = $1", actor.id)
        await execute("DELETE FROM core_quote_asked WHERE actor_id = $1", actor.id)
        await erase_actor.later(key=f"erase_actor:{actor.id}", actor_id=actor.id)
        await actor.refresh_from_db()
        await here().hooks.actor_stored(actor=actor)
        after_commit(lambda: here().cache.drop_tag(f"actor:{actor.id}"))
        after_commit(lambda: here().hooks.actor_removed(actor=actor))


@task(lane=8)
async def erase_actor(actor_id: str) -> None:
    """End the follows of somebody who left, then take back a batch of what they did, and queue the next."""
    actor = await Actor.get(id=actor_id)
    await sever(actor)
    done = 0
    for entry in await Entry.filter(author_id=actor_id, deleted_at__isnull=True).limit(BATCH):
        with suppress(NotFound):
            await entries.remove(entry, actor)
        done += 1
    for like in await Like.filter(actor_id=actor_id).limit(BATCH):
        with suppress(NotFound):
            await reactions.unlike(actor, await Entry.get(id=like.entry_id))
        done += 1
    for boost in await Boost.filter(actor_id=actor_id).limit(BATCH):
        with suppress(NotFound):
            await reactions.unboost(actor, await Entry.get(id=boost.entry_id))
        done += 1
    done += await polls.take_back_votes(actor)
    done += await emoji_reactions.take_back_reactions(actor)
    if done:
        await erase_actor.later(actor_id=actor_id)


async def sever(actor: Actor) -> None:
    """End every follow between an actor and people of this server, both ways."""
    for follow in await Follow.filter(target_id=actor.id):
        with suppress(NotFound):
            await actors.unfollow(await Actor.get(id=follow.follower_id), actor)
    for follow in await Follow.filter(follower_id=actor.id):
        with suppress(NotFound):
            await actors.reject(await Actor.get(id=follow.target_id), actor)


async def sever_server(domain: str, host: str) -> None:
    """End every follow between people of this server and those whose names are of `domain` and whose ids of `host`."""
    for found in await rows(
        f"SELECT a.id FROM core_actor a WHERE a.domain = $1 AND {host_in_sql('a.uri')} = $2"
        " AND (EXISTS (SELECT 1 FROM core_follow f WHERE f.target_id = a.id)"
        " OR EXISTS (SELECT 1 FROM core_follow f WHERE f.follower_id = a.id))",
        domain,
        host,
    ):
        await sever(await Actor.get(id=found["id"]))
