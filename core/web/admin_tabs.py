"""The pages for those who run the server: which there are, and who of them may see which."""

from __future__ import annotations

from dataclasses import dataclass

from core.accounts.requests import count_waiting
from core.instance import here
from core.models import Actor
from core.permissions import PERMISSIONS, may
from core.web.language import gettext as _
from core.web.slots import NavItem, Tab, in_order


@dataclass(frozen=True)
class AdminTab:
    """A page under /admin, for whoever is trusted with `permission`; `label` is a word of gettext's."""

    name: str
    label: str
    href: str
    permission: str
    order: int = 50
    count: int = 0
    """How much waits there to be looked at."""


def _own() -> list[AdminTab]:
    """The core's own pages under /admin, in the language of the request."""
    return [
        AdminTab("users", _("People"), "/admin/users", "accounts.read", 10),
        AdminTab("audit", _("Security log"), "/admin/audit", "audit.read", 80),
        AdminTab("emojis", _("Small pictures"), "/admin/emojis", "emojis.manage", 60),
        AdminTab("purge", _("Purge a file"), "/admin/purge", "files.purge", 65),
        AdminTab("invites", _("Invites"), "/admin/invites", "invites.manage", 20),
    ]


async def admin_tabs(viewer: Actor) -> list[Tab]:
    """The tabs of those pages under /admin that this viewer may see, plugins' too."""
    return in_order([Tab(tab.name, tab.label, tab.href, tab.order, tab.count or None) for tab in await _seen(viewer)])


async def _seen(viewer: Actor) -> list[AdminTab]:
    if not any(may(viewer, permission) for permission in PERMISSIONS):
        return []
    added = [tab for tab in await here().hooks.slot(name="admin", viewer=viewer) if isinstance(tab, AdminTab)]
    return [tab for tab in (*_own(), *added) if may(viewer, tab.permission)]


async def way_to_admin(viewer: Actor | None) -> list[NavItem]:
    """The entry of the rail that leads to /admin, for those who may see something there, with how much waits there."""
    tabs = await _seen(viewer) if viewer else []
    if not viewer or not tabs:
        return []
    waiting = await count_waiting() if may(viewer, "accounts.approve") else 0
    return [
        NavItem("admin", _("Look after"), "/admin", "shield", order=90, count=waiting + sum(tab.count for tab in tabs))
    ]
