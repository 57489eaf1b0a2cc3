"""Serve an instance in this process: web pages, API, live events, and jobs where no other process does them."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog

from core import memory
from core.accounts import administration  # noqa: F401 - commands beside a server leave it tasks of these
from core.accounts.former_address import has_no_name_yet, left_behind
from core.accounts.service import has_admin
from core.app import start, stop
from core.asgi import App, Receive, Scope, Send
from core.errors import KithError
from core.instance import Instance, inside
from core.opening import opened

if sys.platform != "win32":
    from uvloop import new_event_loop
else:
    from asyncio import new_event_loop

log = structlog.get_logger(__name__)
BACKLOG = 1024
GRACE_SECONDS = 12.0  # for requests that run when the server is told to stop
JOBS_SECONDS = 15.0  # for jobs, meanwhile
STOP_SECONDS = 28  # for everything; then the process ends, whatever it is at
SETUP_SECONDS = 7 * 24 * 3600


class ServeError(KithError):
    """The server cannot be started as it was asked to be."""


class Sockets:
    """An ASGI app that knows its open WebSockets, which would keep the server as long as requests may run."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._open: dict[asyncio.Task[Any], Send] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if scope["type"] != "websocket" or task is None:
            await self._app(scope, receive, send)
            return
        self._open[task] = send
        try:
            await self._app(scope, receive, send)
        finally:
            del self._open[task]

    async def end(self) -> None:
        """Close what has not closed by itself in a moment, saying that the server restarts (RFC 6455, code 1012)."""
        if self._open:
            await asyncio.wait(self._open, timeout=1)
        for task, send in list(self._open.items()):
            with suppress(Exception):
                await send({"type": "websocket.close", "code": 1012})
            task.cancel()


def serve_alone(folder: Path, overrides: Mapping[str, object]) -> None:
    """Serve with everything in this one process until SIGTERM or SIGINT."""
    instance = opened(folder, os.environ, overrides=overrides)
    with listening(instance) as listener:
        run(lambda stopping: web(instance, listener, stopping, announcing=True))


def run(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]], *, parent: int | None = None) -> None:
    """Run `work` in an event loop; the event it gets is set by SIGTERM, SIGINT, or the end of the process's parent.

    `parent` is the reading end of a pipe that only the parent can write to.
    """

    async def main() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()

        def end() -> None:
            if stopping.is_set():  # somebody insists
                os._exit(1)
            _end_within(STOP_SECONDS)
            stopping.set()

        def orphaned(pipe: int) -> None:
            loop.remove_reader(pipe)
            if not stopping.is_set():
                end()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        if parent is not None:
            loop.add_reader(parent, orphaned, parent)
        giving_back = asyncio.create_task(memory.give_back_the_holes())
        try:
            await work(stopping)
        finally:
            giving_back.cancel()

    memory.give_back_what_is_freed()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


async def web(instance: Instance, listener: socket.socket, stopping: asyncio.Event, *, announcing: bool) -> None:
    """Start the instance, answer requests until told to stop, and stop it."""
    serve = server_of(instance)
    await start(instance)
    memory.settle()
    try:
        if announcing:
            await announce(instance)
        sockets = Sockets(instance.asgi)
        serving = asyncio.create_task(serve(sockets, listener, stopping, GRACE_SECONDS))
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait((serving, told), return_when=asyncio.FIRST_COMPLETED)
        if not stopping.is_set():
            told.cancel()
            await serving
            raise ServeError(f"{instance.settings.server.engine} ended without having been told to")
        instance.live.hang_up()
        await asyncio.gather(sockets.end(), _finish_requests(serving), _finish_jobs(instance))
    finally:
        await stop(instance)


async def work(instance: Instance, stopping: asyncio.Event) -> None:
    """Start the instance, do jobs until told to stop, and stop it."""
    await start(instance)
    memory.settle()
    try:
        await stopping.wait()
        await _finish_jobs(instance)
    finally:
        await stop(instance)


async def announce(instance: Instance) -> None:
    """Say where the server is and, while nobody runs it, how to become its admin.

    The link's token has the purpose "setup" and is good for a week; it serves as long as there is no admin.
    """
    print(f"Kith is at {instance.base_url}", flush=True)
    with inside(instance):
        if not await has_admin():
            token = instance.tokens.one_time("setup", "admin", SETUP_SECONDS)
            print(f"Nobody runs it yet. Become its admin at {instance.url('/setup')}?token={token}", flush=True)
            if has_no_name_yet():
                print(
                    f"Names end in @{instance.domain} for ever: if others are to join, set base_url of [server] first.",
                    flush=True,
                )
        elif found := await left_behind():
            print(f"{found}. Give the server its address back, or begin with an empty database.", flush=True)


def listening(instance: Instance) -> socket.socket:
    """A socket on the address of the settings. Raises ServeError where it is taken or not this machine's."""
    server = instance.settings.server
    if server.engine == "granian":
        return _bound(server.host, server.port, shared=True)
    listener = _bound(server.host, server.port, shared=False)
    listener.listen(BACKLOG)
    return listener


def server_of(instance: Instance) -> Callable[..., Coroutine[Any, Any, None]]:
    """The `serve` of the server software the settings name. Raises ServeError where it is not installed."""
    engine = instance.settings.server.engine
    try:
        serve: Callable[..., Coroutine[Any, Any, None]] = import_module(f"core.web_servers.{engine}_server").serve
    except ModuleNotFoundError as missing:
        mend = f"{sys.executable} -m pip install {engine}"
        raise ServeError(f"server.engine is “{engine}”, which is not installed: {mend}") from missing
    return serve


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except OSError as error:
        raise ServeError(f"Cannot listen on {host} port {port}: {error.strerror}") from None
    bound.setblocking(False)
    return bound


async def _finish_requests(serving: asyncio.Task[None]) -> None:
    """Let the server software come to its end, and cut it off where it waits for ever."""
    await asyncio.wait((serving,), timeout=GRACE_SECONDS + 2)
    serving.cancel()
    ended = await asyncio.gather(serving, return_exceptions=True)
    if isinstance(ended[0], Exception):
        log.error("web_server_failed", exc_info=ended[0])


async def _finish_jobs(instance: Instance) -> None:
    """Let jobs come to their end; what a request still wants done stays for the next start."""
    if instance.jobs.works_here:
        with inside(instance):
            await instance.jobs.stop(JOBS_SECONDS)


def _end_within(seconds: int) -> None:
    """End this process hard if it has not ended by itself in so many seconds."""

    def cut_off() -> None:
        log.error("stop_took_too_long", seconds=seconds)
        faulthandler.dump_traceback()
        os._exit(1)

    timer = threading.Timer(seconds, cut_off)
    timer.daemon = True
    timer.start()
