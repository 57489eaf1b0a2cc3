"""kith migrate."""

from __future__ import annotations

import asyncio
import os

import click

from core import migrate as migrations
from core.app import apps_of
from core.commands.context import Failed, folder
from core.commands.output import progress
from core.commands.running import plain_errors
from core.config import ensure_instance
from core.database import Database
from core.logs import configure
from core.opening import settings_and_hooks


@click.command()
@click.option("--plan", "only_plan", is_flag=True, help="Only say what would be done.")
@click.option("--make", "app", metavar="APP", help="Write the next migration of an app (core, or a plugin) instead.")
@click.option("--name", help="With --make: what the migration is called.")
def migrate(only_plan: bool, app: str | None, name: str | None) -> None:
    """Bring the tables of the core and of all plugins up to date, and say what was done."""
    ensure_instance(folder())
    configure("development", "warning")
    with plain_errors():
        settings, hooks = settings_and_hooks(folder(), os.environ)
        database = Database(settings.database.url, apps_of(hooks), pool_size=settings.database.pool_size)
        if app:
            asyncio.run(_make(database, app, name))
        else:
            asyncio.run(_plan(database) if only_plan else _migrate(database))


async def _plan(database: Database) -> None:
    names = await migrations.plan(database)
    print("\n".join(names) or "Everything is up to date.")


async def _migrate(database: Database) -> None:
    missing = len(await migrations.plan(database))
    if not missing:
        print("Everything is up to date.")
        return
    with progress("Migrating", missing) as step:
        await migrations.migrate(database, progress=step)


async def _make(database: Database, app: str, name: str | None) -> None:
    if app not in database.apps:
        raise Failed(f"There is no app “{app}”; there are {', '.join(database.apps)}")
    path = await migrations.make(database, app, name)
    print(path or f"The models of {app} are as the last migration left them.")
