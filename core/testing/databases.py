"""Databases for tests: migrated once, copied for each instance, emptied between tests."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from core.database import AppModels, Database, execute, rows, transaction
from core.migrate import TABLE, migrate

DIALECT = os.environ.get("KITH_TEST_DB", "sqlite")
SERVER = os.environ.get("KITH_TEST_DATABASE_URL", "postgres://root@127.0.0.1:5432/postgres")


class Databases:
    """Makes databases that have all tables and no rows; `close` removes them again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    async def fresh(self, apps: dict[str, AppModels]) -> str:
        """The address of a new database with the tables of these apps."""
        key = repr(sorted((name, app.migrations) for name, app in apps.items()))
        if key not in self._templates:
            template = await self._create("")
            await migrate(Database(template, apps, synchronous="OFF"))
            self._templates[key] = template
        return await self._create(self._templates[key])

    async def unmigrated(self) -> str:
        """The address of a new database without tables."""
        return await self._create("")

    async def drop(self, url: str) -> None:
        """Remove a database, if it was made here."""
        await self._drop([name for name in self._made if name in url])

    async def close(self) -> None:
        """Remove every database made."""
        await self._drop(self._made)
        self._templates.clear()

    async def _drop(self, names: list[str]) -> None:
        if DIALECT == "sqlite":
            for name in names:
                for path in self._folder.glob(f"{name}.db*"):
                    path.unlink()
        elif names:
            server = await asyncpg.connect(SERVER)
            try:
                for name in names:
                    await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            finally:
                await server.close()
        self._made = [name for name in self._made if name not in names]

    async def _create(self, template: str) -> str:
        name = f"kith_test_{uuid.uuid4().hex}"
        self._made.append(name)
        if DIALECT == "sqlite":
            path = self._folder / f"{name}.db"
            if template:
                shutil.copyfile(template.removeprefix("sqlite:///"), path)
            return f"sqlite:///{path}"
        server = await asyncpg.connect(SERVER)
        try:
            source = urlsplit(template).path.strip("/")
            await server.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{source}"' if source else ""))
            # Nobody cuts the power here: a commit need not wait for the disk.
            await server.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        finally:
            await server.close()
        return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


# Newest first: what refers to a row goes before the row.
_TABLES = {
    "sqlite": (
        "SELECT l.name AS name, l.type AS type, s.sql AS sql FROM pragma_table_list l JOIN sqlite_master s"
        " ON s.name = l.name WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite_%'"
        " ORDER BY l.type DESC, s.rowid DESC"
    ),
    "postgres": (
        "SELECT c.relname::text AS name, 'table' AS type, '' AS sql FROM pg_class c"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY c.oid DESC"
    ),
}


async def all_tables(database: Database) -> list[str]:
    """The names of the tables of the current database, but for the one that remembers migrations."""
    return [table["name"] for table in await rows(_TABLES[database.dialect]) if table["name"] != TABLE]


async def empty(database: Database) -> None:
    """Delete every row of the current database, but keep what is remembered about its migrations."""
    tables = [table for table in await rows(_TABLES[database.dialect]) if table["name"] != TABLE]
    filled = " UNION ALL ".join(
        f"SELECT '{table['name']}' AS name WHERE EXISTS (SELECT 1 FROM \"{table['name']}\")" for table in tables
    )
    names = {found["name"] for found in await rows(filled)} if tables else set()
    async with transaction():
        if database.dialect == "sqlite":
            await execute("PRAGMA defer_foreign_keys = ON")
        for table in tables:
            name = table["name"]
            if table["type"] == "virtual" and "content=" in table["sql"]:
                # A search index over another table, or over none, cannot be emptied row by row.
                await execute(f'INSERT INTO "{name}" ("{name}") VALUES (\'delete-all\')')
            elif name in names:
                await execute(f'DELETE FROM "{name}"')
