"""Places in the frame that plugins fill, and the order and overflow the frame decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup


@dataclass(frozen=True)
class NavItem:
    """An entry of the rail; with `bar` also of the bottom bar on a phone, lowest first."""

    name: str
    label: str
    href: str
    icon: str
    order: int = 50
    bar: int | None = None
    count: int = 0
    guests: bool = False
    """Shown to people who are not signed in, too."""


@dataclass(frozen=True)
class Tab:
    """One of a row of tabs; `name` is compared with the page's current one."""

    name: str
    label: str
    href: str
    order: int = 50
    count: int | None = None


@dataclass(frozen=True)
class Card:
    """A card of the column at the side."""

    title: str
    html: Markup
    order: int = 50


Placed = TypeVar("Placed", Tab, Card)

RAIL_LIMIT = 8
BAR_LIMIT = 3


@dataclass(frozen=True)
class Navigation:
    """The rail with what does not fit in it, and the bottom bar."""

    rail: list[NavItem]
    more: list[NavItem]
    bar: list[NavItem]


def arrange(items: Iterable[NavItem], *, signed_in: bool) -> Navigation:
    """Order the entries; ten plugins do not make ten rows: what is over RAIL_LIMIT goes behind `More`."""
    visible = sorted((item for item in items if signed_in or item.guests), key=lambda item: (item.order, item.name))
    limit = RAIL_LIMIT if len(visible) <= RAIL_LIMIT else RAIL_LIMIT - 1
    ranked = sorted((item for item in visible if item.bar is not None), key=lambda item: (item.bar or 0, item.name))
    return Navigation(visible[:limit], visible[limit:], ranked[:BAR_LIMIT])


def in_order(things: Iterable[Placed]) -> list[Placed]:
    """Tabs or cards in the order they ask for."""
    return sorted(things, key=lambda thing: thing.order)
