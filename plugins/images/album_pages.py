"""Pages of albums and collections: which there are, and one with what is in it; album_editing.py changes them."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.errors import Conflict, Invalid, NotFound
from core.instance import here
from core.models import Actor
from core.people import visible_actor
from core.permissions import may
from core.web.forms import Form
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, render_page, to_login, viewer_identity
from plugins.images import album_documents, album_items, albums
from plugins.images.album_forms import album_form, album_forms
from plugins.images.albums import ALBUM, COLLECTION
from plugins.images.forms import image_form

blueprint = Blueprint("images_album_pages", __name__)
Answer = Response | Redirect
PAGE = 24
FIELDS = ("title", "description", "privacy")


def privacies(kind: str) -> list[tuple[str, str]]:
    """Whom an album or a collection can be for, with words for it."""
    return [
        ("public", _("Everybody")),
        ("followers", _("Followers")),
        ("friends", _("Friends")),
        ("private", _("Only its authors") if kind == ALBUM else _("Only you")),
    ]


async def typed_album() -> dict[str, str]:
    """What stands in the form of an album."""
    form = await request.form
    return {name: str(form.get(name, "")).replace("\r\n", "\n") for name in FIELDS}


async def _viewer() -> Actor | None:
    identity = await viewer_identity()
    return identity.actor if identity else None


def _before(name: str) -> str | None:
    """Where to go on in this list, where the address says so; a cursor that is no good begins anew."""
    try:
        return here().cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    except Invalid:
        return None


async def _listed(kind: str, actor: Actor | None, person: Actor | None, form: Form, status: int = 200) -> Response:
    whose = person.id if person else actor.id if actor else ""
    name = f"{kind}s:{whose}:{person is not None}"
    found = await albums.listed(viewer_of(actor), person.id if person else None, _before(name), PAGE, kind=kind)
    following = here().cursors.following(name, found, PAGE)
    shown: dict[str, Any] = {
        "albums": await album_forms(found[:PAGE], actor),
        "pagination": {"nextCursor": following, "hasMore": following is not None},
    }
    if wants_fragment(request.headers) and request.method == "GET":
        return await render_fragment("images/_albums.html", **shown)
    asked = await albums.invitations(actor) if actor and not person and kind == ALBUM else []
    return await render_page(
        "images/albums.html",
        status=status,
        kind=kind,
        **shown,
        invitations=[album_form(one) for one in asked],
        user=present.user_short(present.row_of(person)) if person else None,
        form=form,
        privacies=privacies(kind),
    )


@blueprint.get("/albums")
async def own_albums() -> Answer:
    """Albums one has a part in or is asked into, and a form for another."""
    actor = await _viewer()
    return await _listed(ALBUM, actor, None, Form()) if actor else to_login()


@blueprint.get("/collections")
async def own_collections() -> Answer:
    """One's collections, and a form for another."""
    actor = await _viewer()
    return await _listed(COLLECTION, actor, None, Form()) if actor else to_login()


@blueprint.get("/@<acct>/albums")
async def albums_of(acct: str) -> Answer:
    """Somebody's albums."""
    return await _of(ALBUM, acct)


@blueprint.get("/@<acct>/collections")
async def collections_of(acct: str) -> Answer:
    """Somebody's collections."""
    return await _of(COLLECTION, acct)


async def _of(kind: str, acct: str) -> Answer:
    actor = await _viewer()
    person = await visible_actor(viewer_of(actor), acct)
    if acct != person.acct:
        return redirect(f"/@{person.acct}/{kind}s")
    return await _listed(kind, actor, person, Form())


@blueprint.post("/albums")
async def create() -> Answer:
    """Begin an album, or a collection, where `kind` says so."""
    actor, typed = (await me()).actor, await typed_album()
    kind = COLLECTION if (await request.form).get("kind") == COLLECTION else ALBUM
    try:
        album_id = await albums.create(
            actor, typed["title"], description=typed["description"], privacy=typed["privacy"] or "public", kind=kind
        )
    except Invalid as error:
        return await _listed(kind, actor, None, Form(typed, error.errors), 422)
    except Conflict as error:
        return await _listed(kind, actor, None, Form(typed, {"title": error.sentence}), 422)
    return redirect(f"/albums/{album_id}", 303)


@blueprint.get("/albums/<album_id>")
async def album(album_id: str) -> Response:
    """An album, with the pictures in it; its document where that is asked for."""
    if album_documents.wants_document(request.headers.get("Accept", "")):
        return await album_documents.answer(album_id)
    return await _album(album_id, Form())


async def _album(album_id: str, form: Form, status: int = 200) -> Response:
    actor = await _viewer()
    viewer, name = viewer_of(actor), f"album:{album_id}"
    shown = await albums.album(viewer, album_id)
    found = await albums.images(viewer, album_id, _before(name), PAGE)
    following = here().cursors.following(name, found, PAGE)
    forms = present.unpacked(await present.posts(found[:PAGE], actor))
    context: dict[str, Any] = {
        "images": [image_form(one) for one in forms],
        "pagination": {"nextCursor": following, "hasMore": following is not None},
        "more": "",
        "within": f"/albums/{album_id}",
    }
    if wants_fragment(request.headers) and request.method == "GET":
        return await render_fragment("images/_grid.html", **context)
    authors = await albums.authors(album_id)
    part = await albums.part_of(actor, shown) if actor else ""
    context |= {
        "album": album_form(shown, authors),
        "form": form,
        "part": part,
        "may_delete": actor is not None and part != "owner" and may(actor, "reports.manage"),
        "has_pictures": actor is not None and not part and bool(await album_items.takeable(actor, shown, None, 0)),
    }
    return await render_page("images/album.html", status=status, **context)


@blueprint.get("/albums/<album_id>/<post_id>")
async def single(album_id: str, post_id: str) -> Response:
    """One of the pictures in an album, and the way to those beside it."""
    actor = await _viewer()
    viewer = viewer_of(actor)
    shown, found = await albums.album(viewer, album_id), await albums.image(viewer, album_id, post_id)
    (post,) = present.unpacked(await present.posts([found], actor))
    return await render_page(
        "images/single.html",
        album=album_form(shown),
        post=post,
        number=found["number"],
        earlier=f"/albums/{album_id}/{found['earlier']}" if found["earlier"] else "",
        later=f"/albums/{album_id}/{found['later']}" if found["later"] else "",
    )


@blueprint.post("/albums/<album_id>/add")
async def add(album_id: str) -> Answer:
    """Put a picture in, by the address of its page."""
    actor = (await me()).actor
    address = str((await request.form).get("address", "")).strip()
    try:
        await album_items.add(actor, album_id, address.rstrip("/").rpartition("/")[2])
    except (Invalid, Conflict, NotFound) as error:
        if isinstance(error, NotFound):
            await albums.album(viewer_of(actor), album_id)  # there is no album, or no picture
        said = " ".join(error.errors.values()) if isinstance(error, Invalid) else error.sentence
        return await _album(album_id, Form({"address": address}, {"address": said}), 422)
    return redirect(f"/albums/{album_id}", 303)
