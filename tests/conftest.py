"""What every test may ask for: an instance and people on it, or two instances that know each other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.testing import DIALECT, Foreign, Person, TestInstance, Visitor, close_worlds, world

# Modules of the test kit that bring a database with them.
WITH_DATABASE = ("core.testing", "tests.core.kith_process", "tests.core.samples")
INSTANCES = {"alpha", "alpha_and_beta"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What has no database is tested once, with SQLite; so are the looks of the pages in a browser."""
    if DIALECT != "postgres" or config.args != config.getini("testpaths"):
        return
    twice = [item for item in items if _depends_on_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in twice])
    items[:] = twice


def _depends_on_database(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    if "browser" in item.path.name:
        return False
    homes = [getattr(thing, "__module__", None) or "" for thing in vars(item.module).values()]
    return not INSTANCES.isdisjoint(item.fixturenames) or any(home.startswith(WITH_DATABASE) for home in homes)


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
