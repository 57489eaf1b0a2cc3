"""Change the list of plugins in a config.toml and leave everything else, comments above all, as it is."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEADER = re.compile(r"^[ \t]*\[{1,2}[ \t]*([^\]\n]+?)[ \t]*\]{1,2}[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_ENABLED = re.compile(r"^[ \t]*enabled[ \t]*=[ \t]*\[", re.MULTILINE)
_TOKEN = re.compile(r"""(?P<comment>\#[^\n]*)|(?P<text>"(?:[^"\\\n]|\\.)*"|'[^'\n]*')|(?P<mark>[\[\],])""")


class NotEditable(Exception):
    """The file is written in a way that is better changed by hand."""


@dataclass
class _List:
    """Where the list stands: just behind its opening bracket, at its closing one, and the items between."""

    begin: int
    end: int
    items: list[tuple[int, int, str]]


def write_enabled(path: Path, names: Sequence[str]) -> None:
    """Have `path`, which need not exist, say that exactly these plugins are switched on.

    Raises NotEditable, and changes nothing, where the file is not understood; OSError where it cannot be written.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = with_enabled(before, names)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".config-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(after)
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def with_enabled(text: str, names: Sequence[str]) -> str:
    """The text of a config.toml with these plugins switched on. Raises NotEditable."""
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise NotEditable(f"it is not TOML: {wrong}") from wrong
    if list(before.get("plugins", {}).get("enabled", ())) == list(names) and "enabled" in before.get("plugins", {}):
        return text
    after = _edited(text, before, names)
    expected = {**before, "plugins": {**before.get("plugins", {}), "enabled": list(names)}}
    try:
        if tomllib.loads(after) == expected:
            return after
    except tomllib.TOMLDecodeError:
        pass
    raise NotEditable("its list of plugins is written in an unusual way")


def _edited(text: str, before: dict[str, Any], names: Sequence[str]) -> str:
    section = _section(text)
    if section is None:
        head = text if not text or text.endswith("\n") else text + "\n"
        return f"{head}{chr(10) if head else ''}[plugins]\nenabled = {_written(names)}\n"
    found = _ENABLED.search(text, *section)
    if found is None:
        return f"{text[: section[0]]}\nenabled = {_written(names)}{text[section[0] :]}"
    listed = _list(text, found.end())
    old = [item for _, _, item in listed.items]
    if [name for name in old if name in names] != [name for name in names if name in old]:
        return text[: listed.begin] + _written(names)[1:-1] + text[listed.end :]  # another order
    for begin, end, item in reversed(listed.items):
        if item not in names:
            text = _without(text, begin, end, listed.begin)
    for position, name in enumerate(names):
        if name not in old:
            text = _with(text, found.end(), position, name)
    return text


def _section(text: str) -> tuple[int, int] | None:
    """From the end of the line `[plugins]` to the next section."""
    headers = list(_HEADER.finditer(text))
    for number, header in enumerate(headers):
        if header[1] == "plugins":
            return header.end(), headers[number + 1].start() if number + 1 < len(headers) else len(text)
    return None


def _list(text: str, begin: int) -> _List:
    items = []
    for token in _TOKEN.finditer(text, begin):
        if token["text"]:
            items.append((token.start(), token.end(), tomllib.loads(f"x = {token[0]}")["x"]))
        elif token["mark"] == "]":
            return _List(begin, token.start(), items)
        elif token["mark"] == "[":
            break
    raise NotEditable("its list of plugins is written in an unusual way")


def _without(text: str, begin: int, end: int, list_begin: int) -> str:
    """Take out an item with its comma, and its line where it has one of its own."""
    comma = re.compile(r"[ \t]*,").match(text, end)
    if comma:
        end = comma.end()
    line = text.rfind("\n", list_begin, begin)
    alone = line >= 0 and not text[line:begin].strip()
    rest = re.compile(r"[ \t]*(#[^\n]*)?(?=\n)").match(text, end)
    if alone and rest:
        return text[:line] + text[rest.end() :]
    if comma:
        return text[:begin] + text[end:].lstrip(" \t")
    before = text[:begin].rstrip(" \t")  # the last one: the comma in front of it goes
    return (before[:-1] if before.endswith(",") else before) + text[end:]


def _with(text: str, begin: int, position: int, name: str) -> str:
    """Put in an item so that it becomes number `position`, on a line of its own where the others have one."""
    listed, item = _list(text, begin), json.dumps(name)
    if not listed.items:
        return text[:begin] + item + text[begin:]
    if position < len(listed.items):
        start = listed.items[position][0]
        line = text.rfind("\n", begin, start)
        indent = text[line:start] if line >= 0 and not text[line:start].strip() else " "
        return f"{text[:start]}{item},{indent}{text[start:]}"
    start, end, _ = listed.items[-1]
    line = text.rfind("\n", begin, start)
    indent = text[line:start] if line >= 0 and not text[line:start].strip() else " "
    comma = re.compile(r"[ \t]*,").match(text, end)
    if indent == " " or comma is None:
        return f"{text[:end]},{indent}{item}{text[end:]}"
    rest = re.compile(r"[ \t]*(#[^\n]*)?").match(text, comma.end())
    place = rest.end() if rest else comma.end()
    return f"{text[:place]}{indent}{item},{text[place:]}"


def _written(names: Sequence[str]) -> str:
    return json.dumps(list(names))
