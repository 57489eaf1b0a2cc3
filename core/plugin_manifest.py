"""Where plugins lie, and what each says about itself, read without running any of it."""

from __future__ import annotations

import ast
import operator
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

PLUGIN_API = "1.0"
ENTRY_POINTS = "kith.plugins"
DROP_INS = "kith_instance_plugins"
_CORE = Path(__file__).resolve().parent
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)")


def is_plugin_name(name: str) -> bool:
    """Whether a plugin may be called this: it is a package, the beginning of table names and a part of addresses."""
    return _NAME.fullmatch(name) is not None


class PluginError(Exception):
    """Something about a plugin that stops the start; its text is for the admin."""


class PluginFailed(PluginError):
    """A plugin crashed while it was loaded; the text says where, if that was in a file of its `folder`."""

    def __init__(self, name: str, cause: BaseException, folder: Path | None = None) -> None:
        where = _where(cause, folder) if folder else ""
        super().__init__(f"The plugin “{name}” could not be loaded: {type(cause).__name__}: {cause}{where}")
        self.name = name
        self.cause = cause


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A plugin that lies somewhere, switched on or not; `package` is the dotted name it is imported by."""

    name: str
    package: str
    folder: Path
    source: str
    version: str = ""
    api: str = ""
    requires: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Plugin(Manifest):
    """A plugin that is switched on and loaded; what it brings is found by the names of its files."""

    module: ModuleType

    @property
    def models(self) -> str | None:
        """The dotted name of its models, for the ORM."""
        return self._submodule("models")

    @property
    def migrations(self) -> str | None:
        """The dotted name of its migrations."""
        return self._submodule("migrations")

    @property
    def hookspecs(self) -> str | None:
        """The dotted name of the hooks it offers to other plugins."""
        return self._submodule("hookspecs")

    @property
    def tasks(self) -> str | None:
        """The dotted name of its jobs."""
        return self._submodule("tasks")

    @property
    def templates(self) -> Path | None:
        return self._folder("templates")

    @property
    def static(self) -> Path | None:
        return self._folder("static")

    def _submodule(self, name: str) -> str | None:
        is_there = (self.folder / f"{name}.py").is_file() or (self.folder / name / "__init__.py").is_file()
        return f"{self.package}.{name}" if is_there else None

    def _folder(self, name: str) -> Path | None:
        return self.folder / name if (self.folder / name).is_dir() else None


def installed(folders: Iterable[Path]) -> list[Manifest]:
    """Every plugin there is, switched on or not; one that cannot be read says so in its description."""
    found = []
    for place in places(folders):
        try:
            found.append(read_manifest(place))
        except PluginError as error:
            found.append(Manifest(**vars(place) | {"description": str(error)}))
    return sorted(found, key=lambda manifest: manifest.name)


def places(folders: Iterable[Path]) -> Iterator[Manifest]:
    """Where plugins lie: built-in, in the folders given, and in installed packages; their files are not opened."""
    own = version_of_kith()
    built_in = _CORE.parent / "plugins"
    yield Manifest(
        name="federation", package="core.federation", folder=_CORE / "federation", source="built-in", version=own
    )
    for folder in _packages_in(built_in):
        yield Manifest(
            name=folder.name, package=f"plugins.{folder.name}", folder=folder, source="built-in", version=own
        )
    for parent in folders:
        for folder in _packages_in(parent):
            package = f"{_package_of(parent)}.{folder.name}"
            yield Manifest(name=folder.name, package=package, folder=folder, source="instance")
    for point in entry_points(group=ENTRY_POINTS):
        place = _place_of(point)
        if place:
            yield place


def read_manifest(place: Manifest) -> Manifest:
    """The plugin at `place` with what its `__init__.py` declares: VERSION, API, REQUIRES, USES and its docstring.

    Raises PluginFailed where the file cannot be parsed, PluginError where a declaration is not understood.
    """
    try:
        tree = ast.parse((place.folder / "__init__.py").read_text("utf-8"), "__init__.py")
    except (SyntaxError, ValueError, OSError) as error:
        raise PluginFailed(place.name, error) from error
    declared = {name: value for statement in tree.body for name, value in _assigned(statement)}
    return Manifest(
        name=place.name,
        package=place.package,
        folder=place.folder,
        source=place.source,
        version=_text(place, declared, "VERSION") or place.version,
        api=_text(place, declared, "API"),
        requires=_texts(place, declared, "REQUIRES"),
        uses=_texts(place, declared, "USES"),
        description=first_sentence(ast.get_docstring(tree) or ""),
    )


def check_api(manifest: Manifest) -> None:
    """Raise PluginError unless the plugin is written for the plugin API of this server."""
    if not manifest.api:
        if manifest.source == "built-in":
            return
        raise PluginError(
            f"The plugin “{manifest.name}” does not say which plugin API it is written for; "
            f'its __init__.py needs a line such as API = ">={PLUGIN_API},<2"'
        )
    if not satisfies(PLUGIN_API, manifest.api, manifest.name):
        raise PluginError(
            f"The plugin “{manifest.name}” needs the plugin API {manifest.api}; this server has {PLUGIN_API}"
        )


def satisfies(number: str, conditions: str, plugin: str) -> bool:
    """Whether a version meets conditions such as ">=1.0,<2"; raises PluginError where they cannot be read."""
    for condition in conditions.split(","):
        match = _CONDITION.fullmatch(condition.strip())
        if match is None:
            raise PluginError(f"The plugin “{plugin}” has API = {conditions!r}, which does not read like “>=1.0,<2”")
        if not _COMPARE[match[1]](_numbers(number), _numbers(match[2])):
            return False
    return True


def nearest(name: str, known: Iterable[str]) -> str:
    """The question whether a close known name was meant, to put behind a sentence; empty where none is close."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean “{close[0]}”?" if close else ""


