"""Getting back in: having a link mailed, and choosing another password by it."""

from __future__ import annotations

from quart import Blueprint, Response, request

from core.accounts import passwords, verification
from core.accounts.mailed_frame import no_good, saying, sender, token, user_agent
from core.api.limits import address_of
from core.errors import Invalid, KithError
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page

blueprint = Blueprint("password_pages", __name__)


# -- Having a link mailed ----------------------------------------------------------
@blueprint.get("/verify/again")
async def verify_again_page() -> Response:
    """The form to have the mail sent again."""
    return await _ask_page("/verify/again", Form())


@blueprint.post("/verify/again")
async def verify_again() -> Response:
    """Send the mail again; whether there is such an account is not told."""
    return await _asked("/verify/again")


@blueprint.get("/forgot")
async def forgot_page() -> Response:
    """The form to have a link mailed."""
    return await _ask_page("/forgot", Form())


@blueprint.post("/forgot")
async def forgot() -> Response:
    """Mail a link; whether there is such an account is not told."""
    return await _asked("/forgot")


async def _ask_page(path: str, form: Form, status: int = 200) -> Response:
    return await render_page("accounts/forgot.html", status=status, form=form, action=path)


async def _asked(path: str) -> Response:
    await sender()
    email = str((await request.form).get("email", "")).strip()
    try:
        ask = passwords.forgot if path == "/forgot" else verification.resend
        await ask(email, address_of(request))
    except KithError as error:
        page = await _ask_page(path, Form(values={"email": email}, sentence=error.sentence), error.status)
        return saying_when(page, error)
    return await saying(
        _("Look into your mail"),
        _("If there is an account with this address, a mail with a link is on its way to it."),
        _("Nothing there in a few minutes? Look among the unwanted mails, or whether you joined with another address."),
        links=[("/login", _("To the login"))],
    )


# -- Another password --------------------------------------------------------------
@blueprint.get("/reset")
async def reset_page() -> Response:
    """The form to choose another password."""
    mailed = await token()
    try:
        await passwords.must_be_good(mailed)
    except Invalid as error:
        return await no_good(error, ("/forgot", _("Have another mail sent")), ("/login", _("To the login")))
    return await render_page("accounts/reset.html", form=Form(), token=mailed)


@blueprint.post("/reset")
async def reset() -> Response:
    """Choose another password; every device is signed out."""
    await sender()
    mailed, form = await token(), await request.form
    password = str(form.get("newPassword", ""))
    try:
        await passwords.reset(mailed, password, address=address_of(request), user_agent=user_agent())
    except Invalid as error:
        if "token" in error.errors:
            return await no_good(error, ("/forgot", _("Have another mail sent")), ("/login", _("To the login")))
        page = Form(errors=error.errors)
        return await render_page("accounts/reset.html", status=error.status, form=page, token=mailed)
    text = _("Every device is signed out; log in with the new one.")
    return await saying(_("You have another password"), text, icon="check", links=[("/login", _("Log in"))])
