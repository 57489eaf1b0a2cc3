"""The page about apps: which may act for somebody, and the tokens they made themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypedDict
from urllib.parse import urlsplit

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import fresh
from core.accounts.sessions import Identity
from core.accounts.settings_frame import me, settings_page
from core.api.limits import address_of
from core.api.scope_words import all_in_words, in_words
from core.api.scopes import READ, WRITE, areas
from core.database import now
from core.errors import Invalid, KithError
from core.oauth import granting, personal
from core.oauth.routes import app_form, token_form
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.language import ngettext
from core.web.pages import to_login, viewer_identity

blueprint = Blueprint("apps_pages", __name__, url_prefix="/settings/apps")
LISTED = 100
DAYS = (30, 90, 365)
Answer = Response | Redirect


@blueprint.get("")
async def apps() -> Answer:
    """Apps and tokens, and the form that makes a token."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    return await _page(identity, Form(values={"days": str(DAYS[1])}))


async def _page(
    identity: Identity, form: Form, chosen: list[str] | None = None, status: int = 200, **more: Any
) -> Response:
    granted = await granting.granted_apps(identity.account.id, limit=LISTED)
    tokens = await personal.listed(identity.account.id, None, LISTED)
    named = {scope: in_words(scope) for scope in (READ, WRITE, *(one for found in areas().values() for one in found))}
    page = await settings_page(
        "oauth/apps.html",
        "apps",
        status=status,
        form=form,
        apps=[_shown(app_form(one)) for one in granted],
        tokens=[_shown(token_form(one)) for one in tokens],
        broad=[named.pop(READ), named.pop(WRITE)],
        fine=list(named.values()),
        chosen=chosen or [],
        lifetimes=[*((str(days), _days(days)) for days in DAYS), ("", _("Until I revoke it"))],
        is_fresh=await fresh.is_fresh(identity),
        **{"made": None, **more},
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def _days(number: int) -> str:
    return ngettext("%(num)s day", "%(num)s days", number) % {"num": number}


def _shown(form: dict[str, Any]) -> dict[str, Any]:
    website = urlsplit(form.get("website") or "").hostname
    return form | {"words": [one.words for one in all_in_words(form["scopes"])], "host": website}


@blueprint.post("/tokens")
async def make_token() -> Answer:
    """Make a token and show it this once; what was typed comes back with what is wrong."""
    identity, typed = await me(), await request.form
    values = {name: str(typed.get(name, "")) for name in ("name", "days")}
    chosen = [str(scope) for scope in typed.getlist("scopes")]
    try:
        if values["days"] not in ("", *map(str, DAYS)):
            raise Invalid({"days": _("Choose one of the list.")})
        await fresh.require(identity)
        token, text = await personal.make(
            identity.account,
            values["name"],
            chosen,
            session_id=identity.session_id,
            expires_at=now() + timedelta(days=int(values["days"])) if values["days"] else None,
            **_from(),
        )
    except KithError as error:
        errors, sentence = (error.errors, "") if isinstance(error, Invalid) else ({}, error.sentence)
        form = Form(values=values, errors=errors, sentence=sentence)
        return saying_when(await _page(identity, form, chosen, error.status), error)
    return await _page(identity, Form(values={"days": str(DAYS[1])}), made={"name": token.name, "text": text})


@blueprint.post("/tokens/<token_id>/revoke")
async def revoke_token(token_id: str) -> Redirect:
    """End a token."""
    identity = await me()
    await personal.revoke(identity.account, token_id, **_from())
    return redirect("/settings/apps?saved", 303)


@blueprint.post("/<app_id>/remove")
async def remove_app(app_id: str) -> Redirect:
    """Let an app act no longer."""
    identity = await me()
    await granting.remove_app(identity.account, app_id, **_from())
    return redirect("/settings/apps?saved", 303)


class _Origin(TypedDict):
    user_agent: str
    address: str


def _from() -> _Origin:
    return _Origin(user_agent=request.headers.get("User-Agent", "")[:500], address=address_of(request))
