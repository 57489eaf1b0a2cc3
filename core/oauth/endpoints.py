"""The endpoints that apps talk to: tokens, revocation, introspection, who somebody is, and what this server can do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote_plus

import orjson
from quart import Blueprint, Response, request

from core import present
from core.accounts import sessions
from core.api import limits
from core.api.answers import problem
from core.api.scopes import PROFILE, allows
from core.asgi import cacheable
from core.errors import InsufficientScope, KithError, RateLimited, Unauthenticated
from core.instance import here
from core.models import Actor
from core.oauth import apps, exchanging
from core.oauth.errors import OAuthError
from core.oauth.granting import known_scopes
from core.oauth.models import App
from core.oauth.tokens import bearer_of

blueprint = Blueprint("oauth", __name__)
METADATA = "/.well-known/oauth-authorization-server"
_WINDOW_SECONDS = 300
_FORM = "application/x-www-form-urlencoded"
View = Callable[[], Awaitable[dict[str, Any]]]


def _answering(view: View) -> Callable[[], Awaitable[Response]]:
    """Answer an app as RFC 6749 has it: plain JSON, never kept; failures with the standard's words."""

    @wraps(view)
    async def answer() -> Response:
        try:
            await _count()
            return _json(await view())
        except OAuthError as error:
            response = _json({"error": error.code, "error_description": error.sentence}, error.status)
            if error.status == 401:
                response.headers["WWW-Authenticate"] = 'Basic realm="kith"'
            return response
        except RateLimited as error:
            response = _json({"error": "temporarily_unavailable", "error_description": error.sentence}, error.status)
            response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
            return response

    return answer


def _json(data: dict[str, Any], status: int = 200) -> Response:
    response = Response(orjson.dumps(data), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


async def _count() -> None:
    """Raise RateLimited where this address asks too often."""
    settings = here().settings.rate_limits
    if settings.enabled:
        place = limits.neighbourhood(limits.address_of(request))
        verdict = await here().limiter.take(f"oauth:{place}", settings.signed_out_per_five_minutes, _WINDOW_SECONDS)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)


async def _asked(*names: str) -> dict[str, str]:
    """Parameters of the body, empty where they are missing. Raises OAuthError where one stands there twice."""
    if request.mimetype != _FORM:
        raise OAuthError("invalid_request", f"The body must be {_FORM}.")
    form = await request.form
    if any(len(form.getlist(name)) > 1 for name in names):
        raise OAuthError("invalid_request", "A parameter stands there twice.")
    return {name: str(form.get(name, "")) for name in names}


async def _app() -> App:
    """The app that asks, by Basic or in the body (RFC 6749, section 2.3.1). Raises OAuthError."""
    asked = await _asked("client_id", "client_secret")
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return await apps.authenticated(asked["client_id"], asked["client_secret"])
    if scheme.lower() != "basic":
        raise OAuthError("invalid_client", "Apps prove who they are by Basic, or in the body.", status=401)
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        pair = ""
    client_id, _, secret = (unquote_plus(part) for part in pair.partition(":"))
    if asked["client_secret"] or asked["client_id"] not in ("", client_id):
        raise OAuthError("invalid_request", "The app says twice who it is.")
    return await apps.authenticated(client_id, secret)


@blueprint.post("/oauth/token")
@_answering
async def token() -> dict[str, Any]:
    """A code or a refresh token for tokens."""
    app = await _app()
    asked = await _asked("grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope")
    if asked["grant_type"] == "authorization_code":
        issued = await exchanging.redeem(
            app, asked["code"], redirect_uri=asked["redirect_uri"], verifier=asked["code_verifier"]
        )
    elif asked["grant_type"] == "refresh_token":
        issued = await exchanging.refresh(app, asked["refresh_token"], asked["scope"])
    else:
        raise OAuthError("unsupported_grant_type", "authorization_code and refresh_token are understood.")
    return {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh_token,
        "scope": issued.scopes,
    }


@blueprint.post("/oauth/revoke")
@_answering
async def revoke() -> dict[str, Any]:
    """End a token. The answer is the same for whatever is none (RFC 7009)."""
    await exchanging.revoke(await _app(), (await _asked("token"))["token"])
    return {}


@blueprint.post("/oauth/introspect")
@_answering
async def introspect() -> dict[str, Any]:
    """What an app's own token is good for (RFC 7662); only for apps that have a secret."""
    app = await _app()
    if not app.secret_hash:
        raise OAuthError("invalid_client", "Only apps with a secret may ask this.", status=401)
    text = (await _asked("token"))["token"]
    bearer, found = await bearer_of(text), await exchanging.find(app, text)
    if bearer is None or found is None:
        return {"active": False}
    return {
        "active": True,
        "token_type": "Bearer",
        "scope": found.scopes,
        "client_id": app.client_id,
        "sub": found.account_id,
        "username": bearer.actor.username,
        "iat": int(found.created_at.timestamp()),
        "iss": here().base_url,
    } | ({"exp": int(bearer.expires_at.timestamp())} if bearer.expires_at else {})


@blueprint.get("/oauth/userinfo")
async def userinfo() -> Response:
    """Who the bearer of a token acts for; needs the scope `profile`, or `read:users`."""
    try:
        await _count()
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        identity = await sessions.by_token(text.strip()) if scheme.lower() == "bearer" else None
        if identity is None:
            raise Unauthenticated("This access token is not valid, or not any more.", code="token_invalid")
        granted = identity.scopes
        if granted is not None and not (PROFILE in granted or allows(granted, "read:users")):
            raise InsufficientScope("This token lacks the scope profile.", scope=PROFILE)
    except KithError as error:
        return problem(error)
    return _json(_claims(identity.actor))


def _claims(actor: Actor) -> dict[str, Any]:
    shown = present.user(present.row_of(actor))
    claims = {
        "sub": actor.id,
        "preferred_username": actor.username,
        "name": shown["fullName"],
        "profile": here().url(f"/@{actor.username}"),
        "picture": shown["avatar"],
    }
    return {name: value for name, value in claims.items() if value}


@blueprint.get(METADATA)
async def metadata() -> Response:
    """What this authorization server can do (RFC 8414)."""
    at = here().url
    cacheable(request, 300)
    response = _json(
        {
            "issuer": here().base_url,
            "authorization_endpoint": at("/oauth/authorize"),
            "token_endpoint": at("/oauth/token"),
            "revocation_endpoint": at("/oauth/revoke"),
            "introspection_endpoint": at("/oauth/introspect"),
            "userinfo_endpoint": at("/oauth/userinfo"),
            "app_registration_endpoint": at("/api/v1/apps"),
            "service_documentation": at("/api/docs"),
            "scopes_supported": sorted(known_scopes()),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }
    )
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
