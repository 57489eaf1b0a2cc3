"""Fresh databases of the dialect under test (KITH_TEST_DB: sqlite, the default, or postgres) with the sample apps."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from core.database import AppModels, Database
from core.migrate import migrate

DIALECT = os.environ.get("KITH_TEST_DB", "sqlite")
SERVER = os.environ.get("KITH_TEST_POSTGRES", "postgres://root@127.0.0.1:5432/postgres")
SAMPLES = Path(__file__).parent
LIBRARY = AppModels(["tests.core.samples.library.models"], "tests.core.samples.library.migrations")
LOANS = AppModels(["tests.core.samples.loans.models"], "tests.core.samples.loans.migrations")
APPS = {"library": LIBRARY, "loans": LOANS}


@asynccontextmanager
async def fresh_address(folder: Path) -> AsyncIterator[str]:
    """The address of an empty database that is gone afterwards."""
    name = f"kith_test_{uuid.uuid4().hex}"
    if DIALECT == "sqlite":
        yield f"sqlite:///{folder / name}.db"
        return
    server = await asyncpg.connect(SERVER)
    try:
        await server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield SERVER.rpartition("/")[0] + "/" + name
        finally:
            await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await server.close()


@asynccontextmanager
async def fresh_library(folder: Path) -> AsyncIterator[Database]:
    """An open, migrated and current database of the sample apps."""
    async with fresh_address(folder) as address:
        database = Database(address, APPS)
        await migrate(database)
        await database.open()
        try:
            with database.using():
                yield database
        finally:
            await database.close()


def first_migrations(folder: Path, app: str, count: int) -> AppModels:
    """An app as it was when it had only its first migrations, in a package of its own outside the tree."""
    package = f"history_{uuid.uuid4().hex}"
    (folder / package).mkdir()
    (folder / package / "__init__.py").touch()
    for file in sorted((SAMPLES / app / "migrations").glob("0*.py"))[:count]:
        shutil.copy(file, folder / package)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return AppModels(APPS[app].models, package)
