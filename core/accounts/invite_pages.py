"""Pages of invites: a member's own, and all of them for those who look after the place."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts import invites
from core.accounts.invite_forms import form_of
from core.accounts.settings_frame import me, settings_page
from core.errors import Conflict, Forbidden, Invalid
from core.instance import here
from core.permissions import may
from core.web.admin_frame import admin_page, in_charge
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import to_login, viewer_identity

blueprint = Blueprint("invite_pages", __name__)
SHOWN = 50
USES = (1, 2, 5, 10, 20)
DAYS = (1, 7, 30, 90)
NEVER = ""
Answer = Response | Redirect


@blueprint.get("/settings/invites")
async def own() -> Answer:
    """One's invites, and the form to make one."""
    if await viewer_identity() is None:
        return to_login()
    return await _own(Form(values={"uses": "1", "days": "7"}))


async def _own(form: Form, status: int = 200) -> Response:
    identity = await me()
    actor = identity.actor
    inviter = await invites.inviter_of(actor)
    found = await invites.made_by(actor, None, SHOWN)
    is_bound = not may(actor, "invites.manage")
    return await settings_page(
        "accounts/invites.html",
        "invites",
        status=status,
        form=form,
        invites=[form_of(invite) for invite in found[:SHOWN]],
        inviter=present.user_short(present.row_of(inviter)) if inviter else None,
        may_invite=invites.may_invite(actor),
        open=await invites.count_open(actor),
        at_most=here().settings.accounts.open_invites_at_most if is_bound else None,
        uses=_choices(USES, _("Any number"), is_bound),
        days=_choices(DAYS, _("For ever"), is_bound),
        skips_queue=here().settings.accounts.registration == "approval",
    )


def _choices(numbers: tuple[int, ...], endless: str, is_bound: bool) -> list[tuple[str, str]]:
    listed = [(str(number), str(number)) for number in numbers]
    return listed if is_bound else [*listed, (NEVER, endless)]


@blueprint.post("/settings/invites")
async def make() -> Answer:
    """Make an invite; what is wrong comes back beside its field."""
    identity, typed = await me(), await request.form
    values = {name: str(typed.get(name, "")) for name in ("note", "uses", "days")}
    try:
        await invites.make(
            identity.actor, note=values["note"], uses=_number(values["uses"]), days=_number(values["days"])
        )
    except Invalid as error:
        return await _own(Form(values=values, errors=error.errors), 422)
    except (Conflict, Forbidden) as error:
        return await _own(Form(values=values, sentence=error.sentence), error.status)
    return redirect("/settings/invites?saved", 303)


def _number(text: str) -> int | None:
    if text == NEVER:
        return None
    return int(text) if text.isdecimal() and len(text) < 6 else 0


@blueprint.post("/settings/invites/<invite_id>/revoke")
async def revoke(invite_id: str) -> Redirect:
    """Revoke one's invite."""
    await invites.revoke((await me()).actor, invite_id)
    return redirect("/settings/invites?saved", 303)


# -- All of them ---------------------------------------------------------------
@blueprint.get("/admin/invites")
async def everybodys() -> Response:
    """Everybody's invites."""
    await in_charge("invites.manage")
    cursor = request.args.get("cursor", "")
    before = here().cursors.decode("admin-invites", cursor) if cursor else None
    found = await invites.everybodys(before, SHOWN)
    return await admin_page(
        "accounts/admin/invites.html",
        "invites",
        "invites.manage",
        invites=[form_of(invite) for invite in found[:SHOWN]],
        older=here().cursors.following("admin-invites", found, SHOWN),
    )


@blueprint.post("/admin/invites/<invite_id>/revoke")
async def revoke_anybodys(invite_id: str) -> Redirect:
    """Revoke anybody's invite."""
    await invites.revoke((await in_charge("invites.manage")).actor, invite_id)
    return redirect("/admin/invites?saved", 303)
