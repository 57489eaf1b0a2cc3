"""An instance, and two that know each other, where the recipes plugin is dropped in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.testing import TestInstance, world

PLUGINS = ("federation", "posts", "recipes")


@pytest.fixture
async def kitchen() -> AsyncIterator[TestInstance]:
    async with world("kitchen.test", plugins=PLUGINS, drop_ins=Path(__file__).parent) as (instance,):
        yield instance


@pytest.fixture
async def kitchens() -> AsyncIterator[tuple[TestInstance, TestInstance]]:
    async with world("kitchen.test", "diner.test", plugins=PLUGINS, drop_ins=Path(__file__).parent) as both:
        yield both
