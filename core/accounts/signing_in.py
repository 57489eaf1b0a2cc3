"""Signing in: with a password and what may have to come after it, or with a passkey."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.accounts import passkeys, recovery_codes, totp
from core.accounts.audit import record, record_failed_sign_in
from core.accounts.challenges import of_browser
from core.accounts.guesses import PasswordGuesses, PlaceGuesses, ProofGuesses
from core.accounts.leaving import Leaving, is_leaving, stay
from core.accounts.models import Account
from core.accounts.passkeys import Credential, PasskeyRefused
from core.accounts.proofs import spend
from core.accounts.sessions import Grant, begin
from core.accounts.standing import enter, is_out
from core.database import execute, transaction
from core.email_addresses import email_key
from core.errors import Unauthenticated
from core.instance import here
from core.models import Actor
from core.people import named
from core.tokens import BadToken

FIRST_STEP = "first-step"
FIRST_STEP_SECONDS = 600


@dataclass(frozen=True)
class Client:
    """Where somebody signs in from: what their program calls itself, its address, the cookie that knows it again before
    it has a session; and whether who asked to be deleted says that they stay."""

    user_agent: str
    address: str
    browser: str = ""
    stays: bool = False


@dataclass(frozen=True)
class SecondStep:
    """What may come after a password: a code of an app or of recovery, or a passkey's answer."""

    otp: str = ""
    passkey: Credential | None = None


async def sign_in(name: str, password: str, client: Client, second: SecondStep | None = None) -> Grant:
    """Sign in by user name or e-mail address. The answer and its time are the same for whatever is wrong.

    Raises Unauthenticated (`bad_credentials`; after the right password `otp_required`, `bad_otp`, `passkey_refused`),
    RateLimited after too many failures, MustWait, Leaving for who asked to be deleted and does not say that they stay.
    """
    account, actor = await _first(name, password, client)
    by = await _second(account, second, client) if totp.is_on(account) else "password"
    return await _open(account, actor, client, by)


async def sign_in_by_steps(name: str, password: str, client: Client) -> Grant | str:
    """Sign in, or take the first of two steps: then a token for `finish`, good for ten minutes and one sign-in."""
    account, actor = await _first(name, password, client)
    return await _after_first(account, actor, client, "password")


async def sign_in_by_another_service(account: Account, client: Client) -> Grant | str:
    """Sign in whom another service vouches for, which stands in for the password; the second step stays as it is.

    Answers as `sign_in_by_steps`. Raises Unauthenticated, MustWait, Leaving.
    """
    actor = await Actor.get(id=account.actor_id)
    if is_leaving(account, actor):
        if not client.stays:
            raise Leaving(account)
    elif is_out(account, actor):
        raise Unauthenticated("This account cannot be used.", code="bad_credentials")
    return await _after_first(account, actor, client, "foreign_login")


async def _after_first(account: Account, actor: Actor, client: Client, by: str) -> Grant | str:
    if not totp.is_on(account):
        return await _open(account, actor, client, by)
    said = f"{account.id}.{_version(account)}.{'stays' if client.stays else ''}"
    return here().tokens.one_time(FIRST_STEP, said, FIRST_STEP_SECONDS)


async def finish(token: str, second: SecondStep, client: Client) -> Grant:
    """Take the second step. Raises as `sign_in`; Unauthenticated (`first_step_over`) where the first ran out."""
    account = await half_way(token)
    if account is None:
        raise Unauthenticated("That took too long. Please begin again.", code="first_step_over")
    by = await _second(account, second, client)
    said = here().tokens.read_one_time(FIRST_STEP, token)
    if not await spend(said.token_id, datetime.fromtimestamp(said.expires_at, UTC)):
        raise Unauthenticated("That took too long. Please begin again.", code="first_step_over")
    client = replace(client, stays=said.subject.endswith(".stays"))
    return await _open(account, await Actor.get(id=account.actor_id), client, by)


async def half_way(token: str) -> Account | None:
    """Who has taken the first step; None where the token is no good, or their password is another one now."""
    try:
        said = here().tokens.read_one_time(FIRST_STEP, token)
    except BadToken:
        return None
    account_id, version, _ = said.subject.split(".")
    account = await Account.get_or_none(id=account_id)
    return account if account and totp.is_on(account) and _version(account) == version else None


