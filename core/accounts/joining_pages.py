"""Pages to join by: the form, the invite that leads to it, and where one waits until one may come in."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts import invites, joining, requests, verification, waiting_room
from core.accounts.doorway import form_after, next_path, set_session, signed_in, typed_in, user_agent
from core.accounts.models import Account
from core.accounts.service import OUTSIDE
from core.accounts.sessions import guard
from core.accounts.standing import must_wait
from core.accounts.waiting_room import Waiting, wait, who_waits
from core.api.limits import address_of
from core.database import new_id
from core.errors import Forbidden, KithError, NotFound
from core.instance import here
from core.tokens import new_refresh
from core.web import bots
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page, viewer_identity

blueprint = Blueprint("joining_pages", __name__)
SIGN_UP = "signup"
FIELDS = ("username", "email", "password", "fullName", "inviteCode", "reason", "rules")
Answer = Response | Redirect


@blueprint.get("/signup")
async def signup_page() -> Answer:
    """The form to join."""
    if await viewer_identity():
        return redirect(await next_path(), 303)
    return await _signup(Form(values={"inviteCode": request.args.get("invite", "")[:100]}), 200)


async def _signup(form: Form, status: int) -> Response:
    return await render_page(
        "accounts/signup.html",
        status=status,
        form=form,
        next=await next_path(),
        host=here().domain,
        trap=bots.TRAP,
        shown=form.value(bots.SHOWN) or bots.shown_now(SIGN_UP),
    )


@blueprint.post("/signup")
async def signup() -> Answer:
    """Join; whatever is wrong stands beside its field."""
    await guard(request)
    typed = await typed_in(*FIELDS, bots.TRAP, bots.SHOWN)
    try:
        if bots.is_bot(SIGN_UP, typed, here().settings.accounts.seconds_to_sign_up):
            return await _as_if_joined(typed)
        joined = await joining.sign_up(
            typed["username"].strip(),
            typed["email"].strip(),
            typed["password"],
            full_name=typed["fullName"],
            reason=typed["reason"],
            invite_code=typed["inviteCode"],
            also_wrong={"rules": wrong_rules(typed["rules"])},
            user_agent=user_agent(),
            address=address_of(request),
        )
    except KithError as error:
        if error.code == bots.TOO_OLD:
            typed[bots.SHOWN] = ""
        return saying_when(await _signup(form_after(error, typed), error.status), error)
    if joined.grant:
        return signed_in(joined.grant, await next_path())
    return wait(Waiting(joined.account_id, typed["email"].strip()))


def wrong_rules(said: str) -> str | None:
    """What is wrong where somebody who joins does not say that they will keep to the rules, where there are any."""
    is_wrong = here().settings.server.rules and not said
    return _("Please say that you will keep to the rules.") if is_wrong else None


async def _as_if_joined(typed: dict[str, str]) -> Redirect:
    """What a bot is answered: what it would be if it had joined, after as long a time."""
    accounts = here().settings.accounts
    if accounts.registration == "closed":
        raise Forbidden("This server does not take new members.", code="registration_closed")
    await here().passwords.dummy_verify()
    if accounts.require_verified_email or accounts.registration == "approval":
        return wait(Waiting(new_id(), typed["email"].strip()[:320]))
    response = redirect(await next_path(), 303)
    set_session(response, new_refresh()[0])
    return response


# -- Invited -------------------------------------------------------------------
@blueprint.get("/invite/<code>")
async def invite_page(code: str) -> Answer:
    """Who invites, and to what."""
    try:
        invite = await invites.look_at(code, address_of(request))
    except NotFound as error:
        return await render_page("accounts/invite_over.html", status=error.status, sentence=error.sentence)
    inviter = invite["inviter"]
    return await render_page(
        "accounts/invite.html",
        code=invite["code"],
        inviter=present.user_short(present.row_of(inviter)) if inviter else None,
        is_member=await viewer_identity() is not None,
    )


# -- Waiting -------------------------------------------------------------------
@blueprint.get("/signup/wait")
async def waiting_page() -> Answer:
    """What somebody waits for who has an account, and may not come in yet."""
    waiting = who_waits(request)
    if await viewer_identity() or waiting is None:
        return redirect("/login", 303)
    return await _waiting(waiting)


async def _waiting(waiting: Waiting, *, sent: bool = False) -> Answer:
    accounts = here().settings.accounts
    account = await Account.get_or_none(id=waiting.account_id)
    if account:
        step = must_wait(account)
    else:
        step = "verify_email" if accounts.require_verified_email else "await_approval"
    if step is None:
        response = redirect("/login", 303)
        waiting_room.forget(response)
        return response
    asks = account.is_waiting if account else accounts.registration == "approval"
    return await render_page(
        "accounts/waiting.html",
        step=step,
        email=waiting.email,
        asks=asks,
        sent=sent,
        days=accounts.unverified_days,
        is_new=account is None or account.stage == OUTSIDE,
    )


@blueprint.post("/signup/wait")
async def send_again() -> Answer:
    """Send the mail again."""
    await guard(request)
    waiting = who_waits(request)
    if waiting is None:
        return redirect("/login", 303)
    await verification.resend(waiting.email, address_of(request))
    return await _waiting(waiting, sent=True)


@blueprint.post("/signup/withdraw")
async def withdraw() -> Redirect:
    """Ask no more: what was given is erased, and one can start over."""
    await guard(request)
    waiting = who_waits(request)
    if waiting:
        await requests.withdraw(waiting.account_id)
    response = redirect("/signup", 303)
    waiting_room.forget(response)
    return response
