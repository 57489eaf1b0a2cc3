"""The page that welcomes somebody who has just joined: what this place is, and the first steps in it."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present, suggestions
from core.accounts.doorway import next_path
from core.accounts.invites import may_invite
from core.accounts.profile import change_profile
from core.accounts.service import NEW
from core.accounts.sessions import Identity
from core.accounts.settings_frame import me
from core.accounts.standing import welcomed
from core.errors import Invalid
from core.instance import here
from core.web.forms import Form
from core.web.htmx import wants_fragment
from core.web.pages import render_page, to_login, viewer_identity

blueprint = Blueprint("welcome_pages", __name__)
SUGGESTIONS = 6
Answer = Response | Redirect


@blueprint.before_app_request
async def lead_newcomers() -> Redirect | None:
    """Who comes home for the first time is welcomed, once."""
    if request.method != "GET" or request.path != "/" or wants_fragment(request.headers):
        return None
    identity = await viewer_identity()
    return redirect("/welcome", 303) if identity and identity.account.stage == NEW else None


@blueprint.get("/welcome")
async def welcome() -> Answer:
    """What this place is, and what one might do first."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    await welcomed(identity.account)
    actor = identity.actor
    return await _welcome(identity, Form(values={"fullName": actor.name, "bio": actor.summary_source}))


async def _welcome(identity: Identity, form: Form, status: int = 200) -> Response:
    rows = [one.row for one in await suggestions.suggested(identity.actor, SUGGESTIONS)]
    return await render_page(
        "accounts/welcome.html",
        status=status,
        form=form,
        suggestions=await present.users(rows, identity.actor),
        invites=may_invite(identity.actor),
        limits=here().settings.limits,
    )


@blueprint.post("/welcome")
async def introduce_oneself() -> Answer:
    """Keep what somebody says of themselves, and go on; what is wrong comes back."""
    identity, typed = await me(), await request.form
    values = {name: str(typed.get(name, "")).replace("\r\n", "\n") for name in ("fullName", "bio")}
    try:
        await change_profile(identity.actor, full_name=values["fullName"], bio=values["bio"])
    except Invalid as error:
        return await _welcome(identity, Form(values=values, errors=error.errors), 422)
    return redirect(await next_path(), 303)
