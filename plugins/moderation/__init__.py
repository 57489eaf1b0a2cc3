"""Tell those who look after a server, here and elsewhere, of what should not be there."""

from collections.abc import Mapping, Sequence
from typing import Any

from quart import Blueprint

from core.accounts.models import Account
from core.models import Actor
from core.plugins import hookimpl
from core.web.admin_tabs import AdminTab
from plugins.moderation import federation, pages, routes, service

REQUIRES: list[str] = []


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [routes.api, pages.blueprint]


@hookimpl
def inbox() -> Mapping[str, Any]:
    return {"Flag": federation.receive_flag}


@hookimpl
def outbox() -> Mapping[str, Any]:
    return {"report": federation.flag}


@hookimpl
async def slot(name: str, viewer: Actor | None) -> AdminTab | None:
    return await pages.tab() if name == "admin" else None


@hookimpl
async def export_account(account: Account) -> Mapping[str, Any]:
    return {"reports.json": await service.made_by(account.actor_id)}


@hookimpl
async def import_account() -> None:
    """Nothing: reports are for those who look after the server they were made on."""


@hookimpl
async def erase_account(account: Account) -> None:
    await service.erase(account.actor_id)
