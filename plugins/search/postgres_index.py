"""The index of words on PostgreSQL: a tsvector under GIN, with words as they are and as their language stems them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.database import execute
from plugins.search.languages import SNOWBALL, name_of
from plugins.search.wanted import Matches, Term, Wanted
from plugins.search.words import words_in

POSITIONS = 16_383
"""The last place of a word that a tsvector knows."""
NEWEST_FIRST = 4000


class PostgresIndex:
    """Words in the columns `vector`; marks are words there that begin with `=`, as no word does."""

    newest_first = NEWEST_FIRST
    """GIN gives all that matches at once. Of a word in every tenth entry that takes long; it is found early, though."""

    async def write(self, number: int, entry_id: str, text: str, marks: str, language: str) -> bool:
        stems = name_of(language)
        more = f" || to_tsvector('{stems}', $4)" if stems else " || COALESCE($4::text, '')::tsvector"
        vector = _vector(words_in(text), (f"={mark}" for mark in marks.split()))
        stored = await execute(
            f"INSERT INTO search_document (id, entry_id, vector) VALUES ($1, $2, $3::text::tsvector{more})"
            " ON CONFLICT (id) DO NOTHING",
            *(number, entry_id, vector, text if stems else None),
        )
        return bool(stored)

    async def is_outdated(self) -> bool:
        return False  # PostgreSQL stems by itself; `rebuild` is for whoever upgrades it

    async def write_names(self, number: int, text: str) -> None:
        vector = _vector(words_in(text))
        await execute("UPDATE search_person SET vector = $1::text::tsvector WHERE id = $2", vector, number)

    def matches(self, wanted: Wanted, parameters: list[Any], *, one_by_one: bool = False) -> Matches:
        query = _query(wanted, parameters)
        parameters += [wanted.below, wanted.above]
        bounds = f"x.id < ${len(parameters) - 1} AND x.id > ${len(parameters)}"
        # Either way what matches comes in order before anything is looked up for it, which is done for no more than a
        # page needs. OFFSET keeps the planner from going about it in another way.
        if one_by_one:
            every = f"SELECT x.* FROM search_document x WHERE {bounds} ORDER BY x.id DESC OFFSET 0"
            source = f"SELECT y.id, y.entry_id FROM ({every}) y WHERE y.vector @@ {query} ORDER BY y.id DESC OFFSET 0"
        else:  # Ids that no index has: where it plans for any bounds, it takes them for narrow, and would walk by them.
            matching = f"search_document x WHERE x.vector @@ {query} AND {bounds.replace('x.id', 'x.id + 0')}"
            source = f"SELECT x.id + 0 AS id, x.entry_id FROM {matching} ORDER BY x.id + 0 DESC OFFSET 0"
        return Matches(f"({source}) d", "TRUE", "d.id")

    def names(self, terms: Sequence[Term], parameters: list[Any]) -> str:
        parameters.append(" & ".join(f"({_side_by_side(term.words, goes_on=True)})" for term in terms))
        return f"s.vector @@ ${len(parameters)}::text::tsquery"

    def begins(self, column: str, prefix: str, parameters: list[Any]) -> str:
        escaped = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        parameters.append(f"{escaped}%")
        return f"{column} LIKE ${len(parameters)} ESCAPE '\\'"


def _vector(words: Iterable[str], marks: Iterable[str] = ()) -> str:
    """A tsvector as text; words and marks consist of letters and digits."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words, 1):
        places.setdefault(word, []).append(min(place, POSITIONS))
    lexemes = [f"'{word}':{','.join(map(str, dict.fromkeys(found)))}" for word, found in places.items()]
    return " ".join([*lexemes, *(f"'{mark}'" for mark in marks)])


def _query(wanted: Wanted, parameters: list[Any]) -> str:
    """What is looked for; a query of its own, so that it is understood once, and not for each document anew."""
    stems = list(dict.fromkeys(SNOWBALL[code] for code in wanted.languages if code in SNOWBALL))
    parts = [_term(term, stems, parameters) for term in wanted.terms]
    parts += [f"!!({_term(term, stems, parameters)})" for term in wanted.excluded]
    marks = [f"'={mark}'" for mark in wanted.marks]
    marks += [f"!'={mark}'" for mark in wanted.excluded_marks]
    marks += ["(" + " | ".join(f"'={mark}'" for mark in group) + ")" for group in wanted.any_of]
    if marks:
        parameters.append(" & ".join(marks))
        parts.append(f"${len(parameters)}::text::tsquery")
    return f"(SELECT {' && '.join(parts)})"


def _term(term: Term, stems: Sequence[str], parameters: list[Any]) -> str:
    parameters.append(_side_by_side(term.words, goes_on=term.goes_on))
    forms = [f"${len(parameters)}::text::tsquery"]
    if len(term.words) == 1 and not term.exact and not term.goes_on and stems:
        parameters.append(term.typed or term.words[0])
        forms += [f"plainto_tsquery('{stem}', ${len(parameters)}::text)" for stem in stems]
    return f"({' || '.join(forms)})"


def _side_by_side(words: Sequence[str], *, goes_on: bool) -> str:
    return " <-> ".join(f"'{word}'" for word in words) + (":*" if goes_on else "")
