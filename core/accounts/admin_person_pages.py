"""The page of one account for those who look after it, and what they do there; each act asks once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import administration, audit, audit_forms, listing
from core.accounts.audit import Doer
from core.accounts.overview import overview, possible_acts
from core.api.limits import address_of
from core.errors import Conflict
from core.models import Actor
from core.permissions import may, roles_to_give
from core.web.admin_frame import admin_page, in_charge
from core.web.language import gettext as _
from core.web.words import role_words

blueprint = Blueprint("admin_person_pages", __name__, url_prefix="/admin/users")
LINES = 20
Answer = Response | Redirect


@blueprint.get("/<user_id>")
async def person(user_id: str) -> Response:
    """One account: its state, its devices, what happened to it, what can be done."""
    identity = await in_charge("accounts.read")
    return await _page(identity.actor, await listing.account_id(user_id))


async def _page(viewer: Actor, account_id: str, *, wrong: str = "", status: int = 200) -> Response:
    events = await audit.all_events(limit=LINES, person_id=account_id) if may(viewer, "audit.read") else []
    return await admin_page(
        "accounts/admin/person.html",
        "users",
        "accounts.read",
        status=status,
        account=await overview(account_id),
        acts=await possible_acts(viewer, await Actor.get(id=account_id)),
        roles=[(role, role_words(role) or _("Member")) for role in roles_to_give(viewer)],
        events=await audit_forms.told(events[:LINES]),
        has_more=len(events) > LINES,
        wrong=wrong,
    )


async def _act(permission: str, user_id: str, act: Callable[[Actor, Doer], Awaitable[None]], after: str = "") -> Answer:
    """Do something to somebody, and go back to their page, where a refusal stands too."""
    identity = await in_charge(permission)
    doer = Doer(identity.actor, address_of(request), request.headers.get("User-Agent", ""))
    account_id = await listing.account_id(user_id)
    try:
        await act(await Actor.get(id=account_id), doer)
    except Conflict as error:
        viewer = await Actor.get(id=identity.actor.id)
        return await _page(viewer, account_id, wrong=error.sentence, status=error.status)
    return redirect(after or f"/admin/users/{account_id}?saved", 303)


@blueprint.post("/<user_id>/role")
async def set_role(user_id: str) -> Answer:
    """Make somebody a member like others, a moderator or an admin."""
    role = str((await request.form).get("role", ""))
    return await _act("roles.set", user_id, lambda actor, by: administration.set_role(actor, role, by=by))


@blueprint.post("/<user_id>/suspend")
async def suspend(user_id: str) -> Answer:
    """Have somebody vanish until they are let in again."""
    return await _act("accounts.suspend", user_id, lambda actor, by: administration.suspend(actor, by=by))


@blueprint.post("/<user_id>/unsuspend")
async def unsuspend(user_id: str) -> Answer:
    """Let somebody in again."""
    return await _act("accounts.suspend", user_id, lambda actor, by: administration.unsuspend(actor, by=by))


@blueprint.post("/<user_id>/second-factor/remove")
async def reset_second_factor(user_id: str) -> Answer:
    """Let somebody sign in with the password alone who has lost the rest."""
    return await _act("accounts.secure", user_id, lambda actor, by: administration.reset_second_factor(actor, by=by))


@blueprint.post("/<user_id>/delete")
async def delete(user_id: str) -> Answer:
    """Delete an account for good."""
    return await _act(
        "accounts.delete", user_id, lambda actor, by: administration.remove(actor, by=by), "/admin/users?saved"
    )
