"""The commands that plugins bring."""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib import import_module
from pathlib import Path

import click

from core.commands.context import Failed
from core.commands.running import plain_errors
from core.logs import configure
from core.opening import settings_and_hooks
from core.plugin_manifest import places


def command(folder: Path, name: str) -> click.Command | None:
    """A command of the plugins that are switched on in an instance; None where there is none of this name.

    Raises Failed where two of them bring it, or one that is switched off would.
    """
    configure("development", "warning")  # to standard error: what commands print stands alone
    with plain_errors():
        _, hooks = settings_and_hooks(folder, os.environ)
    bring = {answer.plugin: one for answer in hooks.commands.answers() for one in answer.value if one.name == name}
    if len(bring) > 1:
        raise Failed(f"The plugins “{'” and “'.join(bring)}” both bring the command “{name}”; one of them has to go.")
    if not bring and (plugin := _switched_off(name, hooks.plugins)):
        raise Failed(
            f"“{name}” is a command of the plugin “{plugin}”, which is switched off here."
            f" `kith plugin enable {plugin}` switches it on."
        )
    return next(iter(bring.values()), None)


def _switched_off(name: str, plugins: Collection[str]) -> str | None:
    """The plugin that would bring a command, of those that come with the server: the code of others stays unrun."""
    for place in places(()):
        if place.source == "built-in" and place.name not in plugins:
            commands = getattr(import_module(place.package), "commands", None)
            if commands and any(one.name == name for one in commands()):
                return place.name
    return None
