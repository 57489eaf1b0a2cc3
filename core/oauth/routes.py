"""The JSON API of apps and tokens: what may act for you, and how it ends."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from core import present
from core.accounts import fresh
from core.accounts.factor_routes import Proof
from core.accounts.sessions import Identity
from core.api import Answer, Api, Ask
from core.api.forms import Form, Nothing, StreamQuery, stream_of
from core.errors import Unauthenticated
from core.oauth import apps, granting, personal
from core.oauth.models import AppToken

api = Api("apps", __name__)


class NewToken(Proof):
    name: str = Field(max_length=1000)
    scopes: list[str] = Field(max_length=1000, description="Such as `read` or `write:posts`.")
    expires_at: AwareDatetime | None = Field(None, strict=False, description="Never runs out where it is left away.")


class TokenForm(Form):
    token_id: str
    name: str
    scopes: list[str]
    created_at: str
    last_used_at: str | None
    expires_at: str | None


class MadeToken(TokenForm):
    """A token; its text is told this once."""

    token: str


class AppForm(Form):
    """An app that may act for you."""

    app_id: str
    name: str
    website: str | None
    scopes: list[str]
    created_at: str
    last_used_at: str | None


class NewApp(Form):
    name: str = Field(max_length=1000, description="People read it when they are asked to agree.")
    redirect_uris: list[str] = Field(max_length=100, description="https, loopback, or a scheme with a dot in it.")
    scopes: list[str] = Field([], max_length=1000, description="The most it will ask for.")
    website: str = Field("", max_length=2000)
    confidential: bool = Field(True, description="false where it cannot keep a secret: in a browser, on a phone.")


class RegisteredApp(Form):
    """An app as it knows itself; the secret is told this once."""

    app_id: str
    client_id: str
    client_secret: str | None
    name: str
    website: str | None
    redirect_uris: list[str]
    scopes: list[str]


def _who(ask: Ask[object, object]) -> Identity:
    if ask.identity is None:
        raise Unauthenticated()
    return ask.identity


def _stamp(moment: datetime | None) -> str | None:
    return present.stamp(moment) if moment else None


def token_form(token: AppToken) -> dict[str, object]:
    """A personal token as its owner sees it."""
    return {
        "tokenId": token.id,
        "name": token.name,
        "scopes": token.scopes.split(),
        "createdAt": present.stamp(token.created_at),
        "lastUsedAt": _stamp(token.last_used_at),
        "expiresAt": _stamp(token.expires_at),
    }


def app_form(granted: granting.Granted) -> dict[str, object]:
    """An app as whoever it acts for sees it."""
    return {
        "appId": granted.app.id,
        "name": granted.app.name,
        "website": granted.app.website or None,
        "scopes": granted.scopes,
        "createdAt": present.stamp(granted.since),
        "lastUsedAt": _stamp(granted.last_used_at),
    }


@api.post("/apps", body=NewApp, answer=RegisteredApp, status=201, signed_out=True, secret=True)
async def register_app(ask: Ask[NewApp, None]) -> object:
    """Make an app known, so that it can ask people to let it act for them.

    Anybody may do this. People are then sent to /oauth/authorize with the `clientId`.
    """
    body = ask.body
    app, secret = await apps.register(
        body.name,
        body.redirect_uris,
        scopes=body.scopes,
        website=body.website,
        confidential=body.confidential,
        address=ask.address,
    )
    return {
        "appId": app.id,
        "clientId": app.client_id,
        "clientSecret": secret or None,
        "name": app.name,
        "website": app.website or None,
        "redirectUris": app.redirect_uris,
        "scopes": app.scopes.split(),
    }


@api.get("/auth/tokens", query=StreamQuery, answer=stream_of("tokens", TokenForm))
async def read_tokens(ask: Ask[None, StreamQuery]) -> object:
    """Your personal access tokens, newest first."""
    name = f"tokens:{ask.actor.id}"
    found = await personal.listed(_who(ask).account.id, ask.before(name), ask.query.limit)
    return ask.page("tokens", name, [{"position": one.id} for one in found], [token_form(one) for one in found])


@api.post("/auth/tokens", body=NewToken, answer=MadeToken, status=201, secret=True)
async def make_token(ask: Ask[NewToken, None]) -> Answer:
    """Make a personal access token.

    It does what its scopes say, as you, until it runs out or you revoke it. Its text is in this answer and never again.
    """
    identity, body = _who(ask), ask.body
    await fresh.require(
        identity,
        password=body.password,
        otp=body.otp,
        passkey=body.passkey,
        address=ask.address,
        user_agent=ask.user_agent,
    )
    token, text = await personal.make(
        identity.account,
        body.name,
        body.scopes,
        session_id=identity.session_id,
        expires_at=body.expires_at,
        user_agent=ask.user_agent,
        address=ask.address,
    )
    return Answer(token_form(token) | {"token": text}, 201, location=f"/api/v1/auth/tokens/{token.id}")


@api.delete("/auth/tokens/<token_id>", answer=Nothing)
async def revoke_token(ask: Ask[None, None], token_id: str) -> object:
    """Revoke one of your personal access tokens."""
    await personal.revoke(_who(ask).account, token_id, user_agent=ask.user_agent, address=ask.address)
    return {}


@api.get("/auth/apps", query=StreamQuery, answer=stream_of("apps", AppForm))
async def read_apps(ask: Ask[None, StreamQuery]) -> object:
    """Apps that may act for you."""
    name = f"apps:{ask.actor.id}"
    found = await granting.granted_apps(_who(ask).account.id, ask.before(name), ask.query.limit)
    return ask.page("apps", name, [{"position": one.app.id} for one in found], [app_form(one) for one in found])


@api.delete("/auth/apps/<app_id>", answer=Nothing)
async def remove_app(ask: Ask[None, None], app_id: str) -> object:
    """Let an app act for you no longer; its tokens are good for nothing from now on."""
    await granting.remove_app(_who(ask).account, app_id, user_agent=ask.user_agent, address=ask.address)
    return {}
