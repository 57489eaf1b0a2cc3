"""Speaks ActivityPub with other servers: who is here, what is published, and what comes from elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from click import Command
from quart import Blueprint

from core.accounts.models import Account
from core.asgi import Door
from core.doctor.findings import Examination
from core.entries import Act
from core.federation import (
    activities,
    cli,
    collection_routes,
    delivery,
    delivery_routes,
    discovery,
    domains,
    entry_activities,
    entry_handlers,
    group_activities,
    handlers,
    interaction_routes,
    looking_up,
    own_keys,
    personal,
    pins,
    poll_handlers,
    queue_cli,
    quote_activities,
    reactions,
    readers,
    receiving,
    reply_activities,
    routes,
    threads,
)
from core.federation import examinations as doctor
from core.federation import inbox as inbox_door
from core.federation import outbox as sending_out
from core.instance import Instance
from core.models import Actor, Entry
from core.plugins import hookimpl
from core.sealing import Sealed
from core.web.slots import Card

REQUIRES: list[str] = []


# -- Discovery, documents, actors of other servers ---------------------------------------------------------------------


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    documents = [discovery.blueprint, routes.blueprint, collection_routes.blueprint]
    return [*documents, interaction_routes.blueprint, delivery_routes.api, delivery_routes.blueprint]


@hookimpl
def shuns(host: str) -> bool:
    return domains.is_blocked(host)


@hookimpl
async def look_up(address: str, fresh: bool) -> Actor | Entry | None:
    return await looking_up.look_up(address, fresh=fresh)


@hookimpl
async def look_for_replies(entry: Entry) -> bool:
    return await threads.look_for_replies(entry)


@hookimpl
async def slot(name: str, viewer: Actor | None, **context: Any) -> Card | None:
    return await delivery_routes.card(viewer, context["entry"]) if name == "entry.own" else None


@hookimpl
def commands() -> Sequence[Command]:
    return [cli.domain, queue_cli.federation]


@hookimpl
def examinations() -> Sequence[Examination]:
    return [doctor.found_by_others, doctor.deliveries]


@hookimpl
def sealed() -> Sequence[Sealed]:
    return [Sealed("federation_key", "private_sealed", own_keys.SEALED_AS)]


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
    parts = (activities, entry_activities, poll_handlers, reactions, quote_activities, reply_activities, pins)
    return {verb: writer for part in parts for verb, writer in part.WRITERS.items()}


@hookimpl
async def outgoing(act: Act) -> None:
    await sending_out.write(act)


# -- Coming in ---------------------------------------------------------------------------------------------------------


@hookimpl
def doors() -> Sequence[Door]:
    return [inbox_door.DOOR]


@hookimpl
def inbox() -> Mapping[str, Any]:
    parts = (handlers, entry_handlers, group_activities, reactions, quote_activities, reply_activities, pins)
    return {name: handler for part in parts for name, handler in part.INBOX.items()}


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
