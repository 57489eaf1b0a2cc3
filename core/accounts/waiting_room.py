"""Who somebody is that has an account but may not come in yet: a sealed cookie, until there is a session."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from quart import Request, redirect
from werkzeug import Response

from core.instance import here
from core.secrets import SecretsError

COOKIE = "kith_waiting"
SECONDS = 86_400
_CONTEXT = "waiting-room"


@dataclass(frozen=True)
class Waiting:
    """An account, and the address that was given for it."""

    account_id: str
    email: str


def wait(waiting: Waiting) -> Response:
    """Lead somebody to where they wait, and know them again for a day."""
    response = redirect("/signup/wait", 303)
    sealed = here().secrets.seal(orjson.dumps([waiting.account_id, waiting.email]), _CONTEXT)
    response.set_cookie(
        COOKIE,
        sealed,
        max_age=SECONDS,
        path="/signup",
        httponly=True,
        secure=here().base_url.startswith("https://"),
        samesite="Lax",
    )
    return response


def forget(response: Response) -> None:
    """Nobody waits any more."""
    response.delete_cookie(COOKIE, path="/signup")


def who_waits(request: Request) -> Waiting | None:
    """Who waits at this browser, if anybody does."""
    sealed = request.cookies.get(COOKIE, "")
    try:
        return Waiting(*orjson.loads(here().secrets.open(sealed, _CONTEXT))) if sealed else None
    except SecretsError:
        return None
