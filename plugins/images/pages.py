"""Pages of pictures: all there are, those near a place, somebody's gallery, and sharing some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import circles, present
from core.accounts.profile import settings_of
from core.accounts.sessions import Identity
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.database import now
from core.errors import Conflict, Forbidden, Invalid, Rejected
from core.html import without_controls
from core.instance import here
from core.models import Actor
from core.people import visible_actor
from core.uploads import take_files
from core.web.chosen_files import AT_ONCE, chosen_files, ids_of, is_arranging
from core.web.forms import Form
from core.web.htmx import go_to, wants_fragment
from core.web.language import gettext as _
from core.web.pages import html_response, render_fragment, render_page, to_login, viewer_identity
from core.web.sending import FIELD, new_key, once_for_form
from core.web.slots import Tab
from core.web.words import author_audiences
from plugins.images import service
from plugins.images.alt_counting import count_waiting
from plugins.images.finding import images, memories
from plugins.images.forms import image_form
from plugins.images.spot_fields import precisions, typed_spot
from plugins.images.spots import Around, around
from plugins.images.trending import trending_images

blueprint = Blueprint("images_pages", __name__)
Answer = Response | Redirect
PAGE = 24
AUDIENCES = ("public", "unlisted", "followers", "friends", "private")
FIELDS = ("content", "tags", "place", "latitude", "longitude", "precision", "visibility", "showCamera")

take_files("/images/upload", "image_bytes", at_once=AT_ONCE)


async def _viewer() -> Actor | None:
    identity = await viewer_identity()
    return identity.actor if identity else None


async def grid(
    template: str,
    name: str,
    more: Mapping[str, str],
    *,
    author_id: str | None = None,
    tag: str = "",
    near: Around | None = None,
    **context: Any,
) -> Response:
    """A page of pictures, or the further ones of it where htmx asks."""
    actor = await _viewer()
    cursors = here().cursors
    try:
        before = cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    except Invalid:
        before = None
    found = await images(viewer_of(actor), before, PAGE, author_id=author_id, tag=tag or None, near=near)
    following = cursors.following(name, found, PAGE)
    forms = present.unpacked(await present.posts(found[:PAGE], actor, "public"))
    context |= {
        "images": [image_form(form) for form in forms],
        "pagination": {"nextCursor": following, "hasMore": following is not None},
        "more": "".join(f"&{urlencode({key: value})}" for key, value in more.items() if value),
    }
    if wants_fragment(request.headers):
        return await render_fragment("images/_grid.html", **context)
    return await render_page(template, **context)


@blueprint.get("/images")
async def explore() -> Response:
    """Public pictures: all of them, with a hashtag, or near a place."""
    said = {name: request.args.get(name, "") for name in ("tag", "latitude", "longitude", "km")}
    asked = {name: without_controls(text[:100]) for name, text in said.items()}
    tag, near, errors = asked["tag"].strip().removeprefix("#"), None, {}
    wanted = ",".join(asked[name].strip() for name in ("latitude", "longitude", "km"))
    if wanted != ",,":
        try:
            near = around(wanted)
        except Invalid as error:
            errors = {"km": error.errors["near"]}
    form = Form({**asked, "km": asked["km"] or "25"}, errors)
    name = f"images::{tag}:{wanted if near else ''}"
    actor = await _viewer()
    return await grid(
        "images/images.html",
        name,
        asked,
        tag=tag,
        near=near,
        form=form,
        tabs=_tabs(),
        tag_name=tag,
        is_near=wanted != ",,",
        suggested=await count_waiting(actor.id) if actor else 0,
    )


def _tabs() -> list[Tab]:
    return [Tab("newest", _("Newest"), "/images"), Tab("trending", _("Liked these days"), "/images/trending")]


@blueprint.get("/images/trending")
async def liked() -> Response:
    """What most people like these days."""
    actor = await _viewer()
    found = await trending_images(viewer_of(actor), PAGE * 2)
    forms = present.unpacked(await present.posts(found, actor, "public"))
    return await render_page(
        "images/trending.html",
        tabs=_tabs(),
        suggested=await count_waiting(actor.id) if actor else 0,
        images=[image_form(form) for form in forms],
        pagination={"nextCursor": None, "hasMore": False},
        more="",
    )


@blueprint.get("/@<acct>/images")
async def gallery(acct: str) -> Answer:
    """The pictures somebody shared."""
    person = await visible_actor(viewer_of(await _viewer()), acct)
    if acct != person.acct:
        return redirect(f"/@{person.acct}/images")
    return await grid(
        "images/gallery.html",
        f"images:{person.id}::",
        {},
        author_id=person.id,
        user=present.user_short(present.row_of(person)),
    )


@blueprint.get("/images/memories")
async def on_this_day() -> Answer:
    """What one shared on this day in years before."""
    actor = await _viewer()
    if actor is None:
        return to_login()
    found = await memories(actor.id, now().date(), PAGE)
    forms = present.unpacked(await present.posts(found, actor))
    return await render_page(
        "images/memories.html",
        images=[image_form(form) for form in forms],
        pagination={"nextCursor": None, "hasMore": False},
        more="",
    )


# -- Sharing -------------------------------------------------------------------
@blueprint.get("/images/upload")
async def upload_page() -> Answer:
    """A form to share pictures."""
    identity = await viewer_identity()
    return await _form(identity, Form()) if identity else to_login()


async def _form(identity: Identity, form: Form, files: Sequence[Mapping[str, Any]] = (), status: int = 200) -> Response:
    reach = await circles.reach(identity.actor.id)
    own = settings_of(identity.account)
    usual = {"visibility": own["defaultVisibility"], "precision": "area", "formKey": new_key()}
    if own["showCamera"] and "showCamera" not in form.values:  # whoever turned it off here left it empty
        usual["showCamera"] = "true"
    typed = {name: value for name, value in form.values.items() if value}
    return await render_page(
        "images/upload.html",
        status=status,
        form=Form(usual | typed, form.errors, form.sentence),
        files=files,
        audiences=[one for one in author_audiences(reach.followers, reach.friends) if one.value in AUDIENCES],
        limit=here().settings.limits.post_characters,
        precisions=precisions(),
    )


@blueprint.post("/images/upload")
async def upload() -> Answer:
    """Share them."""
    identity = await me()
    form = await request.form
    typed = {name: str(form.get(name, "")).replace("\r\n", "\n") for name in (*FIELDS, FIELD)}
    files: Sequence[Mapping[str, Any]] = ()

    async def make() -> str:
        nonlocal files
        files = await chosen_files(identity.actor)
        if typed["visibility"] not in AUDIENCES:
            raise Invalid({"visibility": _("Choose who will see this.")})
        entry = await service.publish(
            identity.actor,
            typed["content"],
            ids_of(files),
            tags=typed["tags"].replace(",", " ").split(),
            spot=typed_spot(typed),
            visibility=typed["visibility"],
            show_camera=bool(typed["showCamera"]),
        )
        return f"/@{identity.actor.username}/{entry.id}"

    try:
        if await is_arranging():
            return await _form(identity, Form(typed), await chosen_files(identity.actor))
        page = await once_for_form(identity.actor, make)
    except Invalid as error:
        named = {_FIELD.get(name, name): said for name, said in error.errors.items()}
        return await _form(identity, Form(typed, named), files, 422)
    except Conflict as error:
        files = files or await chosen_files(identity.actor)  # it came not to them where the same is on its way already
        return await _form(identity, Form(typed, sentence=error.sentence), files, 422)
    except (Rejected, Forbidden) as error:
        return await _form(identity, Form(typed, sentence=error.sentence), files, 422)
    if not wants_fragment(request.headers):
        return redirect(page, 303)
    response = html_response("")
    response.headers.update(go_to(page))
    return response


_FIELD = {"image": "file", "fileIds": "file", "location": "place"}
