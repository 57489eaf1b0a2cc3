"""The page on which a post is put into collections, or taken out again."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.entries import visible_entry
from core.errors import Conflict, Invalid
from core.models import Actor
from core.web.forms import Form
from core.web.pages import render_page, to_login, viewer_identity
from plugins.images import album_items, albums
from plugins.images.album_pages import privacies, typed_album
from plugins.images.albums import COLLECTION
from plugins.images.forms import image_form

blueprint = Blueprint("images_gathering", __name__)
Answer = Response | Redirect


@blueprint.get("/posts/<post_id>/collections")
async def gather_page(post_id: str) -> Answer:
    """One's collections, and in which of them a post is."""
    identity = await viewer_identity()
    return await _page(identity.actor, post_id, Form()) if identity else to_login()


async def _page(actor: Actor, post_id: str, form: Form, status: int = 200) -> Response:
    entry = await visible_entry(viewer_of(actor), post_id)
    author = await Actor.get(id=entry.author_id)
    (post,) = present.unpacked([await present.post(entry, actor)])
    return await render_page(
        "images/gather.html",
        status=status,
        post=image_form(post),
        collections=await albums.to_gather_in(actor, entry.id),
        privacies=privacies(COLLECTION),
        form=form,
        is_unwilling=not author.is_gatherable and author.id != actor.id,
        done=request.args.get("done", ""),
    )


@blueprint.post("/posts/<post_id>/collections")
async def gather(post_id: str) -> Answer:
    """Put it in or take it out, as `act` says: `add` or `remove`, `:`, and the collection; else into a new one."""
    actor, form = (await me()).actor, await request.form
    verb, _colon, album_id = str(form.get("act", "")).partition(":")
    try:
        if verb == "remove":
            await album_items.take_out(actor, album_id, post_id)
        elif verb == "add":
            await album_items.add(actor, album_id, post_id)
        else:
            return await _into_a_new_one(actor, post_id)
    except (Invalid, Conflict) as error:
        said = " ".join(error.errors.values()) if isinstance(error, Invalid) else error.sentence
        return await _page(actor, post_id, Form(sentence=said), 422)
    return redirect(f"/posts/{post_id}/collections?done={album_id}", 303)


async def _into_a_new_one(actor: Actor, post_id: str) -> Answer:
    """Begin a collection with this post in it."""
    typed = await typed_album()
    try:
        album_id = await album_items.begin_with(
            actor, post_id, typed["title"], description=typed["description"], privacy=typed["privacy"] or "public"
        )
    except Invalid as error:
        return await _page(actor, post_id, Form(typed, error.errors, error.errors.get("postId", "")), 422)
    except Conflict as error:
        return await _page(actor, post_id, Form(typed, {"title": error.sentence}), 422)
    return redirect(f"/posts/{post_id}/collections?done={album_id}", 303)
