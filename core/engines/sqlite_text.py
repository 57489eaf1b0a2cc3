"""SQL and values as SQLite wants them: placeholders, casts, moments, lists, scripts."""

from __future__ import annotations

import datetime
import functools
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from core.fields import to_json

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(?P<number>\d+)
        | (?P<cast>::\s*[A-Za-z_]\w*(?:\(\d+\))?(?:\[\])?)""",
    re.VERBOSE | re.DOTALL,
)
_READS = re.compile(
    r"\s*(?:SELECT|VALUES|EXPLAIN|WITH(?!.*\b(?:INSERT|UPDATE|DELETE|REPLACE)\b))\b", re.IGNORECASE | re.DOTALL
)
_PLAIN = {str, int, float, bool, bytes, type(None)}


def stored_datetime(value: datetime.datetime) -> str:
    """The text of a moment in a column: UTC, so that texts sort as the moments do."""
    aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    return aware.astimezone(datetime.UTC).isoformat(" ")


@functools.lru_cache(maxsize=4096)
def translate(sql: str) -> tuple[str, bool]:
    """`$1` to `?1`, `::type` casts dropped, quoted text untouched; and whether the statement only reads."""

    def replaced(match: re.Match[str]) -> str:
        if match["number"]:
            return f"?{match['number']}"
        return "" if match["cast"] else match[0]

    return _TOKEN.sub(replaced, sql), _READS.match(sql) is not None


def adapted(parameters: Sequence[Any]) -> Sequence[Any]:
    """Lists and dicts as JSON; everything else is sqlite3's own or registered above."""
    for value in parameters:
        if type(value) not in _PLAIN:
            return [_adapt(each) for each in parameters]
    return parameters


def statements(script: str) -> Iterator[str]:
    """The single statements of a script; semicolons in texts and trigger bodies do not end one."""
    pending = ""
    for part in re.split(r"(?<=;)", script):
        pending += part
        if pending.strip() and sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


def _adapt(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        value = list(value)
    if isinstance(value, dict):
        return to_json(value)
    if isinstance(value, list | tuple):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_json_scalar)
    return value


def _json_scalar(value: Any) -> str:
    return stored_datetime(value) if isinstance(value, datetime.datetime) else str(value)
