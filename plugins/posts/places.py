"""What posts put into the named places of pages: the ways to their own."""

from __future__ import annotations

from collections.abc import Sequence

from core import people
from core.instance import here
from core.models import Actor
from core.web.language import gettext as _
from core.web.slots import NavItem, Tab


async def fill(name: str, viewer: Actor | None) -> Sequence[NavItem | Tab] | None:
    """What stands in the place of this name, for whoever looks."""
    if name == "nav":
        return await _navigation(viewer)
    if name == "settings":
        return [
            Tab("blocks", _("Blocked"), "/settings/blocks", 40),
            Tab("servers", _("Blocked servers"), "/settings/blocked-servers", 45),
            Tab("mutes", _("Muted"), "/settings/mutes", 50),
            Tab("filters", _("Filters"), "/settings/filters", 52),
            Tab("tags", _("Hashtags"), "/settings/tags", 54),
        ]
    return None


async def _navigation(viewer: Actor | None) -> list[NavItem]:
    waiting = await people.count_requests(viewer.id) if viewer else 0
    around = [
        NavItem("explore", _("Explore"), "/local", "compass", order=10, bar=10, guests=True),
        NavItem("lookup", _("Find people"), "/lookup", "search", order=20, guests=True),
    ]
    return [
        NavItem("home", _("Home"), "/", "house", order=0, bar=0, guests=True),
        *([] if here().hooks.search.bound else around),  # what finds things has ways of its own
        NavItem("lists", _("Lists"), "/lists", "list", order=55),
        NavItem("likes", _("Likes"), "/likes", "heart", order=65),
        NavItem("bookmarks", _("Bookmarks"), "/bookmarks", "bookmark", order=60),
        NavItem("requests", _("Requests"), "/requests", "user-round-plus", order=70, bar=30, count=waiting),
    ]