def first_sentence(text: str) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0]


def version_of_kith() -> str:
    """The version of the server, empty where it runs without having been installed."""
    try:
        return version("kith")
    except PackageNotFoundError:
        return ""


def _where(error: BaseException, folder: Path) -> str:
    """The last line of the plugin's own that was running, in brackets."""
    for frame in reversed(extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(folder):
            return f" ({folder.name}/{Path(frame.filename).relative_to(folder)}, line {frame.lineno})"
    return ""


def _packages_in(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(
        folder for folder in parent.iterdir() if _NAME.fullmatch(folder.name) and (folder / "__init__.py").is_file()
    )


def _package_of(parent: Path) -> str:
    """The package whose members are the plugins in this folder; one for each folder, so that no two can clash."""
    path = str(parent.resolve())
    name, number = DROP_INS, 1
    while name in sys.modules and path not in sys.modules[name].__path__:
        number += 1
        name = f"{DROP_INS}_{number}"
    if name not in sys.modules:
        package = ModuleType(name, "Plugins dropped into an instance's folder.")
        package.__path__ = [path]
        sys.modules[name] = package
    return name


def _place_of(point: EntryPoint) -> Manifest | None:
    """Where an installed package has its plugin; None where the package it names is missing or is a plain module."""
    try:
        spec = find_spec(point.module)
    except ImportError:
        return None
    if spec is None or not spec.submodule_search_locations or not _NAME.fullmatch(point.name):
        return None
    folder = Path(spec.submodule_search_locations[0])
    number = point.dist.version if point.dist else ""
    return Manifest(name=point.name, package=point.module, folder=folder, source="entry point", version=number)


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        yield statement.target.id, statement.value


def _text(place: Manifest, declared: dict[str, ast.expr], name: str) -> str:
    value = _literal(declared.get(name))
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PluginError(f"The plugin “{place.name}”: {name} must be a plain string")
    return value


def _texts(place: Manifest, declared: dict[str, ast.expr], name: str) -> tuple[str, ...]:
    value = _literal(declared.get(name))
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise PluginError(f"The plugin “{place.name}”: {name} must be a list of plain strings")
    return tuple(value)


def _literal(expression: ast.expr | None) -> object:
    try:
        return None if expression is None else ast.literal_eval(expression)
    except ValueError:
        return expression  # of no use to whoever asked, who will say so


def _numbers(number: str) -> tuple[int, ...]:
    """Comparable, so that 1, 1.0 and 1.0.0 are the same."""
    parts = [int(part) for part in number.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
