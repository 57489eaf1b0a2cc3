"""What a plugin found where somebody searches for things of all kinds at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.person_forms import Form


@dataclass(frozen=True)
class Hits:
    """The first few things of one kind.

    `name` is the key they stand under in the API's answer, `items` are the things in the API's form; on the page they
    are links, so that each needs `url` and `title`. `label` is the heading there, `more` the address of all of them.
    """

    name: str
    label: str
    items: Sequence[Form]
    more: str = ""
