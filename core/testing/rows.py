"""Look into every table of an instance, whoever it belongs to: what a test must not find there any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.database import current_database, rows
from core.testing.databases import all_tables


async def where_found(words: Iterable[str], *, but: Sequence[str] = ()) -> dict[str, list[str]]:
    """Which rows of the current database hold any of these words, in whatever column, by table; `but` leaves out."""
    wanted = [word.lower() for word in words]
    found: dict[str, list[str]] = {}
    for table in await all_tables(current_database()):
        if table in but:
            continue
        for row in await rows(f'SELECT * FROM "{table}"'):
            text = repr({name: _read(value) for name, value in row.items()}).lower()
            if any(word in text for word in wanted):
                found.setdefault(table, []).append(text)
    return found


def _read(value: object) -> object:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
