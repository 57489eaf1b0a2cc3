"""Speaks ActivityPub with other servers: who is here, what is published, and what comes from elsewhere."""

from core.federation import cli, collection_routes, discovery, domains, looking_up, own_keys, readers, routes
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
    return [cli.domain, cli.federation]


@hookimpl
async def entry_updated(entry):  # type: ignore[no-untyped-def]
    readers.forget(entry)


@hookimpl
async def entry_deleted(entry):  # type: ignore[no-untyped-def]
    readers.forget(entry)


# -- Going out ---------------------------------------------------------------------------------------------------------


# -- Coming in ---------------------------------------------------------------------------------------------------------


# -- Beginning and end -------------------------------------------------------------------------------------------------


@hookimpl
async def on_start(instance):  # type: ignore[no-untyped-def]
    await domains.watch_policies()
    await own_keys.instance_actor()


@hookimpl
async def on_stop(instance):  # type: ignore[no-untyped-def]
    domains.stop_watching()
    instance.http.sign = None
