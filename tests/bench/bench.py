"""What a benchmark is given: a filled instance, a server that runs on it, other processes, and a list for figures."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from socket import socket
from typing import Any, ParamSpec, TypeVar

from tests.bench.databases import Databases, ask
from tests.bench.figures import Figure, line
from tests.bench.load import Answered, Load, run
from tests.bench.seeding import Seeded, Wanted, seed
from tests.bench.server import Server

P = ParamSpec("P")
T = TypeVar("T")
MANY = "1000000000"
# The limits stay on, and are never reached.
_ENVIRON = {
    "KITH_SERVER__DOMAIN": "bench.example",
    "KITH_SERVER__ENVIRONMENT": "development",
    "KITH_SECURITY__ACCESS_TOKEN_MINUTES": "1440",
    "KITH_RATE_LIMITS__USER_PER_HOUR": MANY,
    "KITH_RATE_LIMITS__SIGNED_OUT_PER_FIVE_MINUTES": MANY,
    "KITH_RATE_LIMITS__LOGIN_FAILURES_PER_ADDRESS": MANY,
    "KITH_FEDERATION__ALLOW_HTTP": "true",
    "KITH_FEDERATION__ALLOW_PRIVATE_ADDRESSES": "true",
    "KITH_MAIL__BACKEND": "file",
    "KITH_LOG__FORMAT": "json",
}


class Apart:
    """Runs functions in processes of their own, so that what they do is not in the way of what is measured here."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(4, mp_context=get_context("spawn"))

    def begin(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Future[T]:
        """Begin to run it."""
        return self._pool.submit(function, *arguments, **options)

    def do(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Run it and wait."""
        return self.begin(function, *arguments, **options).result()

    def close(self) -> None:
        self._pool.shutdown()


@dataclass
class Place:
    """An instance's folder, its database, its port, and what was put into it."""

    folder: Path
    environ: Mapping[str, str]
    port: int
    database: str
    seeded: Seeded

    @property
    def base_url(self) -> str:
        return self.environ["KITH_SERVER__BASE_URL"]

    @contextmanager
    def serving(self, **environ: str) -> Iterator[Server]:
        """A server on it while the block runs; PostgreSQL knows by then what is in the tables, as it does by itself."""
        if self.database.startswith("postgres"):
            ask(self.database, "ANALYZE")
        server = Server(self.folder, self.port, {**self.environ, **environ})
        try:
            yield server
        finally:
            server.stop()


@dataclass
class Bench:
    """One round of benchmarks on one kind of database."""

    dialect: str
    apart: Apart
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="kith-bench-")))
    figures: list[Figure] = field(default_factory=list)
    heard: Callable[[str], object] = print

    def __post_init__(self) -> None:
        self.databases = Databases(self.dialect)

    def note(self, what: str, measured: float, unit: str, target: float | None = None, **more: Any) -> None:
        """Keep a figure, and tell of it."""
        figure = Figure(f"{self.dialect}: {what}", measured, unit, target, **more)
        self.figures.append(figure)
        self.heard(line(figure))

    def place(self, wanted: Wanted, **environ: str) -> Place:
        """A new instance, filled."""
        folder, port = self.folder / uuid.uuid4().hex[:8], free_port()
        folder.mkdir(mode=0o700)
        database = self.databases.fresh(folder)
        base_url = f"http://127.0.0.1:{port}"
        full = {**_ENVIRON, "DATABASE_URL": database, "KITH_SERVER__BASE_URL": base_url, **environ}
        return Place(folder, full, port, database, self.apart.do(seed, folder, full, wanted))

    def load(self, server: Server, load: Load) -> tuple[Answered, float]:
        """Put a load on the server: how it was answered, and the server's processor time in milliseconds for each."""
        before = server.cpu_seconds()
        answered = self.apart.do(run, load)
        return answered, (server.cpu_seconds() - before) * 1000 / answered.count

    def close(self) -> None:
        """Take away what was made, the processes too: one that has opened a database opens none of another dialect."""
        self.apart.close()
        self.databases.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A port nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
