"""Tokens of apps and personal ones: made, found by their hash, and ended in every process at once."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.database import after_commit, execute, now, rows, transaction
from core.instance import here
from core.models import Actor
from core.oauth.models import App, AppToken
from core.tasks import periodic, task

# Programs that look for secrets in what people publish know ours by how they begin.
ACCESS, REFRESH, PERSONAL, SECRET = "kith_at_", "kith_rt_", "kith_pat_", "kith_cs_"
LETTERS_LONG = 43  # of 62 kinds: 256 bits
BELIEVE_SECONDS = 30  # a token read is believed this long; revoking one drops it at once
TOUCH_AFTER = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=90)  # of a refresh token, since it was issued
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Bearer:
    """For whom a token acts, and what it may do."""

    token_id: str
    app_id: str | None
    actor: Actor
    account: Any
    scopes: frozenset[str]
    expires_at: datetime | None


def new(prefix: str) -> tuple[str, str]:
    """A fresh token of 256 bits that begins so, and the hash under which it is stored."""
    token = prefix + "".join(secrets.choice(_LETTERS) for _ in range(LETTERS_LONG))
    return token, digest_of(token)


def digest_of(token: str) -> str:
    """The hash (SHA-256, hexadecimal) under which a token, code or secret is stored and found."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def is_one(token: str) -> bool:
    """Whether this looks like an access token of an app, or a personal one."""
    return token.startswith((ACCESS, PERSONAL))


async def bearer_of(token: str) -> Bearer | None:
    """For whom a token acts; None where it is unknown, revoked or too old, or its account may not act."""
    digest, cache = digest_of(token), here().cache
    known: Bearer | None = cache.get(f"app_token:{digest}")
    if known:
        return known
    since = cache.mark()
    found = await AppToken.get_or_none(hash=digest, revoked_at__isnull=True).select_related("account__actor")
    moment = now()
    if found is None or (found.expires_at and found.expires_at <= moment):
        return None
    account: Any = found.account
    actor: Actor = account.actor
    if not actor.is_here or account.is_waiting:
        return None
    actor.through_app = True
    if found.last_used_at is None or found.last_used_at < moment - TOUCH_AFTER:
        await AppToken.filter(id=found.id).update(last_used_at=moment)
        await App.filter(id=found.app_id).update(last_used_at=moment)
    bearer = Bearer(found.id, found.app_id, actor, account, frozenset(found.scopes.split()), found.expires_at)
    left = (found.expires_at - moment).total_seconds() if found.expires_at else BELIEVE_SECONDS
    tags = (f"app_token:{found.id}", f"account:{account.id}", f"actor:{actor.id}")
    cache.put(f"app_token:{digest}", bearer, ttl=min(left, BELIEVE_SECONDS), size=4000, tags=tags, since=since)
    return bearer


async def stands_until(token_id: str) -> datetime | None:
    """Until when a token is good, as far as it was exchanged by now; None where it never runs out."""
    found = await AppToken.get_or_none(id=token_id, revoked_at__isnull=True)
    return found.expires_at if found else now()


async def revoke(token_id: str) -> bool:
    """End one token; whether it stood."""
    return bool(await _end("id = $2", token_id))


async def revoke_all(account_id: str) -> int:
    """End every token of an account, apps' and personal ones, and codes that could become one; how many there were."""
    await execute("DELETE FROM core_authorization_code WHERE account_id = $1 AND used_at IS NULL", account_id)
    return await _end("account_id = $2", account_id)


async def revoke_app(account_id: str, app_id: str) -> int:
    """End what one app may do for an account; how many tokens that were."""
    await execute(
        "DELETE FROM core_authorization_code WHERE account_id = $1 AND app_id = $2 AND used_at IS NULL",
        account_id,
        app_id,
    )
    return await _end("account_id = $2 AND app_id = $3", account_id, app_id)


async def _end(condition: str, *parameters: str) -> int:
    async with transaction():
        ended = await rows(
            f"UPDATE core_app_token SET revoked_at = $1 WHERE {condition} AND revoked_at IS NULL RETURNING id",
            now(),
            *parameters,
        )
        after_commit(lambda: forget(token["id"] for token in ended))
    return len(ended)


def forget(token_ids: Iterable[str]) -> None:
    """Believe these tokens no longer, and close what they left open."""
    for token_id in token_ids:
        disbelieve(token_id)
        here().live.close_owner(token_id, "signed out")


def disbelieve(token_id: str) -> None:
    """Look a token up anew in every process: its text is another now."""
    here().cache.drop_tag(f"app_token:{token_id}")


@periodic(seconds=86_400)
@task
async def forget_old_tokens() -> None:
    """Tokens that were revoked or ran out a month ago are forgotten, codes after a day, apps nobody ever used; what was
    exchanged, once it would have run out anyway."""
    moment = now()
    month_ago, day_ago = moment - timedelta(days=30), moment - timedelta(days=1)
    await execute("DELETE FROM core_authorization_code WHERE expires_at < $1", day_ago)
    await execute("DELETE FROM core_spent_app_token WHERE spent_at < $1", moment - REFRESH_LIFETIME)
    await execute("DELETE FROM core_app_token WHERE revoked_at < $1", month_ago)
    await execute(
        "DELETE FROM core_app_token WHERE expires_at < $1 AND (refresh_expires_at IS NULL OR refresh_expires_at < $1)",
        month_ago,
    )
    await execute(
        "DELETE FROM core_app WHERE created_at < $1 AND NOT EXISTS"
        " (SELECT 1 FROM core_app_token t WHERE t.app_id = core_app.id) AND NOT EXISTS"
        " (SELECT 1 FROM core_authorization_code c WHERE c.app_id = core_app.id)",
        month_ago,
    )
