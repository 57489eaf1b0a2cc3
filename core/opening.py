"""From an instance's folder to the instance: its settings, those of its plugins, and all of it assembled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from core.app import connect, create_instance, disconnect
from core.config import ensure_instance, load
from core.folders import ROOT_CONFIG
from core.instance import Instance, inside
from core.plugin_manifest import places
from core.plugins import Hooks
from core.plugins import start as load_plugins
from core.settings import Settings


def opened(
    folder: Path, environ: Mapping[str, str], *, overrides: Mapping[str, object] | None = None, works_here: bool = True
) -> Instance:
    """Assemble the instance in `folder`, which is made where it is missing; nothing is connected yet.

    `overrides` are dotted keys that win over files and environment. Raises ConfigError, PluginError, StartError.
    """
    ensure_instance(folder)
    settings, hooks = settings_and_hooks(folder, environ, overrides=overrides)
    return create_instance(folder, settings, hooks=hooks, works_here=works_here)


def settings_and_hooks(
    folder: Path, environ: Mapping[str, str], *, overrides: Mapping[str, object] | None = None
) -> tuple[Settings, Hooks]:
    """The settings, with the sections of plugins checked against what those declare, and the plugins' hooks.

    A plugin that is switched off, or crashes while it is loaded, keeps its section unread.
    """
    own = folder / "plugins"
    names = load(folder, environ, ROOT_CONFIG, overrides=overrides).plugins.enabled
    hooks = load_plugins(names, [own], marker=folder / ".loading" if folder.is_dir() else None)
    declared = {answer.plugin: answer.value for answer in hooks.settings_schema.answers()}
    without = {place.name: None for place in places([own]) if place.name not in hooks.plugins}
    return load(folder, environ, ROOT_CONFIG, extra=without | declared, overrides=overrides), hooks


@asynccontextmanager
async def for_a_command(instance: Instance) -> AsyncIterator[Instance]:
    """Be inside an instance whose database, cache and hub are open, without serving or doing jobs.

    A server that runs meanwhile hears of what changes over Redis, or from the rows. Raises NewerDatabase.
    """
    await connect(instance)
    try:
        with inside(instance):
            yield instance
        await instance.database.engine.settle()
    finally:
        await instance.jobs.stop()
        await disconnect(instance)
