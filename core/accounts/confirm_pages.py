"""The page that asks whether it is really you, before something dangerous."""

from __future__ import annotations

from urllib.parse import urlencode

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import fresh, passkeys, totp
from core.accounts.models import Account
from core.accounts.proof_models import ForeignLogin
from core.accounts.sessions import Identity
from core.accounts.settings_frame import me
from core.api.limits import address_of
from core.errors import Invalid, KithError
from core.instance import here
from core.web.failure_pages import saying_when
from core.web.forms import Form, local_path
from core.web.language import gettext as _
from core.web.pages import render_page, to_login, viewer_identity

blueprint = Blueprint("confirm_pages", __name__)
Answer = Response | Redirect


async def unless_fresh(identity: Identity, back_to: str) -> Redirect | None:
    """Where to send somebody whose session has to prove first whose it is; they come back to `back_to`, a page."""
    if await fresh.is_fresh(identity):
        return None
    return redirect(f"/settings/confirm?{urlencode({'next': back_to})}", 303)


async def _back_to() -> str:
    form = await request.form
    return local_path(form.get("next") or request.args.get("next"), "/settings/security")


@blueprint.get("/settings/confirm")
async def ask() -> Answer:
    """Ask for a password, a code or a passkey."""
    identity = await viewer_identity()
    return await _page(identity, Form()) if identity else to_login()


async def _page(identity: Identity, form: Form, status: int = 200) -> Response:
    account = await Account.get(id=identity.account.id)
    has_passkeys = passkeys.are_possible() and bool(await passkeys.passkeys_of(account.id))
    return await render_page(
        "accounts/confirm.html",
        status=status,
        form=form,
        next=await _back_to(),
        has_password=bool(account.password_hash),
        has_codes=totp.is_on(account),
        has_passkeys=has_passkeys,
        provider=here().oidc and await ForeignLogin.exists(account_id=account.id),
    )


@blueprint.post("/settings/confirm")
async def confirm() -> Answer:
    """Take the proof, and go back to what was to be done."""
    identity, form = await me(), await request.form
    password, otp, answer = (str(form.get(name, "")) for name in ("password", "otp", "passkey"))
    try:
        if not (password or otp or answer):
            raise Invalid({"password": _("Type your password, or a code.")})
        await fresh.require(
            identity,
            password=password,
            otp=otp,
            passkey=passkeys.from_form(answer) if answer else None,
            address=address_of(request),
            user_agent=str(request.headers.get("User-Agent", ""))[:500],
        )
    except KithError as error:
        errors = error.errors if isinstance(error, Invalid) else {}
        sentence = errors.get("passkey", "") if errors else error.sentence
        return saying_when(await _page(identity, Form(errors=errors, sentence=sentence), error.status), error)
    return redirect(await _back_to(), 303)
