"""Files in the composer, one after the other as they are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts.settings_frame import me
from core.attachments import describe_file
from core.errors import Invalid, NotFound
from core.file_fields import cut_of, focus_of
from core.file_forms import own_file_form
from core.storage.files import own_file
from core.storage.parts import finish
from core.uploads import take_files
from core.web.chosen_files import AT_ONCE, uploaded_files
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, render_page, to_login, viewer_identity

blueprint = Blueprint("posts_composer_files", __name__)

take_files("/compose", "video_bytes", at_once=AT_ONCE)
take_files("/compose/file", "video_bytes")
take_files("/posts/<post_id>/edit", "video_bytes", at_once=AT_ONCE)


@blueprint.post("/compose/file")
async def add_file() -> Response:
    """Upload one file, as the composer does with scripts: what stands for it there.

    The form may say what is to be seen on it (`alt`), what stays in view (`focus`), and how it is cut (`crop`, `turn`).
    A file that came in parts is named by its `uploadId`.
    """
    identity = await me()
    form = await request.form
    cut, focus = cut_of(form.get("crop"), form.get("turn")), focus_of(form.get("focus"))
    alt, upload_id = str(form.get("alt", "")), str(form.get("uploadId", ""))
    if upload_id:
        uploaded = [await finish(identity.actor.id, upload_id, alt=alt, focus=focus, cut=cut)]
    else:
        uploaded = await uploaded_files(identity.actor, alt=alt, focus=focus, cut=cut)
    if not uploaded:
        raise Invalid({"file": _("Choose a file.")})
    return await render_fragment("posts/_composer_file.html", file=own_file_form(uploaded[0]))


async def _own_picture(file_id: str, owner_id: str) -> Mapping[str, Any]:
    file = await own_file(owner_id, file_id)
    if file.type != "image" or file.state != "ready":
        raise NotFound("There is no such picture.")
    return own_file_form(file)


@blueprint.get("/compose/file/<file_id>")
async def adjust_page(file_id: str) -> Response | Redirect:
    """What of a picture of one's own stays in view where there is no room for all of it.

    With `?item` scripts get what stands for a file in the composer, as it is by now.
    """
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    if "item" in request.args and wants_fragment(request.headers):
        known = await own_file(identity.actor.id, file_id)
        return await render_fragment("posts/_composer_file.html", file=own_file_form(known))
    file = await _own_picture(file_id, identity.actor.id)
    if wants_fragment(request.headers):
        return await render_fragment("posts/_picture_editor.html", file=file)
    return await render_page("posts/picture.html", file=file, saved="saved" in request.args)


@blueprint.post("/compose/file/<file_id>")
async def adjust(file_id: str) -> Response | Redirect:
    """Say what stays in view."""
    identity, form = await me(), await request.form
    await _own_picture(file_id, identity.actor.id)
    point = focus_of(f"{form.get('across', '0')},{form.get('up', '0')}")
    changed = await describe_file(identity.actor, file_id, focus=point)
    if wants_fragment(request.headers):
        return await render_fragment("posts/_composer_file.html", file=own_file_form(changed))
    return redirect(f"/compose/file/{changed.id}?saved", 303)