async def sign_in_with_passkey(credential: Credential, client: Client) -> Grant:
    """Sign in without a name and a password. Raises PasskeyRefused, RateLimited, MustWait, Leaving."""
    guesses = PlaceGuesses(client.address)
    await guesses.begin()
    passkey = await passkeys.prove(
        credential,
        purpose="login",
        holder=of_browser(client.browser),
        address=client.address,
        user_agent=client.user_agent,
    )
    await guesses.right()
    account = await Account.get(id=passkey.account_id)
    actor = await Actor.get(id=account.actor_id)
    if is_out(account, actor) and not is_leaving(account, actor):
        raise PasskeyRefused()
    return await _open(account, actor, client, "passkey")


async def check_code(account: Account, code: str, client: Client) -> str | None:
    """How a code proves this account, `totp` or `recovery_code`; None where it does not. Raises RateLimited.

    It serves once.
    """
    guesses = ProofGuesses(account.id)
    await guesses.begin()
    if recovery_codes.looks_like_one(code):
        found = await recovery_codes.spend(account, code, address=client.address, user_agent=client.user_agent)
        by = "recovery_code"
    else:
        found, by = await totp.spend(account.id, code), "totp"
    if not found:
        return None
    await guesses.right()
    return by


async def _first(name: str, password: str, client: Client) -> tuple[Account, Actor]:
    account = await Account.get_or_none(email_key=email_key(name)) if "@" in name.lstrip("@") else None
    actor = (
        await Actor.get_or_none(id=account.actor_id)
        if account
        else await named(name.removeprefix("@"))
    )
    account = account or (await Account.get_or_none(actor_id=actor.id) if actor else None)
    guesses = PasswordGuesses(name, account, client.address)
    may_guess = await guesses.begin()
    if account is None or actor is None or not may_guess:
        await here().passwords.dummy_verify()
        matches = False
    else:
        matches = await here().passwords.verify_password(account.password_hash, password)
        matches = matches and (not is_out(account, actor) or is_leaving(account, actor))
    if not matches or account is None or actor is None:
        if account is not None:
            record_failed_sign_in(account.id, address=client.address, user_agent=client.user_agent)
        raise _wrong()
    await guesses.right()
    if is_leaving(account, actor) and not client.stays:
        raise Leaving(account)
    if here().passwords.needs_rehash(account.password_hash):
        await _rehash(account, password)
    return account, actor


async def _rehash(account: Account, password: str) -> None:
    """Keep the password as it is kept today, unless it was changed meanwhile."""
    fresh = await here().passwords.hash_password(password)
    if await Account.filter(id=account.id, password_hash=account.password_hash).update(password_hash=fresh):
        account.password_hash = fresh
        return
    await account.refresh_from_db(["password_hash"])
    if not await here().passwords.verify_password(account.password_hash, password):
        raise _wrong()


async def _second(account: Account, second: SecondStep | None, client: Client) -> str:
    if second and second.passkey is not None:
        await passkeys.prove(
            second.passkey,
            purpose="second",
            holder=of_browser(client.browser),
            account_id=account.id,
            address=client.address,
            user_agent=client.user_agent,
        )
        return "password+passkey"
    if not second or not second.otp.strip():
        raise Unauthenticated("Now the code of your app, or one of your recovery codes.", code="otp_required")
    by = await check_code(account, second.otp, client)
    if by is None:
        record_failed_sign_in(account.id, address=client.address, user_agent=client.user_agent, step="second")
        raise Unauthenticated("This code is wrong, or has been used already.", code="bad_otp")
    return f"password+{by}"


async def _open(account: Account, actor: Actor, client: Client, by: str) -> Grant:
    stays = is_leaving(account, actor)
    if stays:
        if not client.stays:
            raise Leaving(account)
        actor = await stay(account, address=client.address, user_agent=client.user_agent)
    elif is_out(account, actor):  # since the first step
        raise _wrong()
    await enter(account)
    async with transaction():
        # A password that is replaced at this moment ends all sessions: this one must not slip in behind its back.
        stands = await execute(
            "UPDATE core_account SET password_hash = password_hash WHERE id = $1 AND password_hash = $2",
            account.id,
            account.password_hash,
        )
        if not stands:
            raise _wrong()
        grant = await begin(account, actor, user_agent=client.user_agent, address=client.address)
        await record("signed_in", account_id=account.id, address=client.address, user_agent=client.user_agent, by=by)
    return replace(grant, stayed=stays)


def _wrong() -> Unauthenticated:
    return Unauthenticated("The name or the password is wrong.", code="bad_credentials")


def _version(account: Account) -> str:
    """What changes with the password and with the second step."""
    said = f"{account.password_hash}\0{account.totp_secret}"
    return hashlib.sha256(said.encode()).hexdigest()[:20]
