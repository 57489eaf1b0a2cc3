"""What the pages to come in by have in common: what was typed, where to go afterwards, and the session's cookie."""

from __future__ import annotations

from quart import redirect, request
from werkzeug import Response as Redirect

from core.accounts.sessions import COOKIE, Grant
from core.errors import Conflict, Invalid, KithError
from core.instance import here
from core.web.csrf import GUEST_COOKIE
from core.web.forms import Form, local_path

COOKIE_SECONDS = 400 * 86_400  # as long as browsers keep one; how long the session stands is kept with it
_TAKEN = {"username_taken": "username", "email_taken": "email"}
_GATES = ("/login", "/signup", "/setup", "/logout", "/welcome")


def signed_in(grant: Grant, next_path: str) -> Redirect:
    """Go on as somebody: their session is a cookie that scripts cannot read and other sites do not bring along.

    Who has just decided to stay is told so first, unless they were on their way somewhere.
    """
    response = redirect("/settings/account?stayed" if grant.stayed and next_path == "/" else next_path, 303)
    set_session(response, grant.refresh_token)
    response.delete_cookie(GUEST_COOKIE)
    return response


def set_session(response: Redirect, refresh_token: str) -> None:
    """Have the browser keep a session."""
    response.set_cookie(
        COOKIE,
        refresh_token,
        max_age=COOKIE_SECONDS,
        httponly=True,
        secure=here().base_url.startswith("https://"),
        samesite="Lax",
    )


async def typed_in(*names: str) -> dict[str, str]:
    """What stands in these fields of the form that was sent."""
    form = await request.form
    return {name: str(form.get(name, "")) for name in names}


async def next_path(fallback: str = "/") -> str:
    """Where to go on after coming in: a path of ours that is no way in itself."""
    form = await request.form
    wanted = local_path(form.get("next") or request.args.get("next"), fallback)
    return fallback if wanted.startswith(_GATES) else wanted


def user_agent() -> str:
    """What the browser says it is."""
    return str(request.headers.get("User-Agent", ""))[:500]


def form_after(error: KithError, typed: dict[str, str]) -> Form:
    """The form with what was typed, except for the password, and what is wrong with it."""
    values = {name: value for name, value in typed.items() if name != "password"}
    if isinstance(error, Invalid):
        return Form(values=values, errors=error.errors)
    if isinstance(error, Conflict) and error.code in _TAKEN:
        return Form(values=values, errors={_TAKEN[error.code]: error.sentence})
    return Form(values=values, sentence=error.sentence)
