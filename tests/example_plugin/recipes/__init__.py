"""Recipes: what to cook and what it takes, from here and from other servers."""

from collections.abc import Mapping, Sequence
from typing import Any

from quart import Blueprint

from core import Kind, NavItem, hookimpl

from . import federation, pages, routes, service

API = ">=1.0,<2"
VERSION = "1.0"
REQUIRES = ["posts"]


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [routes.api, pages.blueprint]


@hookimpl
def kinds() -> Sequence[Kind]:
    return [federation.RECIPE]


@hookimpl
async def slot(name: str) -> NavItem | None:
    return NavItem("recipes", "Recipes", "/recipes", "chef-hat", order=40, guests=True) if name == "nav" else None


@hookimpl
async def export_account(account: Any) -> Mapping[str, Any]:
    return {"recipes.json": await service.recipes_of(account.actor_id)}


@hookimpl
async def import_account(account: Any, archive: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "recipes" not in archive:
        return None
    return await service.restore(account.actor_id, archive["recipes"].get("recipes.json"))


@hookimpl
async def erase_account(account: Any) -> None:
    await service.forget(account.actor_id)
