"""The commands that plugins bring."""

from __future__ import annotations

import os
from pathlib import Path

import click

from core.commands.context import Failed
from core.commands.running import plain_errors
from core.logs import configure
from core.opening import settings_and_hooks


def command(folder: Path, name: str) -> click.Command | None:
    """A command of the plugins that are switched on in an instance. Raises Failed where two of them bring it."""
    configure("development", "warning")  # to standard error: what commands print stands alone
    with plain_errors():
        _, hooks = settings_and_hooks(folder, os.environ)
    bring = {answer.plugin: one for answer in hooks.commands.answers() for one in answer.value if one.name == name}
    if len(bring) > 1:
        raise Failed(f"The plugins “{'” and “'.join(bring)}” both bring the command “{name}”; one of them has to go.")
    return next(iter(bring.values()), None)
