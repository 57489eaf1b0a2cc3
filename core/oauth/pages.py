"""The page that asks somebody whether an app may act for them."""

from __future__ import annotations

from typing import Any, TypedDict
from urllib.parse import quote, urlencode, urlsplit

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect
from werkzeug.datastructures import MultiDict

from core import present
from core.accounts import fresh
from core.accounts.sessions import Identity
from core.accounts.settings_frame import me
from core.api.limits import address_of
from core.api.scope_words import all_in_words
from core.errors import Invalid, KithError
from core.oauth import authorizing
from core.oauth.apps import OUT_OF_BAND
from core.oauth.authorizing import PARAMETERS, Return, Wish
from core.oauth.errors import OAuthError
from core.oauth.models import App
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page, viewer_identity

blueprint = Blueprint("oauth_pages", __name__)
AUTHORIZE = "/oauth/authorize"
_SILENT = frozenset({"login_required", "consent_required"})
Answer = Response | Redirect


@blueprint.get(AUTHORIZE)
async def ask() -> Answer:
    """Ask for consent, or send back what is known already: `prompt=none` shows no page once anybody let the app in.

    What an app asks wrongly sends nobody on who has not let it act for them: they read where they would go.
    """
    asked: MultiDict[str, str] = request.args
    identity = await viewer_identity()
    app, back = await authorizing.addressed(asked)
    try:
        wish = authorizing.understood(asked, app, back)
        if "none" in wish.prompts:
            return await _silently(wish, identity)
    except OAuthError as error:
        is_silent = error.code in _SILENT and app.last_used_at is not None
        if is_silent or await authorizing.is_trusted(app, identity.account.id if identity else None):
            return await _failed(back, error)
        return await _told(app, back, error)
    if identity is None:
        return redirect(f"/login?next={quote(f'{AUTHORIZE}?{_once_signed_in(asked)}')}", 303)
    return await _page(wish, identity, asked, Form())


def _once_signed_in(asked: MultiDict[str, str]) -> str:
    """The same request for after the sign-in, which is as fresh as `prompt=login` wants it."""
    pairs = [(name, asked[name]) for name in PARAMETERS if name in asked and (name, asked[name]) != ("prompt", "login")]
    return urlencode(pairs)


async def _silently(wish: Wish, identity: Identity | None) -> Answer:
    if identity is None:
        raise OAuthError("login_required", "Nobody is signed in.")
    if await authorizing.must_ask(wish, identity.account.id):
        raise OAuthError("consent_required", "They have not agreed to this yet.")
    return await _granted(wish, identity)


@blueprint.post(AUTHORIZE)
async def answer() -> Answer:
    """What somebody said to it. All of the request is checked again: it comes out of a form now."""
    identity = await me()
    form = await request.form
    asked = MultiDict([(name, value) for name in PARAMETERS for value in form.getlist(name)])
    app, back = await authorizing.addressed(asked)
    try:
        wish = authorizing.understood(asked, app, back)
        if form.get("decision") != "allow":
            raise OAuthError("access_denied", "They said no.")
    except OAuthError as error:
        return await _failed(back, error)
    if "login" in wish.prompts:
        try:
            await _prove_anew(identity, str(form.get("password", "")))
        except KithError as error:
            errors = error.errors if isinstance(error, Invalid) else {}
            said = Form(errors=errors, sentence="" if errors else error.sentence)
            return saying_when(await _page(wish, identity, asked, said, error.status), error)
    return await _granted(wish, identity)


async def _prove_anew(identity: Identity, password: str) -> None:
    """The password, whatever the session has proved before; who has none must have signed in just now."""
    if identity.account.password_hash and not password:
        raise Invalid({"password": _("Type your password.")})
    await fresh.require(identity, password=password, **_from())


class _Origin(TypedDict):
    user_agent: str
    address: str


def _from() -> _Origin:
    return _Origin(user_agent=request.headers.get("User-Agent", "")[:500], address=address_of(request))


async def _granted(wish: Wish, identity: Identity) -> Answer:
    code = await authorizing.grant(wish, identity.account, session_id=identity.session_id, **_from())
    if wish.back.redirect_uri == OUT_OF_BAND:
        return _guarded(await render_page("oauth/code.html", app=wish.app, code=code, error=None))
    return _sent(wish.back.with_code(code))


async def _told(app: App, back: Return, error: OAuthError) -> Response:
    """A page in place of a redirect: what failed, and the way back for whoever wants to go there."""
    by_hand = back.redirect_uri == OUT_OF_BAND
    page = await render_page(
        "oauth/code.html",
        status=400,
        app=app,
        code="",
        error=error,
        back="" if by_hand else back.with_error(error),
        destination=_destination(back.redirect_uri),
    )
    return _guarded(page)


async def _failed(back: Return, error: OAuthError) -> Answer:
    if back.redirect_uri == OUT_OF_BAND:
        return _guarded(await render_page("oauth/code.html", status=400, app=None, code="", error=error))
    return _sent(back.with_error(error))


def _sent(address: str) -> Redirect:
    response = redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _page(wish: Wish, identity: Identity, asked: MultiDict[str, str], form: Form, status: int = 200) -> Response:
    page = await render_page(
        "oauth/authorize.html",
        status=status,
        app=wish.app,
        host=urlsplit(wish.app.website).hostname,
        destination=_destination(wish.back.redirect_uri),
        scopes=all_in_words(wish.scopes),
        person=present.user(present.row_of(identity.actor)),
        asked=[(name, asked[name]) for name in PARAMETERS if name in asked],
        form=form,
        proof="login" in wish.prompts and bool(identity.account.password_hash),
    )
    return _guarded(page, wish.back.redirect_uri)


def _destination(uri: str) -> dict[str, Any]:
    """Where the answer goes, in words."""
    if uri == OUT_OF_BAND:
        return {"words": _("You will be shown a code to copy into the app."), "host": ""}
    if uri.startswith("https://"):
        return {"words": _("You will be sent on to"), "host": urlsplit(uri).hostname}
    return {"words": _("You will be sent back to a program on this device."), "host": ""}


def _guarded(page: Response, back: str = "") -> Response:
    """Neither kept nor framed; its form may lead on to where the answer goes, which browsers hold against a form."""
    page.headers["Cache-Control"] = "no-store"
    page.headers["X-Frame-Options"] = "DENY"
    if back and back != OUT_OF_BAND:
        parts = urlsplit(back)
        # A policy can name neither an IPv6 address nor the host of a scheme that is an app's own.
        named = parts.netloc and parts.scheme in ("http", "https") and "[" not in parts.netloc
        source = f"{parts.scheme}://{parts.netloc}" if named else f"{parts.scheme}:"
        policy = page.headers["Content-Security-Policy"]
        page.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", f"form-action 'self' {source}")
    return page
