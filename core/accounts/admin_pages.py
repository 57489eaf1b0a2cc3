"""Pages for those who look after the accounts of this server."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import listing, requests
from core.accounts.audit import Doer
from core.accounts.doorway import typed_in, user_agent
from core.api.limits import address_of
from core.web.admin_frame import admin_page, in_charge
from core.web.language import gettext as _

blueprint = Blueprint("admin_accounts_pages", __name__, url_prefix="/admin")
PER_PAGE = 30


@blueprint.get("/users")
async def people() -> Response:
    """The accounts of this server, by name, address and state."""
    term, state = request.args.get("term", "")[:320], request.args.get("state", "")
    state = state if state in listing.STATES else ""
    page = request.args.get("page", 1, type=int)
    page = page if 0 < page < 1_000_000 else 1
    await in_charge("accounts.read")
    found, total = await listing.accounts(term, state, page=page, limit=PER_PAGE)
    return await admin_page(
        "accounts/admin/people.html",
        "users",
        "accounts.read",
        accounts=found,
        total=total,
        term=term,
        state=state,
        states=_states(),
        page=page,
        more=page * PER_PAGE < total,
    )


@blueprint.post("/users/<user_id>/<any(approve,reject):verb>")
async def answer_request(user_id: str, verb: str) -> Redirect:
    """Let somebody in who asked to join, or turn them down."""
    identity = await in_charge("accounts.approve")
    by, sentence = Doer(identity.actor, address_of(request), user_agent()), (await typed_in("sentence"))["sentence"]
    does = requests.approve if verb == "approve" else requests.reject
    await does(by, await listing.account_id(user_id), sentence)
    return redirect("/admin/users?state=waiting&saved", 303)


def _states() -> list[tuple[str, str]]:
    return [
        ("", _("All")),
        ("waiting", _("Asking to join")),
        ("unverified", _("Address not confirmed")),
        ("active", _("Members")),
        ("suspended", _("Suspended")),
        ("leaving", _("Leaving")),
    ]
