"""Pages of signing in by the provider: there, back, joining by it, and linking it in the settings."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import urlencode

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts import fresh, joining, signing_in
from core.accounts.doorway import form_after, next_path, signed_in, typed_in, user_agent
from core.accounts.guesses import PlaceGuesses
from core.accounts.joining import ForeignIdentity
from core.accounts.joining_pages import wrong_rules
from core.accounts.leaving import Leaving
from core.accounts.login_pages import FIRST_STEP_COOKIE
from core.accounts.names import check_username
from core.accounts.sessions import Grant, guard
from core.accounts.settings_frame import me, settings_page
from core.accounts.signing_in import Client
from core.accounts.standing import MustWait
from core.accounts.waiting_room import Waiting, wait
from core.api.limits import address_of
from core.email_addresses import email_key
from core.errors import Forbidden, KithError
from core.instance import here
from core.oidc import flow, logins
from core.oidc.flow import Arrival, Departure
from core.oidc.provider import Foreigner, ForeignLoginRefused
from core.web.csrf import GUEST_COOKIE
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page, to_login, viewer_identity

blueprint = Blueprint("oidc_pages", __name__)
BACK = "/login/oidc/back"
SETTINGS = "/settings/oidc"
Answer = Response | Redirect


class _Origin(TypedDict):
    user_agent: str
    address: str


def _from() -> _Origin:
    return _Origin(user_agent=user_agent(), address=address_of(request))


# -- There ---------------------------------------------------------------------
@blueprint.get("/login/oidc")
async def go() -> Answer:
    """Send somebody to the provider: to sign in; with `link`, to link their account here with the one there; with
    `confirm`, to prove once more that it is them."""
    provider, identity = logins.provider(), await viewer_identity()
    purpose = next((name for name in ("link", "confirm") if name in request.args), "sign-in")
    if identity is None and purpose != "sign-in":
        return to_login()
    if identity and purpose == "sign-in":
        return redirect(await next_path(), 303)
    departure = Departure(
        next=await next_path(),
        account_id=identity.account.id if identity else "",
        confirms=purpose == "confirm",
        stays="stays" in request.args,
    )
    address = await provider.address(
        redirect_uri=here().url(BACK),
        state=departure.state,
        nonce=departure.nonce,
        verifier=departure.verifier,
        anew=departure.confirms,
    )
    response = redirect(address, 303)
    flow.keep(response, departure)
    response.headers["Cache-Control"] = "no-store"
    return response


# -- And back ------------------------------------------------------------------
@blueprint.get(BACK)
async def back() -> Answer:
    """What the provider answered; the browser must be the one that was sent there, and answers count once."""
    logins.provider()
    departure = flow.brought(request, Departure)
    response: Answer
    try:
        response = await _arrived(departure)
    except MustWait as error:
        response = wait(Waiting(error.account_id, error.email))
    except KithError as error:
        response = await _failed(error, departure)
    flow.drop(response, Departure)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _arrived(departure: Departure | None) -> Answer:
    if departure is None or not await flow.use(departure, request.args.get("state", "")):
        raise ForeignLoginRefused()
    foreigner = await _foreigner(departure)
    if departure.account_id:
        identity = await viewer_identity()
        if identity is None or identity.account.id != departure.account_id:
            raise ForeignLoginRefused()
        if departure.confirms:
            await logins.confirm(identity, foreigner)
            return redirect(departure.next, 303)
        return _keeping(redirect(SETTINGS, 303), departure, foreigner)
    browser = request.cookies.get(GUEST_COOKIE, "")
    client = Client(user_agent(), address_of(request), browser, stays=departure.stays)
    done = await logins.sign_in(foreigner, client)
    if isinstance(done, Grant):
        return signed_in(done, departure.next)
    if done is not None:
        return _second_step(done, departure.next)
    if not _may_join():
        raise Forbidden(
            _("Nobody here signs in with this yet. If you have an account, log in and link it in your settings."),
            code="foreign_login_unknown",
        )
    return _keeping(redirect("/login/oidc/join", 303), departure, foreigner)


async def _foreigner(departure: Departure) -> Foreigner:
    provider, asked = logins.provider(), request.args
    if any(len(values) > 1 for _name, values in asked.lists()):
        raise ForeignLoginRefused()
    await provider.check_issuer(asked.get("iss"))
    if asked.get("error") == "access_denied":
        raise ForeignLoginRefused(_("You did not go on there, so you are not signed in here."))
    if "error" in asked or not asked.get("code"):
        raise ForeignLoginRefused()
    guesses = PlaceGuesses(address_of(request))
    await guesses.begin()
    foreigner = await provider.redeem(
        asked["code"], redirect_uri=here().url(BACK), nonce=departure.nonce, verifier=departure.verifier
    )
    await guesses.right()
    return foreigner


def _keeping(response: Redirect, departure: Departure, foreigner: Foreigner) -> Redirect:
    arrival = Arrival(
        next=departure.next,
        subject=foreigner.subject,
        email=foreigner.email,
        email_verified=foreigner.email_verified,
        name=foreigner.name,
        username=foreigner.username,
        account_id=departure.account_id,
    )
    flow.keep(response, arrival)
    return response


def _second_step(token: str, wanted: str) -> Redirect:
    response = redirect(f"/login/second?{urlencode({'next': wanted})}", 303)
    response.set_cookie(
        FIRST_STEP_COOKIE,
        token,
        max_age=signing_in.FIRST_STEP_SECONDS,
        httponly=True,
        secure=here().base_url.startswith("https://"),
        samesite="Lax",
    )
    return response


async def _failed(error: KithError, departure: Departure | None) -> Response:
    page = await render_page(
        "oidc/failed.html",
        status=error.status,
        sentence=error.sentence,
        leaves_at=present.stamp(error.leaves_at) if isinstance(error, Leaving) else None,
        next=departure.next if departure else "/",
    )
    return saying_when(page, error)


# -- Joining by it -------------------------------------------------------------
def _may_join() -> bool:
    return logins.provider().settings.allow_sign_up and here().settings.accounts.registration != "closed"


@blueprint.get("/login/oidc/join")
async def join_page() -> Answer:
    """The form for a name, for somebody whom the provider knows and nobody here."""
    arrival = flow.brought(request, Arrival)
    if arrival is None or arrival.account_id:
        return redirect("/login", 303)
    username = "" if check_username(arrival.username) else arrival.username
    return await _join(arrival, Form(values={"username": username, "fullName": arrival.name, "email": arrival.email}))


async def _join(arrival: Arrival, form: Form, status: int = 200) -> Response:
    page = await render_page(
        "oidc/join.html",
        status=status,
        form=form,
        next=arrival.next,
        host=here().domain,
        provider=logins.provider().name,
        verified_email=arrival.email if arrival.email_verified else "",
    )
    page.headers["Cache-Control"] = "no-store"
    return page


@blueprint.post("/login/oidc/join")
async def join() -> Answer:
    """Make the account, as registration allows it; the server's own rules hold as for everybody."""
    await guard(request)
    arrival = flow.brought(request, Arrival)
    if arrival is None or arrival.account_id:
        return redirect("/login", 303)
    typed = await typed_in("username", "fullName", "email", "inviteCode", "reason", "rules")
    email = arrival.email if arrival.email_verified and arrival.email else typed["email"].strip()
    try:
        if not _may_join():
            raise Forbidden("This server does not take new members.", code="registration_closed")
        joined = await joining.sign_up(
            typed["username"].strip(),
            email,
            None,
            full_name=typed["fullName"],
            reason=typed["reason"],
            invite_code=typed["inviteCode"],
            also_wrong={"rules": wrong_rules(typed["rules"])},
            verified=arrival.email_verified and email_key(email) == email_key(arrival.email),
            foreign_login=ForeignIdentity(logins.key(), arrival.subject),
            **_from(),
        )
    except KithError as error:
        return saying_when(await _join(arrival, form_after(error, typed), error.status), error)
    response = signed_in(joined.grant, arrival.next) if joined.grant else wait(Waiting(joined.account_id, email))
    flow.drop(response, Arrival)
    return response


