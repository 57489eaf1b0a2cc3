"""Icons: lucide drawings as inline SVG, the frequent ones drawn once per page and referred to."""

from __future__ import annotations

from functools import lru_cache

from lucide.jinja import lucide
from markupsafe import Markup

SPRITE = (
    "at-sign",
    "bookmark",
    "check",
    "chevron-down",
    "ellipsis",
    "flag",
    "globe",
    "heart",
    "link",
    "lock",
    "message-circle",
    "moon",
    "pencil",
    "repeat-2",
    "reply",
    "trash-2",
    "users-round",
    "user-round-check",
    "volume-x",
    "ban",
    "history",
    "triangle-alert",
)
"""Icons that stand in every card: base.html draws them once, `icon()` refers to them."""


@lru_cache(maxsize=512)
def icon(name: str, label: str = "") -> Markup:
    """An icon of 20 px that takes the colour of its text; silent beside a word, or with a label of its own.

    Raises lucide.IconDoesNotExist for a name lucide does not know.
    """
    spoken = Markup(' role="img" aria-label="{}"').format(label) if label else Markup(' aria-hidden="true"')
    if name in SPRITE:
        return Markup('<svg class="icon"{}><use href="#i-{}"/></svg>').format(spoken, name)
    return Markup('<svg class="icon" viewBox="0 0 24 24"{}>{}</svg>').format(spoken, _drawing(name))


@lru_cache(maxsize=1)
def sprite() -> Markup:
    """The drawings of SPRITE as one hidden SVG."""
    symbols = Markup("").join(
        Markup('<symbol id="i-{}" viewBox="0 0 24 24">{}</symbol>').format(name, _drawing(name)) for name in SPRITE
    )
    return Markup('<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false">{}</svg>').format(symbols)


@lru_cache(maxsize=512)
def _drawing(name: str) -> Markup:
    """The shapes inside lucide's <svg>; stroke and size come from the style sheet."""
    whole = lucide(name, size=None)
    inside = whole[whole.index(">") + 1 : whole.rindex("</svg>")]
    return Markup(" ".join(inside.split()).replace(" />", "/>").replace("> <", "><").strip())
