"""What every test may ask for: an instance and people on it, or two instances that know each other."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, settings

from core.testing import DIALECT, Foreign, Person, TestInstance, Visitor, close_worlds, world

# Modules of the test kit that bring a database with them.
WITH_DATABASE = ("core.testing", "tests.core.kith_process", "tests.core.samples")
INSTANCES = {"alpha", "alpha_and_beta"}

# How long an example takes says what else the machine is doing, and nothing of us.
settings.register_profile("kith", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kith")


# Of which part of the tests a run is, where several run beside each other (scripts/run_tests).
PART = os.environ.get("KITH_TEST_PART")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Nobody reads files of tests of which none is in this part."""
    if PART and collection_path.name.startswith("test_"):
        is_in_browser = "browser" in collection_path.name
        if PART == "inside":
            return is_in_browser or None
        return not is_in_browser and "kith_process" not in collection_path.read_text() or None
    return None


def pytest_collection_finish() -> None:
    """What was collected stays to the end: to look for garbage in it again and again took a tenth of all the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What has no database is tested once, with SQLite; so are the looks of the pages in a browser."""
    if PART:
        _keep(config, items, {id(item) for item in items if _waits_for_others(item) == (PART == "around")})
    if DIALECT == "postgres" and config.args == config.getini("testpaths"):
        _keep(config, items, {id(item) for item in items if _depends_on_database(item)})


def _keep(config: pytest.Config, items: list[pytest.Item], wanted: set[int]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in wanted])
    items[:] = [item for item in items if id(item) in wanted]


def _waits_for_others(item: pytest.Item) -> bool:
    """Whether a browser or a server in a process of its own does most of the work."""
    return "browser" in item.path.name or any(_homes(item, "tests.core.kith_process"))


def _homes(item: pytest.Item, *modules: str) -> Iterator[bool]:
    """For each thing in the module of a test: whether it comes from one of these."""
    assert isinstance(item, pytest.Function)
    for thing in vars(item.module).values():
        yield (getattr(thing, "__module__", None) or "").startswith(modules)


def _depends_on_database(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    if "browser" in item.path.name:
        return False
    return not INSTANCES.isdisjoint(item.fixturenames) or any(_homes(item, *WITH_DATABASE))


@pytest.fixture(scope="session", autouse=True)
def patience_with_pictures() -> Iterator[None]:
    """Whoever makes pictures stands back for everything else a busy machine does: it is waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.storage.files.AT_ONCE", 60.0)
        patch.setattr("core.storage.pictures.SECONDS", 120.0)
        yield


@pytest.fixture(scope="session")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    """The event loop that serves. The newer hook for it runs plain tests last, when fixtures of theirs are gone."""
    policy: asyncio.AbstractEventLoopPolicy = uvloop.EventLoopPolicy()
    return policy


@pytest.fixture(scope="session", autouse=True)
async def _worlds_end() -> AsyncIterator[None]:
    yield
    await close_worlds()


@pytest.fixture
async def alpha() -> AsyncIterator[TestInstance]:
    """An empty instance."""
    async with world("alpha.test") as (instance,):
        yield instance


@pytest.fixture
async def alpha_and_beta() -> AsyncIterator[tuple[TestInstance, TestInstance]]:
    """Two empty instances that can reach each other."""
    async with world("alpha.test", "beta.test") as (first, second):
        yield first, second


@pytest.fixture
def foreign(alpha: TestInstance) -> Foreign:
    """A server of another make that alpha can reach."""
    return Foreign("foreign.test").join(alpha)


@pytest.fixture
async def ann(alpha: TestInstance) -> Person:
    return await alpha.user("ann")


@pytest.fixture
async def bob(alpha: TestInstance) -> Person:
    return await alpha.user("bob")


@pytest.fixture
async def eve(alpha: TestInstance) -> Person:
    """Whoever should not see it."""
    return await alpha.user("eve")


@pytest.fixture
async def admin(alpha: TestInstance) -> Person:
    return await alpha.user("keeper", role="admin")


@pytest.fixture
def anon(alpha: TestInstance) -> Visitor:
    """Somebody who is not signed in."""
    return alpha.anon
