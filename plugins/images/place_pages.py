"""The page where somebody says something else of where their pictures were taken."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts.settings_frame import me
from core.errors import Invalid
from core.models import Entry
from core.web.forms import Form
from core.web.pages import render_page, to_login, viewer_identity
from plugins.images import placing
from plugins.images.spot_fields import FIELDS, precisions, typed_spot

blueprint = Blueprint("images_place_pages", __name__)
Answer = Response | Redirect


@blueprint.get("/images/place/<image_id>")
async def place_page(image_id: str) -> Answer:
    """What is told so far, to be changed or taken away."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    entry = await placing.own_pictures(identity.actor, image_id)
    told = await placing.place_of(entry.id)
    kept = {"place": told.name, "precision": placing.precision_of(told)}
    if told.latitude is not None and told.longitude is not None:
        kept |= {"latitude": str(told.latitude), "longitude": str(told.longitude)}
    return await _page(entry, Form(kept))


async def _page(entry: Entry, form: Form, status: int = 200) -> Response:
    return await render_page(
        "images/place.html", status=status, form=form, post_page=entry.url, post_id=entry.id, precisions=precisions()
    )


@blueprint.post("/images/place/<image_id>")
async def change(image_id: str) -> Answer:
    """Tell that from now on; `forget` tells nothing."""
    actor, sent = (await me()).actor, await request.form
    entry = await placing.own_pictures(actor, image_id)
    typed = {name: str(sent.get(name, "")) for name in FIELDS}
    try:
        await placing.change_place(actor, image_id, None if "forget" in sent else typed_spot(typed))
    except Invalid as error:
        named = {{"location": "place"}.get(name, name): said for name, said in error.errors.items()}
        return await _page(entry, Form(typed, named), 422)
    return redirect(f"/@{actor.username}/{entry.id}", 303)
