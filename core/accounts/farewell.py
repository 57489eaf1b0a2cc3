"""Asking for one's own account to be deleted, once it is sure that it is one's own."""

from __future__ import annotations

from datetime import datetime

from core.accounts import fresh, leaving
from core.accounts.models import Account
from core.accounts.sessions import Identity
from core.errors import Invalid


async def leave(
    identity: Identity, *, password: str = "", otp: str = "", address: str = "", user_agent: str = ""
) -> datetime:
    """Leave, having proved by the password who one is, or by a code; returns when it will be for good.

    Who has no password must have proved it lately. Raises Invalid naming `password` or `otp`, ProofRequired,
    RateLimited, and as `leaving.leave`.
    """
    account = await Account.get(id=identity.account.id)
    if account.password_hash and not (password or otp):
        raise Invalid({"password": "Type your password."})
    await fresh.require(identity, password=password, otp=otp, address=address, user_agent=user_agent)
    return await leaving.leave(identity.actor, address=address, user_agent=user_agent)
