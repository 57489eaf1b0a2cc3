"""Put an instance together: the only place that assembles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from quart import Quart, request
from redis.asyncio import Redis

import core
from core.accounts import pages as accounts_pages
from core.accounts import routes as accounts_routes
from core.accounts import settings_pages
from core.api import docs, friends, instance_routes, stream, users
from core.api.cors import open_to_all
from core.api.limits import count_requests
from core.asgi import Shell, answered_by
from core.cache import Cache
from core.config import Settings
from core.cursors import Cursors
from core.database import AppModels, Database
from core.errors import KithError
from core.failures import register_failures
from core.fetch import Fetcher
from core.health import blueprint as health
from core.instance import Instance, inside
from core.limits import Limiter
from core.live import Live
from core.migrate import migrate
from core.passwords import Passwords
from core.plugins import Hooks
from core.plugins import start as load_plugins
from core.secrets import Secrets
from core.tasks import Jobs
from core.tokens import Tokens
from core.wake import Wakes
from core.web import frame_routes
from core.web.pages import Pages

log = structlog.get_logger(__name__)
CORE_MODELS = ["core.models", "core.upkeep_models", "core.accounts.models"]
CORE_BLUEPRINTS = (
    accounts_routes.api,
    users.api,
    friends.api,
    instance_routes.api,
    docs.blueprint,
    stream.api,
    frame_routes.blueprint,
    accounts_pages.blueprint,
    settings_pages.blueprint,
    health,
)


class StartError(KithError):
    """The instance cannot start; the sentence says why."""


def create_instance(
    folder: Path,
    settings: Settings,
    *,
    hooks: Hooks | None = None,
    works_here: bool = True,
    neighbours: Mapping[str, Any] | None = None,
) -> Instance:
    """Assemble an instance; nothing is opened yet. `neighbours` are ASGI apps by host, for worlds of tests.

    `hooks` are those of the plugins that are switched on, where they are loaded already. Raises PluginError for a
    plugin that cannot be joined in, StartError for kinds claimed twice.
    """
    hooks = hooks or load_plugins(settings.plugins.enabled, [folder / "plugins"], marker=folder / ".loading")
    secrets = Secrets(folder / "secrets", override=settings.secret_key.encode() if settings.secret_key else None)
    redis: Redis | None = Redis.from_url(settings.redis.url) if settings.redis.url else None
    wakes = Wakes(settings.redis.url, secrets.derive("huey")) if settings.redis.url else None
    federation = settings.federation
    app = Quart("core", root_path=str(Path(core.__file__).parent), static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.limits.request_bytes
    app.url_map.strict_slashes = False
    instance = Instance(
        folder=folder,
        settings=settings,
        secrets=secrets,
        database=Database(settings.database.url, apps_of(hooks), pool_size=settings.database.pool_size),
        hooks=hooks,
        cache=Cache(redis),
        live=Live(redis),
        limiter=Limiter(redis),
        http=Fetcher(
            allow_http=federation.allow_http,
            allow_private=federation.allow_private_addresses,
            user_agent=f"Kith/{core.__version__} (+{settings.server.base_url})",
            apps=neighbours,
        ),
        jobs=Jobs(works_here=works_here, wakes=wakes),
        tokens=Tokens(
            secrets.derive("access-tokens"),
            issuer=settings.server.base_url,
            minutes=settings.security.access_token_minutes,
        ),
        cursors=Cursors(secrets.derive("cursors")),
        passwords=Passwords(settings.security.argon2_time_cost, settings.security.argon2_memory_cost),
        app=app,
        kinds=_kinds(hooks),
    )
    for blueprint in (*CORE_BLUEPRINTS, *hooks.collected("blueprints")):
        app.register_blueprint(blueprint)
    app.before_request(_name_route)
    open_to_all(app)
    count_requests(app)
    register_failures(instance)
    instance.pages = Pages(instance)
    instance.asgi = Shell(instance, app.asgi_app, start=start, stop=stop)
    instance.redis = redis
    return instance


async def _name_route() -> None:
    """Tell the shell which route answers."""
    if request.url_rule is not None:
        answered_by(request, request.url_rule.rule)


def apps_of(hooks: Hooks) -> dict[str, AppModels]:
    """The models and migrations of the core and of each plugin."""
    apps = {"core": AppModels(CORE_MODELS, "core.migrations")}
    for plugin in hooks.plugins.values():
        if plugin.models:
            apps[plugin.name] = AppModels([plugin.models], plugin.migrations)
    return apps


def _kinds(hooks: Hooks) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for answer in hooks.kinds.answers():
        for kind in answer.value:
            if kind.name in kinds:
                raise StartError(f"The plugin “{answer.plugin}” publishes “{kind.name}”, and so does another one.")
            kinds[kind.name] = kind
    return kinds


async def start(instance: Instance) -> None:
    """Migrate, connect, and begin to work. Raises NewerDatabase."""
    await connect(instance)
    with inside(instance):
        await instance.hooks.on_start(instance=instance)
        await instance.jobs.start()
    await instance.app.startup()


async def stop(instance: Instance) -> None:
    """Finish what runs, hand the rest back, disconnect."""
    with inside(instance):
        await instance.app.shutdown()
        await instance.jobs.stop()
        await instance.hooks.on_stop(instance=instance)
    await disconnect(instance)


async def connect(instance: Instance) -> None:
    """Migrate the database, then open it and the ways to other processes. Raises NewerDatabase."""
    await migrate(instance.database)
    await instance.database.open()
    await instance.cache.open()
    await instance.live.open()


async def disconnect(instance: Instance) -> None:
    """Close what `connect` opened, and the connections to other servers."""
    await instance.live.close()
    await instance.cache.close()
    await instance.http.close()
    await instance.passwords.close()
    await instance.database.close()
    if instance.redis:
        await instance.redis.aclose()


