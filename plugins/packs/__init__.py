"""Starter packs: people somebody recommends, under a name, to be followed all at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from quart import Blueprint

from core.accounts.models import Account
from core.models import Actor
from core.plugins import hookimpl
from core.web.language import gettext as _
from core.web.slots import NavItem
from plugins.packs import pages, routes, service

REQUIRES: list[str] = []


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [routes.api, pages.blueprint]


@hookimpl
async def slot(name: str, viewer: Actor | None) -> NavItem | None:
    return NavItem("packs", _("Starter packs"), "/packs", "backpack", order=75, guests=True) if name == "nav" else None


@hookimpl
async def export_account(account: Account) -> Mapping[str, Any]:
    return {"packs.json": await service.exported(account.actor_id)}


@hookimpl
async def import_account() -> None:
    """Nothing: whom one recommends is for the server where they are known."""


@hookimpl
async def erase_account(account: Account) -> None:
    await service.erase(account.actor_id)
