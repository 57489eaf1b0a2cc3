"""Changing one's password, and choosing another one where it is forgotten."""

from __future__ import annotations

from typing import Any

from core.accounts import changing_email, notices, sessions
from core.accounts.asking import HOUR, account_asked, ask_quietly
from core.accounts.audit import record
from core.accounts.guesses import PasswordGuesses
from core.accounts.leaving import is_leaving
from core.accounts.letting_go import let_go
from core.accounts.mailed_tokens import NoGood, issue, look_at, redeem, revoke
from core.accounts.models import Account
from core.accounts.own_password import NOT_YOURS, must_be_own
from core.accounts.proof_models import ForeignLogin, MailedToken, Passkey
from core.accounts.standing import is_out
from core.accounts.verification import believe
from core.database import after_commit, execute, now, transaction
from core.email_addresses import email_key
from core.errors import Conflict, Invalid, RateLimited
from core.instance import here
from core.mail.outgoing import send
from core.models import Actor
from core.tasks import task

RESET = "reset"
HOURS = 2


# -- Forgotten -----------------------------------------------------------------
async def forgot(email: str, address: str) -> None:
    """Mail a link to whoever has this address, if there is such an account; nobody learns whether.

    Raises RateLimited.
    """
    await ask_quietly(answer_forgotten, email, address)


@task
async def answer_forgotten(ask_id: str, sealed: str) -> None:
    """Answer `forgot`: with a link, or, to those who have no password, with how they sign in."""
    account = await account_asked(ask_id, sealed)
    if account is None or (is_out(account, account.actor) and not is_leaving(account, account.actor)):
        return
    logins = await ForeignLogin.filter(account_id=account.id).order_by("id").values_list("provider", flat=True)
    has_passkey = await Passkey.exists(account_id=account.id)
    if account.password_hash or not (logins or has_passkey):  # or they never chose one
        await mail_link(account)
        return
    await send(
        account.email,
        "no_password",
        account_id=account.id,
        name=account.actor.username,
        login=here().url("/login"),
        providers=[str(provider) for provider in logins],
        has_passkey=has_passkey,
    )


async def mail_link(account: Account) -> None:
    """Mail the link by which a password is chosen: the forgotten one's successor, or the first one."""
    async with transaction():
        token = await issue(account, RESET, account.email, HOURS)
        actor = await Actor.get(id=account.actor_id)
        link = here().url(f"/reset?token={token}")
        await send(account.email, "reset", account_id=account.id, name=actor.username, link=link, hours=HOURS)


async def mail_first_link(account: Account) -> None:
    """Mail the link to somebody signed in who has no password yet. Raises Conflict for who has one, RateLimited."""
    if account.password_hash:
        raise Conflict("You have a password already.")
    limits = here().settings.rate_limits
    if limits.enabled:
        verdict = await here().limiter.take(f"first-password:{account.id}", limits.mailed_links_per_hour, HOUR)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)
    await mail_link(account)


async def must_be_good(token: str) -> MailedToken:
    """What a link to choose a password is, without using it. Raises Invalid."""
    found = await look_at(token, RESET)
    if email_key(found.email) != found.account.email_key:
        raise NoGood()
    return found


async def reset(token: str, new_password: str, *, address: str = "", user_agent: str = "") -> Account:
    """Choose another password by a mailed link: every session ends, and failed tries to sign in are forgotten.

    Where the address was not proved before, passkeys and other services sign nobody in any more.

    Raises Invalid naming `token` or `newPassword`; a link serves on after a password that was too weak.
    """
    account: Account = (await must_be_good(token)).account
    actor = await Actor.get(id=account.actor_id)
    hashed = await _hashed(account, actor, new_password)
    async with transaction():
        await redeem(token, RESET)
        await _store(account, hashed)
        await changing_email.forget(account)
        await sessions.end_all(account.id)
        if account.email_verified_at is None:
            await _shut_out_others(account, address=address, user_agent=user_agent)
        await believe(account, address=address, user_agent=user_agent)
        await record("password_reset", account_id=account.id, address=address, user_agent=user_agent)
        await notices.security_changed(account, "password")
        await let_go(actor, "signed out")
    for name in (actor.username, account.email):
        await PasswordGuesses(name, account, address).forget()
    return account


# -- Known ---------------------------------------------------------------------
async def change(
    account: Account, current: str, new_password: str, *, session_id: str, address: str = "", user_agent: str = ""
) -> None:
    """Change one's password; every other session ends. Raises Invalid naming `currentPassword` or `newPassword`,
    RateLimited."""
    known = await must_be_own(account, current, "currentPassword")
    hashed = await _hashed(account, await Actor.get(id=account.actor_id), new_password)
    async with transaction():
        if not await _store(account, hashed, in_place_of=known):  # another one was chosen meanwhile, by a mailed link
            raise Invalid({"currentPassword": NOT_YOURS})
        await revoke(account, RESET)
        await sessions.end_others(account.id, session_id)
        await record("password_changed", account_id=account.id, address=address, user_agent=user_agent)
        await notices.security_changed(account, "password")


async def _hashed(account: Account, actor: Actor, password: str) -> str:
    weakness = here().passwords.weakness(password, username=actor.username, email=account.email)
    if weakness:
        raise Invalid({"newPassword": weakness})
    return await here().passwords.hash_password(password)


async def _store(account: Account, hashed: str, in_place_of: str | None = None) -> bool:
    """Keep a password, where one is given only in place of that one; whether it is kept."""
    stored = await execute(
        "UPDATE core_account SET password_hash = $1, password_changed_at = $2 WHERE id = $3"
        + (" AND password_hash = $4" if in_place_of else ""),
        hashed,
        now(),
        account.id,
        *((in_place_of,) if in_place_of else ()),
    )
    after_commit(lambda: here().cache.drop_tag(f"account:{account.id}"))
    return bool(stored)


async def _shut_out_others(account: Account, *, address: str, user_agent: str) -> None:
    """Take away the ways in without a password, for whoever made them never showed that the address is theirs.

    Else one could sign up with somebody else's address, and wait with a passkey until its owner takes the account.
    """
    who: dict[str, Any] = {"account_id": account.id, "address": address, "user_agent": user_agent}
    if await Passkey.filter(account_id=account.id).delete():
        await record("passkey_removed", **who)
        await notices.security_changed(account, "passkey_off")
    if await ForeignLogin.filter(account_id=account.id).delete():
        await record("foreign_login_removed", **who)
        await notices.security_changed(account, "login_off")
