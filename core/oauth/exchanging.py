"""From a code to tokens, and from a refresh token to the next ones (RFC 6749 sections 4.1.3 and 6, RFC 9700)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.accounts import audit
from core.database import execute, new_id, now, transaction
from core.models import Actor
from core.oauth import tokens
from core.oauth.errors import OAuthError
from core.oauth.models import App, AppToken, AuthorizationCode, SpentAppToken

ACCESS_LIFETIME = timedelta(hours=1)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True)
class Issued:
    """What an app gets: a token to use, one to get the next with, and what it may do."""

    access_token: str
    refresh_token: str
    scopes: str
    expires_in: int = int(ACCESS_LIFETIME.total_seconds())


async def redeem(app: App, code: str, *, redirect_uri: str, verifier: str) -> Issued:
    """Exchange a code for tokens. It serves once: presented again, it ends what came of it. Raises OAuthError."""
    refused = OAuthError("invalid_grant", "This code is not valid, or not any more.")
    found = await AuthorizationCode.get_or_none(hash=tokens.digest_of(code), app_id=app.id).select_related(
        "account__actor"
    )
    if found is None:
        raise refused
    if found.used_at:
        await _end_reused(found.token_id, found.account_id, app)
        raise refused
    if found.expires_at <= now() or found.redirect_uri != redirect_uri or not _proves(verifier, found.challenge):
        raise refused
    _check_standing(found.account)
    access, access_digest = tokens.new(tokens.ACCESS)
    refresh, refresh_digest = tokens.new(tokens.REFRESH)
    moment, token_id = now(), new_id()
    async with transaction():
        # Of two that come at once, one finds it used.
        changed = await execute(
            "UPDATE core_authorization_code SET used_at = $1, token_id = $2 WHERE id = $3 AND used_at IS NULL",
            moment,
            token_id,
            found.id,
        )
        if changed:
            await AppToken.create(
                id=token_id,
                account_id=found.account_id,
                app_id=app.id,
                hash=access_digest,
                refresh_hash=refresh_digest,
                scopes=found.scopes,
                expires_at=moment + ACCESS_LIFETIME,
                refresh_expires_at=moment + tokens.REFRESH_LIFETIME,
            )
            await App.filter(id=app.id).update(last_used_at=moment)
    if not changed:
        used = await AuthorizationCode.get_or_none(id=found.id)
        await _end_reused(used.token_id if used else None, found.account_id, app)
        raise refused
    return Issued(access, refresh, found.scopes)


def _proves(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one whose hash was sent before (RFC 7636, section 4.6)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge)


def _check_standing(account: Any) -> None:
    actor: Actor = account.actor
    if not actor.is_here or account.is_waiting:
        raise OAuthError("invalid_grant", "This person cannot act here now.")


async def refresh(app: App, token: str, wanted_scopes: str = "") -> Issued:
    """Exchange a refresh token. One that was exchanged already ends the whole family. Raises OAuthError."""
    refused = OAuthError("invalid_grant", "This refresh token is not valid, or not any more.")
    digest, moment = tokens.digest_of(token), now()
    spent = await SpentAppToken.get_or_none(hash=digest, token__app_id=app.id).select_related("token")
    if spent:
        await _end_reused(spent.token_id, spent.token.account_id, app)
        raise refused
    found = await AppToken.get_or_none(
        refresh_hash=digest, app_id=app.id, revoked_at__isnull=True, refresh_expires_at__gt=moment
    ).select_related("account__actor")
    if found is None:
        raise refused
    if not set(found.scopes.split()).issuperset(wanted_scopes.split()):
        raise OAuthError("invalid_scope", "This is more than was agreed to.")
    _check_standing(found.account)
    access, access_digest = tokens.new(tokens.ACCESS)
    fresh, fresh_digest = tokens.new(tokens.REFRESH)
    async with transaction():
        changed = await execute(
            "UPDATE core_app_token SET hash = $1, refresh_hash = $2, expires_at = $3, refresh_expires_at = $4"
            " WHERE id = $5 AND refresh_hash = $6 AND revoked_at IS NULL",
            access_digest,
            fresh_digest,
            moment + ACCESS_LIFETIME,
            moment + tokens.REFRESH_LIFETIME,
            found.id,
            digest,
        )
        if changed:
            await SpentAppToken.create(token_id=found.id, hash=digest)
    if not changed:
        await _end_reused(found.id, found.account_id, app)
        raise refused
    tokens.disbelieve(found.id)
    return Issued(access, fresh, found.scopes)


async def _end_reused(token_id: str | None, account_id: str, app: App) -> None:
    """Somebody has a copy of what serves once: end what came of it, for nobody can tell which of the two is honest."""
    async with transaction():
        if token_id and await tokens.revoke(token_id):
            await audit.record("app_token_reused", account_id=account_id, app_id=app.id)


async def revoke(app: App, token: str) -> None:
    """End the token this is, or is the refresh token of; nothing happens where it is none of the app's (RFC 7009)."""
    found = await find(app, token)
    if found:
        await tokens.revoke(found.id)


async def find(app: App, token: str) -> AppToken | None:
    """The standing token of this app that is known by an access or a refresh token."""
    digest = tokens.digest_of(token)
    standing = AppToken.filter(app_id=app.id, revoked_at__isnull=True)
    return await standing.get_or_none(hash=digest) or await standing.get_or_none(refresh_hash=digest)
