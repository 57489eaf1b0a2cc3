"""Refresh tokens: each serves once, and one that turns up again ends its session."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

from core.accounts.models import Session, SpentToken
from core.accounts.sessions import Grant, end, grant, hash_of, lifetime
from core.database import after_commit, execute, now, transaction
from core.errors import Unauthenticated
from core.instance import here
from core.models import Actor

GRACE = timedelta(seconds=10)  # for whoever asks twice at once, or did not hear the answer


async def refresh(token: str) -> Grant:
    """Exchange a refresh token for new ones. An old one presented again ends its session. Raises Unauthenticated.

    What follows a token is derived from it, so that two windows which exchange it at once, or somebody whose answer got
    lost, are given the very same: for ten seconds, and only until that has been exchanged in its turn. A thief gains
    nothing by it: whoever comes later with what both hold ends the session.
    """
    digest, fresh = hash_of(token), _successor(token)
    session = await Session.get_or_none(refresh_hash=digest, ended_at__isnull=True)
    if session is None:
        return await _exchanged_before(token)
    if session.expires_at < now():
        raise _refused()
    actor = await _still_here(session.account_id)
    async with transaction():
        changed = await execute(
            "UPDATE core_session SET refresh_hash = $1, last_used_at = $2, expires_at = $3"
            " WHERE id = $4 AND refresh_hash = $5 AND ended_at IS NULL",
            hash_of(fresh),
            now(),
            now() + lifetime(),
            session.id,
            digest,
        )
        if changed:
            await SpentToken.create(session_id=session.id, hash=digest)
            after_commit(lambda: here().cache.drop_tag(f"session:{session.id}"))
    if not changed:  # somebody was faster by a moment
        return await _exchanged_before(token)
    return grant(session.account_id, actor, session.id, fresh)


async def _exchanged_before(token: str) -> Grant:
    """What is given for a token that is no session's any more."""
    spent = await SpentToken.get_or_none(hash=hash_of(token))
    if spent is None:
        raise _refused()
    fresh = _successor(token)
    session = await Session.get_or_none(id=spent.session_id, refresh_hash=hash_of(fresh), ended_at__isnull=True)
    if session and spent.spent_at > now() - GRACE:
        return grant(session.account_id, await _still_here(session.account_id), session.id, fresh)
    await end(spent.session_id, reused=True)
    raise _refused()


def _successor(token: str) -> str:
    """The one token that may follow; without the server's key nobody can tell which."""
    key = here().secrets.derive("refresh-successors")
    digest = hmac.new(key, token.encode(errors="surrogatepass"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refused() -> Unauthenticated:
    return Unauthenticated("This refresh token is not valid, or not any more.", code="token_invalid")


async def _still_here(account_id: str) -> Actor:
    actor = await Actor.get(id=account_id)
    if not actor.is_here:
        raise _refused()
    return actor
