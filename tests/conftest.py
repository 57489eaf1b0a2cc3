"""What every test may ask for: an instance and people on it, or two instances that know each other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.testing import Foreign, Person, TestInstance, Visitor, close_worlds, world


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
