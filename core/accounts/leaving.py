"""Leaving of one's own will: gone from sight at once, for good a week later, and until then one may stay after all.

Who leaves is hidden as the suspended are, from the moment they asked. That moment is a week before `leaves_at`: where
the actor's `suspended_at` is another one, somebody in charge suspended them as well, and they cannot come back alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.accounts import sessions
from core.accounts.audit import record
from core.accounts.letting_go import let_go
from core.accounts.models import Account
from core.database import now, transaction
from core.errors import Conflict, NotFound, Unauthenticated
from core.instance import here
from core.mail.outgoing import send
from core.models import Actor
from core.permissions import keep_an_admin
from core.replies import come_back

CHANGE_OF_MIND = timedelta(days=7)


class Leaving(Unauthenticated):
    """They proved who they are, and have asked to be gone: staying takes saying so."""

    def __init__(self, account: Account) -> None:
        assert account.leaves_at is not None
        self.leaves_at = account.leaves_at
        day = f"{account.leaves_at:%Y-%m-%d}"
        super().__init__(
            f"You asked for this account to be deleted, which happens on {day}. Until then you can decide to stay.",
            code="account_leaving",
        )


def is_leaving(account: Account, actor: Actor) -> bool:
    """Whether somebody asked to be deleted and may still change their mind."""
    return account.leaves_at is not None and actor.removed_at is None and _is_hidden_by_leaving(account, actor)


def _is_hidden_by_leaving(account: Account, actor: Actor) -> bool:
    return account.leaves_at is not None and actor.suspended_at == account.leaves_at - CHANGE_OF_MIND


async def leave(actor: Actor, *, address: str = "", user_agent: str = "") -> datetime:
    """Vanish at once, everywhere here, and be deleted in a week; returns when that will be. Nothing federates yet.

    Ask only for who has just proved who they are. Raises Conflict for who leaves already and for the last admin.
    """
    async with transaction():
        account = await Account.get(actor_id=actor.id)
        if account.leaves_at is not None:
            raise Conflict("This account is about to be deleted already.", code="already_leaving")
        await keep_an_admin(actor)
        asked_at = now()
        account.leaves_at = asked_at + CHANGE_OF_MIND
        await Account.filter(id=account.id).update(leaves_at=account.leaves_at)
        if actor.suspended_at is None:
            await Actor.filter(id=actor.id).update(suspended_at=asked_at, version=actor.version + 1)
        await let_go(actor, "deleted")  # first, so that open sockets are told why
        await sessions.end_all(account.id)
        await record("deletion_asked", account_id=account.id, address=address, user_agent=user_agent)
        await send(
            account.email,
            "account_leaving",
            account_id=account.id,
            username=actor.username,
            day=account.leaves_at.date(),
            link=here().url("/login"),
        )
    return account.leaves_at


async def stay(account: Account, *, address: str = "", user_agent: str = "") -> Actor:
    """Be there again, as if nothing had been asked. Raises NotFound for who does not leave, or was suspended since."""
    async with transaction():
        account = await Account.get(id=account.id)
        actor = await Actor.get(id=account.actor_id)
        if not is_leaving(account, actor):
            raise NotFound("This account is not about to be deleted.")
        await Account.filter(id=account.id).update(leaves_at=None)
        actor.suspended_at, actor.version = None, actor.version + 1
        await actor.save(update_fields=["suspended_at", "version"])
        await record("deletion_cancelled", account_id=account.id, address=address, user_agent=user_agent)
        await let_go(actor)
        await come_back(actor)
    return actor