# -- In the settings -----------------------------------------------------------
@blueprint.get(SETTINGS)
async def settings() -> Answer:
    """Whether the provider signs somebody in here, and the way to have it do so or not."""
    logins.provider()
    if await viewer_identity() is None:
        return to_login()
    page = await _settings()
    if "cancel" in request.args:
        flow.drop(page, Arrival)
    return page


async def _settings(sentence: str = "", status: int = 200) -> Response:
    identity = await me()
    arrival = flow.brought(request, Arrival) if "cancel" not in request.args else None
    logged_in = await logins.linked(identity.account.id)
    page = await settings_page(
        "oidc/settings.html",
        "oidc",
        status=status,
        sentence=sentence,
        provider=logins.provider().name,
        logins=[
            {
                "loginId": login.id,
                "createdAt": present.stamp(login.created_at),
                "lastUsedAt": present.stamp(login.last_used_at) if login.last_used_at else None,
            }
            for login in logged_in
        ],
        arrival=arrival if arrival and arrival.account_id == identity.account.id else None,
        is_fresh=await fresh.is_fresh(identity),
    )
    page.headers["Cache-Control"] = "no-store"
    return page


@blueprint.post(f"{SETTINGS}/link")
async def link() -> Answer:
    """Link whom the provider named, once somebody has seen who that is and said so."""
    identity = await me()
    arrival = flow.brought(request, Arrival)
    try:
        if arrival is None or arrival.account_id != identity.account.id:
            raise ForeignLoginRefused()
        await fresh.require(identity)
        await logins.link(identity.account, arrival.subject, session_id=identity.session_id, **_from())
    except KithError as error:
        return saying_when(await _settings(error.sentence, error.status), error)
    response = redirect(f"{SETTINGS}?saved", 303)
    flow.drop(response, Arrival)
    return response


@blueprint.post(f"{SETTINGS}/<login_id>/unlink")
async def unlink(login_id: str) -> Answer:
    """Have the provider sign somebody in no longer, unless that is their only way in."""
    identity = await me()
    try:
        await fresh.require(identity)
        await logins.unlink(identity.account, login_id, **_from())
    except KithError as error:
        return saying_when(await _settings(error.sentence, error.status), error)
    return redirect(f"{SETTINGS}?saved", 303)
