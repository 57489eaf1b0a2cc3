"""Write a plugin to begin with: a kind of entry with a table, a route, a page, a way across the border, and a test."""

from __future__ import annotations

import keyword
from pathlib import Path
from string import Template

from core.plugin_manifest import PluginError, is_plugin_name, places

FILES = Path(__file__).parent / "files"
ENDING = ".template"
NAME_AT_MOST = 30  # PostgreSQL cuts off the names of tables and indexes, which begin with it, at 63


def scaffold(name: str, folder: Path) -> list[Path]:
    """Write the plugin `name` into `folder/name`; the files written. Raises PluginError where that cannot be."""
    _check_name(name)
    target = folder / name
    if target.exists():
        raise PluginError(f"{target} is there already")
    for other in places([folder]):
        if other.name == name:
            raise PluginError(f"There is a plugin “{name}” already, in {other.folder}; take another name")
    words = {"name": name, "title": name.replace("_", " ").capitalize()}
    written = []
    for source in sorted(FILES.rglob(f"*{ENDING}")):
        relative = str(source.relative_to(FILES)).removesuffix(ENDING).replace("NAME", name)
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text("utf-8")).substitute(words), "utf-8")
        written.append(path)
    return written


def _check_name(name: str) -> None:
    if not is_plugin_name(name) or len(name) > NAME_AT_MOST:
        rule = f"at most {NAME_AT_MOST} lower-case letters, digits and _, a letter first"
        raise PluginError(f"“{name}” cannot be a plugin's name: {rule}")
    if keyword.iskeyword(name) or name == "core":
        raise PluginError(f"“{name}” cannot be a plugin's name: it means something else in Python or in Kith")
