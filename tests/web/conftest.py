"""A real browser in front of a real server on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from core.serve import Sockets
from core.testing import world
from core.web_servers.hypercorn_server import serve
from tests.web.site import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

expect.set_options(timeout=30_000)  # milliseconds, as long as everything else may take: other tests run beside


@pytest.fixture(scope="session")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("there is no Chromium on the PATH")
    arguments = ["--no-sandbox", "--disable-background-networking"]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
async def site(port: int, chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """An empty instance that listens on loopback; a test may give it further settings as the fixture's parameter."""
    rules = ("Be kind, and assume others mean to be.", "Describe your pictures.")
    async with world(
        f"localhost:{port}",
        server__base_url=f"http://localhost:{port}",
        server__name="Millbrook Commons",
        server__description="The town square of the Mill valley\nFor neighbours, readers and walkers.",
        server__rules=rules,
        server__contact="hello@millbrook.example",
        server__languages=("en", "ar"),
        **getattr(request, "param", {}),
    ) as (instance,):
        listener = socket.create_server(("127.0.0.1", port))
        listener.setblocking(False)
        stopping, sockets = asyncio.Event(), Sockets(instance.instance.asgi)
        server = asyncio.create_task(serve(sockets, listener, stopping, 1))
        yield Site(instance, chromium)
        stopping.set()
        await asyncio.gather(sockets.end(), server)
        listener.close()
