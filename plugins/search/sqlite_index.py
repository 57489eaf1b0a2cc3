"""The index of words on SQLite: FTS5, read from the newest entry on, so that a page costs what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.database import execute, value
from plugins.search.stems import stems_in
from plugins.search.wanted import Matches, Term, Wanted
from plugins.search.words import words_in

LONG = 5
"""Not of every language are the forms of words known: one of so many letters finds all that begin with it as well."""
STEM = "≈"
"""What stems begin with among the marks, as no word and no other mark does."""
HAS_STEMS = "stems1"
"""The mark of what was indexed with stems; where how they are made has changed, it is another one."""


class SqliteIndex:
    """Words in `search_words` and `search_names`, which were folded and parted before."""

    newest_first = None

    async def write(self, number: int, entry_id: str, text: str, marks: str, language: str) -> bool:
        stored = "INSERT INTO search_document (id, entry_id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"
        if not await execute(stored, number, entry_id):
            return False
        words = words_in(text)
        known = set(words)
        stems = [f"{STEM}{stem}" for stem in stems_in(text, language) if stem not in known]
        await execute(
            "INSERT INTO search_words (rowid, words, marks) VALUES ($1, $2, $3)",
            number,
            " ".join(words),
            " ".join([marks, HAS_STEMS, *stems]),
        )
        return True

    async def is_outdated(self) -> bool:
        return bool(
            await value(
                "SELECT 1 FROM search_words WHERE rowid = (SELECT MIN(id) FROM search_document)"
                " AND ' ' || marks || ' ' NOT LIKE $1",
                f"% {HAS_STEMS} %",
            )
        )

    async def write_names(self, number: int, text: str) -> None:
        await execute("DELETE FROM search_names WHERE rowid = $1", number)
        await execute("INSERT INTO search_names (rowid, words) VALUES ($1, $2)", number, " ".join(words_in(text)))

    def matches(self, wanted: Wanted, parameters: list[Any], *, one_by_one: bool = False) -> Matches:
        parameters += [_expression(wanted), wanted.below, wanted.above]
        last = len(parameters)
        return Matches(
            "search_words w CROSS JOIN search_document d",
            f"w.search_words MATCH ${last - 2} AND w.rowid < ${last - 1} AND w.rowid > ${last} AND d.id = w.rowid",
            "w.rowid",
        )

    def names(self, terms: Sequence[Term], parameters: list[Any]) -> str:
        parameters.append(" AND ".join(_quoted(term.words, goes_on=True) for term in terms))
        return f"s.id IN (SELECT n.rowid FROM search_names n WHERE n.words MATCH ${len(parameters)})"

    def begins(self, column: str, prefix: str, parameters: list[Any]) -> str:
        parameters += [prefix, prefix + "\U0010ffff"]
        return f"{column} >= ${len(parameters) - 1} AND {column} < ${len(parameters)}"


def _expression(wanted: Wanted) -> str:
    """The query in the language of FTS5; words and marks consist of letters and digits and stand between quotes."""
    needed = [_term(term, wanted.languages) for term in wanted.terms]
    needed += [f'marks : "{mark}"' for mark in wanted.marks]
    needed += [f"marks : ({_either(marks)})" for marks in wanted.any_of]
    refused = [_term(term, wanted.languages) for term in wanted.excluded]
    refused += [f'marks : "{mark}"' for mark in wanted.excluded_marks]
    expression = " AND ".join(f"({part})" for part in needed)
    return f"({expression}) NOT ({' OR '.join(f'({part})' for part in refused)})" if refused else expression


def _either(marks: Iterable[str]) -> str:
    return " OR ".join(f'"{mark}"' for mark in marks)


def _term(term: Term, languages: Iterable[str]) -> str:
    """The words as they are, or of a single one other forms: those with its stem, and that may be the stem itself."""
    bends = len(term.words) == 1 and not term.exact
    words = [_quoted(term.words, goes_on=term.goes_on or (bends and len(term.words[0]) >= LONG))]
    marks: list[str] = []
    if bends and not term.goes_on:
        stems = dict.fromkeys(stem for code in languages for stem in stems_in(term.typed or term.words[0], code))
        words += [f'"{stem}"' for stem in stems if stem != term.words[0]]
        marks = [f'"{STEM}{stem}"' for stem in stems]
    found = f"words : ({' OR '.join(words)})"
    return f"({found}) OR (marks : ({' OR '.join(marks)}))" if marks else found


def _quoted(words: Iterable[str], *, goes_on: bool) -> str:
    return f'"{" ".join(words)}"{" *" if goes_on else ""}'
