"""Finding people, posts and tags by their words, and what people here talk about these days."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from quart import Blueprint

from core.accounts.models import Account
from core.hits import Hits
from core.instance import Instance
from core.models import Actor, Entry
from core.plugins import hookimpl
from core.web.slots import Card, NavItem
from plugins.search import commands as command_line
from plugins.search import everything, hiding, pages, places, routes, service

REQUIRES: list[str] = []


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [routes.api, pages.blueprint, hiding.blueprint]


@hookimpl
def commands() -> Sequence[click.Command]:
    return [command_line.search]


@hookimpl
async def slot(name: str, viewer: Actor | None, **context: Any) -> Sequence[NavItem | Card] | None:
    return await places.fill(name, viewer, context.get("tag", ""))


@hookimpl
async def search(viewer: Actor | None, text: str) -> Sequence[Hits]:
    return await everything.of_ours(viewer, text)


@hookimpl
async def entry_stored(entry: Entry) -> None:
    await service.note_entry(entry)


@hookimpl
async def actor_removed(actor: Actor) -> None:
    await service.erase(actor.id)


@hookimpl
async def actor_stored(actor: Actor) -> None:
    await service.note_actor(actor)


@hookimpl
async def on_start(instance: Instance) -> None:
    await service.fill_if_needed()


@hookimpl
async def export_account(account: Account) -> Mapping[str, Any]:
    return {}  # names and consent are in the profile and the settings, which the core exports


@hookimpl
async def import_account(account: Account, archive: Mapping[str, Any]) -> None:
    return None


@hookimpl
async def erase_account(account: Account) -> None:
    await service.erase(account.actor_id)
