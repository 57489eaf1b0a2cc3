"""Another e-mail address for an account: it is theirs once they have shown that they read the old one and the new."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from core.accounts import notices, sessions
from core.accounts.asking import HOUR
from core.accounts.audit import record
from core.accounts.letting_go import let_go
from core.accounts.mailed_tokens import NoGood, issue, look_at, redeem, revoke
from core.accounts.models import Account
from core.accounts.own_password import must_be_own
from core.accounts.proof_models import EmailChange, MailedToken
from core.accounts.standing import let_in, must_wait
from core.database import IntegrityError, after_commit, execute, new_id, now, transaction
from core.email_addresses import email_fault, email_key
from core.errors import Conflict, Invalid, RateLimited
from core.instance import here
from core.mail.outgoing import send
from core.models import Actor

OLD, NEW, STOP = "email_old", "email_new", "email_stop"
HOURS = 48
Side = Literal["old", "new"]


async def request(account: Account, email: str, password: str) -> None:
    """Ask for another address: both get a mail, and the old one may say that this was not them.

    Raises Invalid naming `email` or `password`, RateLimited.
    """
    await check(account, email, password)
    await ask_both(account, email)


async def check(account: Account, email: str, password: str) -> None:
    """That this may be asked for: a new address, and the password once more. Raises as `request`."""
    if fault := email_fault(email):
        raise Invalid({"email": fault})
    if is_same(account, email):
        raise Invalid({"email": "This is your address already."})
    await must_be_own(account, password)
    limits = here().settings.rate_limits
    if limits.enabled:
        verdict = await here().limiter.take(f"email:{account.id}", limits.mailed_links_per_hour, HOUR)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)


def is_same(account: Account, email: str) -> bool:
    """Whether this is the address the account has, however it is written."""
    return email_key(email) == account.email_key


async def ask_both(account: Account, email: str) -> None:
    """Mail both addresses, after `check`. Whether somebody else has the new one only who reads it learns."""
    actor = await Actor.get(id=account.actor_id)
    async with transaction():
        await forget(account)
        await EmailChange.create(
            id=new_id(), account_id=account.id, email=email, expires_at=now() + timedelta(hours=HOURS)
        )
        confirm_old = await issue(account, OLD, account.email, HOURS)
        stop = await issue(account, STOP, account.email, HOURS)
        await send(
            account.email,
            "email_old",
            account_id=account.id,
            name=actor.username,
            email=email,
            link=_link("confirm", confirm_old),
            stop=_link("stop", stop),
            hours=HOURS,
        )
        if await Account.filter(email_key=email_key(email)).exists():
            await send(email, "email_taken", language=account.settings.get("language", ""), login=here().url("/login"))
        else:
            confirm_new = await issue(account, NEW, email, HOURS)
            link = _link("confirm", confirm_new)
            await send(email, "email_new", account_id=account.id, name=actor.username, link=link, hours=HOURS)
        await record("email_change_asked", account_id=account.id)


def _link(what: str, token: str) -> str:
    return here().url(f"/email/{what}?token={token}")


async def pending(account: Account) -> EmailChange | None:
    """The address somebody asked for that is not theirs yet."""
    return await EmailChange.get_or_none(account_id=account.id, expires_at__gt=now())


async def forget(account: Account) -> None:
    """Take back what was asked for, with the links that were mailed."""
    async with transaction():
        await EmailChange.filter(account_id=account.id).delete()
        await revoke(account, OLD, NEW, STOP)


# -- Answering -----------------------------------------------------------------
async def side_of(token: str) -> tuple[Side, EmailChange]:
    """Which of the two addresses a link was mailed to, and what it is about, without using it. Raises Invalid."""
    found = await _look(token)
    change = await pending(found.account)
    if change is None:
        raise NoGood()
    return ("old" if found.purpose == OLD else "new"), change


async def _look(token: str) -> MailedToken:
    try:
        return await look_at(token, NEW)
    except NoGood:
        return await look_at(token, OLD)


async def confirm(token: str, *, address: str = "", user_agent: str = "") -> bool:
    """Say yes at one of the two addresses; True where the other had agreed already, and the new one holds from now on.

    Raises Invalid, Conflict where somebody else has the address by now.
    """
    side = (await _look(token)).purpose
    try:
        async with transaction():
            found = await redeem(token, side)
            # Who comes second waits here for the first, and then sees what they said.
            column = "old_confirmed_at" if side == OLD else "new_confirmed_at"
            noted = await execute(
                f"UPDATE core_email_change SET {column} = $1 WHERE account_id = $2 AND expires_at > $1",
                now(),
                found.account_id,
            )
            if not noted:
                raise NoGood()
            change = await EmailChange.get(account_id=found.account_id)
            if change.old_confirmed_at is None or change.new_confirmed_at is None:
                return False
            account = await Account.get(id=found.account_id)
            await forget(account)
            await put(account, change.email, address=address, user_agent=user_agent)
            return True
    except Taken:
        await forget(found.account)
        raise


class Taken(Conflict):
    """Somebody else was faster: told to those only who read the address."""

    def __init__(self) -> None:
        super().__init__("There is another account with this address by now, so it cannot become yours.")
        self.code = "email_taken"


async def put(account: Account, email: str, *, verified: bool = True, address: str = "", user_agent: str = "") -> None:
    """Give an account another address now, tell both, and make links that went to the old one good for nothing.

    Raises Taken.
    """
    before = account.email
    account.email, account.email_key = email, email_key(email)
    account.email_verified_at = now() if verified else None
    try:
        async with transaction():
            await account.save(update_fields=["email", "email_key", "email_verified_at"])
    except IntegrityError:
        raise Taken() from None
    await revoke(account, "verify", "reset")
    await record("email_changed", account_id=account.id, address=address, user_agent=user_agent)
    await notices.security_changed(account, "email")
    await notices.security_changed(account, "email", to=before)
    if must_wait(account) is None:
        await let_in(account)
    after_commit(lambda: here().cache.drop_tag(f"account:{account.id}"))


async def stop(token: str, *, address: str = "", user_agent: str = "") -> Account:
    """Say at the old address that this was not them: nothing is changed, and every session ends. Raises Invalid."""
    async with transaction():
        account: Account = (await redeem(token, STOP)).account
        await forget(account)
        await sessions.end_all(account.id)
        await record("email_change_stopped", account_id=account.id, address=address, user_agent=user_agent)
        await let_go(await Actor.get(id=account.actor_id), "signed out")
    return account
