"""Whole instances in this process: made once for each combination of settings, emptied after each test."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from weakref import WeakKeyDictionary

import httpx

from core.accounts import service, sessions
from core.app import apps_of, create_instance, start, stop
from core.config import ensure_instance, load
from core.database import AppModels
from core.folders import ROOT_CONFIG
from core.instance import inside
from core.limits import Limiter
from core.plugins import start as load_plugins
from core.settings import Settings
from core.testing.databases import Databases, empty
from core.testing.people import PASSWORD, Person, Visitor

_ROUNDS = 100
# Instances kept for the next test that wants one made so: each holds memory, threads, and connections of PostgreSQL,
# which lets in a hundred.
MOST_IDLE = 12
_FAST: Mapping[str, object] = {
    "server.environment": "development",
    "security.argon2_time_cost": 1,
    "security.argon2_memory_cost": 8,
    "rate_limits.enabled": False,
    "federation.unasked_posts": True,  # most tests are about what comes, and not about who asked for it
    "accounts.require_verified_email": False,
    "accounts.seconds_to_sign_up": 0,
    "mail.backend": "file",
    "log.level": "error",
    "log.access_sample": 0,
}


Needed = tuple[dict[str, AppModels], dict[str, type | None]]


@dataclass(frozen=True)
class Recipe:
    """What makes an instance the same as another one."""

    host: str
    plugins: tuple[str, ...] | None
    drop_ins: Path | None
    settings: Mapping[str, object]


class TestInstance:
    """One server with a folder and a database of its own, reached over ASGI as `https://<host>`."""

    __test__ = False

    def __init__(self, home: Home, recipe: Recipe) -> None:
        self.host, self._home, self._recipe, self.made_by = recipe.host, home, recipe, repr(recipe)
        self.folder = Path(tempfile.mkdtemp(prefix="instance-", dir=home.folder))
        self.neighbours: dict[str, Any] = {}

    async def start(self) -> None:
        """Make the database, assemble the server and open it; it works on nothing by itself (`settle` does)."""
        ensure_instance(self.folder)
        if self._recipe.drop_ins:
            (self.folder / "plugins").symlink_to(self._recipe.drop_ins.resolve())
        wanted = {"server.base_url": f"https://{self.host}", "server.domain": self.host, **_FAST}
        if self._recipe.plugins is not None:
            wanted["plugins.enabled"] = self._recipe.plugins
        wanted |= {name.replace("__", "."): value for name, value in self._recipe.settings.items()}
        settings = self._settings(wanted)
        apps, schemas = self._home.plugins(settings.plugins.enabled, self._recipe.drop_ins, self.folder / "plugins")
        if "database.url" not in wanted:
            wanted["database.url"] = await self._home.databases.fresh(apps)
        settings = self._settings(wanted, schemas)
        self.instance = create_instance(self.folder, settings, works_here=False, neighbours=self.neighbours)
        assert not self.instance.hooks.failed, self.instance.hooks.failed
        database = self.instance.database
        if database.dialect == "sqlite":
            database.synchronous = database.connection["credentials"]["synchronous"] = "OFF"
        await start(self.instance)
        self.client = self.browser()
        self.client._cookies = _NoCookies()  # the public setter would copy it into one that remembers

    def _settings(self, wanted: Mapping[str, object], extra: Mapping[str, type | None] | None = None) -> Settings:
        return load(self.folder, {}, ROOT_CONFIG, extra=extra, overrides=wanted)

    async def close(self) -> None:
        """Stop the server, and remove what it kept."""
        await self.client.aclose()
        await stop(self.instance)
        await self._home.databases.drop(self.instance.settings.database.url)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def base_url(self) -> str:
        return self.instance.base_url

    @property
    def anon(self) -> Visitor:
        """Somebody who is not signed in."""
        return Visitor(self)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Run code as part of this server: services, models and `here()` are its own."""
        with inside(self.instance):
            yield

    def browser(self, cookies: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """A client that keeps cookies; with some to begin with, it says that its requests come from our pages."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=cast(Any, self.instance.asgi), client=("127.0.0.1", 50000)),
            base_url=self.base_url,
            cookies=dict(cookies or {}),
            headers={"Sec-Fetch-Site": "same-origin"} if cookies is not None else {},
        )

    async def user(self, name: str, *, role: str = "user", verified: bool = True, password: str = PASSWORD) -> Person:
        """A new person, signed in."""
        with self.inside():
            account, actor = await service.register(name, f"{name}@example.org", password, role=role, verified=verified)
            grant = await sessions.begin(account, actor, user_agent="test", address="127.0.0.1")
        return Person(self, actor, grant)

    async def users(self, *names: str) -> list[Person]:
        """Several new people."""
        return [await self.user(name) for name in names]

    def mails(self, to: str = "") -> list[EmailMessage]:
        """The mails sent so far, oldest first; with `to`, those to that address."""
        files = sorted((self.folder / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        return [mail for mail in found if to.lower() in str(mail["to"]).lower()]

    async def empty(self) -> None:
        """Forget everything: what plugins keep between `on_stop` and `on_start` as well as rows, files and caches."""
        instance = self.instance
        self.neighbours.clear()
        with self.inside():
            await instance.hooks.on_stop(instance=instance)
            await instance.remote_films.close()
            await instance.database.engine.settle()
            await empty(instance.database)
            for name in ("cache", "files", "mail", "transfers", "uploads"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
            instance.cache.drop_prefix("")
            instance.limiter = Limiter(instance.redis)
            await instance.hooks.on_start(instance=instance)


class _NoCookies(httpx.Cookies):
    """Forgets what it is given, so that people who share a client never mix."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


class Home:
    """Where the instances of one event loop live."""

    def __init__(self, most_idle: int = MOST_IDLE) -> None:
        self.folder, self._most_idle = Path(tempfile.mkdtemp(prefix="kith-test-")), most_idle
        self.databases = Databases(self.folder)
        self._needed: dict[tuple[str, ...], Needed] = {}
        self.idle: list[TestInstance] = []  # used last stands last
        self.all: set[TestInstance] = set()

    def plugins(self, enabled: Sequence[str], drop_ins: Path | None, folder: Path) -> Needed:
        """The tables and settings of these plugins; those of drop-ins, which lie in `folder`, are looked up anew."""
        if drop_ins or tuple(enabled) not in self._needed:
            hooks = load_plugins(enabled, [folder], safe=False)
            schemas = {answer.plugin: answer.value for answer in hooks.settings_schema.answers()}
            needed = apps_of(hooks), {name: schemas.get(name) for name in hooks.plugins}
            if drop_ins:
                return needed
            self._needed[tuple(enabled)] = needed
        return self._needed[tuple(enabled)]

    @asynccontextmanager
    async def lent(self, recipe: Recipe) -> AsyncIterator[TestInstance]:
        """An empty instance made so, for the time of the block."""
        instance = next((each for each in reversed(self.idle) if each.made_by == repr(recipe)), None)
        if instance:
            self.idle.remove(instance)
        else:
            instance = TestInstance(self, recipe)
            await instance.start()
            self.all.add(instance)
        yield instance
        await instance.empty()  # where this or the test fails in an unforeseen way, it is not lent again
        self.idle.append(instance)
        if len(self.idle) > self._most_idle:
            longest = self.idle.pop(0)
            self.all.remove(longest)
            await longest.close()

    async def close(self) -> None:
        for instance in self.all:
            await instance.close()
        await self.databases.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_homes: WeakKeyDictionary[asyncio.AbstractEventLoop, Home] = WeakKeyDictionary()


@asynccontextmanager
async def world(
    *hosts: str, plugins: Sequence[str] | None = None, drop_ins: Path | None = None, **settings: object
) -> AsyncIterator[tuple[TestInstance, ...]]:
    """Empty instances that can reach one another (and nobody else) while the block runs.

    `settings` are dotted keys with `__` for the dot: `federation__mode="allowlist"`. `plugins` are the names of those
    switched on instead of config.toml's; `drop_ins` is the folder where some of them lie.
    """
    loop = asyncio.get_running_loop()
    if loop not in _homes:
        _homes[loop] = Home()
    enabled = None if plugins is None else tuple(plugins)
    async with AsyncExitStack() as stack:
        instances = [
            await stack.enter_async_context(_homes[loop].lent(Recipe(host, enabled, drop_ins, settings)))
            for host in hosts
        ]
        for instance in instances:
            instance.neighbours.update({other.host: other.instance.asgi for other in instances})
        yield tuple(instances)


async def close_worlds() -> None:
    """Stop every instance of the running event loop, and remove folders and databases: when the tests are over."""
    home = _homes.pop(asyncio.get_running_loop(), None)
    if home:
        await home.close()


async def settle(*instances: TestInstance) -> None:
    """Have every instance do what is due, and what comes of it on the others, until nothing is left."""
    for _ in range(_ROUNDS):
        done = 0
        for each in instances:
            with each.inside():
                await each.instance.database.engine.settle()
                done += await each.instance.jobs.settle()
        if not done:
            return
    raise AssertionError(f"something is still due after {_ROUNDS} rounds")
