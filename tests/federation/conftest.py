"""Servers that are not what they ought to be, for the tests of federation."""

from __future__ import annotations

import pytest

from core.testing import TestInstance
from tests.federation.odd_server import OddServer


@pytest.fixture
def odd(alpha: TestInstance) -> OddServer:
    """A server that misbehaves as told."""
    return OddServer("odd.test").join(alpha)


@pytest.fixture
def victim(alpha: TestInstance) -> OddServer:
    """The server that the odd one would like to speak for."""
    return OddServer("victim.test").join(alpha)
