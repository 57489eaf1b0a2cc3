"""One running server, and how the code that runs finds the one it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every one of these may import this module at run time
    from quart import Quart
    from redis.asyncio import Redis

    from core.asgi import Shell
    from core.cache import Cache
    from core.config import Settings
    from core.cursors import Cursors
    from core.database import Database
    from core.entries import Kind
    from core.fetch import Fetcher
    from core.jobs import Jobs
    from core.limits import Limiter
    from core.live import Live
    from core.mail.line import Line
    from core.oidc.provider import Provider
    from core.passwords import Passwords
    from core.plugins import Hooks
    from core.secrets import Secrets
    from core.storage.pictures import Pictures
    from core.storage.remote import RemotePictures
    from core.storage.remote_films import RemoteFilms
    from core.storage.remote_room import RemoteRoom
    from core.storage.service import Storage
    from core.tokens import Tokens
    from core.web.pages import Pages


@dataclass
class Instance:
    """What one server is made of; assembled in `core.app`, reached from everywhere through `here()`."""

    folder: Path
    settings: Settings
    secrets: Secrets
    database: Database
    hooks: Hooks
    cache: Cache
    live: Live
    limiter: Limiter
    http: Fetcher
    jobs: Jobs
    mail_line: Line
    tokens: Tokens
    cursors: Cursors
    passwords: Passwords
    storage: Storage
    pictures: Pictures
    remote_room: RemoteRoom
    remote_pictures: RemotePictures
    remote_films: RemoteFilms
    app: Quart
    kinds: dict[str, Kind] = field(default_factory=dict)
    redis: Redis | None = None
    oidc: Provider | None = None
    asgi: Shell = field(init=False)
    pages: Pages = field(init=False)

    @property
    def base_url(self) -> str:
        return self.settings.server.base_url

    @property
    def domain(self) -> str:
        return self.settings.server.domain

    def url(self, path: str) -> str:
        """The absolute address of a path of this server."""
        return self.settings.server.base_url + path


_here: ContextVar[Instance] = ContextVar("kith_instance")


def here() -> Instance:
    """The instance the running code belongs to; LookupError outside of one."""
    return _here.get()


@contextmanager
def inside(instance: Instance) -> Iterator[Instance]:
    """Run code as part of `instance`: its database, settings and hooks are the current ones."""
    token = _here.set(instance)
    try:
        with instance.database.using():
            yield instance
    finally:
        _here.reset(token)
