"""Pages to come in by: log in, sign up, set up, and what this place is."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import service, sessions
from core.accounts.sessions import COOKIE, Grant, guard
from core.api.limits import address_of
from core.errors import Conflict, Invalid, KithError, NotFound
from core.instance import here
from core.tokens import BadToken
from core.web.csrf import GUEST_COOKIE
from core.web.failure_pages import saying_when
from core.web.forms import Form, local_path
from core.web.pages import render_page, viewer_identity

blueprint = Blueprint("accounts_pages", __name__)
SETUP = "setup"
COOKIE_SECONDS = 400 * 86_400  # as long as browsers keep one; how long the session stands is kept with it
_TAKEN = {"username_taken": "username", "email_taken": "email"}


def signed_in(grant: Grant, next_path: str) -> Redirect:
    """Go on as somebody: their session is a cookie that scripts cannot read and other sites do not bring along."""
    response = redirect(next_path, 303)
    response.set_cookie(
        COOKIE,
        grant.refresh_token,
        max_age=COOKIE_SECONDS,
        httponly=True,
        secure=here().base_url.startswith("https://"),
        samesite="Lax",
    )
    response.delete_cookie(GUEST_COOKIE)
    return response


async def _typed(*names: str) -> dict[str, str]:
    form = await request.form
    return {name: str(form.get(name, "")) for name in names}


async def _next(fallback: str = "/") -> str:
    form = await request.form
    wanted = local_path(form.get("next") or request.args.get("next"), fallback)
    return fallback if wanted.startswith(("/login", "/signup", "/setup", "/logout")) else wanted


@blueprint.get("/login")
async def login_page() -> Response | Redirect:
    """The form to log in."""
    next_path = await _next()
    if await viewer_identity():
        return redirect(next_path, 303)
    return await render_page("accounts/login.html", form=Form(), next=next_path, otp=False)


@blueprint.post("/login")
async def login() -> Response | Redirect:
    """Log in; what was typed comes back with what is wrong, except for the password."""
    await guard(request)
    typed, next_path = await _typed("login", "password"), await _next()
    try:
        grant = await service.sign_in(
            typed["login"].strip(), typed["password"], user_agent=_user_agent(), address=address_of(request)
        )
    except KithError as error:
        form = Form(values={"login": typed["login"]}, sentence=error.sentence)
        page = await render_page("accounts/login.html", status=error.status, form=form, next=next_path, otp=False)
        return saying_when(page, error)
    return signed_in(grant, next_path)


def _user_agent() -> str:
    return str(request.headers.get("User-Agent", ""))[:500]


@blueprint.get("/signup")
async def signup_page() -> Response | Redirect:
    """The form to join."""
    if await viewer_identity():
        return redirect(await _next(), 303)
    return await _signup(Form(), 200)


async def _signup(form: Form, status: int) -> Response:
    return await render_page(
        "accounts/signup.html", status=status, form=form, next=await _next(), host=here().domain
    )


@blueprint.post("/signup")
async def signup() -> Response | Redirect:
    """Join; whatever is wrong stands beside its field."""
    await guard(request)
    typed = await _typed("username", "email", "password", "fullName", "rules")
    try:
        if here().settings.server.rules and not typed["rules"]:
            raise Invalid({"rules": "Please say that you will keep to the rules."})
        grant = await service.sign_up(
            typed["username"].strip(),
            typed["email"].strip(),
            typed["password"],
            full_name=typed["fullName"],
            user_agent=_user_agent(),
            address=address_of(request),
        )
    except KithError as error:
        return saying_when(await _signup(_form_after(error, typed), error.status), error)
    return signed_in(grant, await _next())


def _form_after(error: KithError, typed: dict[str, str]) -> Form:
    values = {name: value for name, value in typed.items() if name != "password"}
    if isinstance(error, Invalid):
        return Form(values=values, errors=error.errors)
    if isinstance(error, Conflict) and error.code in _TAKEN:
        return Form(values=values, errors={_TAKEN[error.code]: error.sentence})
    return Form(values=values, sentence=error.sentence)


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
        raise NotFound()


@blueprint.get("/setup")
async def setup_page() -> Response:
    """Where the first admin is made, from the link the server prints at its first start."""
    token = request.args.get("token", "")
    await _check_setup(token)
    return await render_page("accounts/setup.html", form=Form(), token=token, host=here().domain)


@blueprint.post("/setup")
async def setup() -> Response | Redirect:
    """Make the first admin."""
    await guard(request)
    typed = await _typed("username", "email", "password", "fullName", "token")
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
        form = _form_after(error, typed)
        return await render_page(
            "accounts/setup.html", status=error.status, form=form, token=typed["token"], host=here().domain
        )
    grant = await sessions.begin(account, actor, user_agent=_user_agent(), address=address_of(request))
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
