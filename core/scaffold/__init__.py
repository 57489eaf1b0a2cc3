"""Write a plugin to begin with: a kind of entry with a table, a route, a page, a way across the border, and a test."""

from __future__ import annotations

from pathlib import Path
from string import Template

from core.plugin_manifest import PluginError, is_plugin_name

FILES = Path(__file__).parent / "files"
ENDING = ".template"


def scaffold(name: str, folder: Path) -> list[Path]:
    """Write the plugin `name` into `folder/name`; the files written. Raises PluginError where that cannot be."""
    if not is_plugin_name(name):
        raise PluginError(f"“{name}” cannot be a plugin's name: lower-case letters, digits and _, a letter first")
    target = folder / name
    if target.exists():
        raise PluginError(f"{target} is there already")
    words = {"name": name, "title": name.replace("_", " ").capitalize()}
    written = []
    for source in sorted(FILES.rglob(f"*{ENDING}")):
        relative = str(source.relative_to(FILES)).removesuffix(ENDING).replace("NAME", name)
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text("utf-8")).substitute(words), "utf-8")
        written.append(path)
    return written
