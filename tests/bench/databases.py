"""Databases for the measured instances, and questions to them that the server does not hear."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

SERVER = os.environ.get("KITH_TEST_DATABASE_URL", "postgres://root@127.0.0.1:5432/postgres")


class Databases:
    """Makes empty databases of one dialect; `close` removes them."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self._made: list[str] = []

    def fresh(self, folder: Path) -> str:
        """The address of a new database."""
        if self.dialect == "sqlite":
            return f"sqlite:///{folder / 'kith.db'}"
        name = f"kith_bench_{uuid.uuid4().hex}"
        ask(SERVER, f'CREATE DATABASE "{name}"')
        self._made.append(name)
        return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))

    def close(self) -> None:
        """Remove all that were made."""
        for name in self._made:
            ask(SERVER, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def ask(database: str, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Rows of a query, over a connection of its own; SQL for both dialects, with `$1` placeholders."""
    if database.startswith("sqlite"):
        connection = sqlite3.connect(database.removeprefix("sqlite:///"), timeout=30)
        try:
            with connection:
                return connection.execute(sql.replace("$", "?"), parameters).fetchall()
        finally:
            connection.close()
    return asyncio.run(_ask_postgres(database, sql, parameters))


async def _ask_postgres(database: str, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(database)
    try:
        return [tuple(record) for record in await connection.fetch(sql, *parameters)]
    finally:
        await connection.close()


WAITING = (
    "SELECT (SELECT COUNT(*) FROM core_job WHERE state IN ('waiting', 'running') AND lane < 9),"
    " (SELECT COUNT(*) FROM federation_delivery WHERE attempts < 2 AND error = ''),"
    " (SELECT COUNT(*) FROM federation_received WHERE state IN ('waiting', 'running'))"
)


def waiting(database: str) -> int:
    """How much is left to be done: jobs, deliveries that have not failed, received activities."""
    return sum(ask(database, WAITING)[0])
