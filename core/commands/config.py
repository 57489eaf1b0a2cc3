"""kith config."""

from __future__ import annotations

import os

import click

from core.commands.context import Failed, folder
from core.commands.output import json_option, print_list
from core.commands.running import plain_errors
from core.config import describe, ensure_instance
from core.logs import configure
from core.opening import settings_and_hooks


@click.group()
def config() -> None:
    """Show the settings in force, or check them."""
    configure("development", "critical")  # what these commands find they say themselves, and JSON stands alone


@config.command()
@json_option
def show(as_json: bool) -> None:
    """Show every setting, its value and where that comes from; secrets are masked."""
    ensure_instance(folder())
    with plain_errors():
        settings, _ = settings_and_hooks(folder(), os.environ)
    lines = [{"key": key, "value": value, "source": source} for key, value, source in describe(settings)]
    print_list(lines, {"key": "KEY", "value": "VALUE", "source": "SOURCE"}, as_json=as_json)


@config.command()
def check() -> None:
    """Say what is wrong with the settings, if anything is."""
    ensure_instance(folder())
    with plain_errors():
        _, hooks = settings_and_hooks(folder(), os.environ)
    if hooks.failed:
        raise Failed("\n".join(f"plugin {notice.plugin}: {notice.reason}" for notice in hooks.failed))
    print("The settings are fine.")
