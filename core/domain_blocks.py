"""Whole servers that somebody here wants nothing of: as if they blocked everybody there, whoever comes later too."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from core import actors, live_feed
from core.addresses import Refused, domain_of, parse_url
from core.database import HIGHEST_ID, after_commit, execute, new_id, now, rows, transaction, value
from core.errors import Conflict, Invalid, NotFound
from core.going_out import refuse_from
from core.graph_models import DomainBlock
from core.instance import here
from core.models import Actor
from core.tasks import task

DOMAINS_AT_MOST = 5_000
BATCH = 100  # follows that one job ends

Row = dict[str, Any]


def checked(text: str) -> str:
    """A server's domain as it is stored: lower case, A-labels. Raises Invalid naming `domain`, also for our own."""
    try:
        domain = domain_of(text)
    except Refused:
        raise Invalid({"domain": "This is not the domain of a server, such as kith.example."}) from None
    if domain in (here().domain.lower(), parse_url(here().base_url).authority):
        raise Invalid({"domain": "This is the server you are on."})
    return domain


async def block(actor: Actor, text: str) -> str:
    """Have nothing to do with a server, whose domain is answered: what its people publish is hidden from `actor` at
    once, and they can ask for nothing any more; follows between them end by a job.

    It is that domain alone, none below it, and the server is told nothing but that follows end. Raises Invalid naming
    `domain`, also for one too many, Conflict where it is so already.
    """
    domain = checked(text)
    async with transaction():
        await _hold(actor)
        if not await execute(
            "INSERT INTO core_domain_block (id, actor_id, domain, created_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING",
            *(new_id(), actor.id, domain, now()),
        ):
            raise Conflict("You block this server already.", code="already_blocked")
        if await DomainBlock.filter(actor_id=actor.id).count() > DOMAINS_AT_MOST:
            raise Invalid({"domain": f"You block {DOMAINS_AT_MOST} servers already; that is as many as there can be."})
        await execute(
            "DELETE FROM core_quote_asked WHERE author_id = $1"
            " AND actor_id IN (SELECT a.id FROM core_actor a WHERE a.domain = $2 AND a.domain <> '')",
            actor.id,
            domain,
        )
        await refuse_from(actor, domain)
        await sever.later(actor_id=actor.id, domain=domain)
        after_commit(lambda: live_feed.forget_ties(actor.id))
    return domain


async def _hold(actor: Actor) -> None:
    """Wait for follows that have begun, and have later ones see the block: each holds both of its people too."""
    lock = " FOR NO KEY UPDATE" if here().database.dialect == "postgres" else ""
    await rows(f"SELECT id FROM core_actor WHERE id = $1{lock}", actor.id)


async def unblock(actor: Actor, text: str) -> str:
    """Lift the block of a server, whose domain is answered; follows that ended stay ended. Raises Invalid, NotFound."""
    domain = checked(text)
    if not await DomainBlock.filter(actor_id=actor.id, domain=domain).delete():
        raise NotFound("You do not block this server.")
    live_feed.forget_ties(actor.id)
    return domain


async def listed(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the servers somebody blocks, latest first."""
    return await rows(
        "SELECT t.id AS position, t.domain, t.created_at FROM core_domain_block t WHERE t.actor_id = $1 AND t.id < $2"
        " ORDER BY t.id DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def count(actor: Actor) -> int:
    """How many servers somebody blocks."""
    return int(await value("SELECT COUNT(*) FROM core_domain_block WHERE actor_id = $1", actor.id) or 0)


@task(lane=3, attempts=20)
async def sever(actor_id: str, domain: str) -> None:
    """End a batch of the follows, and of the wishes to, between somebody and a server they block; then the next batch.

    Nothing more is ended once the block was lifted.
    """
    actor = await Actor.get_or_none(id=actor_id)
    if actor is None or not await DomainBlock.exists(actor_id=actor_id, domain=domain):
        return
    found = await rows(
        "SELECT f.follower_id, f.target_id FROM core_follow f JOIN core_actor a ON a.id = f.target_id"
        " AND a.domain = $2 WHERE f.follower_id = $1 UNION ALL"
        " SELECT f.follower_id, f.target_id FROM core_follow f JOIN core_actor a ON a.id = f.follower_id"
        f" AND a.domain = $2 WHERE f.target_id = $1 LIMIT {BATCH}",
        actor_id,
        domain,
    )
    for tie in found:
        is_own = tie["follower_id"] == actor_id
        other = await Actor.get(id=tie["target_id"] if is_own else tie["follower_id"])
        with suppress(NotFound):  # it has ended meanwhile
            await (actors.unfollow if is_own else actors.reject)(actor, other)
    if len(found) == BATCH:
        await sever.later(actor_id=actor_id, domain=domain)
