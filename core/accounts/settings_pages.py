"""Pages where somebody says who they are, how they want things to be, and where they are signed in."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts import sessions
from core.accounts.devices import device_words
from core.accounts.models import Session
from core.accounts.profile import SETTINGS, change_profile, change_settings, settings_of, typed_fields
from core.accounts.sessions import Identity
from core.audience import OPEN
from core.errors import Invalid, Unauthenticated
from core.instance import here
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.language import language_name
from core.web.pages import filled, render_page, to_login, viewer_identity
from core.web.slots import Tab, in_order
from core.web.words import audience_words

blueprint = Blueprint("settings_pages", __name__, url_prefix="/settings")
SESSIONS_PAGE = 50
SPARE_FIELDS = 2
SWITCHES = ("discoverable", "searchable", "indexable")
CHOICES = ("language", "theme", "defaultVisibility")
AUDIENCES = (*OPEN, "followers", "friends", "private")
Answer = Response | Redirect


async def _me() -> Identity:
    """Who changes something. The session's form token was checked with it."""
    identity = await viewer_identity()
    if identity is None:
        raise Unauthenticated("Please log in first.")
    return identity


async def _page(template: str, tab: str, *, status: int = 200, **context: Any) -> Response:
    """One of the pages of settings, below the tabs of all of them."""
    tabs = [
        Tab("general", _("General"), "/settings", 0),
        Tab("profile", _("Profile"), "/settings/profile", 10),
        Tab("sessions", _("Devices"), "/settings/sessions", 20),
        *await filled("settings", Tab),
    ]
    saved = {"text": _("Saved."), "kind": "good"} if "saved" in request.args and status == 200 else None
    return await render_page(template, status=status, notice=saved, tab=tab, tabs=in_order(tabs), **context)


# -- How things are ------------------------------------------------------------
@blueprint.get("")
async def general() -> Answer:
    """Language, colours, who sees a post unless told otherwise, and by whom one can be found."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    return await _general(_form_of(settings_of(identity.account)))


def _form_of(settings: dict[str, Any], errors: dict[str, str] | None = None) -> Form:
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in settings.items()}
    return Form(values=values, errors=errors or {})


async def _general(form: Form, status: int = 200) -> Response:
    languages = [(code, language_name(code)) for code in here().settings.server.languages]
    return await _page(
        "accounts/settings.html",
        "general",
        status=status,
        form=form,
        languages=[("", _("As my browser asks for")), *languages],
        themes=[("auto", _("As my device is")), ("light", _("Light")), ("dark", _("Dark"))],
        audiences=[audience_words(name) for name in AUDIENCES],
    )


@blueprint.post("")
async def change_general() -> Answer:
    """Keep the settings; what was typed comes back with what is wrong."""
    identity, form = await _me(), await request.form
    wanted: dict[str, Any] = {name: str(form.get(name, SETTINGS[name])) for name in CHOICES}
    wanted |= {name: name in form for name in SWITCHES}
    languages = ("", *here().settings.server.languages)
    try:
        if wanted["language"] not in languages:
            raise Invalid({"settings.language": _("Choose one of the list.")})
        await change_settings(identity.account, wanted)
    except Invalid as error:
        errors = {name.removeprefix("settings."): sentence for name, sentence in error.errors.items()}
        return await _general(_form_of(wanted, errors), 422)
    return redirect("/settings?saved", 303)


# -- Who one is ----------------------------------------------------------------
@blueprint.get("/profile")
async def profile() -> Answer:
    """Name, text, fields, and who may follow."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    actor = identity.actor
    values = {
        "fullName": actor.name,
        "bio": actor.summary_source,
        "isLocked": str(actor.is_locked).lower(),
        "isBot": str(actor.is_bot).lower(),
    }
    return await _profile(Form(values=values), typed_fields(actor))


async def _profile(form: Form, fields: list[dict[str, str]], status: int = 200) -> Response:
    limits = here().settings.limits
    spare = min(limits.profile_fields, len(fields) + SPARE_FIELDS) - len(fields)
    return await _page(
        "accounts/profile.html",
        "profile",
        status=status,
        form=form,
        fields=[*fields, *[{"name": "", "value": ""}] * spare],
        limits=limits,
    )


@blueprint.post("/profile")
async def change_own_profile() -> Answer:
    """Keep what somebody says of themselves; what was typed comes back with what is wrong."""
    identity, form = await _me(), await request.form
    typed = {name: str(form.get(name, "")).replace("\r\n", "\n") for name in ("fullName", "bio", "isLocked", "isBot")}
    pairs = zip(form.getlist("fieldName"), form.getlist("fieldValue"), strict=False)
    fields = [{"name": str(name), "value": str(value)} for name, value in pairs if name.strip() or value.strip()]
    try:
        if any(not field["name"].strip() for field in fields):
            raise Invalid({"fields": _("Give each line a name.")})
        await change_profile(
            identity.actor,
            full_name=typed["fullName"],
            bio=typed["bio"],
            fields=fields,
            is_locked=bool(typed["isLocked"]),
            is_bot=bool(typed["isBot"]),
        )
    except Invalid as error:
        return await _profile(Form(values=typed, errors=error.errors), fields, 422)
    return redirect("/settings/profile?saved", 303)


# -- Where one is signed in ----------------------------------------------------
@blueprint.get("/sessions")
async def devices() -> Answer:
    """Where somebody is signed in."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    listed = await sessions.open_sessions(identity.account.id, None, SESSIONS_PAGE)
    forms = [_session_form(session, identity) for session in listed[:SESSIONS_PAGE]]
    return await _page("accounts/sessions.html", "sessions", sessions=sorted(forms, key=lambda f: not f["isCurrent"]))


def _session_form(session: Session, identity: Identity) -> dict[str, Any]:
    return {
        "sessionId": session.id,
        "device": device_words(session.user_agent),
        "address": session.address,
        "createdAt": present.stamp(session.created_at),
        "lastUsedAt": present.stamp(session.last_used_at),
        "isCurrent": session.id == identity.session_id,
    }


@blueprint.post("/sessions/<session_id>/end")
async def end_session(session_id: str) -> Redirect:
    """Sign out one device."""
    identity = await _me()
    await sessions.end_own(identity.account.id, session_id)
    return redirect("/settings/sessions?saved", 303)


@blueprint.post("/sessions/end-others")
async def end_other_sessions() -> Redirect:
    """Sign out everywhere but here."""
    identity = await _me()
    await sessions.end_others(identity.account.id, identity.session_id)
    return redirect("/settings/sessions?saved", 303)
