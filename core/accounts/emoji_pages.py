"""The page where the small pictures of this server are looked after."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import emojis
from core.accounts.audit import Doer
from core.accounts.emoji_routes import form_of
from core.api.limits import address_of
from core.errors import Conflict, Invalid, UnsupportedMediaType
from core.uploads import take_files, uploaded
from core.web.admin_frame import admin_page, in_charge
from core.web.forms import Form
from core.web.language import gettext as _

blueprint = Blueprint("emoji_pages", __name__)
MANAGE = "emojis.manage"
Answer = Response | Redirect
take_files("/admin/emojis", "image_bytes")


async def _doer() -> Doer:
    identity = await in_charge(MANAGE)
    return Doer(identity.actor, address_of(request), request.headers.get("User-Agent", ""))


@blueprint.get("/admin/emojis")
async def all_emojis() -> Response:
    """The pictures there are, and the form to add one."""
    return await _page(Form(values={}))


async def _page(form: Form, status: int = 200, changing: str = "") -> Response:
    await in_charge(MANAGE)
    found = [form_of(one) for one in await emojis.all_of_them()]
    return await admin_page(
        "accounts/admin/emojis.html",
        "emojis",
        MANAGE,
        status=status,
        form=form,
        emojis=found,
        changing=changing,
        categories=sorted({str(one["category"]) for one in found if one["category"]}),
    )


@blueprint.post("/admin/emojis")
async def add() -> Answer:
    """Add a picture; what is wrong comes back beside its field."""
    doer = await _doer()
    upload = await uploaded(request, "image", limit="image_bytes")
    values = {name: upload.texts.get(name, "") for name in ("shortcode", "category")}
    try:
        if not upload.content:
            raise Invalid({"image": _("Choose a picture.")})
        await emojis.add(doer, values["shortcode"], upload.content, category=values["category"])
    except Invalid as error:
        return await _page(Form(values=values, errors=error.errors), 422)
    except UnsupportedMediaType as error:
        return await _page(Form(values=values, errors={"image": error.sentence}), 422)
    except Conflict as error:
        return await _page(Form(values=values, errors={"shortcode": error.sentence}), 422)
    return redirect("/admin/emojis?saved", 303)


@blueprint.post("/admin/emojis/<emoji_id>")
async def change(emoji_id: str) -> Answer:
    """Call it otherwise, sort or hide it."""
    doer, typed = await _doer(), await request.form
    values = {name: str(typed.get(name, "")) for name in ("shortcode", "category")}
    try:
        await emojis.change(
            doer,
            emoji_id,
            shortcode=values["shortcode"],
            category=values["category"],
            is_hidden="isHidden" in typed,
        )
    except Invalid as error:
        return await _page(Form(values=values, errors=error.errors), 422, emoji_id)
    except Conflict as error:
        return await _page(Form(values=values, errors={"shortcode": error.sentence}), 422, emoji_id)
    return redirect("/admin/emojis?saved", 303)


@blueprint.post("/admin/emojis/<emoji_id>/remove")
async def remove(emoji_id: str) -> Redirect:
    """Take it away."""
    await emojis.remove(await _doer(), emoji_id)
    return redirect("/admin/emojis?saved", 303)
