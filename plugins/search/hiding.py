"""Keeping hashtags out of the trends: what moderators see on the pages of hashtags and trends, and where it is sent."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from quart import Blueprint, redirect, request
from werkzeug import Response as Redirect

from core.accounts.audit import Doer
from core.api.limits import address_of
from core.html import tag_key
from core.instance import here
from core.models import Actor
from core.permissions import may
from core.web.admin_frame import in_charge
from core.web.forms import local_path
from core.web.language import gettext as _
from core.web.slots import Card
from plugins.search import trends
from plugins.search.finding import is_hidden

blueprint = Blueprint("search_hiding", __name__)
PERMISSION = "reports.manage"


@blueprint.post("/admin/trends/tags/<tag>/<any(hide,show):verb>")
async def hide(tag: str, verb: str) -> Redirect:
    """Keep a hashtag out of the trends, or let it come back; its posts stay where they are."""
    identity = await in_charge(PERMISSION)
    doer = Doer(identity.actor, address_of(request), request.headers.get("User-Agent", ""))
    await trends.hide_tag(tag, hidden=verb == "hide", by=doer)
    return redirect(local_path((await request.form).get("next"), "/trends"), 303)


async def cards(viewer: Actor | None, tag: str) -> Sequence[Card]:
    """Above the posts of a hashtag, for moderators: whether it may trend, and the button to change that."""
    if not may(viewer, PERMISSION):
        return []
    template = here().pages.environment.get_template("search/_hiding.html")
    html = template.render(tag=tag, hidden=await is_hidden(tag_key(tag)))
    return [Card(_("For moderators"), Markup(html))]  # noqa: S704 – a template's
