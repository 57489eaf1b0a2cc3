"""What every command knows: which instance it is for, and how to say that it failed."""

from __future__ import annotations

import sys
from pathlib import Path

import click

FOLDER = "kith.instance"


def folder() -> Path:
    """The folder of the instance this command is for."""
    found: Path = click.get_current_context().meta[FOLDER]
    return found


class Failed(click.ClickException):
    """The command failed; its text goes to standard error, line by line, and the exit code is 1."""

    def show(self, file: object = None) -> None:
        for line in self.message.splitlines():
            print(f"kith: {line}", file=sys.stderr)
