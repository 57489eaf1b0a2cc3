"""The pages to log in: name and password, then the second step where it is on; or a passkey alone."""

from __future__ import annotations

from urllib.parse import urlencode

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts import passkeys, signing_in
from core.accounts.doorway import next_path, signed_in, user_agent
from core.accounts.leaving import Leaving
from core.accounts.sessions import guard
from core.accounts.signing_in import Client, SecondStep
from core.accounts.standing import MustWait
from core.accounts.waiting_room import Waiting, wait
from core.api.limits import address_of
from core.errors import KithError
from core.instance import here
from core.web.csrf import GUEST_COOKIE
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.pages import render_page, viewer_identity

blueprint = Blueprint("login_pages", __name__)
Answer = Response | Redirect
FIRST_STEP_COOKIE = "kith_first_step"
_OVER = frozenset({"first_step_over", "bad_credentials"})  # then there is nothing to go on from


def _client(form: dict[str, str]) -> Client:
    browser = request.cookies.get(GUEST_COOKIE, "")
    return Client(user_agent(), address_of(request), browser, stays=bool(form.get("stays")))


async def _typed() -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form).items()}


@blueprint.get("/login")
async def login_page() -> Answer:
    """The form to log in."""
    if await viewer_identity():
        return redirect(await next_path(), 303)
    return await _login(Form())


async def _login(form: Form, status: int = 200, leaves_at: str | None = None) -> Response:
    return await render_page(
        "accounts/login.html",
        status=status,
        form=form,
        next=await next_path(),
        leaves_at=leaves_at,
        passkeys=passkeys.are_possible(),
    )


async def _refused(error: KithError, name: str = "") -> Answer:
    """The form again, with what is wrong and what was typed, passwords apart; or the page where one waits."""
    if isinstance(error, MustWait):
        return wait(Waiting(error.account_id, error.email))
    leaves_at = present.stamp(error.leaves_at) if isinstance(error, Leaving) else None
    form = Form(values={"login": name}, sentence="" if leaves_at else error.sentence)
    return saying_when(await _login(form, error.status, leaves_at), error)


@blueprint.post("/login")
async def login() -> Answer:
    """Log in, or take the first of two steps."""
    await guard(request)
    typed = await _typed()
    name = typed.get("login", "").strip()
    try:
        done = await signing_in.sign_in_by_steps(name, typed.get("password", ""), _client(typed))
    except KithError as error:
        return await _refused(error, name)
    if not isinstance(done, str):
        return _over(signed_in(done, await next_path()))
    response = redirect(f"/login/second?{urlencode({'next': await next_path()})}", 303)
    response.set_cookie(
        FIRST_STEP_COOKIE,
        done,
        max_age=signing_in.FIRST_STEP_SECONDS,
        httponly=True,
        secure=here().base_url.startswith("https://"),
        samesite="Lax",
    )
    return response


@blueprint.get("/login/second")
async def second_page() -> Answer:
    """The form for the second step; who has not taken the first begins with that."""
    if await viewer_identity():
        return redirect(await next_path(), 303)
    if await signing_in.half_way(request.cookies.get(FIRST_STEP_COOKIE, "")) is None:
        return redirect(f"/login?{urlencode({'next': await next_path()})}", 303)
    return await _second(Form())


async def _second(form: Form, status: int = 200) -> Response:
    account = await signing_in.half_way(request.cookies.get(FIRST_STEP_COOKIE, ""))
    has_passkeys = account is not None and bool(await passkeys.passkeys_of(account.id))
    return await render_page(
        "accounts/second_step.html",
        status=status,
        form=form,
        next=await next_path(),
        passkeys=has_passkeys and passkeys.are_possible(),
    )


@blueprint.post("/login/second")
async def second() -> Answer:
    """Take the second step: a code, or a passkey's answer."""
    await guard(request)
    typed, token = await _typed(), request.cookies.get(FIRST_STEP_COOKIE, "")
    try:
        answer = passkeys.from_form(typed["passkey"]) if typed.get("passkey") else None
        grant = await signing_in.finish(token, SecondStep(typed.get("otp", ""), answer), _client(typed))
    except KithError as error:
        if error.code in _OVER or isinstance(error, (MustWait, Leaving)):
            return _over(await _refused(error))
        form = Form(sentence=error.sentence) if typed.get("passkey") else Form(errors={"otp": error.sentence})
        return saying_when(await _second(form, error.status), error)
    return _over(signed_in(grant, await next_path()))


def _over(response: Answer) -> Answer:
    response.delete_cookie(FIRST_STEP_COOKIE)
    return response


@blueprint.post("/login/passkey")
async def with_passkey() -> Answer:
    """Log in with a passkey alone."""
    await guard(request)
    typed = await _typed()
    try:
        grant = await signing_in.sign_in_with_passkey(passkeys.from_form(typed.get("passkey", "")), _client(typed))
    except KithError as error:
        return await _refused(error)
    return _over(signed_in(grant, await next_path()))
