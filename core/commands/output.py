"""What commands print: tables for people, JSON for programs, progress while something takes long."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
Columns = Mapping[str, str]


def print_list(things: Sequence[Mapping[str, Any]], columns: Columns, *, as_json: bool) -> None:
    """Print things as a table of these columns (key and heading), or all of them as JSON."""
    if as_json:
        print(json.dumps(list(things), indent=2, ensure_ascii=False, default=str))
        return
    table = [list(columns.values())] + [[_text(thing.get(key)) for key in columns] for thing in things]
    widths = [max(len(line[number]) for line in table) for number in range(len(columns))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_thing(thing: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one thing, a line for each of its properties, or as JSON."""
    if as_json:
        print(json.dumps(thing, indent=2, ensure_ascii=False, default=str))
        return
    width = max(map(len, thing))
    for name, value in thing.items():
        print(f"{name.ljust(width)}  {_text(value)}".rstrip())


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[str], None]]:
    """A function to be called with the name of each step: a bar on a terminal, a line for each step elsewhere."""
    if not sys.stdout.isatty():
        yield lambda step: print(step, flush=True)
        return
    with click.progressbar(length=length, label=label, item_show_func=lambda step: step) as bar:
        yield lambda step: bar.update(1, step)


def _text(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "-"
    return str(value)
