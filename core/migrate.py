"""Brings the tables of all apps up to date, over Tortoise's migrations; one process at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tortoise.apps import Apps
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import AddField, AddIndex, AlterModelOptions, CreateModel, RunPython, RunSQL
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.writer import MigrationWriter

from core.database import Database, DatabaseUnavailable, rows, transaction, value
from core.lazily import lazily
from core.migration_graph import Loader, MigrationFailed, NewerDatabase
from core.migration_state import Gathering
from core.migrations_sqlite import RebuildingSchemaEditor
from core.schema_changes import PostgresSchemaEditor

if TYPE_CHECKING:
    import asyncpg
else:
    asyncpg = lazily("asyncpg")

ADVISORY_LOCK = 0x6B697468
TABLE = "tortoise_migrations"

__all__ = ["MigrationFailed", "NewerDatabase", "make", "migrate", "plan", "remove_app", "unwritten"]

Progress = Callable[[str], object]


async def migrate(database: Database, *, progress: Progress | None = None) -> list[str]:
    """Apply every migration that is missing and return their names (`core.0001_initial`), in order.

    Waits while another process migrates the same database. `progress` is told each name before it is applied. Each
    migration is all or nothing. Raises NewerDatabase before anything is touched, MigrationFailed where one fails.
    """
    async with _migrating(database) as runner:
        return await runner.forward(progress)


async def plan(database: Database) -> list[str]:
    """The names of the migrations that `migrate` would apply. Raises NewerDatabase."""
    if database.path is not None and not os.path.exists(database.path):
        loader = Loader(_apps(database), MigrationRecorder(None))
        await loader.build_graph()
        return [str(key) for key in loader.missing(set())]
    async with _connected(database) as runner:
        await runner.prepare()
        return [str(key) for key in runner.loader.missing(runner.applied)]


async def remove_app(database: Database, app: str) -> list[str]:
    """Roll back every migration of one app, which drops its tables, and return their names.

    Raises ValueError when another app still depends on it or a migration cannot be rolled back.
    """
    async with _migrating(database) as runner:
        return await runner.remove(app)


async def make(database: Database, app: str, name: str | None = None) -> Path | None:
    """Write the next migration of one app from its models; None when there is nothing to change.

    `name` replaces the part behind the number. Does not touch the database. To be read before it is committed: a field
    that went while a similar one came is taken for renamed.
    """
    writer = await _next_migration(database, app)
    if writer is None:
        return None
    if name:
        writer.name = f"{writer.name[:4]}_{name}"
    path = writer.path()
    sentence = (
        f"The first tables of {app}" if writer.initial else "; ".join(each.describe() for each in writer.operations)
    )
    path.write_text(f'"""{textwrap.shorten(sentence, 110)}."""\n\n{writer.as_string()}\n', encoding="utf-8")
    return path


async def unwritten(database: Database, app: str) -> list[str]:
    """What `make` would write, one sentence for each change; empty when models and migrations agree."""
    writer = await _next_migration(database, app)
    return [operation.describe() for operation in writer.operations] if writer is not None else []


class Runner(MigrationExecutor):
    """Applies and rolls back single migrations, each with its record in one transaction."""

    loader: Loader

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine, _apps(database))
        self.loader = Loader(self.loader.apps_config, self.recorder)
        self.dialect = database.dialect
        self.applied: set[MigrationKey] = set()

    async def prepare(self) -> None:
        """Read what is on disk and what is applied."""
        await self.loader.build_graph()
        catalogue = "sqlite_master WHERE name" if self.dialect == "sqlite" else "pg_tables WHERE tablename"
        if await value(f"SELECT count(*) FROM {catalogue} = $1", TABLE):
            found = await rows(f"SELECT app, name FROM {TABLE}")
            self.applied = {MigrationKey(app_label=each["app"], name=each["name"]) for each in found}

    async def forward(self, progress: Progress | None) -> list[str]:
        await self.prepare()
        missing = self.loader.missing(self.applied)
        if not missing:
            return []
        await self.recorder.ensure_schema(self._schema_editor(atomic=False))
        known = await self._project_state(self.applied)
        state = Gathering(models=known.models, apps=known.apps)
        for key in missing:
            if progress is not None:
                progress(str(key))
            migration = self.loader.disk_migrations[key]
            async with self._step(migration) as editor:
                await _apply(migration, state, editor)
                await self.recorder.record_applied(key.app_label, key.name)
            self.applied.add(key)
        return [str(key) for key in missing]

    async def remove(self, app: str) -> list[str]:
        await self.prepare()
        self.loader.missing(self.applied)
        own = [key for key in self._full_plan() if key.app_label == app and key in self.applied]
        dependent = sorted(
            {
                child.key.app_label
                for key in own
                for child in self.loader.graph.node_map[key].children
                if child.key.app_label != app and child.key in self.applied
            }
        )
        if dependent:
            raise ValueError(f"{app} cannot be removed while {', '.join(dependent)} depends on it")
        states = await self._project_state_cache(self.applied)
        for key in reversed(own):
            migration = self.loader.disk_migrations[key]
            async with self._step(migration) as editor:
                await migration.unapply(states[key], schema_editor=editor)
                await self.recorder.record_unapplied(key.app_label, key.name)
        return [str(key) for key in reversed(own)]

    @asynccontextmanager
    async def _step(self, migration: Migration) -> AsyncIterator[BaseSchemaEditor]:
        # Tortoise remembers INSERT statements by table, not by model: a historical model must not leave its own behind.
        EXECUTOR_CACHE.clear()
        try:
            if not migration.atomic:
                yield self._schema_editor(atomic=False)
                return
            async with transaction():
                yield self._schema_editor()
                if self.dialect == "sqlite" and (broken := await rows("PRAGMA foreign_key_check")):
                    tables = sorted({f"{each['table']} -> {each['parent']}" for each in broken})
                    raise RuntimeError(f"{migration.name} leaves rows without their parents: {', '.join(tables)}")
        except Exception as error:
            name = f"{migration.app_label}.{migration.name}"
            done = "nothing of it was done" if migration.atomic else "some of it may have been done"
            raise MigrationFailed(
                f"The migration {name} failed, and {done}: {type(error).__name__}: {error}"
            ) from error
        finally:
            EXECUTOR_CACHE.clear()

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        editor = RebuildingSchemaEditor if self.dialect == "sqlite" else PostgresSchemaEditor
        return editor(self.connection, atomic=atomic, collect_sql=collect_sql)


class Autodetector(MigrationAutodetector):
    """Compares the models with what the migrations on disk amount to."""

    def __init__(self, apps: Apps, apps_config: dict[str, dict[str, Any]]) -> None:
        super().__init__(apps, apps_config)
        self.loader = Loader(apps_config, self.loader.recorder)

    async def _project_state(self) -> State:
        state = await super()._project_state()
        for model in state.models.values():
            for name, field in model.fields.items():
                # A live model names the column of a relation, a migration written by hand need not.
                if isinstance(field, ForeignKeyFieldInstance) and field.source_field is None:
                    field.source_field = f"{name}_id"
        return state


async def _next_migration(database: Database, app: str) -> MigrationWriter | None:
    if app not in database.apps:
        raise ValueError(f"There is no app named {app}")
    apps = _apps(database)
    async with TortoiseContext() as context:
        config = {"connections": {"default": database.connection}, "apps": apps}
        await context.init(config=config, init_connections=False)
        assert context.apps is not None
        for writer in await Autodetector(context.apps, apps).changes():
            # Options change nothing in the database, and docstrings (which Tortoise takes for comments) change often.
            writer.operations = [each for each in writer.operations if not isinstance(each, AlterModelOptions)]
            for operation in writer.operations:
                if isinstance(operation, CreateModel) and operation.options:
                    operation.options.pop("table_description", None)
            if writer.app_label == app and writer.operations:
                return writer
    return None


# Of these the ones in a row know nothing of one another, nor of how things were before.
_TOGETHER = (CreateModel, AddField, AddIndex)


async def _apply(migration: Migration, state: Gathering, editor: BaseSchemaEditor) -> None:
    label = migration.app_label
    for kind, alike in groupby(migration.operations, type):
        if issubclass(kind, _TOGETHER):
            operations = list(alike)
            with state.at_once():
                for operation in operations:
                    operation.state_forward(label, state)
            for operation in operations:
                await operation.database_forward(label, state, state, editor)
            continue
        for operation in alike:
            # Copying the state renders every model again; these operations never look at the old one.
            before = state if isinstance(operation, RunPython | RunSQL) else state.clone()
            operation.state_forward(label, state)
            await operation.database_forward(label, before, state, editor)
    state.validate_relations_initialized()


def _apps(database: Database) -> dict[str, dict[str, Any]]:
    return {
        label: {"models": app.models, "default_connection": "default", "migrations": app.migrations}
        for label, app in database.apps.items()
    }


@asynccontextmanager
async def _migrating(database: Database) -> AsyncIterator[Runner]:
    lock = _file_lock(f"{database.path}.migrate.lock") if database.path is not None else _server_lock(database.url)
    async with lock, _connected(database) as runner:
        yield runner


@asynccontextmanager
async def _connected(database: Database) -> AsyncIterator[Runner]:
    second = database.for_migrating()
    await second.open()
    try:
        with second.using():
            runner = Runner(second)
            runner.loader.apps_config.update(_apps(database))
            yield runner
    finally:
        await second.close()


@asynccontextmanager
async def _file_lock(path: str) -> AsyncIterator[None]:
    try:
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise DatabaseUnavailable(f"Cannot create {path}: {error.strerror}") from None
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield
    finally:
        os.close(file)


@asynccontextmanager
async def _server_lock(url: str) -> AsyncIterator[None]:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable(f"Cannot connect to PostgreSQL: {error}") from None
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        yield
    finally:
        await connection.close()
