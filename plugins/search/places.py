"""What the search puts into the named places of pages: the ways to its own, and what moderators do with a hashtag."""

from __future__ import annotations

from collections.abc import Sequence

from core.models import Actor
from core.web.language import gettext as _
from core.web.slots import Card, NavItem
from plugins.search import hiding


async def fill(name: str, viewer: Actor | None, tag: str = "") -> Sequence[NavItem | Card] | None:
    """What stands in the place of this name, on the page of this hashtag."""
    if name == "tag":
        return await hiding.cards(viewer, tag)
    if name != "nav":
        return None
    return [
        NavItem("explore", _("Explore"), "/explore", "compass", order=10, bar=10, guests=True),
        NavItem("search", _("Search"), "/search", "search", order=20, guests=True),
    ]
