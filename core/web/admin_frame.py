"""What the pages under /admin have in common: who may see them, and the tabs above them."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts.sessions import Identity
from core.errors import Forbidden, Unauthenticated
from core.instance import here
from core.permissions import may, require
from core.web.admin_tabs import admin_tabs
from core.web.csrf import SAFE_METHODS
from core.web.language import gettext as _
from core.web.pages import render_page, to_login, viewer_identity

blueprint = Blueprint("admin_frame", __name__)


@blueprint.before_app_request
async def ask_who_it_is() -> Redirect | None:
    """Strangers who look at a page under /admin are asked to log in, and come back to it."""
    if request.method not in SAFE_METHODS or not f"{request.path}/".startswith("/admin/"):
        return None
    return None if await viewer_identity() else to_login()


async def in_charge(permission: str) -> Identity:
    """Who sees or does something under /admin; the form token of a session was checked with it.

    To be asked before anything is looked up. Raises Unauthenticated, Forbidden for those not trusted with it.
    """
    identity = await viewer_identity()
    if identity is None:
        raise Unauthenticated("Please log in first.")
    require(identity.actor, permission)
    return identity


async def admin_page(template: str, tab: str, permission: str, *, status: int = 200, **context: Any) -> Response:
    """One of the pages under /admin, below the tabs of those its viewer may see. Raises as `in_charge`.

    `?saved` in its address says that all is well. Whoever looks after plugins is told of those that do not work.
    """
    identity = await in_charge(permission)
    saved = {"text": _("Done."), "kind": "good"} if "saved" in request.args and status == 200 else None
    tabs = await admin_tabs(identity.actor)
    notice = saved or (_of_plugins() if may(identity.actor, "plugins.manage") else None)
    return await render_page(template, status=status, notice=notice, tab=tab, tabs=tabs, active="admin", **context)


def _of_plugins() -> dict[str, str] | None:
    """What was left out as the server started, and what was switched off since in the process that answers."""
    hooks = here().hooks
    told = [notice.reason for notice in hooks.failed]
    told += [
        _("“%(hook)s” of the plugin “%(plugin)s” was switched off until the next start. %(reason)s")
        % {"hook": notice.hook, "plugin": notice.plugin, "reason": notice.reason}
        for notice in hooks.switched_off
    ]
    return {"text": " · ".join(told), "kind": "danger"} if told else None


@blueprint.get("/admin")
async def start() -> Redirect:
    """The first of the pages its viewer may see."""
    identity = await viewer_identity()
    tabs = await admin_tabs(identity.actor) if identity else []
    if not tabs:
        raise Forbidden()
    return redirect(tabs[0].href, 303)
