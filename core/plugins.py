"""The plugins that are switched on, and the hooks they join in by."""

from __future__ import annotations

import importlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import pluggy
import structlog

from core import hookspecs, hookspecs_events
from core.hook_calls import SHAPES, Answer, Bound, Caller, Collected, GatherNow, HookFailed
from core.hook_shapes import PROJECT, Spec, ask, check, collect, event, gather, hookimpl
from core.metrics import hooks_switched_off
from core.plugin_brings import what_is_wrong
from core.plugin_checks import hook_problems, known_specs
from core.plugin_finding import Found, Notice, find
from core.plugin_manifest import PLUGIN_API, Manifest, Plugin, PluginError, PluginFailed, installed, nearest

__all__ = [
    "PLUGIN_API", "Answer", "Found", "HookFailed", "Hooks", "Manifest", "Notice", "Plugin", "PluginError",
    "PluginFailed", "ask", "check", "collect", "event", "find", "gather", "hookimpl", "installed", "start",
]  # fmt: skip

log = structlog.get_logger(__name__)
FAILURES = 3
WINDOW = 60.0  # seconds


def start(names: Sequence[str], folders: Sequence[Path], *, safe: bool = True, marker: Path | None = None) -> Hooks:
    """Find and load the plugins called `names` and join their hooks; see `find` and `Hooks` for what it raises."""
    return Hooks(find(names, folders, safe=safe, marker=marker), safe=safe)


class Hooks:
    """The hooks by name: `hooks.kinds()`, `await hooks.entry_published(entry=entry)`.

    Raises PluginError where a plugin misspells a hook or an argument, or claims a hook's name that is taken, and
    PluginFailed where it crashes while it is asked what it brings; when `safe` it is left out instead, with a notice,
    and so are those that require it. `clock` counts seconds.
    """

    def __init__(
        self, plugins: Sequence[Plugin] = (), *, safe: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failed: list[Notice] = list(plugins.left_out) if isinstance(plugins, Found) else []
        self.switched_off: list[Notice] = []
        self._clock = clock
        self._lock = Lock()
        self._strikes: dict[tuple[str, str], deque[float]] = {}
        found = Found(plugins, self.failed)
        while True:
            try:
                self._assemble(found)
                break
            except PluginFailed as failure:
                if not safe:
                    raise
                found = _without(found, failure)
        self.failed = found.left_out

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no hook “{name}”{nearest(name, self._callers)}")

    def collected(self, name: str) -> list[Any]:
        """All that the plugins brought to a collect hook, in one list: the members of lists, the pairs of mappings.

        `hooks.<name>.answers()` tells the plugins apart.
        """
        things: list[Any] = []
        for answer in self._callers[name]():
            things.extend(answer.items() if isinstance(answer, Mapping) else answer)
        return things

    def strike(self, plugin: str, hook: str, reason: str) -> None:
        """Count a failure; the third within a minute switches that plugin's hook off."""
        with self._lock:
            strikes = self._strikes.setdefault((plugin, hook), deque(maxlen=FAILURES))
            strikes.append(self._clock())
            if len(strikes) == FAILURES and strikes[-1] - strikes[0] <= WINDOW:
                self._switch_off(plugin, hook, f"It failed {FAILURES} times within a minute, the last time: {reason}")

    def switch_on(self, plugin: str, hook: str) -> bool:
        """Give a plugin's hook another chance; whether it was off."""
        with self._lock:
            was_off = any((notice.plugin, notice.hook) == (plugin, hook) for notice in self.switched_off)
            self.switched_off = [n for n in self.switched_off if (n.plugin, n.hook) != (plugin, hook)]
            self._strikes.pop((plugin, hook), None)
            if was_off:
                hooks_switched_off.labels(plugin, hook).set(0)
                self._renew(hook)
            return was_off

    def _switch_off(self, plugin: str, hook: str, reason: str) -> None:
        if any((notice.plugin, notice.hook) == (plugin, hook) for notice in self.switched_off):
            return  # a call that was under way
        log.error("hook_switched_off", plugin=plugin, hook=hook, reason=reason)
        hooks_switched_off.labels(plugin, hook).set(1)
        self.switched_off.append(Notice(plugin, hook, reason, datetime.now(UTC)))
        self._renew(hook)

    def _renew(self, hook: str) -> None:
        """Have the hook call those plugins that are not switched off."""
        off = {notice.plugin for notice in self.switched_off if notice.hook == hook}
        self._callers[hook].bound = [bound for bound in self._bound[hook] if bound.plugin not in off]

    def _assemble(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = {plugin.name: plugin for plugin in plugins}
        specs = known_specs(plugins)
        _check(plugins, specs)
        manager = _manager(plugins)
        self._bound = {name: _bound(manager, spec) for name, spec in specs.items()}
        self._callers: dict[str, Any] = {name: self._caller(spec) for name, spec in specs.items()}
        vars(self).update(self._callers)  # a call is an attribute of ours, not a search

    def _caller(self, spec: Spec) -> Caller | Collected:
        bound = self._bound[spec.name]
        if spec.shape.name == "collect":
            answers = [_collect(one, self.plugins[one.plugin], spec.name) for one in bound]
            return Collected(spec, [answer for answer in answers if answer.value is not None])
        return (GatherNow if spec.shape.sync else SHAPES[spec.shape.name])(spec, bound, self)


def _collect(bound: Bound, plugin: Plugin, hook: str) -> Answer:
    """Ask one plugin what it brings; raises PluginFailed where it crashes, or brings what nobody can use."""
    try:
        value = bound({})
        value = list(value) if isinstance(value, Iterator) else value
        if value is not None and (wrong := what_is_wrong(hook, value)):
            raise TypeError(wrong)
    except Exception as error:
        raise PluginFailed(plugin.name, error, plugin.folder) from error
    return Answer(plugin.name, value)


def _without(found: Found, failure: PluginFailed) -> Found:
    """Leave out the plugin that failed, and those that require it."""
    left_out = {failure.name}
    rest = Found(left_out=found.left_out)
    rest.leave_out(failure.name, str(failure))
    for plugin in found:
        required = next((name for name in plugin.requires if name in left_out), None)
        if required:
            left_out.add(plugin.name)
            rest.leave_out(plugin.name, f"It requires “{required}”, which was left out")
        elif plugin.name not in left_out:
            rest.append(plugin)
    return rest


def _check(plugins: Sequence[Plugin], specs: Mapping[str, Spec]) -> None:
    for plugin in plugins:
        for problem in hook_problems(plugin, specs):
            raise PluginError(f"The plugin “{plugin.name}”: {problem}")
    for spec in specs.values():
        if hasattr(Hooks, spec.name):
            raise PluginError(f"The plugin “{spec.owner}”: “{spec.name}” cannot be the name of a hook")


def _manager(plugins: Sequence[Plugin]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.add_hookspecs(hookspecs_events)
    for plugin in plugins:
        if plugin.hookspecs:
            manager.add_hookspecs(importlib.import_module(plugin.hookspecs))
    for plugin in reversed(plugins):  # pluggy asks those first that came last
        manager.register(plugin.module, plugin.name)
    return manager


def _bound(manager: pluggy.PluginManager, spec: Spec) -> list[Bound]:
    """The implementations of a hook in the order they are called: that of the config, but tryfirst, trylast."""
    found = reversed(getattr(manager.hook, spec.name).get_hookimpls())
    return [Bound(implementation.plugin_name, implementation.function, spec) for implementation in found]
