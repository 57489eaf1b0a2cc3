"""Speaks ActivityPub with other servers: who is here, what is published, and what comes from elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from click import Command
from quart import Blueprint

from core.accounts.models import Account
from core.asgi import Door
from core.entries import Act
from core.federation import (
    activities,
    cli,
    collection_routes,
    delivery,
    discovery,
    domains,
    handlers,
    looking_up,
    own_keys,
    personal,
    queue_cli,
    readers,
    receiving,
    routes,
)
from core.federation import inbox as inbox_door
from core.federation import outbox as sending_out
from core.instance import Instance
from core.models import Actor, Entry
from core.plugins import hookimpl

REQUIRES: list[str] = []


# -- Discovery, documents, actors of other servers ---------------------------------------------------------------------


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [discovery.blueprint, routes.blueprint, collection_routes.blueprint]


@hookimpl
async def look_up(address: str) -> Actor | Entry | None:
    return await looking_up.look_up(address)


@hookimpl
def commands() -> Sequence[Command]:
    return [cli.domain, queue_cli.federation]


@hookimpl
async def entry_updated(entry: Entry) -> None:
    readers.forget(entry)


@hookimpl
async def entry_deleted(entry: Entry) -> None:
    readers.forget(entry)


# -- What is stored about people ---------------------------------------------------------------------------------------


@hookimpl
async def export_account(account: Account) -> Mapping[str, Any]:
    return await personal.exported(account)


@hookimpl
async def import_account() -> None:
    """Nothing: keys and deliveries belong to the server they were made on."""


@hookimpl
async def erase_account(account: Account) -> None:
    await personal.erase(account)


# -- Going out ---------------------------------------------------------------------------------------------------------


@hookimpl
def outbox() -> Mapping[str, Any]:
    return activities.WRITERS


@hookimpl
async def outgoing(act: Act) -> None:
    await sending_out.write(act)


# -- Coming in ---------------------------------------------------------------------------------------------------------


@hookimpl
def doors() -> Sequence[Door]:
    return [inbox_door.DOOR]


@hookimpl
def inbox() -> Mapping[str, Any]:
    return handlers.INBOX


# -- Beginning and end -------------------------------------------------------------------------------------------------


@hookimpl
async def on_start(instance: Instance) -> None:
    delivery.begin(instance)
    await domains.watch_policies()
    await own_keys.instance_actor()
    inbox_door.begin(instance)
    await receiving.begin(instance)


@hookimpl
async def on_stop(instance: Instance) -> None:
    await delivery.end(instance)
    await receiving.end(instance)
    domains.stop_watching()
    instance.http.sign = None
