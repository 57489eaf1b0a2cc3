"""What the pages of settings have in common: who may see them, and the tabs above them."""

from __future__ import annotations

from typing import Any

from quart import Response, request

from core.accounts import invites
from core.accounts.sessions import Identity
from core.errors import Unauthenticated
from core.instance import here
from core.web.language import gettext as _
from core.web.pages import filled, render_page, viewer_identity
from core.web.slots import Tab, in_order


async def me() -> Identity:
    """Who changes something. The session's form token was checked with it. Raises Unauthenticated."""
    identity = await viewer_identity()
    if identity is None:
        raise Unauthenticated("Please log in first.")
    return identity


async def _tabs(tab: str) -> list[Tab]:
    """The core's own pages of settings that are of use to whoever asks, and `tab`, in the language of the request."""
    provider = here().oidc
    has_invites = tab == "invites" or await _has_invites()
    return [
        Tab("general", _("General"), "/settings", 0),
        Tab("profile", _("Profile"), "/settings/profile", 10),
        Tab("privacy", _("Privacy"), "/settings/privacy", 12),
        Tab("account", _("Account"), "/settings/account", 15),
        Tab("security", _("Security"), "/settings/security", 20),
        Tab("apps", _("Apps"), "/settings/apps", 30),
        Tab("data", _("Your data"), "/settings/data", 60),
        Tab("moving", _("Moving"), "/settings/moving", 65),
        Tab("delete", _("Leaving"), "/settings/delete", 70),
        *([Tab("invites", _("Invites"), "/settings/invites", 35)] if has_invites else []),
        *([Tab("oidc", provider.name, "/settings/oidc", 25)] if provider else []),
    ]


async def _has_invites() -> bool:
    """Whether somebody may invite people, did so once, or came by an invite."""
    identity = await viewer_identity()
    if identity is None or invites.may_invite(identity.actor):
        return identity is not None
    return bool(await invites.inviter_of(identity.actor) or await invites.made_by(identity.actor, None, 1))


async def settings_page(template: str, tab: str, *, status: int = 200, **context: Any) -> Response:
    """One of the pages of settings, below the tabs of all of them; `?saved` in its address says that all is well,
    `?mailed` that a mail is on its way, `?ended` that other devices are signed out, `?stayed` that somebody stays."""
    tabs = [*await _tabs(tab), *await filled("settings", Tab)]
    said = {
        "saved": _("Saved."),
        "ended": _("Signed out there."),
        "stayed": _("Your account is kept, and everything is as it was. Welcome back."),
        "mailed": _("Look into your mail: there is a link in it."),
    }
    notice = next(({"text": said[name], "kind": "good"} for name in said if name in request.args), None)
    notice = notice if status == 200 else None
    return await render_page(template, status=status, notice=notice, tab=tab, tabs=in_order(tabs), **context)
