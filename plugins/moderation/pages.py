"""Pages of reports: where somebody makes one, and where those in charge look at them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.audience import viewer_of
from core.entries import visible_entry
from core.errors import Conflict, Invalid, NotFound, RateLimited, Unauthenticated
from core.instance import here
from core.models import Actor
from core.people import known_actor
from core.web.admin_frame import admin_page, in_charge
from core.web.admin_tabs import AdminTab
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page, to_login, viewer_identity
from core.web.slots import Tab
from plugins.moderation import service
from plugins.moderation.forms import forms_of
from plugins.moderation.models import OPEN, RESOLVED

blueprint = Blueprint("moderation_pages", __name__)
Answer = Response | Redirect
SHOWN = 20


async def tab() -> AdminTab:
    """The way to reports under /admin, with how many are open."""
    return AdminTab("reports", _("Reports"), "/admin/reports", "reports.manage", 30, await service.count_open())


# -- Making one ----------------------------------------------------------------
@blueprint.get("/report")
async def report_page() -> Answer:
    """Say what is wrong: with a post, `?post=ID`, another thing, `?kind=KIND&id=ID`, or a person, `?user=NAME`."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    return await _page(identity.actor, dict(request.args), Form())


async def _page(actor: Actor, wanted: dict[str, str], form: Form, status: int = 200) -> Response:
    post = thing = None
    if post_id := wanted.get("post"):
        entry = await visible_entry(viewer_of(actor), post_id)
        post = orjson.loads(await present.post(entry, actor))
        target = await Actor.get(id=entry.author_id)
    elif kind := wanted.get("kind"):
        try:
            thing = await service.seen_thing(actor, kind, wanted.get("id", ""))
        except Invalid:
            raise NotFound() from None
        target = await Actor.get(id=thing.owner_id)
    else:
        target = await known_actor(wanted.get("user", ""))
    return await render_page(
        "moderation/report.html",
        status=status,
        form=form,
        post=post,
        thing=thing,
        target=present.user_short(present.row_of(target)),
        elsewhere=target.domain,
        done="done" in wanted,
    )


@blueprint.post("/report")
async def make_report() -> Answer:
    """Report; what is wrong comes back beside its field."""
    identity = await viewer_identity()
    if identity is None:
        raise Unauthenticated("Please log in first.")
    typed = {name: str(value) for name, value in (await request.form).items()}
    kind, target_id = ("post", typed["post"]) if typed.get("post") else ("user", typed.get("user", ""))
    wanted = {kind: target_id}
    if typed.get("kind"):
        kind, target_id = typed["kind"], typed.get("id", "")
        wanted = {"kind": kind, "id": target_id}
    form = {name: typed.get(name, "") for name in ("reason", "forward")}
    try:
        forward = form["forward"] == "true"
        await service.report(identity.actor, kind, target_id, form["reason"], forward=forward)
    except Invalid as error:
        sentence = error.errors.get("targetId", "")
        return await _page(identity.actor, wanted, Form(form, error.errors, sentence), 422)
    except (Conflict, RateLimited) as error:
        return await _page(identity.actor, wanted, Form(form, sentence=error.sentence), error.status)
    return redirect(f"/report?{urlencode(wanted)}&done", 303)


# -- Looking at them -----------------------------------------------------------
@blueprint.get("/admin/reports")
async def reports() -> Response:
    """The open ones, or those that were settled."""
    actor = (await in_charge("reports.manage")).actor
    state = RESOLVED if request.args.get("state") == RESOLVED else OPEN
    cursor = request.args.get("cursor", "")
    before = here().cursors.decode(f"admin-reports:{state}", cursor) if cursor else None
    found = await service.listed(actor, state, before, SHOWN)
    context: dict[str, Any] = {
        "reports": await forms_of(found[:SHOWN], actor),
        "state": state,
        "states": [
            Tab(OPEN, _("Open"), "/admin/reports"),
            Tab(RESOLVED, _("Settled"), "/admin/reports?state=resolved"),
        ],
        "older": here().cursors.following(f"admin-reports:{state}", found, SHOWN),
    }
    return await admin_page("moderation/reports.html", "reports", "reports.manage", **context)


@blueprint.post("/admin/reports/<report_id>/resolve")
async def resolve(report_id: str) -> Redirect:
    """Settle a report; somebody else may have done that meanwhile."""
    actor = (await in_charge("reports.manage")).actor
    try:
        await service.resolve(actor, report_id, str((await request.form).get("note", "")))
    except Conflict:
        pass
    return redirect("/admin/reports?saved", 303)


@blueprint.post("/admin/reports/<report_id>/reopen")
async def reopen(report_id: str) -> Redirect:
    """Look at a report again."""
    actor = (await in_charge("reports.manage")).actor
    try:
        await service.reopen(actor, report_id)
    except Conflict:
        pass
    return redirect("/admin/reports?saved", 303)
