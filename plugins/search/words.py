"""From text to the words it is found by: folded, and parted where scripts put no space between words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b

LONGEST_WORD = 64
WORDS_AT_MOST = 10_000
# Scripts that write words without spaces between them: Thai, Lao, Burmese, Khmer, kana, Han, and what belongs to them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Marks that belong to letters and that no `\w` covers: above all the vowel signs of India.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff\u0f71-\u0fbc"
_WORD = re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|(?:(?![{_UNSPACED}])(?:[^\W_]|[{_MARKS}]))+")
_LAST_WITH_ACCENTS = "\u074f"  # Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, Syriac: marks are left out


def folded(text: str) -> str:
    """The text as it is compared: letters of any width, case and accent are the same."""
    if text.isascii():
        return text.lower()
    kept: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if not unicodedata.combining(character):
            base = character
        elif base <= _LAST_WITH_ACCENTS:
            continue
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def words_in(text: str) -> list[str]:
    """The words of a text in order; of a script without spaces every two letters that stand side by side."""
    found: list[str] = []
    for word, is_unspaced in _runs(text):
        found += _pairs(word) if is_unspaced else [word[:LONGEST_WORD]]
        if len(found) >= WORDS_AT_MOST:
            break
    return found[:WORDS_AT_MOST]


def written_in(text: str) -> list[str]:
    """The words of a text in small letters with their accents, as whoever knows the language expects them."""
    found = _WORD.finditer(unicodedata.normalize("NFKC", text.casefold()))
    return [each[0][:LONGEST_WORD] for _, each in zip(range(WORDS_AT_MOST), found, strict=False)]


def sought_in(text: str) -> list[tuple[list[str], bool]]:
    """What to look for where somebody typed this: words that stand side by side, and whether the last may go on.

    A single letter of a script without spaces is the first of some pair, and so may go on.
    """
    sought: list[tuple[list[str], bool]] = []
    for word, is_unspaced in _runs(text):
        sought.append((_pairs(word), len(word) == 1) if is_unspaced else ([word[:LONGEST_WORD]], False))
    return sought


def tag_mark(key: str) -> str:
    """The mark of entries with a hashtag."""
    return f"tag{blake2b(key.encode(), digest_size=8).hexdigest()}"


def person_mark(relation: str, actor_id: str) -> str:
    """The mark of entries `by` somebody or `to` somebody."""
    return f"{relation}{actor_id.replace('-', '')}"


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    for found in _WORD.finditer(folded(text)):
        yield found[0], found["unspaced"] is not None


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)] or [run]
