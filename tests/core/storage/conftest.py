"""The tests of storage run with a folder and with a bucket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.testing import TestInstance, world
from tests.core.storage import buckets

BOTH = {"test_files", "test_uploads", "test_purging"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "alpha" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in BOTH:
        metafunc.parametrize("alpha", ["folder", "bucket"], indirect=True)


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """The address of a store that speaks S3."""
    with buckets.store() as address:
        yield address


@pytest.fixture
async def alpha(request: pytest.FixtureRequest) -> AsyncIterator[TestInstance]:
    """An empty instance."""
    settings: dict[str, object] = {}
    if getattr(request, "param", "folder") == "bucket":
        settings = buckets.settings(request.getfixturevalue("store"))
    async with world("alpha.test", **settings) as (instance,):
        yield instance
    if settings:
        buckets.emptied()
