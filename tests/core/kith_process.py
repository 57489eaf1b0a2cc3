"""The `kith` command as a process of its own, on an instance folder of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx

from core.cli import main
from core.testing import DIALECT
from core.testing.databases import Databases

KITH = Path(sys.executable).with_name("kith")
_OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SMTP_URL", "PORT")
_FAST = {
    "KITH_RATE_LIMITS__ENABLED": "false",
    "KITH_SECURITY__ARGON2_TIME_COST": "1",
    "KITH_SECURITY__ARGON2_MEMORY_COST": "8",
    "KITH_MAIL__BACKEND": "file",
}
# One for all requests, for each new one reads the certificates of the whole world. It keeps no connection, which a
# server that ends would have to wait for, and no cookies.
CLIENT = httpx.Client(
    timeout=30,
    trust_env=False,
    limits=httpx.Limits(max_keepalive_connections=0),
    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
)

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    [f"core.commands.{name}" for name in ("account", "config", "migrate", "plugin", "shell")]
    + ["core.cli", "core.commands.of_plugins", "core.federation", "plugins.posts", "tests.core.kith_process"]
)


def _main(arguments: Sequence[str], environ: Mapping[str, str], paths: Sequence[Path]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    for number, path in enumerate(paths):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, "r" if number == 0 else "w") for number in range(3))
    main(arguments)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int | None
    stdout: str
    stderr: str

    def checked(self, arguments: Sequence[str], code: int) -> Done:
        assert self.code == code, f"{arguments} ended with {self.code}:\n{self.stdout}{self.stderr}"
        assert "Traceback" not in self.stderr, self.stderr
        return self


class Kith:
    """Runs `kith` on one instance; what runs is killed when `kith` below ends."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
        self.environ = {name: value for name, value in clean.items() if name not in _OURS}
        self.environ |= _FAST | {"KITH_INSTANCE": str(folder)} | environ
        self.running: list[Serving] = []

    def run(self, *arguments: str, code: int = 0, stdin: str = "", **environ: str) -> Done:
        """Run a command to its end, in a fork of a process that has imported it already.

        Fails where it does not end with `code`, or prints a traceback.
        """
        paths = [self.folder.parent / name for name in ("stdin", "stdout", "stderr")]
        paths[0].write_text(stdin)
        process = _forks.Process(target=_main, args=(arguments, self.environ | environ, paths))
        process.start()
        process.join(60)
        done = Done(process.exitcode, paths[1].read_text(), paths[2].read_text())
        return done.checked(arguments, code)

    def run_afresh(self, *arguments: str, code: int = 0, **environ: str) -> Done:
        """Run a command as whoever types it does: in a new process, by the script that is installed."""
        ended = subprocess.run(
            [KITH, *arguments], env=self.environ | environ, capture_output=True, text=True, timeout=60, input=""
        )
        return Done(ended.returncode, ended.stdout, ended.stderr).checked(arguments, code)

    def serve(self, *arguments: str, command: str = "serve", **environ: str) -> Serving:
        """Start `kith serve`, on a free port unless one is given, and wait until it is ready."""
        serving = Serving(self, [command, *arguments], environ)
        self.running.append(serving)
        return serving.wait_until_ready() if command == "serve" else serving


class Serving:
    """A server that runs."""

    def __init__(self, kith: Kith, arguments: list[str], environ: dict[str, str]) -> None:
        known = "--port" in arguments
        self.port = int(arguments[arguments.index("--port") + 1]) if known else free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        if arguments[0] == "serve" and not known:
            arguments += ["--port", str(self.port)]
        self._output = (kith.folder.parent / f"output-{self.port}").open("a+")
        self.process = subprocess.Popen(
            [KITH, *arguments],
            env=kith.environ | environ,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )

    @property
    def output(self) -> str:
        """What it printed and logged so far."""
        return Path(self._output.name).read_text()

    def wait_until_ready(self) -> Serving:
        def ready() -> bool:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.output}"
            return self.get("/readyz").status_code == 200

        eventually(ready, 90)  # on a machine that has much else to do
        return self

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return CLIENT.get(self.url + path, headers=headers)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return CLIENT.post(self.url + path, **options)

    def sign_in(self, name: str, password: str) -> str:
        """An access token."""
        answer = self.post("/api/v1/auth/login", json={"username": name, "password": password})
        token: str = answer.json()["data"]["accessToken"]
        return token

    def stop(self) -> int:
        """SIGTERM; the code it ends with."""
        self.process.terminate()
        return self.process.wait(40)

    def kill(self) -> None:
        """The power fails: it and its children are gone at once."""
        for pid in [self.process.pid, *children_of(self.process.pid)]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._output.close()


@asynccontextmanager
async def kith_in(folder: Path, **environ: str) -> AsyncIterator[Kith]:
    """A `kith` on an instance below `folder`, with a database of the dialect under test that is gone afterwards."""
    databases = Databases(folder)
    if DIALECT == "postgres":
        environ = {"DATABASE_URL": await databases.unmigrated()} | environ
    kith = Kith(folder / "instance", **environ)
    try:
        yield kith
    finally:
        for serving in kith.running:
            serving.close()
        await databases.close()


def eventually(check: object, seconds: float = 60) -> None:
    """Wait until `check()` is true; not being able to connect counts as false."""
    assert callable(check)
    deadline = time.monotonic() + seconds
    while True:
        try:
            if check():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    """The processes a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
