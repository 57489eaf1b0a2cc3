"""The commands that plugins bring."""

from __future__ import annotations

import os
from pathlib import Path

import click

from core.commands.context import Failed
from core.commands.running import plain_errors
from core.opening import settings_and_hooks


def commands(folder: Path) -> dict[str, click.Command]:
    """The commands of the plugins that are switched on in an instance, by name. Raises Failed where two share one."""
    found: dict[str, click.Command] = {}
    with plain_errors():
        _, hooks = settings_and_hooks(folder, os.environ)
    for answer in hooks.commands.answers():
        for command in answer.value:
            if command.name in found:
                raise Failed(f"The plugin “{answer.plugin}” brings the command “{command.name}”, and so does another.")
            found[command.name] = command
    return found
