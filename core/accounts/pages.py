"""Pages to come in by the first time and to leave, and what this place is."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import prepared
from core.accounts import service, sessions
from core.accounts.doorway import form_after, signed_in, typed_in, user_agent
from core.accounts.former_address import has_no_name_yet
from core.accounts.sessions import COOKIE, guard
from core.api.limits import address_of
from core.errors import KithError, NotFound
from core.instance import here
from core.tokens import BadToken
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page, viewer_identity

blueprint = Blueprint("accounts_pages", __name__)
SETUP = "setup"


@blueprint.post("/logout")
async def logout() -> Redirect:
    """End this session."""
    identity = await viewer_identity()
    if identity:
        await sessions.end(identity.session_id)
    response = redirect("/", 303)
    response.delete_cookie(COOKIE)
    return response


# -- The first admin -----------------------------------------------------------
async def _check_setup(token: str) -> None:
    """Raises NotFound unless the link is the one that was printed, and nobody runs this place yet."""
    try:
        here().tokens.read_one_time(SETUP, token)
    except BadToken:
        raise NotFound() from None
    if await service.has_admin():
        used = _("This link was used already: somebody runs this place. If that is you, please log in.")
        raise NotFound(used, code="setup_is_done")


@blueprint.get("/setup")
async def setup_page() -> Response:
    """Where the first admin is made, from the link the server prints at its first start."""
    token = request.args.get("token", "")
    await _check_setup(token)
    return await _setup_form(Form(), token)


async def _setup_form(form: Form, token: str, status: int = 200) -> Response:
    nameless = has_no_name_yet()
    return await render_page(
        "accounts/setup.html", status=status, form=form, token=token, host=here().domain, nameless=nameless
    )


@blueprint.post("/setup")
async def setup() -> Response | Redirect:
    """Make the first admin."""
    await guard(request)
    typed = await typed_in("username", "email", "password", "fullName", "token")
    await _check_setup(typed["token"])
    try:
        account, actor = await service.register(
            typed["username"].strip(),
            typed["email"].strip(),
            typed["password"],
            full_name=typed["fullName"],
            role="admin",
            verified=True,
        )
    except KithError as error:
        return await _setup_form(form_after(error, typed), typed["token"], error.status)
    prepared.forget(prepared.LOCAL)  # the front page says how many are here
    grant = await sessions.begin(account, actor, user_agent=user_agent(), address=address_of(request))
    return signed_in(grant, "/")


# -- What this place is --------------------------------------------------------
@blueprint.get("/about")
@blueprint.get("/about/rules")
@blueprint.get("/about/privacy")
async def about() -> Response:
    """What this place is, who runs it, its rules, and what it does with what it knows."""
    part = request.path.rstrip("/").rpartition("/")[2]
    return await render_page(
        "accounts/about.html",
        indexed=True,
        part=part,
        session_days=here().settings.security.refresh_token_days,
    )
