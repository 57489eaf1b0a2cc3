"""Whether somebody who has an account may come in with it yet, and the moment when they may."""

from __future__ import annotations

from typing import Literal

from core.accounts.models import Account
from core.accounts.service import NEW, OUTSIDE
from core.database import after_commit, execute, transaction
from core.errors import Forbidden
from core.instance import here
from core.models import Actor

NextStep = Literal["verify_email", "await_approval"]
_REFUSALS: dict[NextStep, tuple[str, str]] = {
    "verify_email": (
        "email_not_verified",
        "Please follow the link in the e-mail we sent you first. You can have it sent again.",
    ),
    "await_approval": (
        "awaiting_approval",
        "Somebody still has to look at your request to join. You get an e-mail when they have.",
    ),
}


class MustWait(Forbidden):
    """They have an account, and have proved that it is theirs, but may not use it yet."""

    def __init__(self, account: Account, step: NextStep) -> None:
        code, sentence = _REFUSALS[step]
        super().__init__(sentence, code=code)
        self.account_id, self.email, self.step = account.id, account.email, step


def must_wait(account: Account) -> NextStep | None:
    """What has to happen before this account may be used; None where nothing has to.

    One's own part comes first: what nobody could answer by e-mail is no request yet.
    """
    if account.is_in_vain or (here().settings.accounts.require_verified_email and account.email_verified_at is None):
        return "verify_email"
    return "await_approval" if account.is_waiting else None


def is_out(account: Account, actor: Actor) -> bool:
    """Whether somebody was sent away: suspended or removed, not merely kept out of sight until they are in."""
    return bool(actor.removed_at or (actor.suspended_at and account.stage != OUTSIDE))


async def enter(account: Account) -> None:
    """Let somebody in who has just proved whose account it is. To be called before each sign-in begins a session.

    Raises MustWait, with the code `email_not_verified` or `awaiting_approval`, where that cannot be yet. It tells that
    there is such an account, so ask only who has proved that it is theirs.
    """
    step = must_wait(account)
    if step:
        raise MustWait(account, step)
    await let_in(account)


async def let_in(account: Account) -> None:
    """Show somebody to everybody who need not wait any more; nothing happens for who is in already."""
    if account.stage != OUTSIDE:
        return
    async with transaction():
        entered = await execute(
            "UPDATE core_account SET stage = $1 WHERE id = $2 AND stage = $3", NEW, account.id, OUTSIDE
        )
        if entered:
            await execute("UPDATE core_actor SET suspended_at = NULL WHERE id = $1", account.actor_id)
            actor = await Actor.get(id=account.actor_id)
            after_commit(lambda: here().cache.drop_tag(f"actor:{actor.id}"))
            after_commit(lambda: here().hooks.actor_registered(actor=actor))
    account.stage = NEW


async def welcomed(account: Account) -> None:
    """Nobody need be welcomed twice."""
    if account.stage == NEW:
        await execute("UPDATE core_account SET stage = '' WHERE id = $1 AND stage = $2", account.id, NEW)
        here().cache.drop_tag(f"account:{account.id}")
