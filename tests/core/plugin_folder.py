"""A folder of drop-in plugins, written file by file and imported for real."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

from core.plugin_finding import Found, find
from core.plugins import Hooks, Plugin

HEAD = 'from core.plugins import hookimpl\n\nAPI = ">=1.0,<2"\n'


class PluginFolder:
    """Plugins are written with `add`, and loaded with `found` or `hooks`, all of them unless some are named."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: list[str] = []

    def add(self, name: str, init: str = "", **files: str) -> PluginFolder:
        """Write a plugin: `init` follows an import of hookimpl and an API; each file is named without its `.py`."""
        folder = self.path / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(HEAD + dedent(init))
        for file, text in files.items():
            (folder / f"{file}.py").write_text(dedent(text))
        self.names.append(name)
        return self

    def found(self, *names: str, **options: Any) -> Found:
        return find(names or self.names, [self.path], **options)

    def hooks(self, *names: str, **options: Any) -> Hooks:
        return Hooks(self.found(*names), **options)

    def plugin(self, name: str) -> Plugin:
        return next(plugin for plugin in self.found() if plugin.name == name)


KITCHEN_HOOKS = """
    from core.plugins import ask, check, collect, event, gather

    @collect
    def spoons(): ...

    @ask
    async def best_spoon(size): ...

    @gather
    async def opinions(dish, guest): ...

    @gather(sync=True)
    def hidden(dish): ...

    @gather(fragile=True)
    async def garnish(name, **context): ...

    @gather(budget=0.02)
    async def slow(dish): ...

    @check
    async def before_serving(dish): ...

    @event
    async def dish_served(dish): ...

    @event(budget=0.02)
    async def table_cleared(): ...
"""


def kitchen(path: Path) -> PluginFolder:
    """A folder with one plugin, kitchen, which offers a hook of every shape."""
    return PluginFolder(path).add("kitchen", "HEARD = []", hookspecs=KITCHEN_HOOKS)


def kitchen_heard(hooks: Hooks) -> list[Any]:
    """What listeners wrote down in kitchen.HEARD."""
    heard: list[Any] = hooks.plugins["kitchen"].module.HEARD
    return heard


def listener(body: str, hook: str = "dish_served", arguments: str = "dish") -> str:
    """A plugin that hears of one event, and can write into kitchen.HEARD."""
    return f"from ..kitchen import HEARD\n@hookimpl\nasync def {hook}({arguments}):\n    {body}\n"
