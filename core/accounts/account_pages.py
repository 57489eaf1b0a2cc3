"""The page of settings where somebody changes how they get into their account: password, e-mail address, user name."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import changing_email, changing_name, passwords, verification
from core.accounts.models import Account
from core.accounts.settings_frame import me, settings_page
from core.api.limits import address_of
from core.errors import Conflict, Invalid, KithError
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.pages import to_login, viewer_identity

blueprint = Blueprint("account_pages", __name__, url_prefix="/settings/account")
Answer = Response | Redirect
PAGE = "/settings/account"


@blueprint.get("")
async def account() -> Answer:
    """How somebody gets into their account."""
    identity = await viewer_identity()
    return await _page(identity.account) if identity else to_login()


async def _page(account: Account, wrong: str = "", form: Form | None = None, status: int = 200) -> Response:
    """The page; `wrong` is the part of it whose form came back."""
    account = await Account.get(id=account.id)
    asked = await changing_email.pending(account)
    return await settings_page(
        "accounts/account.html",
        "account",
        status=status,
        forms={wrong: form} if form else {},
        empty=Form(),
        email=account.email,
        is_verified=account.email_verified_at is not None,
        has_password=bool(account.password_hash),
        pending=asked.email if asked else None,
        rename_at=changing_name.may_rename_at(account),
    )


def _user_agent() -> str:
    return str(request.headers.get("User-Agent", ""))[:500]


async def _wrong(account: Account, part: str, error: KithError, values: dict[str, str] | None = None) -> Response:
    """The page again, with what is wrong beside its field and what was typed, passwords apart."""
    errors = error.errors if isinstance(error, Invalid) else {}
    if isinstance(error, Conflict) and error.code == "username_taken":
        errors = {"username": error.sentence}
    form = Form(values=values or {}, errors=errors, sentence="" if errors else error.sentence)
    return saying_when(await _page(account, part, form, error.status), error)


@blueprint.post("/password")
async def change_password() -> Answer:
    """Change the password; every other device is signed out."""
    identity, form = await me(), await request.form
    try:
        await passwords.change(
            identity.account,
            str(form.get("currentPassword", "")),
            str(form.get("newPassword", "")),
            session_id=identity.session_id,
            address=address_of(request),
            user_agent=_user_agent(),
        )
    except KithError as error:
        return await _wrong(identity.account, "password", error)
    return redirect(f"{PAGE}?saved", 303)


@blueprint.post("/first-password")
async def first_password() -> Answer:
    """Mail a link to somebody who has no password yet: a session alone is not enough to make one."""
    identity = await me()
    try:
        await passwords.mail_first_link(await Account.get(id=identity.account.id))
    except KithError as error:
        return await _wrong(identity.account, "password", error)
    return redirect(f"{PAGE}?mailed", 303)


@blueprint.post("/email")
async def change_email() -> Answer:
    """Ask for another address; it is theirs when both have confirmed."""
    identity, form = await me(), await request.form
    email = str(form.get("email", "")).strip()
    try:
        await changing_email.request(identity.account, email, str(form.get("password", "")))
    except KithError as error:
        return await _wrong(identity.account, "email", error, {"email": email})
    return redirect(f"{PAGE}?mailed", 303)


@blueprint.post("/email/forget")
async def forget_email() -> Redirect:
    """Keep the address there is."""
    await changing_email.forget((await me()).account)
    return redirect(f"{PAGE}?saved", 303)


@blueprint.post("/verify")
async def verify_again() -> Answer:
    """Have the mail to confirm the address sent again."""
    identity = await me()
    try:
        await verification.resend(identity.account.email, address_of(request))
    except KithError as error:
        return await _wrong(identity.account, "verify", error)
    return redirect(f"{PAGE}?mailed", 303)


@blueprint.post("/username")
async def change_username() -> Answer:
    """Change the user name."""
    identity, form = await me(), await request.form
    username = str(form.get("username", "")).strip().removeprefix("@")
    try:
        await changing_name.rename(identity.account, username, address=address_of(request), user_agent=_user_agent())
    except KithError as error:
        return await _wrong(identity.account, "username", error, {"username": username})
    return redirect(f"{PAGE}?saved", 303)
