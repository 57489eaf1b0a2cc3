"""Proving that an e-mail address is theirs: the link in a mail, and having it sent again."""

from __future__ import annotations

from core.accounts.asking import account_asked, ask_quietly
from core.accounts.audit import record
from core.accounts.mailed_tokens import NoGood, issue, redeem
from core.accounts.models import Account
from core.accounts.requests import tell_of
from core.accounts.standing import is_out, let_in, must_wait
from core.database import after_commit, execute, now, transaction
from core.email_addresses import email_key
from core.instance import here
from core.mail.outgoing import send
from core.tasks import task

VERIFY = "verify"
HOURS = 48


async def ask_to_verify(account: Account) -> None:
    """Mail the link that proves the address, inside the current transaction; nothing happens where it is proved."""
    if account.email_verified_at is not None:
        return
    async with transaction():
        token = await issue(account, VERIFY, account.email, HOURS)
        link = here().url(f"/verify?token={token}")
        await send(account.email, "verify", account_id=account.id, link=link, hours=HOURS)


async def resend(email: str, address: str) -> None:
    """Send the link again if there is such an account that waits for it; nobody learns whether. Raises RateLimited."""
    await ask_quietly(send_again, email, address)


@task
async def send_again(ask_id: str, sealed: str) -> None:
    """Answer `resend`."""
    account = await account_asked(ask_id, sealed)
    if account and not is_out(account, account.actor):
        await ask_to_verify(account)


async def verify(token: str, *, address: str = "", user_agent: str = "") -> Account:
    """Believe that the address is theirs, and let them in if that was all they waited for. Raises Invalid."""
    async with transaction():
        found = await redeem(token, VERIFY)
        account: Account = found.account
        if email_key(found.email) != account.email_key:
            raise NoGood()
        await believe(account, address=address, user_agent=user_agent)
    return account


async def believe(account: Account, *, address: str = "", user_agent: str = "") -> None:
    """Note in the current transaction that whoever has the account reads its address, and let them in if they may."""
    if account.email_verified_at is None:
        account.email_verified_at = now()
        await execute(
            "UPDATE core_account SET email_verified_at = $1 WHERE id = $2", account.email_verified_at, account.id
        )
        await record("email_verified", account_id=account.id, address=address, user_agent=user_agent)
        after_commit(lambda: here().cache.drop_tag(f"account:{account.id}"))
        await tell_of(account)
    if must_wait(account) is None:
        await let_in(account)
