"""The emoji there are to choose from, with their names in Unicode."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Sign(NamedTuple):
    """An emoji, and its name in words and as it is typed between colons."""

    text: str
    name: str
    typed: str


@cache
def chart() -> Mapping[str, Sequence[Sign]]:
    """All of them by group, in the order of the file."""
    lines = Path(__file__).with_name("emoji.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.partition(":") for line in lines if line and not line.startswith("#")]
    return {name: [_sign(text) for text in signs.split()] for name, _colon, signs in parts}


def beginning(text: str, limit: int) -> list[Sign]:
    """Those with a word in their names that begins so, the whole name first."""
    text = text.lower().replace("_", " ")
    known = [sign for signs in chart().values() for sign in signs]
    found = [sign for sign in known if f" {text}" in f" {sign.name}"]
    return sorted(found, key=lambda sign: not sign.name.startswith(text))[:limit]


def _sign(text: str) -> Sign:
    name = unicodedata.name(text[0]).lower().replace("-", " ")
    return Sign(text, name, name.replace(" ", "_"))
