"""What the forms of a word have in common, by language, where the database itself knows no languages."""

from __future__ import annotations

from functools import cache

import Stemmer

from plugins.search.languages import name_of
from plugins.search.words import folded, words_in, written_in


def stems_in(text: str, language: str) -> list[str]:
    """The stems of the words of a text, folded, each once; none where the language is not known.

    Endings bear accents in many languages, and many people type none: words count as they are written and as folded.
    """
    name = name_of(language)
    if name is None:
        return []
    words = dict.fromkeys([*written_in(text), *words_in(text)])
    return list(dict.fromkeys(map(folded, _stemmer(name).stemWords(list(words)))))


@cache
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name)
