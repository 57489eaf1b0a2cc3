"""What an index of words is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NEVER, EVER = -1, (1 << 63) - 1


@dataclass(frozen=True)
class Term:
    """Words that stand side by side; the last of them may go on where `goes_on`. `typed` is how they were written."""

    words: tuple[str, ...]
    goes_on: bool = False
    exact: bool = False
    """A quoted phrase, of which no other form is looked for."""
    typed: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the index is asked for: terms and marks that must all be there, and those that must not.

    Of each group in `any_of` one mark must be there. `below` and `above` bound the ids, which sort by time.
    `languages` are codes of languages whose other forms of the words count.
    """

    terms: Sequence[Term] = ()
    excluded: Sequence[Term] = ()
    marks: Sequence[str] = ()
    any_of: Sequence[Sequence[str]] = ()
    excluded_marks: Sequence[str] = ()
    below: int = EVER
    above: int = NEVER
    languages: Sequence[str] = ()


@dataclass(frozen=True)
class Matches:
    """Documents that match, as SQL: what stands behind FROM and has `d.entry_id`, a condition, an id to order by."""

    source: str
    condition: str
    number: str
