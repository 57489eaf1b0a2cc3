"""What a browser remembers between here and the provider: sealed cookies, good for minutes, for one answer."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import orjson
from quart import Request, Response
from werkzeug import Response as Redirect

from core.accounts.proofs import spend
from core.database import now
from core.instance import here
from core.secrets import SecretsError

SECONDS = 600
PATH = "/login/oidc"
T = TypeVar("T")


def _soon() -> str:
    return (now() + timedelta(seconds=SECONDS)).isoformat()


@dataclass(frozen=True)
class Departure:
    """Somebody on their way to the provider; `account_id` is who is signed in already, and wants to link their account
    there, or `confirms` that it is still them."""

    next: str
    account_id: str = ""
    confirms: bool = False
    stays: bool = False
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64))
    until: str = field(default_factory=_soon)


@dataclass(frozen=True)
class Arrival:
    """Who the provider said somebody is, until they have chosen a name here, or linked it to their account."""

    next: str
    subject: str
    email: str
    email_verified: bool
    name: str
    username: str
    account_id: str = ""
    until: str = field(default_factory=_soon)


_COOKIES: dict[type, str] = {Departure: "kith_oidc", Arrival: "kith_oidc_arrival"}


def keep(response: Response | Redirect, thing: Departure | Arrival) -> None:
    """Have the browser bring this back, for minutes; neither it nor anybody else can read or change it."""
    response.set_cookie(
        _COOKIES[type(thing)],
        here().secrets.seal(orjson.dumps(asdict(thing)), _COOKIES[type(thing)]),
        max_age=SECONDS,
        path=_path(type(thing)),
        httponly=True,
        secure=here().base_url.startswith("https://"),
        samesite="Lax",
    )


def drop(response: Response | Redirect, kind: type[Departure] | type[Arrival]) -> None:
    """Have the browser forget it."""
    response.delete_cookie(_COOKIES[kind], path=_path(kind))


def brought(request: Request, kind: type[T]) -> T | None:
    """What this browser brings back; None where there is nothing, or it is too old."""
    sealed = request.cookies.get(_COOKIES[kind], "")
    if not sealed:
        return None
    try:
        said = orjson.loads(here().secrets.open(sealed, _COOKIES[kind]))
        found = kind(**said)
    except (SecretsError, TypeError):
        return None
    return found if datetime.fromisoformat(said["until"]) > now() else None


async def use(departure: Departure, state: str) -> bool:
    """Whether this is the answer to that departure, the first one."""
    if not secrets.compare_digest(departure.state.encode(), state.encode(errors="surrogatepass")):
        return False
    return await spend(f"oidc:{departure.state}", datetime.fromisoformat(departure.until))


def _path(kind: type) -> str:
    return PATH if kind is Departure else "/"
