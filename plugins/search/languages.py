"""The languages whose forms of words are known: those of Snowball, which PostgreSQL has and PyStemmer too."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# As the algorithms are called by both, by the code of a post's language.
SNOWBALL: Mapping[str, str] = MappingProxyType({
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch",
    "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
})  # fmt: skip


def name_of(language: str) -> str | None:
    """The algorithm for a language tag such as `pt-BR`; None for a language of which no forms are known."""
    return SNOWBALL.get(language.partition("-")[0].lower())
