"""kith plugin."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from core.commands.context import Failed, folder
from core.commands.output import json_option, print_list
from core.commands.running import plain_errors, sentence_of
from core.config import ConfigError, Settings, ensure_instance, load
from core.config_edit import NotEditable, write_enabled
from core.database import Database
from core.errors import KithError
from core.folders import ROOT_CONFIG
from core.instance import Instance
from core.logs import configure
from core.migrate import unwritten
from core.opening import opened
from core.plugin_checks import check_plugin
from core.plugins import Hooks, PluginError, installed
from core.scaffold import scaffold


@click.group()
def plugin() -> None:
    """List, switch on and off, and check plugins."""
    configure("development", "critical")  # what these commands find they say themselves, and JSON stands alone


@plugin.command("list")
@json_option
def list_plugins(as_json: bool) -> None:
    """List the plugins that lie here, switched on or not."""
    enabled = _settings().plugins.enabled
    with plain_errors():
        hooks = _assembled(enabled).hooks
    failed = {notice.plugin: notice.reason for notice in hooks.failed}
    commands = {answer.plugin: [one.name for one in answer.value] for answer in hooks.commands.answers()}
    things = [
        {
            "name": found.name,
            "enabled": found.name in enabled,
            "version": found.version,
            "source": found.source,
            "requires": found.requires,
            "commands": commands.get(found.name, []),
            "description": found.description,
            "error": failed.get(found.name),
            "state": "failed" if found.name in failed else "on" if found.name in enabled else "off",
        }
        for found in installed([folder() / "plugins"])
    ]
    columns = {"name": "NAME", "state": "STATE", "version": "VERSION", "source": "SOURCE", "commands": "COMMANDS"}
    if as_json:
        print_list(things, {}, as_json=True)
        return
    for thing in things:
        thing["description"] = thing["error"] or thing["description"]
    print_list(things, columns | {"description": "WHAT IT IS, OR WHY IT FAILED"}, as_json=False)


@plugin.command()
@click.argument("name")
def enable(name: str) -> None:
    """Switch a plugin on, in the instance's own config.toml; the server has to be restarted."""
    enabled = _settings().plugins.enabled
    if name in enabled:
        print(f"{name} is switched on already.")
        return
    _switch((*enabled, name), wanted=name)
    print(f"{name} is switched on. Restart the server to have it.")


@plugin.command()
@click.argument("name")
def disable(name: str) -> None:
    """Switch a plugin off, in the instance's own config.toml; its data stays. The server has to be restarted."""
    enabled = _settings().plugins.enabled
    if name not in enabled:
        raise Failed(f"{name} is not switched on; there are {', '.join(enabled)}")
    _switch([other for other in enabled if other != name])
    print(f"{name} is switched off. Restart the server to be rid of it.")


@plugin.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
def check(names: tuple[str, ...]) -> None:
    """Load plugins, all that are switched on unless some are named, and say what is wrong with them."""
    enabled = _settings().plugins.enabled
    wanted = names or enabled
    with plain_errors():
        instance = _assembled(list(dict.fromkeys((*enabled, *wanted))))
        hooks = instance.hooks
        problems = {notice.plugin: [notice.reason] for notice in hooks.failed}
        for name in wanted:
            if name in hooks.plugins:
                problems[name] = check_plugin(hooks.plugins[name], list(hooks.plugins.values()))
                problems[name] += asyncio.run(_unwritten(instance.database, name))
                problems[name] += _taken_commands(hooks, name)
            for line in problems.get(name) or ["fine"]:
                print(f"{name}: {line}")
    if any(problems.get(name) for name in wanted):
        raise Failed("Not all of them are as they should be.")


@plugin.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a plugin to begin with into the instance's plugins folder, with a test that passes."""
    ensure_instance(folder())
    with plain_errors():
        written = scaffold(name, folder() / "plugins")
    home = folder() / "plugins" / name
    for path in written:
        print(path)
    tools = Path(sys.executable).parent
    switch_on = [str(tools / "kith"), "plugin", "enable", name]
    if folder() != Path("instance"):
        switch_on += ["--instance", str(folder())]
    print(f"Switch it on with: {shlex.join(switch_on)}")
    test = shlex.join([str(tools / "python"), "-m", "pytest", str(home / "tests")])
    print(f"Run its test, after `make setup`, with: {test}")


def _settings() -> Settings:
    ensure_instance(folder())
    return load(folder(), os.environ, ROOT_CONFIG)


def _assembled(names: Sequence[str]) -> Instance:
    """The instance with these plugins, as the server is at its start; nothing is opened. Raises PluginError."""
    return opened(folder(), os.environ, overrides={"plugins.enabled": names}, works_here=False)


def _what_stops(names: Sequence[str]) -> str:
    """Why the server would not start with these plugins; empty where it would."""
    try:
        _assembled(names)
    except (ConfigError, KithError, PluginError) as error:
        return sentence_of(error)
    return ""


def _taken_commands(hooks: Hooks, name: str) -> list[str]:
    """Which commands of a plugin nobody can reach, because they are somebody else's too, a sentence each."""
    root = click.get_current_context().find_root()
    assert isinstance(root.command, click.Group)
    owners: dict[str | None, set[str]] = {one: {"the server"} for one in root.command.list_commands(root)}
    for answer in hooks.commands.answers():
        for one in answer.value:
            owners.setdefault(one.name, set()).add(answer.plugin)
    return [
        f"the command “{command}” is also brought by {', '.join(sorted(others - {name}))}"
        for command, others in owners.items()
        if name in others and len(others) > 1
    ]


async def _unwritten(database: Database, name: str) -> list[str]:
    """What the models of a plugin have and its migrations lack, as one sentence."""
    changes = await unwritten(database, name) if name in database.apps else []
    lack = "; ".join(changes)
    return [f"its migrations lack what its models have ({lack}): kith migrate --make {name}"] if changes else []


def _switch(names: Sequence[str], wanted: str = "") -> None:
    """Write the list, after a look at whether the server would start with it. Raises Failed."""
    settings, path = _settings(), folder() / "config.toml"
    source = settings.sources.get("plugins.enabled", "")
    if source.startswith("environment"):
        raise Failed(f"plugins.enabled comes from the {source}; change it there")
    left = ""
    try:
        hooks = _assembled(names).hooks
        refused = next((notice.reason for notice in hooks.failed if notice.plugin == wanted), "")
    except (ConfigError, KithError, PluginError) as error:
        refused, left = sentence_of(error), "" if wanted else _what_stops(settings.plugins.enabled)
    if refused and not left:
        raise Failed(refused)
    try:
        write_enabled(path, names)
    except NotEditable as error:
        raise Failed(f"{path} has to be changed by hand: {error}") from error
    if left:
        print(f"There is more to mend before the server starts: {refused}")
