"""Six digits from an app as a second step of signing in (RFC 6238: SHA-1, steps of 30 seconds)."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass

import pyotp

from core.accounts.audit import record
from core.accounts.models import Account
from core.accounts.notices import security_changed
from core.accounts.proof_models import RecoveryCode
from core.database import after_commit, execute, now, transaction
from core.errors import Conflict, Invalid
from core.instance import here
from core.models import Actor

STEP_SECONDS = 30
DIGITS = 6
_WRONG = "This is not the code your app shows now. Codes change every half minute and serve once."


@dataclass(frozen=True)
class Setup:
    """What an app needs to know: the secret in base32, and an address that holds it with the names to show."""

    secret: str
    uri: str


async def begin(account_id: str) -> Setup:
    """Make a secret; it is not in force before `confirm`. Raises Conflict where one is."""
    secret = pyotp.random_base32()
    sealed = here().secrets.seal(secret.encode(), _context(account_id))
    async with transaction():
        changed = await execute(
            "UPDATE core_account SET totp_secret = $1, totp_step = 0 WHERE id = $2 AND totp_confirmed_at IS NULL",
            sealed,
            account_id,
        )
        if not changed:
            raise Conflict("Signing in with a code is on already.", code="totp_on")
        _forget(account_id)
    return await _setup(account_id, secret)


async def begun(account_id: str) -> Setup | None:
    """What was begun and not confirmed."""
    account = await Account.get(id=account_id)
    if account.totp_confirmed_at or not account.totp_secret:
        return None
    return await _setup(account_id, _secret(account))


async def confirm(account_id: str, code: str, *, address: str = "", user_agent: str = "") -> None:
    """Put the secret in force by a code of it. Raises Invalid; Conflict where none was begun, or one is in force."""
    account = await Account.get(id=account_id)
    if account.totp_confirmed_at or not account.totp_secret:
        raise Conflict("There is nothing to confirm: begin anew.", code="totp_not_begun")
    async with transaction():
        if not await _spend(account, code):
            raise Invalid({"otp": _WRONG})
        confirmed = await execute(
            "UPDATE core_account SET totp_confirmed_at = $1"
            " WHERE id = $2 AND totp_confirmed_at IS NULL AND totp_secret = $3",
            now(),
            account_id,
            account.totp_secret,
        )
        if not confirmed:
            raise Conflict("There is nothing to confirm: begin anew.", code="totp_not_begun")
        await record("totp_on", account_id=account_id, address=address, user_agent=user_agent)
        await security_changed(account, "app_on")
        _forget(account_id)


async def end(account_id: str, *, by_id: str | None = None, address: str = "", user_agent: str = "") -> bool:
    """Ask for no code any more, and forget the recovery codes; False where it was off. What was begun is forgotten."""
    async with transaction():
        was_on = await execute(
            "UPDATE core_account SET totp_confirmed_at = NULL WHERE id = $1 AND totp_confirmed_at IS NOT NULL",
            account_id,
        )
        await execute("UPDATE core_account SET totp_secret = '', totp_step = 0 WHERE id = $1", account_id)
        await RecoveryCode.filter(account_id=account_id).delete()
        if was_on:
            await record("totp_off", account_id=account_id, by_id=by_id, address=address, user_agent=user_agent)
            await security_changed(await Account.get(id=account_id), "app_off")
        _forget(account_id)
    return bool(was_on)


def is_on(account: Account) -> bool:
    """Whether a password alone does not sign this account in."""
    return account.totp_confirmed_at is not None


async def spend(account_id: str, code: str) -> bool:
    """Whether this is a code of now, half a minute ago or ahead, that has not served before; it has from now on."""
    account = await Account.get(id=account_id)
    return is_on(account) and await _spend(account, code)


async def _spend(account: Account, code: str) -> bool:
    step = _step_of(_secret(account), code.replace(" ", ""))
    if step is None:
        return False
    # Of two that come at once with the same code, one finds its step used.
    return bool(
        await execute(
            "UPDATE core_account SET totp_step = $1 WHERE id = $2 AND totp_step < $1 AND totp_secret = $3",
            step,
            account.id,
            account.totp_secret,
        )
    )


def _step_of(secret: str, code: str) -> int | None:
    """The step a code belongs to; every one of them is looked at, so that the time tells nothing."""
    app, current = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS), int(time.time()) // STEP_SECONDS
    typed = code.encode(errors="replace")
    found = [
        step
        for step in (current - 1, current, current + 1)
        if hmac.compare_digest(app.generate_otp(step).encode(), typed)
    ]
    return found[-1] if found else None


def _secret(account: Account) -> str:
    return here().secrets.open(account.totp_secret, _context(account.id)).decode()


async def _setup(account_id: str, secret: str) -> Setup:
    actor = await Actor.get(id=account_id)
    name = f"{actor.username}@{here().domain}"
    app = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS, name=name, issuer=here().settings.server.name)
    return Setup(secret, app.provisioning_uri())


def _context(account_id: str) -> str:
    return f"core_account.totp_secret:{account_id}"


def _forget(account_id: str) -> None:
    after_commit(lambda: here().cache.drop_tag(f"account:{account_id}"))
