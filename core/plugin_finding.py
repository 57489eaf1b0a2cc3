"""Find the plugins that are switched on, put them in order and import them, so that one that crashes is known."""

from __future__ import annotations

import fcntl
import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from pkgutil import iter_modules
from types import TracebackType
from typing import IO, Self

import structlog

from core.plugin_checks import table_problems
from core.plugin_manifest import (
    Manifest,
    Plugin,
    PluginError,
    PluginFailed,
    check_api,
    nearest,
    places,
    read_manifest,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Notice:
    """Something the admin should know of a plugin; an empty `hook` means the whole of it."""

    plugin: str
    hook: str
    reason: str
    at: datetime


class Found(list[Plugin]):
    """The plugins that were loaded, each after those it requires, and notices of those that were left out."""

    def __init__(self, plugins: Iterable[Plugin] = (), left_out: Iterable[Notice] = ()) -> None:
        super().__init__(plugins)
        self.left_out = list(left_out)

    def leave_out(self, plugin: str, reason: str) -> None:
        """Go without a plugin, and say so in the log and in /admin."""
        log.error("plugin_left_out", plugin=plugin, reason=reason)
        self.left_out.append(Notice(plugin, "", reason, datetime.now(UTC)))


class CrashMarker:
    """A file that names the plugin being loaded, so that after a start that died the next one knows the culprit.

    The file is locked: where several processes start at once, the first keeps the marker and the others go without.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self.culprit = ""

    def __enter__(self) -> Self:
        if self._path is not None:
            file = self._path.open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
            else:
                file.seek(0)
                self._file, self.culprit = file, file.read().strip()
        return self

    def loading(self, name: str) -> None:
        """Note the plugin that is about to run its own code."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(name)
            self._file.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None and self._path is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()


def find(names: Sequence[str], folders: Sequence[Path], *, safe: bool = False, marker: Path | None = None) -> Found:
    """Load the plugins called `names`, in that order but each after those it requires.

    `folders` are those of drop-in plugins. Raises PluginError where a plugin is missing, is written for another API,
    or owns a table that does not bear its name; PluginFailed where one crashes, unless `safe`: then it is left out
    with a notice, and so are those that require it. `marker` is the file that outlives a process which dies.
    """
    found = Found()
    manifests = []
    for place in _places_of(names, folders):
        try:
            manifests.append(read_manifest(place))
        except PluginFailed as failure:
            if not safe:
                raise
            found.leave_out(place.name, str(failure))
    for manifest in manifests:
        check_api(manifest)
    with CrashMarker(marker) as crash:
        for manifest in in_order(manifests, names):
            reason = _reason_to_skip(manifest, found, crash.culprit)
            if reason:
                found.leave_out(manifest.name, reason)
                continue
            crash.loading(manifest.name)
            try:
                found.append(load(manifest))
            except PluginFailed as failure:
                if not safe:
                    raise
                found.leave_out(manifest.name, str(failure))
    return found


def in_order(manifests: Sequence[Manifest], names: Sequence[str]) -> list[Manifest]:
    """The order of the config, but each plugin after those it requires.

    Raises PluginError where one requires a plugin that is not among `names`, or where they go round in a circle.
    """
    by_name = {manifest.name: manifest for manifest in manifests}
    ordered: list[Manifest] = []

    def place(manifest: Manifest, waiting: tuple[str, ...]) -> None:
        if manifest.name in waiting:
            circle = " → ".join((*waiting[waiting.index(manifest.name) :], manifest.name))
            raise PluginError(f"These plugins require each other in a circle: {circle}")
        for required in manifest.requires:
            if required not in names:
                raise PluginError(
                    f"The plugin “{manifest.name}” requires the plugin “{required}”, which is not switched on"
                )
            if required in by_name:
                place(by_name[required], (*waiting, manifest.name))
        if manifest not in ordered:
            ordered.append(manifest)

    for manifest in manifests:
        place(manifest, ())
    return ordered


def load(manifest: Manifest) -> Plugin:
    """Import a plugin with its hooks, models and jobs.

    Raises PluginFailed where it crashes, PluginError for a bad table.
    """
    importlib.invalidate_caches()
    try:
        plugin = Plugin(**vars(manifest), module=importlib.import_module(manifest.package))
        for name in (plugin.hookspecs, plugin.models, plugin.tasks):
            if name:
                importlib.import_module(name)
        _load_migrations(plugin)
    except (Exception, SystemExit) as error:
        raise PluginFailed(manifest.name, error, manifest.folder) from error
    for problem in table_problems(plugin):
        raise PluginError(f"The plugin “{plugin.name}”: {problem}")
    return plugin


def _load_migrations(plugin: Plugin) -> None:
    """Import them, which a start does anyway, while a plugin that crashes can still be left out."""
    if plugin.migrations:
        package = importlib.import_module(plugin.migrations)
        for file in iter_modules(package.__path__):
            migration = importlib.import_module(f"{plugin.migrations}.{file.name}")
            if not hasattr(migration, "Migration"):
                raise AttributeError(f"migrations/{file.name}.py has no class Migration")


def _places_of(names: Sequence[str], folders: Sequence[Path]) -> Iterator[Manifest]:
    by_name: dict[str, list[Manifest]] = {}
    for place in places(folders):
        by_name.setdefault(place.name, []).append(place)
    for name in names:
        if name not in by_name:
            raise PluginError(f"There is no plugin “{name}”{nearest(name, by_name)}")
        if len(by_name[name]) > 1:
            where = " and ".join(str(place.folder) for place in by_name[name])
            raise PluginError(f"There is more than one plugin “{name}”: {where}")
        yield by_name[name][0]


def _reason_to_skip(manifest: Manifest, found: Found, culprit: str) -> str:
    """Why a plugin must be left out without trying it; empty where nothing speaks against it."""
    if manifest.name == culprit:
        return "The server died while loading it last time; the next start will try it again"
    left_out = {notice.plugin for notice in found.left_out}
    return next((f"It requires “{name}”, which was left out" for name in manifest.requires if name in left_out), "")
