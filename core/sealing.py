"""Sealing anew, with a fresh key, what lies sealed in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from core.database import many, row, rows, transaction
from core.instance import here
from core.secrets import key_id_of

BATCH = 200


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed texts, or empty ones; `context` is what each is bound to, columns of its row in braces."""

    table: str
    column: str
    context: str

    @property
    def columns(self) -> tuple[str, ...]:
        """What of a row its context is made of."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.context) if name)


CORE = (Sealed("core_account", "totp_secret", "core_account.totp_secret:{id}"),)


def sealed_columns() -> Sequence[Sealed]:
    """Every column that holds something sealed, the plugins' too."""
    return [*CORE, *(column for columns in here().hooks.sealed() for column in columns)]


async def seal_anew() -> AsyncIterator[tuple[str, int]]:
    """Open what another than the current key sealed, and seal it with that: tells of each batch, by table.

    Raises SecretsError where something does not open; what was done before stays done, and it may be called again.
    """
    for sealed in sealed_columns():
        last = "00000000-0000-0000-0000-000000000000"
        while found := await _batch(sealed, last):
            last = str(found[-1]["id"])
            old = [one for one in found if key_id_of(one["sealed"]) != here().secrets.current]
            async with transaction():
                await many(
                    f"UPDATE {sealed.table} SET {sealed.column} = $1 WHERE id = $2 AND {sealed.column} = $3",
                    [(_resealed(sealed, one), one["id"], one["sealed"]) for one in old],
                )
            yield sealed.table, len(old)


async def _batch(sealed: Sealed, after: str) -> list[dict[str, Any]]:
    columns = ", ".join({"id", *sealed.columns})
    return await rows(
        f"SELECT {columns}, {sealed.column} AS sealed FROM {sealed.table}"
        f" WHERE {sealed.column} <> '' AND id > $1 ORDER BY id LIMIT {BATCH}",
        after,
    )


def _resealed(sealed: Sealed, one: dict[str, Any]) -> str:
    context = sealed.context.format_map(one)
    return here().secrets.seal(here().secrets.open(one["sealed"], context), context)


async def keys_in_use() -> set[str]:
    """The ids of the keys that still open something in the database; letters that wait to be sent count too."""
    used: set[str] = set()
    for sealed in sealed_columns():
        used |= await _prefixes(sealed.column, sealed.table)
    waiting = await rows("SELECT arguments FROM core_job")
    return used | {key for one in waiting for key in here().secrets.ids if f".{key}." in str(one["arguments"])}


async def tables_without_a_key() -> list[str]:
    """The tables in which something is sealed that none of the keys opens, as where a backup came without them."""
    beginnings = [f"v1.{key}.%" for key in here().secrets.ids]
    others = "".join(f" AND {{0}} NOT LIKE ${number}" for number in range(1, len(beginnings) + 1))
    return [
        sealed.table
        for sealed in sealed_columns()
        if await row(
            f"SELECT 1 AS one FROM {sealed.table} WHERE {sealed.column} <> ''{others.format(sealed.column)} LIMIT 1",
            *beginnings,
        )
    ]


async def _prefixes(column: str, table: str) -> set[str]:
    return {
        key
        for key in here().secrets.ids
        if await row(f"SELECT 1 AS one FROM {table} WHERE {column} LIKE $1 LIMIT 1", f"v1.{key}.%")
    }
