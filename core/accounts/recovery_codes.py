"""Codes on paper for the day the phone is gone: ten, shown once, each good once."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from core.accounts.audit import record
from core.accounts.models import Account
from core.accounts.notices import security_changed
from core.accounts.proof_models import RecoveryCode
from core.database import execute, now, transaction
from core.instance import here

COUNT = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are taken for one another on paper
LENGTH, GROUP = 12, 4  # about 59 bits


async def make(account_id: str, *, address: str = "", user_agent: str = "", tells: bool = False) -> list[str]:
    """Ten fresh codes, which are known to nobody afterwards; the old ones are good for nothing.

    `tells`: by mail, too, where they are made for themselves and not on the way to something that is told of.
    """
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(COUNT)]
    async with transaction():
        # Whoever makes codes at the same moment waits here, so that only one set stays.
        await execute("UPDATE core_account SET id = id WHERE id = $1", account_id)
        await RecoveryCode.filter(account_id=account_id).delete()
        await RecoveryCode.bulk_create(
            [RecoveryCode(account_id=account_id, hash=_hash(account_id, code)) for code in codes]
        )
        await record("recovery_codes_made", account_id=account_id, address=address, user_agent=user_agent)
        if tells:
            await security_changed(await Account.get(id=account_id), "recovery_codes")
    return ["-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP)) for code in codes]


async def left(account_id: str) -> int:
    """How many codes are still good."""
    return await RecoveryCode.filter(account_id=account_id, used_at__isnull=True).count()


async def spend(account: Account, typed: str, *, address: str = "", user_agent: str = "") -> bool:
    """Whether this is one of the account's codes that has not been used; it has been from now on."""
    async with transaction():
        used = await execute(
            "UPDATE core_recovery_code SET used_at = $1 WHERE account_id = $2 AND hash = $3 AND used_at IS NULL",
            now(),
            account.id,
            _hash(account.id, typed),
        )
        if used:
            count = await left(account.id)
            await record(
                "recovery_code_used", account_id=account.id, address=address, user_agent=user_agent, left=count
            )
    return bool(used)


def looks_like_one(typed: str) -> bool:
    """Whether this is no code of an app: those are a few digits."""
    code = typed.replace(" ", "")
    return len(code) >= LENGTH or not code.isdecimal()


def _hash(account_id: str, typed: str) -> str:
    """What is kept of a code; without the server's key a stolen table does not tell the codes by trying them all."""
    code = "".join(letter for letter in typed.lower() if letter.isalnum())
    key = here().secrets.derive("recovery-codes")
    return hmac.new(key, f"{account_id}:{code}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
