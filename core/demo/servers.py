"""The two servers of the demo: their folders, the accounts on them, and the processes that serve them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from core.accounts.administration import new_password
from core.accounts.service import register
from core.config import ensure_instance, load
from core.demo.story import Story
from core.errors import KithError
from core.folders import ROOT_CONFIG
from core.opening import for_a_command, opened
from core.people import find

DROP_INS = Path(__file__).parent / "drop_ins"
PLUGIN = "backdated"
PLUGINS = ("federation", "posts", "search", "moderation", "packs", "images", PLUGIN)
STATE = "demo.json"
CONFIG = "config.toml"
USUAL_PORTS = (8080, 8081)
READY_SECONDS = 60
STOP_SECONDS = 35
LINES_SHOWN = 15
_SERVE = "from core.cli import main; main()"
_OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SMTP_URL", "PORT")


class DemoError(KithError):
    """The demo cannot be shown; the sentence says why."""


@dataclass(frozen=True)
class Server:
    """One of the two; `name` is the one it has in the story."""

    name: str
    title: str
    folder: Path
    base_url: str
    domain: str
    port: int

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")


@dataclass(frozen=True)
class Demo:
    """What lies in the demo's folder; everybody on both servers has the same password."""

    home: Path
    servers: Mapping[str, Server]
    password: str
    is_told: bool

    def told(self) -> None:
        """Note that the servers are filled, for the next start."""
        _write_state(self.home, {"password": self.password, "told": True})


def prepared(home: Path, story: Story, ports: Sequence[int | None]) -> Demo:
    """The demo in `home`, which is made where it is missing; a port of None is the usual one, or the one it had.

    Raises DemoError where it was made for other ports: the addresses of all that is in it hold them.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = _state(home)
    wanted = dict(zip(story.servers, zip(ports, USUAL_PORTS, _hosts(), strict=True), strict=True))
    for name, (port, usual, _) in wanted.items():
        if not (home / name / CONFIG).exists():
            _must_be_free(port or usual)
    for name, (port, usual, host) in wanted.items():
        _make(home / name, story.servers[name], host, port or usual)
    servers = {name: _server(home / name) for name in wanted}
    for name, (port, _, _) in wanted.items():
        if port and servers[name].port != port:
            raise DemoError(
                f"{home} was made for port {servers[name].port}, and its addresses cannot change: use that one, name"
                " another folder with --folder, or delete this one"
            )
    asyncio.run(_register(list(servers.values()), story, state["password"]))
    return Demo(home, servers, state["password"], state["told"])


def _must_be_free(port: int) -> None:
    """Raise DemoError where something else has the port: once made, the servers cannot have another one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise DemoError(f"Port {port} is in use; name another one with --port or --second-port") from None


def _hosts() -> tuple[str, str]:
    """A name of its own for each, so that a browser can be signed in at both: cookies do not tell ports apart."""
    names = ("harbour.localhost", "lighthouse.localhost")
    try:
        for name in names:
            socket.getaddrinfo(name, None, socket.AF_INET)
    except OSError:  # there are resolvers that do not know RFC 6761
        return "localhost", "127.0.0.1"
    return names


def _state(home: Path) -> dict[str, Any]:
    path = home / STATE
    if not path.exists():
        _write_state(home, {"password": new_password(), "told": False})
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _write_state(home: Path, state: Mapping[str, Any]) -> None:
    path = home / f".{STATE}-{secrets.token_hex(4)}"
    path.touch(mode=0o600)
    path.write_text(json.dumps(state), "utf-8")
    path.replace(home / STATE)


def _make(folder: Path, told: Mapping[str, Any], host: str, port: int) -> None:
    """Write the folder's settings where there are none, and the plugin as it is now."""
    ensure_instance(folder)
    config = folder / CONFIG
    if not config.exists():
        config.write_text(_config(told, host, port), "utf-8")
    shutil.copytree(DROP_INS / PLUGIN, folder / "plugins" / PLUGIN, dirs_exist_ok=True)


def _config(told: Mapping[str, Any], host: str, port: int) -> str:
    server = {"base_url": f"http://{host}:{port}", "port": port, **told}
    sections = {
        "server": server,
        "rate_limits": {"enabled": False},
        "federation": {"allow_http": True, "allow_private_addresses": True},
        "plugins": {"enabled": PLUGINS},
    }
    lines = ["# Made by `kith demo`. Plain http and private addresses are for a demo on one machine."]
    for name, section in sections.items():
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in section.items()]
    return "\n".join([*lines, ""])


def _server(folder: Path) -> Server:
    server = load(folder, {}, ROOT_CONFIG).server
    return Server(folder.name, server.name, folder, server.base_url, server.domain, server.port)


async def _register(servers: Sequence[Server], story: Story, password: str) -> None:
    for server in servers:
        async with for_a_command(opened(server.folder, {}, works_here=False)):
            for person in story.people_at(server.name):
                if await find(person.name) is None:
                    email = f"{person.name}@{server.name}.example"
                    await register(
                        person.name, email, password, full_name=person.full_name, role=person.role, verified=True
                    )


@contextmanager
def running(servers: Sequence[Server]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Serve all of them, each in a process of its own, until the block ends. Raises DemoError where one cannot."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for server in servers:
            processes.append(_begun(server))
        for server, process in zip(servers, processes, strict=True):
            _await_ready(server, process)
        yield processes
    finally:
        _end(processes)


def _begun(server: Server) -> subprocess.Popen[bytes]:
    """`kith serve`, untouched by what the environment says of another server, and by Ctrl-C, which is ours to take."""
    environ = {name: value for name, value in os.environ.items() if name not in _OURS and not name.startswith("KITH_")}
    with server.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", _SERVE, "--instance", str(server.folder), "serve"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        must_run(server, process)
        try:
            if httpx.get(f"http://127.0.0.1:{server.port}/readyz", trust_env=False, timeout=5).status_code == 200:
                must_run(server, process)
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise DemoError(f"{server.title} did not begin to serve; {server.log} may say why")


def must_run(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Raise DemoError where the process has ended, with the last lines it said."""
    if process.poll() is not None:
        said = server.log.read_text("utf-8", "replace").splitlines()[-LINES_SHOWN:]
        raise DemoError("\n".join([f"{server.title} ended by itself:", *said]))
