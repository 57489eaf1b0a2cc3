"""The page on which an album is changed: what is said of it, who puts pictures in, and their order."""

from __future__ import annotations

from urllib.parse import quote

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.instance import here
from core.models import Actor
from core.people import visible_actor
from core.web.forms import Form, local_path
from core.web.language import gettext as _
from core.web.pages import render_page, to_login, viewer_identity
from plugins.images import album_authors, album_items, albums
from plugins.images.album_forms import album_form
from plugins.images.album_pages import privacies, typed_album
from plugins.images.forms import image_form

blueprint = Blueprint("images_album_editing", __name__)
Answer = Response | Redirect
PAGE = 48


@blueprint.get("/albums/<album_id>/edit")
async def edit_page(album_id: str) -> Answer:
    """What its owner may change of an album, and what others may take out of it again."""
    identity = await viewer_identity()
    return await _page(identity.actor, album_id) if identity else to_login()


async def _page(actor: Actor, album_id: str, form: Form | None = None, status: int = 200) -> Response:
    found = await albums.album(viewer_of(actor), album_id)
    name = f"album-edit:{album_id}"
    try:
        before = here().cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    except Invalid:
        before = None
    inside = await album_items.takeable(actor, found, before, PAGE)
    part = await albums.part_of(actor, found)
    if not inside and part not in ("owner", "author"):
        raise Forbidden("This is somebody else's.")
    is_owner = part == "owner"
    following = here().cursors.following(name, inside, PAGE)
    forms = present.unpacked(await present.posts(inside[:PAGE], actor))
    album = album_form(
        found, await albums.authors(album_id), await albums.authors(album_id, asked=True) if is_owner else ()
    )
    said = {name: str(album[name]) for name in ("title", "description", "privacy")}
    return await render_page(
        "images/album_edit.html",
        status=status,
        album=album,
        is_owner=is_owner,
        images=[image_form(one) for one in forms],
        pagination={"nextCursor": following, "hasMore": following is not None},
        privacies=privacies(found["album_kind"]),
        cursor=request.args.get("cursor", ""),
        moved=request.args.get("moved", ""),
        form=Form(said | dict(form.values), form.errors) if form else Form(said),
    )


@blueprint.post("/albums/<album_id>/edit")
async def edit(album_id: str) -> Answer:
    """Say something else of it."""
    actor, typed = (await me()).actor, await typed_album()
    try:
        await albums.change(actor, album_id, **typed)
    except Invalid as error:
        return await _page(actor, album_id, Form(typed, error.errors), 422)
    return redirect(f"/albums/{album_id}", 303)


@blueprint.post("/albums/<album_id>/arrange")
async def arrange(album_id: str) -> Redirect:
    """Move a picture by one place, or take it out: `act` is `earlier`, `later` or `remove`, `:`, and the picture.

    Whoever moves with a keyboard finds themselves on the same button again.
    """
    actor, form = (await me()).actor, await request.form
    act = str(form.get("act", ""))
    verb, _colon, post_id = act.partition(":")
    page = f"/albums/{album_id}/edit"
    cursor = f"cursor={quote(request.args['cursor'])}" if request.args.get("cursor") else ""
    if verb == "remove":
        await album_items.take_out(actor, album_id, post_id)
        back = local_path(form.get("next"), page)
        if not back.startswith(page):
            return redirect(back, 303)
        if not await _may_change(actor, album_id):
            return redirect(f"/albums/{album_id}", 303)
        return redirect(f"{page}{'?' if cursor else ''}{cursor}#pictures", 303)
    if verb in ("earlier", "later"):
        await album_items.move(actor, album_id, post_id, earlier=verb == "earlier")
    return redirect(f"{page}?{cursor}{'&' if cursor else ''}moved={quote(act)}", 303)


async def _may_change(actor: Actor, album_id: str) -> bool:
    found = await albums.album(viewer_of(actor), album_id)
    return bool(await albums.part_of(actor, found) or await album_items.takeable(actor, found, None, 0))


@blueprint.post("/albums/<album_id>/invite")
async def invite(album_id: str) -> Answer:
    """Ask a friend, by name, to put pictures in as well."""
    actor = (await me()).actor
    name = str((await request.form).get("name", "")).strip().removeprefix("@")[:300]
    try:
        if not name:
            raise Invalid({"name": _("Write the name of a friend.")})
        await album_authors.invite(actor, album_id, await visible_actor(viewer_of(actor), name))
    except Invalid as error:
        said = " ".join(error.errors.values())
    except (Conflict, NotFound) as error:
        await albums.own_album(actor, album_id)  # there is no album, or no such person
        said = error.sentence
    else:
        return redirect(f"/albums/{album_id}/edit#authors", 303)
    return await _page(actor, album_id, Form({"name": name}, {"name": said}), 422)


@blueprint.post("/albums/<album_id>/dismiss/<user_id>")
async def dismiss(album_id: str, user_id: str) -> Redirect:
    """Have somebody put no more pictures in, or take an invitation back."""
    await album_authors.dismiss((await me()).actor, album_id, user_id)
    return redirect(f"/albums/{album_id}/edit#authors", 303)


@blueprint.post("/albums/<album_id>/accept")
async def accept(album_id: str) -> Redirect:
    """Have a part in it, having been asked."""
    await album_authors.accept((await me()).actor, album_id)
    return redirect(f"/albums/{album_id}", 303)


@blueprint.post("/albums/<album_id>/leave")
async def leave(album_id: str) -> Redirect:
    """Have no part in it any more, or decline to have one."""
    actor = (await me()).actor
    await album_authors.dismiss(actor, album_id, actor.id)
    return redirect("/albums", 303)


@blueprint.post("/albums/<album_id>/delete")
async def delete(album_id: str) -> Redirect:
    """Take an album away."""
    actor = (await me()).actor
    gone = await albums.album(viewer_of(actor), album_id)
    await albums.delete(actor, album_id)
    return redirect(f"/{gone['album_kind']}s", 303)
