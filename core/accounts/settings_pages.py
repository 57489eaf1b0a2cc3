"""Pages where somebody says how they want things to be, and who learns what."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts.profile import SETTINGS, change_settings, settings_of
from core.accounts.requests import NOTICE as REQUESTS_NOTICE
from core.accounts.settings_frame import me, settings_page
from core.audience import OPEN
from core.errors import Invalid
from core.instance import here
from core.permissions import may
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.language import language_name
from core.web.pages import to_login, viewer_identity
from core.web.words import audience_words, content_types

blueprint = Blueprint("settings_pages", __name__, url_prefix="/settings")
SWITCHES = ("mailSignIns", "remindDescriptions")
PRIVACY = ("discoverable", "searchable", "indexable", "hideNetwork")
CHOICES = ("language", "theme", "defaultVisibility", "contentType")
AUDIENCES = (*OPEN, "followers", "friends", "private")
Answer = Response | Redirect


# -- How things are ------------------------------------------------------------
@blueprint.get("")
async def general() -> Answer:
    """Language, colours, who sees a post unless told otherwise, and what is mailed."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    return await _general(_form_of(settings_of(identity.account)))


def _form_of(settings: dict[str, Any], errors: dict[str, str] | None = None) -> Form:
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in settings.items()}
    return Form(values=values, errors=errors or {})


async def _general(form: Form, status: int = 200) -> Response:
    languages = [(code, language_name(code)) for code in here().settings.server.languages]
    return await settings_page(
        "accounts/settings.html",
        "general",
        status=status,
        form=form,
        lets_in=may((await me()).actor, "accounts.approve"),
        languages=[("", _("As my browser asks for")), *languages],
        themes=[("auto", _("As my device is")), ("light", _("Light")), ("dark", _("Dark"))],
        content_types=content_types(),
        audiences=[audience_words(name) for name in AUDIENCES],
    )


@blueprint.post("")
async def change_general() -> Answer:
    """Keep the settings; what was typed comes back with what is wrong."""
    identity, form = await me(), await request.form
    wanted: dict[str, Any] = {name: str(form.get(name, SETTINGS[name])) for name in CHOICES}
    in_charge = (REQUESTS_NOTICE,) if may(identity.actor, "accounts.approve") else ()
    pictures = ("altSuggestions", "showCamera") if "images" in here().hooks.plugins else ()
    wanted |= {name: name in form for name in (*SWITCHES, *in_charge, *pictures)}
    try:
        await change_settings(identity.account, wanted)
    except Invalid as error:
        errors = {name.removeprefix("settings."): sentence for name, sentence in error.errors.items()}
        return await _general(_form_of(wanted, errors), 422)
    return redirect("/settings?saved", 303)


# -- Who learns what -----------------------------------------------------------
@blueprint.get("/privacy")
async def privacy() -> Answer:
    """By whom one can be found, and who sees whom one knows."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    form = _form_of(settings_of(identity.account))
    return await settings_page("accounts/privacy.html", "privacy", form=form)


@blueprint.post("/privacy")
async def change_privacy() -> Redirect:
    """Keep the switches."""
    identity, form = await me(), await request.form
    gathered = ("gatherable",) if "images" in here().hooks.plugins else ()
    await change_settings(identity.account, {name: name in form for name in (*PRIVACY, *gathered)})
    return redirect("/settings/privacy?saved", 303)
