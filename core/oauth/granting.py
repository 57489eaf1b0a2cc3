"""Which scopes may be asked for, and what one app has been given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.accounts import audit
from core.accounts.models import Account
from core.api.scopes import PROFILE, READ, WRITE, areas
from core.database import is_id, now, one_of, rows, transaction, when
from core.errors import Invalid, NotFound
from core.oauth import tokens
from core.oauth.models import App

SCOPES_AT_MOST = 100


@dataclass(frozen=True)
class Granted:
    """An app that may act for somebody, and what all its tokens together let it do."""

    app: App
    scopes: list[str]
    since: datetime
    last_used_at: datetime | None


def known_scopes() -> set[str]:
    """Every scope there is here; plugins bring some."""
    return {PROFILE, READ, WRITE, *(scope for found in areas().values() for scope in found)}


def checked_scopes(wanted: Iterable[str]) -> list[str]:
    """The scopes in order and once each. Raises Invalid where one is unknown, or none is asked for."""
    scopes = list(dict.fromkeys(wanted))
    known = known_scopes()
    if not scopes:
        raise Invalid({"scopes": "Choose at least one."})
    if len(scopes) > SCOPES_AT_MOST or not known.issuperset(scopes):
        raise Invalid({"scopes": "There is no such scope; /.well-known/oauth-authorization-server lists them."})
    return sorted(scopes)


async def granted_apps(account_id: str, beyond: str | None = None, limit: int = 50) -> list[Granted]:
    """One more than `limit` of the apps that may act for an account, newest apps first, from `beyond` on."""
    moment = now()
    found = await rows(
        "SELECT DISTINCT app_id FROM core_app_token WHERE account_id = $1 AND app_id IS NOT NULL AND revoked_at IS NULL"
        " AND (expires_at > $2 OR refresh_expires_at > $2)"
        + (" AND app_id < $4" if beyond else "")
        + " ORDER BY app_id DESC LIMIT $3",
        account_id,
        moment,
        limit + 1,
        *((beyond,) if beyond else ()),
    )
    ids = [row["app_id"] for row in found]
    if not ids:
        return []
    standing = await rows(
        "SELECT app_id, scopes, created_at, last_used_at FROM core_app_token WHERE account_id = $1"
        f" AND revoked_at IS NULL AND (expires_at > $2 OR refresh_expires_at > $2) AND app_id {one_of(3)}",
        account_id,
        moment,
        ids,
    )
    apps = await App.in_bulk(ids, "id")
    return [_granted(apps[app_id], [row for row in standing if row["app_id"] == app_id]) for app_id in ids]


def _granted(app: App, standing: list[Any]) -> Granted:
    made = [moment for row in standing if (moment := when(row["created_at"]))]
    used = [moment for row in standing if (moment := when(row["last_used_at"]))]
    return Granted(
        app=app,
        scopes=sorted({scope for row in standing for scope in row["scopes"].split()}),
        since=min(made),
        last_used_at=max(used) if used else None,
    )


async def remove_app(account: Account, app_id: str, *, user_agent: str = "", address: str = "") -> None:
    """Let an app act for this account no longer. Raises NotFound where it does not."""
    async with transaction():
        if not is_id(app_id) or not await tokens.revoke_app(account.id, app_id):
            raise NotFound("There is no such app.")
        await audit.record("app_removed", account_id=account.id, user_agent=user_agent, address=address, app_id=app_id)
