"""The index of words behind one small interface: FTS5 on SQLite, tsvector and GIN on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from core.instance import here
from plugins.search.postgres_index import PostgresIndex
from plugins.search.sqlite_index import SqliteIndex
from plugins.search.wanted import Matches, Term, Wanted


class Index(Protocol):
    """What each database does with words. Parameters are appended to the list given, and named in the SQL returned."""

    async def write(self, number: int, entry_id: str, text: str, marks: str, language: str) -> bool:
        """Store an entry as the document `number`, unless there is one; marks are parted by spaces."""

    async def is_outdated(self) -> bool:
        """Whether what was written long ago lacks something that is written now."""

    async def write_names(self, number: int, text: str) -> None:
        """Store the words of the names of the person `number`, which replace those before."""

    def matches(self, wanted: Wanted, parameters: list[Any], *, one_by_one: bool = False) -> Matches:
        """The documents that are wanted, newest first: from the index of words, or by a look at each, `one_by_one`."""

    def names(self, terms: Sequence[Term], parameters: list[Any]) -> str:
        """A condition over `s` (search_person): names with all these words, or words that begin so."""

    def begins(self, column: str, prefix: str, parameters: list[Any]) -> str:
        """A condition that a column begins with a text, which an index of the column serves."""

    @property
    def newest_first(self) -> int | None:
        """How many of the newest documents to look at one by one, where the index cannot be read from the newest on."""


def index() -> Index:
    """The index of the database of this instance."""
    return PostgresIndex() if here().database.dialect == "postgres" else SqliteIndex()
