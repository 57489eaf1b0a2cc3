"""What an app asks somebody to agree to, and the code it gets when they do (RFC 6749 section 4.1, RFC 7636)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from core.accounts import audit, sessions
from core.accounts.models import Account
from core.api.scopes import PROFILE
from core.database import now, rows, transaction
from core.errors import BadRequest, Invalid
from core.instance import here
from core.oauth import apps, tokens
from core.oauth.apps import OUT_OF_BAND
from core.oauth.errors import OAuthError
from core.oauth.granting import checked_scopes
from core.oauth.models import App, AuthorizationCode

CODE = "kith_ac_"
LIFETIME = timedelta(minutes=2)
LIFETIME_BY_HAND = timedelta(minutes=5)
PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


@dataclass(frozen=True)
class Return:
    """Where the answer goes: an address that the app registered, with the `state` it sent."""

    redirect_uri: str
    state: str | None

    def with_code(self, code: str) -> str:
        """The address with the code."""
        return self._with({"code": code})

    def with_error(self, error: OAuthError) -> str:
        """The address with what went wrong."""
        return self._with({"error": error.code, "error_description": error.sentence})

    def _with(self, answer: dict[str, str]) -> str:
        # Who answers stands with it, so that no app takes it for another server's answer (RFC 9207).
        answer = {**answer, "iss": here().base_url} | ({} if self.state is None else {"state": self.state})
        return self.redirect_uri + ("&" if "?" in self.redirect_uri else "?") + urlencode(answer)


@dataclass(frozen=True)
class Wish:
    """What an app asks for, checked."""

    app: App
    back: Return
    scopes: list[str]
    challenge: str
    prompts: frozenset[str]


async def addressed(asked: MultiDict[str, str]) -> tuple[App, Return]:
    """Which app asks, and where its answer goes. Raises BadRequest: whoever asks so is told nothing by redirect."""
    app = await apps.find(asked.get("client_id", "")) if len(asked.getlist("client_id")) == 1 else None
    if app is None:
        raise BadRequest("This app is not known here. Please go back to it and start again.", code="unknown_app")
    uri = asked.get("redirect_uri", "")
    if len(asked.getlist("redirect_uri")) != 1 or not apps.may_return_to(app, uri):
        raise BadRequest("This app wants to send you to an address it did not tell us of.", code="bad_redirect_uri")
    return app, Return(uri, asked.get("state"))


def understood(asked: MultiDict[str, str], app: App, back: Return) -> Wish:
    """What the app asks for. Raises OAuthError, to be told to the app."""
    if any(len(values) > 1 for name, values in asked.lists() if name in PARAMETERS):
        raise OAuthError("invalid_request", "A parameter stands there twice.")
    for name in ("request", "request_uri"):
        if name in asked:
            raise OAuthError(f"{name}_not_supported", "Please send plain parameters.")
    if asked.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "Only response_type=code is answered.")
    if asked.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "Only response_mode=query is answered.")
    challenge = asked.get("code_challenge", "")
    if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "PKCE is needed: a code_challenge, with code_challenge_method=S256.")
    prompts = frozenset(asked.get("prompt", "").split())
    if not _PROMPTS.issuperset(prompts) or ("none" in prompts and len(prompts) > 1):
        raise OAuthError("invalid_request", "There is no such prompt.")
    most = app.scopes.split()
    try:
        scopes = checked_scopes(asked.get("scope", "").split() or most or [PROFILE])
    except Invalid:
        raise OAuthError("invalid_scope", "There is no such scope.") from None
    if most and not set(most).issuperset(scopes):
        raise OAuthError("invalid_scope", "The app did not register for this scope.")
    return Wish(app, back, scopes, challenge, prompts)


async def is_trusted(app: App, account_id: str | None) -> bool:
    """Whether this person has let the app act for them: then they may be sent on to it without being asked.

    Anybody may make an app known, so that a link to this server could else lead to anywhere (RFC 9700, section 4.11.2).
    """
    return account_id is not None and bool(await _standing(app, account_id))


async def _standing(app: App, account_id: str) -> list[dict[str, Any]]:
    """The scopes of the tokens by which an app may act for somebody."""
    return await rows(
        "SELECT scopes FROM core_app_token WHERE account_id = $1 AND app_id = $2 AND revoked_at IS NULL"
        " AND refresh_expires_at > $3",
        account_id,
        app.id,
        now(),
    )


async def must_ask(wish: Wish, account_id: str) -> bool:
    """Whether this person has to be asked, because they have not agreed to all of it yet.

    Who has no secret and no address of its own could be anybody who says they are this app: then they are asked always
    (RFC 8252, section 8.6).
    """
    if not wish.back.redirect_uri.startswith("https://"):
        return True
    agreed = {scope for token in await _standing(wish.app, account_id) for scope in token["scopes"].split()}
    return not agreed.issuperset(wish.scopes)


async def grant(wish: Wish, account: Account, *, session_id: str, user_agent: str, address: str) -> str:
    """Give the app a code for what it asked, and answer the code. Raises Unauthenticated where the session ended."""
    code, digest = tokens.new(CODE)
    lifetime = LIFETIME_BY_HAND if wish.back.redirect_uri == OUT_OF_BAND else LIFETIME
    async with transaction():
        await sessions.must_stand(session_id)
        await AuthorizationCode.create(
            app_id=wish.app.id,
            account_id=account.id,
            hash=digest,
            redirect_uri=wish.back.redirect_uri,
            scopes=" ".join(wish.scopes),
            challenge=wish.challenge,
            expires_at=now() + lifetime,
        )
        await audit.record(
            "app_authorized",
            account_id=account.id,
            user_agent=user_agent,
            address=address,
            app_id=wish.app.id,
            scopes=" ".join(wish.scopes),
        )
    return code
