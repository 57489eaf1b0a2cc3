"""Speaks ActivityPub with other servers: who is here, what is published, and what comes from elsewhere."""

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
from core.plugins import hookimpl

REQUIRES: list[str] = []


# -- Discovery, documents, actors of other servers ---------------------------------------------------------------------


@hookimpl
def blueprints():  # type: ignore[no-untyped-def]
    return [discovery.blueprint, routes.blueprint, collection_routes.blueprint]


@hookimpl
async def look_up(address):  # type: ignore[no-untyped-def]
    return await looking_up.look_up(address)


@hookimpl
def commands():  # type: ignore[no-untyped-def]
    return [cli.domain, queue_cli.federation]


@hookimpl
async def entry_updated(entry):  # type: ignore[no-untyped-def]
    readers.forget(entry)


@hookimpl
async def entry_deleted(entry):  # type: ignore[no-untyped-def]
    readers.forget(entry)


# -- What is stored about people ---------------------------------------------------------------------------------------


@hookimpl
async def export_account(account):  # type: ignore[no-untyped-def]
    return await personal.exported(account)


@hookimpl
async def import_account(account, archive):  # type: ignore[no-untyped-def]
    return None  # keys and deliveries belong to the server they were made on


@hookimpl
async def erase_account(account):  # type: ignore[no-untyped-def]
    await personal.erase(account)


# -- Going out ---------------------------------------------------------------------------------------------------------


@hookimpl
def outbox():  # type: ignore[no-untyped-def]
    return activities.WRITERS


@hookimpl
async def outgoing(act):  # type: ignore[no-untyped-def]
    await sending_out.write(act)


# -- Coming in ---------------------------------------------------------------------------------------------------------


@hookimpl
def doors():  # type: ignore[no-untyped-def]
    return [inbox_door.DOOR]


@hookimpl
def inbox():  # type: ignore[no-untyped-def]
    return handlers.INBOX


# -- Beginning and end -------------------------------------------------------------------------------------------------


@hookimpl
async def on_start(instance):  # type: ignore[no-untyped-def]
    delivery.begin(instance)
    await domains.watch_policies()
    await own_keys.instance_actor()
    inbox_door.begin(instance)
    await receiving.begin(instance)


@hookimpl
async def on_stop(instance):  # type: ignore[no-untyped-def]
    await delivery.end(instance)
    await receiving.end(instance)
    domains.stop_watching()
    instance.http.sign = None
