"""Where the links in mails about addresses lead: theirs or not, another one or not, and no such mails any more."""

from __future__ import annotations

import hmac

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import changing_email, mailed_tokens, passwords, verification
from core.accounts.mailed_frame import no_good, saying, sender, token, user_agent
from core.accounts.models import Account
from core.accounts.notices import SIGN_IN_NOTICE
from core.accounts.profile import SETTINGS, change_settings
from core.accounts.requests import NOTICE as REQUESTS_NOTICE
from core.accounts.standing import must_wait
from core.api.limits import address_of
from core.database import is_id
from core.errors import Invalid, KithError, NotFound
from core.mail.outgoing import unsubscribe_proof
from core.web.language import gettext as _

blueprint = Blueprint("mail_pages", __name__)


# -- An address is proved --------------------------------------------------------
@blueprint.get("/verify")
async def verify_page() -> Response:
    """Ask whether to confirm the address."""
    mailed = await token()
    try:
        found = await mailed_tokens.look_at(mailed, verification.VERIFY)
    except Invalid as error:
        return await no_good(error, ("/verify/again", _("Have another mail sent")), ("/", _("To the start")))
    return await saying(
        _("Is this your address?"),
        found.email,
        form={"path": "/verify", "token": mailed, "label": _("Yes, this is my address")},
    )


@blueprint.post("/verify")
async def verify() -> Response:
    """Confirm the address."""
    identity = await sender()
    try:
        account = await verification.verify(await token(), address=address_of(request), user_agent=user_agent())
    except Invalid as error:
        return await no_good(error, ("/verify/again", _("Have another mail sent")), ("/", _("To the start")))
    onward = ("/", _("To the start")) if identity else ("/login", _("Log in"))
    if must_wait(account):
        text = _("Somebody reads your request to join now; you get an e-mail when it is answered.")
        return await saying(_("Thank you"), text, icon="check", links=[("/", _("To the start"))])
    return await saying(_("Thank you"), _("Your address is confirmed."), icon="check", links=[onward])


# -- Another address ---------------------------------------------------------------
@blueprint.get("/email/confirm")
async def confirm_page() -> Response:
    """Ask whether the account may have another address."""
    mailed = await token()
    try:
        _side, change = await changing_email.side_of(mailed)
    except Invalid as error:
        return await no_good(error, ("/", _("To the start")))
    return await saying(
        _("Another address for your account?"),
        _("Mail to you goes to %(email)s then.") % {"email": change.email},
        form={"path": "/email/confirm", "token": mailed, "label": _("Yes, it may have this address")},
    )


@blueprint.post("/email/confirm")
async def confirm() -> Response:
    """Agree at one of the two addresses."""
    await sender()
    try:
        changed = await changing_email.confirm(await token(), address=address_of(request), user_agent=user_agent())
    except KithError as error:
        return await no_good(error, ("/", _("To the start")))
    if changed:
        text = _("From now on mail to you goes to the new address, and you can log in with it.")
        return await saying(_("Your account has another address"), text, icon="check", links=[("/", _("To the start"))])
    text = _("Now follow the link in the mail to your other address as well: only then it is changed.")
    return await saying(_("One more"), text, links=[("/", _("To the start"))])


@blueprint.get("/email/stop")
async def stop_page() -> Response:
    """Ask whether it was really not them."""
    mailed = await token()
    try:
        await mailed_tokens.look_at(mailed, changing_email.STOP)
    except Invalid as error:
        return await no_good(error, ("/forgot", _("Choose another password")), ("/", _("To the start")))
    return await saying(
        _("It was not you?"),
        _("Then somebody knows your password. Your address stays as it is, every device is signed out, and you choose"
          " another password now."),
        form={"path": "/email/stop", "token": mailed, "label": _("It was not me")},
    )  # fmt: skip


@blueprint.post("/email/stop")
async def stop() -> Response | Redirect:
    """Keep the address, sign out every device, and go on to another password."""
    await sender()
    try:
        account = await changing_email.stop(await token(), address=address_of(request), user_agent=user_agent())
    except Invalid as error:
        return await no_good(error, ("/forgot", _("Choose another password")), ("/", _("To the start")))
    fresh = await mailed_tokens.issue(account, passwords.RESET, account.email, passwords.HOURS)
    return redirect(f"/reset?token={fresh}", 303)


# -- No such mails any more ----------------------------------------------------------
def _notices() -> dict[str, str]:
    return {
        SIGN_IN_NOTICE: _("when you sign in on a new device"),
        REQUESTS_NOTICE: _("when somebody asks to join"),
    }


@blueprint.route("/mail/unsubscribe/<account_id>/<notice>/<proof>", methods=["GET", "POST"])
async def unsubscribe(account_id: str, notice: str, proof: str) -> Response:
    """Switch off mails of a kind: at one click of a mail program (RFC 8058), or by the button of this page.

    The proof in the address is enough: nobody but who got the mail knows it, and it lets nothing else be done.
    """
    good = hmac.compare_digest(unsubscribe_proof(account_id, notice).encode(), proof.encode(errors="replace"))
    account = await Account.get_or_none(id=account_id) if good and is_id(account_id) else None
    if account is None or notice not in SETTINGS:
        raise NotFound()
    if request.method == "POST":
        await change_settings(account, {notice: False})
        text = _("You can switch them on again in your settings.")
        return await saying(_("You get no such mails any more"), text, icon="check", links=[("/", _("To the start"))])
    return await saying(
        _("No such mails any more?"),
        _("We would not write to you any more %(what)s.") % {"what": _notices().get(notice, "")},
        form={"path": request.path, "token": "", "label": _("Switch them off")},
    )
