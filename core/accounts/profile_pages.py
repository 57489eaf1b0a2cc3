"""The page where somebody says who they are: name, text, lines, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect
from werkzeug.datastructures import MultiDict

from core.accounts.profile import change_profile, rendered, typed_fields
from core.accounts.profile_pictures import SIZES, describe_picture, remove_picture, set_picture, shown_pictures
from core.accounts.settings_frame import me, settings_page
from core.errors import Invalid, KithError, NotFound, RateLimited, Unavailable
from core.file_fields import crop_of
from core.instance import here
from core.models import Actor
from core.uploads import take_files, uploaded
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, to_login, viewer_identity

blueprint = Blueprint("own_profile_pages", __name__, url_prefix="/settings/profile")
SPARE_FIELDS = 2
TEXTS = ("fullName", "bio", "isLocked", "isBot")
Answer = Response | Redirect
Line = dict[str, str]

for _role in SIZES:
    take_files(f"/settings/profile/{_role}", "image_bytes")


@dataclass(frozen=True)
class _Shown:
    """What stands on the page: what was typed last, or what is known."""

    form: Form
    fields: Sequence[Line]
    pictures: Mapping[str, Form] = field(default_factory=dict)
    preview: str | None = None
    moved: bool = False


@blueprint.get("")
async def profile() -> Answer:
    """Name, text, lines, pictures, and who may follow."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    return await _page(identity.actor, _known(identity.actor))


def _known(actor: Actor, **pictures: Form) -> _Shown:
    values = {
        "fullName": actor.name,
        "bio": actor.summary_source,
        "isLocked": str(actor.is_locked).lower(),
        "isBot": str(actor.is_bot).lower(),
    }
    return _Shown(Form(values=values), typed_fields(actor), pictures)


async def _page(actor: Actor, shown: _Shown, status: int = 200) -> Response:
    limits, pictures = here().settings.limits, await shown_pictures(actor)
    spare = min(limits.profile_fields, len(shown.fields) + SPARE_FIELDS) - len(shown.fields)
    checked = {line["name"]: line["value"] for line, kept in zip(typed_fields(actor), actor.profile_fields, strict=True)
               if kept.get("verifiedAt")}  # fmt: skip
    forms = {
        role: shown.pictures.get(role) or Form(values={"alt": pictures[role].alt if role in pictures else ""})
        for role in SIZES
    }
    return await settings_page(
        "accounts/profile.html",
        "profile",
        status=status,
        form=shown.form,
        fields=[*shown.fields, *[{"name": "", "value": ""}] * spare],
        checked=checked,
        pictures=pictures,
        picture_forms=forms,
        preview=shown.preview,
        moved=shown.moved,
        limits=limits,
    )


async def _typed() -> tuple[dict[str, str], list[Line], MultiDict[str, str]]:
    """The texts, and the lines of which something is filled in."""
    form = await request.form
    typed = {name: str(form.get(name, "")).replace("\r\n", "\n") for name in TEXTS}
    pairs = zip(form.getlist("fieldName"), form.getlist("fieldValue"), strict=False)
    lines = [{"name": str(name), "value": str(value)} for name, value in pairs]
    return typed, lines, form


@blueprint.post("")
async def change_own_profile() -> Answer:
    """Keep what somebody says of themselves; what was typed comes back with what is wrong.

    A button called `move` only puts the lines in another order, as "up" or "down" and the number of the line.
    """
    identity = await me()
    typed, lines, form = await _typed()
    if "move" in form:
        shown = _Shown(Form(values=typed), _reordered(lines, str(form["move"])), moved=True)
        return await _page(identity.actor, shown)
    fields = [line for line in lines if line["name"].strip() or line["value"].strip()]
    try:
        if any(not line["name"].strip() for line in fields):
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
        return await _page(identity.actor, _Shown(Form(values=typed, errors=error.errors), fields), 422)
    return redirect("/settings/profile?saved", 303)


def _reordered(lines: Sequence[Line], wish: str) -> list[Line]:
    """The lines with one of them moved; the same ones where the wish makes no sense."""
    moved = list(lines)
    way, _separator, number = wish.partition("-")
    if way in ("up", "down") and number.isascii() and number.isdigit() and len(number) < 4:
        at = int(number)
        other = at + (1 if way == "down" else -1)
        if 0 <= other < len(moved) and at < len(moved):
            moved[at], moved[other] = moved[other], moved[at]
    return [line for line in moved if line["name"].strip() or line["value"].strip()]


@blueprint.post("/preview")
async def preview() -> Response:
    """The text about oneself as others will see it; nothing is kept."""
    identity = await me()
    typed, lines, _form = await _typed()
    bio = typed["bio"][: here().settings.limits.biography_characters]
    if wants_fragment(request.headers):
        return await render_fragment("accounts/_bio_preview.html", preview=rendered(bio))
    kept = [line for line in lines if line["name"].strip() or line["value"].strip()]
    return await _page(identity.actor, _Shown(Form(values=typed), kept, preview=rendered(bio)))


# -- Pictures ------------------------------------------------------------------
@blueprint.post("/<role>")
async def change_picture(role: str) -> Answer:
    """Show another picture, or say in other words what is to be seen on it."""
    identity = await me()
    if role not in SIZES:
        raise NotFound()
    alt = ""
    try:
        upload = await uploaded(request, "image", limit="image_bytes")
        alt = upload.texts.get("alt", "")
        if upload.content is not None:
            await set_picture(identity.actor, role, upload.content, crop=crop_of(upload.texts.get("crop")), alt=alt)
        else:
            await _describe(identity.actor, role, alt)
    except (RateLimited, Unavailable):
        raise
    except KithError as error:
        form = Form(values={"alt": alt}, errors=_errors(error))
        page = await _page(identity.actor, _known(identity.actor, **{role: form}), error.status)
        return saying_when(page, error)
    return redirect("/settings/profile?saved", 303)


async def _describe(actor: Actor, role: str, alt: str) -> None:
    try:
        await describe_picture(actor, role, alt)
    except NotFound:
        raise Invalid({"image": _("Choose a picture.")}) from None


def _errors(error: KithError) -> dict[str, Any]:
    """What is wrong, beside the file unless it is the words."""
    found = error.errors if isinstance(error, Invalid) else {}
    return {"alt": found["alt"]} if "alt" in found else {"image": next(iter(found.values()), error.sentence)}


@blueprint.post("/<role>/remove")
async def take_away(role: str) -> Redirect:
    """Show no picture any more."""
    identity = await me()
    if role not in SIZES:
        raise NotFound()
    await remove_picture(identity.actor, role)
    return redirect("/settings/profile?saved", 303)
