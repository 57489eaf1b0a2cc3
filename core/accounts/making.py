"""Making accounts for others: with a password to pass on, or with a link by which they choose one themselves."""

from __future__ import annotations

from core.accounts import service
from core.accounts.audit import Doer, record_act
from core.accounts.mailed_tokens import issue
from core.accounts.models import Account
from core.accounts.passwords import RESET
from core.accounts.verification import ask_to_verify
from core.database import transaction
from core.instance import here
from core.mail.outgoing import send
from core.models import Actor
from core.permissions import require, require_may_give

HOURS = 7 * 24


async def make(
    username: str,
    email: str,
    password: str | None,
    *,
    full_name: str = "",
    role: str = "user",
    verified: bool = False,
    by: Doer | None = None,
) -> tuple[Account, Actor]:
    """Make an account for somebody; without a password they are mailed a link to choose one, which proves the address.

    `by` nobody is a command of whoever runs the server. Raises as `service.register`, and Forbidden.
    """
    if by:
        require(by.actor, "accounts.create")
        require_may_give(by.actor, role)
    password_hash = await service.checked(username, email, password, full_name=full_name, role=role)
    async with transaction():
        account, actor = await service.store(
            username, email, password_hash, full_name=full_name, role=role, verified=verified
        )
        await record_act("account_made", account.id, by)
        if password is None:
            await _mail_link(account, actor)
        elif here().settings.accounts.require_verified_email:
            await ask_to_verify(account)
    return account, actor


async def _mail_link(account: Account, actor: Actor) -> None:
    token = await issue(account, RESET, account.email, HOURS)
    link = here().url(f"/reset?token={token}")
    await send(account.email, "account_made", account_id=account.id, name=actor.username, link=link, days=HOURS // 24)
