"""What those who run a server do with accounts: suspend, change the role, set a password, delete."""

from __future__ import annotations

import secrets

from core import entries
from core.accounts import sessions
from core.accounts.models import Account
from core.accounts.service import ROLES
from core.database import after_commit, execute, now, transaction
from core.entries import Act
from core.errors import Conflict, Invalid, NotFound
from core.instance import here
from core.models import ACCEPTED, Actor, Entry
from core.tasks import task

ERASED_AT_ONCE = 50
_SYLLABLES = [first + second for first in "bdfghjklmnprstvz" for second in "aeiou"]


async def suspend(actor: Actor) -> None:
    """Make an actor, here or elsewhere, vanish until `unsuspend`; their sessions and sockets end.

    Raises Conflict where they are suspended or removed already.
    """
    if not actor.is_here:
        raise Conflict("They are suspended or removed already.", code="already_suspended")
    actor.suspended_at = now()
    await _changed(actor, "suspended_at", ends="suspended")


async def unsuspend(actor: Actor) -> None:
    """Let a suspended actor be there again. Raises Conflict where they are not suspended."""
    if actor.suspended_at is None or actor.removed_at:
        raise Conflict("They are not suspended.", code="not_suspended")
    actor.suspended_at = None
    await _changed(actor, "suspended_at")


async def set_role(actor: Actor, role: str) -> None:
    """Make somebody a user, moderator or admin. Raises Invalid, NotFound for those who have no account here."""
    if role not in ROLES:
        raise Invalid({"role": f"One of {', '.join(ROLES)}."})
    await account_of(actor)
    actor.role = role
    await _changed(actor, "role")


async def reset_password(actor: Actor, password: str) -> None:
    """Give an account another password and end its sessions. Raises Invalid, NotFound."""
    account = await account_of(actor)
    weakness = here().passwords.weakness(password, username=actor.username, email=account.email)
    if weakness:
        raise Invalid({"password": weakness})
    hashed = await here().passwords.hash_password(password)
    async with transaction():
        await Account.filter(id=account.id).update(password_hash=hashed)
        await sessions.end_all(account.id)
        await _let_go(actor, "signed out")


async def remove(actor: Actor) -> None:
    """Delete an account: its actor vanishes at once and for good, and a job erases everything else of it.

    The name stays taken, so that nobody can pose as who bore it. Raises NotFound where there is no account.
    """
    account = await account_of(actor)
    async with transaction():
        await here().hooks.outgoing(act=Act("delete_actor", actor))
        actor.removed_at, actor.name, actor.role = now(), actor.username, "user"
        actor.summary = actor.summary_source = actor.avatar_url = actor.cover_url = ""
        actor.profile_fields, actor.also_known_as = [], []
        actor.version += 1
        await actor.save()
        await sessions.end_all(account.id)
        await erase.later(actor_id=actor.id, key=f"erase:{actor.id}")
        await _let_go(actor, "deleted")
        after_commit(lambda: here().hooks.actor_removed(actor=actor))


@task(attempts=20, seconds=3600)
async def erase(actor_id: str) -> None:
    """Erase what a removed account left: what plugins store of it, its entries and ties, the account itself."""
    actor = await Actor.get_or_none(id=actor_id, removed_at__isnull=False)
    account = await Account.get_or_none(actor_id=actor_id)
    if actor is None or account is None:
        return
    await here().hooks.erase_account(account=account)
    while found := await Entry.filter(author_id=actor_id, deleted_at__isnull=True).limit(ERASED_AT_ONCE):
        for entry in found:
            await entries.remove(entry, by=actor)
    async with transaction():
        for sql in _TIES:
            await execute(sql, actor_id)
        await account.delete()


async def account_of(actor: Actor) -> Account:
    """The account of an actor; NotFound for those elsewhere, and for those whose account was deleted."""
    account = await Account.get_or_none(actor_id=actor.id) if actor.is_local and not actor.removed_at else None
    if account is None:
        raise NotFound("They have no account here.")
    return account


def new_password() -> str:
    """A password that can be read out: about 70 bits in syllables and a number."""
    words = ["".join(secrets.choice(_SYLLABLES) for _ in range(3)) for _ in range(3)]
    return "-".join((*words, f"{secrets.randbelow(10_000):04}"))


async def _changed(actor: Actor, *fields: str, ends: str = "") -> None:
    """Store what is new about an actor, and let everybody know who keeps something of them."""
    actor.version += 1
    async with transaction():
        await actor.save(update_fields=[*fields, "version"])
        if actor.is_local:
            await here().hooks.outgoing(act=Act("update_actor", actor))
        if ends:
            await sessions.end_all(actor.id)
        await _let_go(actor, ends)
        after_commit(lambda: here().hooks.actor_updated(actor=actor))


async def _let_go(actor: Actor, reason: str) -> None:
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


def _uncount(column: str, table: str, counted: str, actor: str, where: str = "") -> str:
    """Take one off a counter of every row that something of the actor's counts in."""
    owner = "core_entry" if counted == "entry_id" else "core_actor"
    return (
        f"UPDATE {owner} SET {column} = {column} - 1 WHERE {column} > 0"
        f" AND id IN (SELECT {counted} FROM {table} WHERE {actor} = $1{where})"
    )


_FOLLOWS = f" AND state = '{ACCEPTED}'"
# Counters change in the transaction of the rows they count.
_TIES = (
    _uncount("likes_count", "core_like", "entry_id", "actor_id"),
    _uncount("boosts_count", "core_boost", "entry_id", "actor_id"),
    _uncount("followers_count", "core_follow", "target_id", "follower_id", _FOLLOWS),
    _uncount("following_count", "core_follow", "follower_id", "target_id", _FOLLOWS),
    "DELETE FROM core_timeline WHERE owner_id = $1 OR via_id = $1",
    *(
        f"DELETE FROM {table} WHERE actor_id = $1"
        for table in ("core_like", "core_boost", "core_bookmark", "core_idempotent_answer")
    ),
    *(f"DELETE FROM {table} WHERE actor_id = $1 OR target_id = $1" for table in ("core_block", "core_mute")),
    "DELETE FROM core_follow WHERE follower_id = $1 OR target_id = $1",
    "UPDATE core_actor SET followers_count = 0, following_count = 0, posts_count = 0 WHERE id = $1",
)
