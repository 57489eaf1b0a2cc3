"""Asking for the password again before something that a stolen session must not be enough for."""

from __future__ import annotations

from core.accounts.guesses import ProofGuesses
from core.accounts.models import Account
from core.errors import Invalid
from core.instance import here


async def must_be_own(account: Account, password: str, field: str = "password") -> None:
    """Go on only if this is the account's password now. Guesses are counted for the account, wherever they come from.

    Raises Invalid naming `field`, RateLimited.
    """
    guesses = ProofGuesses(account.id)
    await guesses.begin()
    stored = await Account.get(id=account.id)
    if not stored.password_hash:
        raise Invalid({field: "You have no password yet. You can choose one in your settings, under Account."})
    if not await here().passwords.verify_password(stored.password_hash, password):
        raise Invalid({field: "This is not your password."})
    await guesses.right()
