"""Which modules a plugin may import, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.plugin_manifest import DROP_INS, Manifest

# What assembles, starts or guards a server is none of a plugin's business, nor is the border to other servers.
PRIVATE = frozenset({
    "app", "cli", "config", "config_checks", "engines", "federation", "migrations", "plugin_checks", "plugin_finding",
    "plugin_imports", "plugin_manifest", "secrets", "settings",
})  # fmt: skip
OF_OTHERS = frozenset({"service", "models"})


@dataclass(frozen=True)
class _Import:
    """One imported name, absolute, with the place where it stands."""

    name: str
    where: str
    in_function: bool


def import_problems(plugin: Manifest) -> Iterator[str]:
    """Imports of the core's inside or of other plugins' privacy, and imports inside functions."""
    if plugin.package.startswith("core."):
        return  # part of the core: its rules are checked with the core's
    for path in sorted(plugin.folder.rglob("*.py")):
        relative = path.relative_to(plugin.folder)
        tree = ast.parse(path.read_text("utf-8"), filename=str(path))
        for found in _imports(tree, _package_of(plugin, relative), str(relative)):
            if found.in_function:
                yield f"{found.where} imports inside a function; an import stands at the top of its file"
            problem = _forbidden(found.name, plugin)
            if problem:
                yield f"{found.where} imports {found.name}: {problem}"


def _forbidden(name: str, plugin: Manifest) -> str:
    parts = name.split(".")
    if name == plugin.package or name.startswith(f"{plugin.package}."):
        return ""
    if parts[0] == "core" and len(parts) > 1 and parts[1] in PRIVATE:
        return "that is the inside of the core"
    if len(parts) > 1 and (parts[0] == "plugins" or parts[0].startswith(DROP_INS)):
        return _forbidden_of_other(parts[1], parts[2:], plugin)
    return ""


def _forbidden_of_other(other: str, rest: list[str], plugin: Manifest) -> str:
    if other not in plugin.requires:
        return f"“{other}” is another plugin, which REQUIRES does not name"
    if not rest or rest[0] not in OF_OTHERS:
        return "of another plugin only service and models may be imported"
    return ""


def _package_of(plugin: Manifest, path: Path) -> list[str]:
    return [*plugin.package.split("."), *path.parent.parts]


def _imports(tree: ast.AST, package: list[str], file: str, in_function: bool = False) -> Iterator[_Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue  # never run: names for whoever reads the types
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in _names(node, package):
                yield _Import(name, f"{file}:{node.lineno}", in_function)
        inside = in_function or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield from _imports(node, package, file, inside)


def _names(node: ast.Import | ast.ImportFrom, package: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*base, node.module] if node.module else base)
    return [f"{module}.{alias.name}" for alias in node.names]
