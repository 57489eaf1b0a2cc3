"""Asking for the password again before something that a stolen session must not be enough for."""

from __future__ import annotations

from core.accounts.guesses import ProofGuesses
from core.accounts.models import Account
from core.errors import Invalid
from core.instance import here

NOT_YOURS = "This is not your password."


async def must_be_own(account: Account, password: str, field: str = "password") -> str:
    """Go on only if this is the account's password now. Guesses are counted for the account, wherever they come from.

    Answers the hash it was held against. Raises Invalid naming `field`, RateLimited.
    """
    guesses = ProofGuesses(account.id)
    await guesses.begin()
    stored = await Account.get(id=account.id)
    if not stored.password_hash:
        raise Invalid({field: "You have no password yet. You can choose one in your settings, under Account."})
    if not await here().passwords.verify_password(stored.password_hash, password):
        raise Invalid({field: NOT_YOURS})
    await guesses.right()
    return stored.password_hash
