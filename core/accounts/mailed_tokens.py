"""Links in mails: each serves once, for one purpose, and proves that whoever follows it reads that address."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from core.accounts.models import Account
from core.accounts.proof_models import MailedToken
from core.database import execute, new_id, now, transaction
from core.errors import Invalid
from core.tasks import periodic, task

BYTES = 32


class NoGood(Invalid):
    """A link that serves no more, or never did: which of these it is, is not told."""

    def __init__(self) -> None:
        sentence = "This link is no good any more: it was used, it is too old, or there is a newer one."
        super().__init__({"token": sentence}, sentence)


async def issue(account: Account, purpose: str, email: str, hours: float) -> str:
    """A token of 256 bits to be mailed to `email`, good for so many hours; only its hash is kept.

    Links for the same purpose that were mailed before are good for nothing from now on.
    """
    token = secrets.token_urlsafe(BYTES)
    async with transaction():
        await revoke(account, purpose)
        await MailedToken.create(
            id=new_id(),
            account_id=account.id,
            purpose=purpose,
            hash=_hash(token),
            email=email,
            expires_at=now() + timedelta(hours=hours),
        )
    return token


async def look_at(token: str, purpose: str) -> MailedToken:
    """What a token is, without using it. Raises Invalid for one that is unknown, used, too old, or for something else.

    All of these are told alike.
    """
    found = await MailedToken.get_or_none(
        hash=_hash(token), purpose=purpose, used_at__isnull=True, expires_at__gt=now()
    ).select_related("account")
    if found is None:
        raise NoGood()
    return found


async def redeem(token: str, purpose: str) -> MailedToken:
    """Use a token; of two who try at the same moment one succeeds. Its `account` is there. Raises Invalid as `look_at`.

    In a transaction that fails it stays unused.
    """
    found = await look_at(token, purpose)
    used = await execute("UPDATE core_mailed_token SET used_at = $1 WHERE id = $2 AND used_at IS NULL", now(), found.id)
    if not used:
        raise NoGood()
    return found


async def revoke(account: Account, *purposes: str) -> None:
    """Make the links that were mailed for these purposes good for nothing."""
    await MailedToken.filter(account_id=account.id, purpose__in=purposes, used_at__isnull=True).delete()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


@periodic(seconds=86_400)
@task
async def forget_old_links() -> None:
    """Links that ran out or were used are forgotten."""
    await MailedToken.filter(expires_at__lt=now()).delete()
    await MailedToken.filter(used_at__lt=now() - timedelta(days=1)).delete()
