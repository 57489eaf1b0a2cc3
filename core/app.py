"""Put an instance together: the only place that assembles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from quart import Quart, request

import core
from core.accounts import (
    account_pages,
    admin_acts_routes,
    admin_pages,
    admin_person_pages,
    admin_routes,
    audit_pages,
    audit_routes,
    confirm_pages,
    emoji_pages,
    emoji_routes,
    factor_routes,
    invite_pages,
    invite_routes,
    joining_pages,
    login_pages,
    mail_pages,
    moving_pages,
    passkey_pages,
    password_pages,
    profile_pages,
    recovery_routes,
    security_pages,
    settings_pages,
    welcome_pages,
)
from core.accounts import pages as accounts_pages
from core.accounts import routes as accounts_routes
from core.api import (
    circles,
    docs,
    domain_blocks,
    files,
    friends,
    instance_routes,
    moving,
    own_pictures,
    stream,
    suggestions,
    ties,
    uploads,
    users,
)
from core.api.cors import open_to_all
from core.api.limits import count_requests
from core.api.scopes import keep_to_scopes
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
from core.jobs import Jobs
from core.lazily import lazily
from core.limits import Limiter
from core.live import Live
from core.mail.line import Line
from core.migrate import migrate
from core.oauth import endpoints as oauth_endpoints
from core.oauth import pages as oauth_pages
from core.oauth import routes as oauth_routes
from core.oauth import settings_pages as apps_pages
from core.oidc import pages as oidc_pages
from core.oidc.provider import Provider
from core.passwords import Passwords
from core.plugin_routes import join_routes
from core.plugins import Hooks
from core.plugins import start as load_plugins
from core.purging import pages as purge_pages
from core.purging import routes as purge_routes
from core.route_rules import LazyRule
from core.secrets import Secrets
from core.storage import door as files_door
from core.storage.backends import Backend, LocalFolder
from core.storage.pictures import Pictures
from core.storage.remote import RemotePictures
from core.storage.remote_films import RemoteFilms
from core.storage.remote_room import RemoteRoom
from core.storage.room import MEGABYTE
from core.storage.service import Storage
from core.tokens import Tokens
from core.transfer import pages as transfer_pages
from core.transfer import routes as transfer_routes
from core.uploads import UploadRequest
from core.web import admin_frame, frame_routes, remote_files, remote_films
from core.web.pages import Pages

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from core import wake
    from core.storage import bucket
else:
    aioredis, wake, bucket = lazily("redis.asyncio"), lazily("core.wake"), lazily("core.storage.bucket")

log = structlog.get_logger(__name__)
CORE_MODELS = [
    "core.models",
    "core.reaction_models",
    "core.graph_models",
    "core.emoji_models",
    "core.poll_models",
    "core.upkeep_models",
    "core.feed_models",
    "core.quote_models",
    "core.accounts.models",
    "core.accounts.proof_models",
    "core.oauth.models",
    "core.storage.models",
    "core.link_cards.models",
    "core.transfer.models",
]
CORE_BLUEPRINTS = (
    accounts_routes.api,
    transfer_routes.api,
    transfer_pages.blueprint,
    factor_routes.api,
    users.api,
    ties.api,
    domain_blocks.api,
    own_pictures.api,
    files.api,
    uploads.api,
    friends.api,
    circles.api,
    suggestions.api,
    moving.api,
    moving_pages.blueprint,
    instance_routes.api,
    docs.blueprint,
    stream.api,
    frame_routes.blueprint,
    remote_files.blueprint,
    remote_films.blueprint,
    accounts_pages.blueprint,
    login_pages.blueprint,
    security_pages.blueprint,
    passkey_pages.blueprint,
    confirm_pages.blueprint,
    settings_pages.blueprint,
    profile_pages.blueprint,
    recovery_routes.api,
    mail_pages.blueprint,
    password_pages.blueprint,
    account_pages.blueprint,
    joining_pages.blueprint,
    welcome_pages.blueprint,
    emoji_routes.api,
    emoji_pages.blueprint,
    purge_routes.api,
    purge_pages.blueprint,
    invite_routes.api,
    invite_pages.blueprint,
    admin_frame.blueprint,
    admin_routes.api,
    admin_acts_routes.api,
    audit_routes.api,
    admin_person_pages.blueprint,
    audit_pages.blueprint,
    admin_pages.blueprint,
    oauth_routes.api,
    oauth_endpoints.blueprint,
    oauth_pages.blueprint,
    oidc_pages.blueprint,
    apps_pages.blueprint,
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
    redis: aioredis.Redis | None = aioredis.Redis.from_url(settings.redis.url) if settings.redis.url else None
    wakes = wake.Wakes(settings.redis.url, secrets.derive("huey")) if settings.redis.url else None
    federation = settings.federation
    app = Quart("core", root_path=str(Path(core.__file__).parent), static_folder=None, template_folder=None)
    app.request_class, app.url_rule_class = UploadRequest, LazyRule
    app.config["MAX_CONTENT_LENGTH"] = settings.limits.request_bytes
    app.url_map.strict_slashes = False
    remote_room = RemoteRoom(folder / "cache", bytes_at_most=settings.storage.remote_megabytes * MEGABYTE)
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
        mail_line=Line(settings.mail.connections),
        tokens=Tokens(
            secrets.derive("access-tokens"),
            issuer=settings.server.base_url,
            minutes=settings.security.access_token_minutes,
        ),
        cursors=Cursors(secrets.derive("cursors")),
        passwords=Passwords(settings.security.argon2_time_cost, settings.security.argon2_memory_cost),
        storage=Storage(
            _backend(settings),
            base_url=settings.server.base_url,
            unused_hours=settings.storage.unused_hours,
        ),
        pictures=Pictures(),
        remote_room=remote_room,
        remote_pictures=RemotePictures(remote_room),
        remote_films=RemoteFilms(remote_room),
        app=app,
        kinds=_kinds(hooks),
    )
    for blueprint in CORE_BLUEPRINTS:
        app.register_blueprint(blueprint)
    join_routes(app, hooks)
    app.before_request(_name_route)
    open_to_all(app)
    count_requests(app)
    keep_to_scopes(app)
    register_failures(instance)
    instance.pages = Pages(instance)
    instance.asgi = Shell(instance, app.asgi_app, doors=files_door.DOORS, start=start, stop=stop)
    instance.redis = redis
    instance.oidc = _provider(settings, neighbours)
    return instance


def _backend(settings: Settings) -> Backend:
    storage = settings.storage
    if storage.backend == "s3":
        return bucket.Bucket(storage)
    return LocalFolder(Path(storage.path), public_url=storage.public_url)


def _provider(settings: Settings, neighbours: Mapping[str, Any] | None) -> Provider | None:
    """The provider by which people may sign in; it is fetched from under rules of its own, for the admin chose it."""
    oidc = settings.oidc
    if not oidc.issuer:
        return None
    http = Fetcher(
        allow_http=oidc.issuer.startswith("http://"),
        allow_private=oidc.allow_private_address,
        user_agent=f"Kith/{core.__version__} (+{settings.server.base_url})",
        apps=neighbours,
    )
    return Provider(oidc, http)


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
        await instance.remote_room.trim()  # what was noted of it may be older than a power cut
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
    await instance.remote_films.close()
    await instance.live.close()
    await instance.cache.close()
    await instance.http.close()
    if instance.oidc:
        await instance.oidc.http.close()
    await instance.passwords.close()
    await instance.pictures.close()
    await instance.database.close()
    if instance.redis:
        await instance.redis.aclose()
