"""Speaks ActivityPub with other servers: who is here, what is published, and what comes from elsewhere."""

from core.federation import collection_routes, discovery, domains, own_keys, remote_actors, routes
from core.plugins import hookimpl

REQUIRES: list[str] = []


# -- Discovery, documents, actors of other servers ---------------------------------------------------------------------


@hookimpl
def blueprints():  # type: ignore[no-untyped-def]
    return [discovery.blueprint, routes.blueprint, collection_routes.blueprint]


@hookimpl
async def look_up(address):  # type: ignore[no-untyped-def]
    return await remote_actors.look_up(address)


# -- Going out ---------------------------------------------------------------------------------------------------------


# -- Coming in ---------------------------------------------------------------------------------------------------------


# -- Beginning and end -------------------------------------------------------------------------------------------------


@hookimpl
async def on_start(instance):  # type: ignore[no-untyped-def]
    await domains.load_policies()
    await own_keys.instance_actor()


@hookimpl
async def on_stop(instance):  # type: ignore[no-untyped-def]
    instance.http.sign = None
