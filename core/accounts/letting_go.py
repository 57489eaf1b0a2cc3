"""Forget what is kept of somebody whose standing changed, and close what they left open; in every process."""

from __future__ import annotations

from core.database import after_commit
from core.instance import here
from core.models import Actor
from core.tasks import task


async def let_go(actor: Actor, reason: str = "") -> None:
    """After the commit, forget what is kept of an actor and, with a reason, close their sockets.

    A command beside a server that shares no Redis with it leaves a note for the server to do the same.
    """
    after_commit(lambda: _forget(actor.id, reason))
    if here().redis is None and not here().jobs.works_here:
        await forget.later(actor_id=actor.id, reason=reason)


@task
async def forget(actor_id: str, reason: str) -> None:
    """What a command beside this server could not do in it."""
    _forget(actor_id, reason)


def _forget(actor_id: str, reason: str) -> None:
    here().cache.drop_tag(f"actor:{actor_id}")
    here().cache.drop_tag(f"account:{actor_id}")
    if reason:
        here().live.close_owner(actor_id, reason)
