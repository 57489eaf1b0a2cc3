"""A real browser in front of a real server on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from playwright.async_api import Browser, async_playwright

from core.testing import TestInstance, world
from tests.web.site import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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
        config = Config()
        config.bind = [f"127.0.0.1:{port}"]
        config.accesslog = config.errorlog = None
        config.graceful_timeout = 1
        stopping = asyncio.Event()
        server = asyncio.create_task(
            serve(cast(Any, _already_started(instance)), config, shutdown_trigger=cast(Any, stopping.wait))
        )
        await _listening(port, server)
        yield Site(instance, chromium)
        stopping.set()
        await server


def _already_started(instance: TestInstance) -> Any:
    """The instance as an ASGI application that the server need not start: the test has done that."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await instance.instance.asgi(scope, receive, send)
            return
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    return application


async def _listening(port: int, server: asyncio.Task[None]) -> None:
    for _ in range(200):
        if server.done():
            await server
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise AssertionError("the server does not listen")
