"""Personal access tokens: what somebody makes for a program of their own, and shows to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise.queryset import QuerySet

from core.accounts import audit, sessions
from core.accounts.models import Account
from core.database import now, one_at_a_time, transaction
from core.errors import Conflict, Invalid, NotFound
from core.oauth import tokens
from core.oauth.granting import checked_scopes
from core.oauth.models import AppToken

NAME_AT_MOST = 100
TOKENS_AT_MOST = 50
LONGEST = timedelta(days=3660)


async def make(
    account: Account,
    name: str,
    scopes: list[str],
    *,
    session_id: str | None = None,
    expires_at: datetime | None = None,
    user_agent: str = "",
    address: str = "",
) -> tuple[AppToken, str]:
    """Make a token and answer it with its text, which is known this once. Without `expires_at` it never runs out.

    `session_id` is the session it is made in, if any. Raises Invalid naming every wrong field, Conflict where there are
    too many, Unauthenticated where the session ended meanwhile.
    """
    errors = {}
    name = name.strip()
    if not name or len(name) > NAME_AT_MOST:
        errors["name"] = f"Give it a name of at most {NAME_AT_MOST} characters."
    if expires_at is not None and not now() < expires_at <= now() + LONGEST:
        errors["expiresAt"] = "Choose a time from now on, within ten years."
    try:
        wanted = checked_scopes(scopes)
    except Invalid as error:
        errors |= error.errors
    if errors:
        raise Invalid(errors)
    text, digest = tokens.new(tokens.PERSONAL)
    async with transaction():
        if session_id:
            await sessions.must_stand(session_id)
        await one_at_a_time(f"personal tokens:{account.id}")
        if await _own(account.id).count() >= TOKENS_AT_MOST:
            sentence = f"You have {TOKENS_AT_MOST} tokens already. Revoke one you do not need."
            raise Conflict(sentence, code="too_many_tokens")
        token = await AppToken.create(
            account_id=account.id, app_id=None, name=name, hash=digest, scopes=" ".join(wanted), expires_at=expires_at
        )
        await audit.record(
            "token_made",
            account_id=account.id,
            user_agent=user_agent,
            address=address,
            token_id=token.id,
            scopes=token.scopes,
        )
    return token, text


async def listed(account_id: str, beyond: str | None, limit: int) -> list[AppToken]:
    """One more than `limit` of the personal tokens of an account that stand, newest first, from `beyond` on."""
    standing = _own(account_id)
    if beyond:
        standing = standing.filter(id__lt=beyond)
    return await standing.order_by("-id").limit(limit + 1)


async def revoke(account: Account, token_id: str, *, user_agent: str = "", address: str = "") -> None:
    """End a personal token of this account. Raises NotFound, also for other people's."""
    async with transaction():
        if not await _own(account.id).filter(id=token_id).exists() or not await tokens.revoke(token_id):
            raise NotFound("There is no such token.")
        await audit.record(
            "token_revoked", account_id=account.id, user_agent=user_agent, address=address, token_id=token_id
        )


def _own(account_id: str) -> QuerySet[AppToken]:
    return AppToken.filter(account_id=account_id, app_id__isnull=True, revoked_at__isnull=True)
