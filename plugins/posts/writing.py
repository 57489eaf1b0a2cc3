"""Pages to write on: a new post, an answer, another wording. What was typed comes back with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts.sessions import Identity
from core.audience import viewer_of
from core.entries import visible_entry
from core.errors import Invalid, KithError, NotFound, Rejected, Unauthenticated
from core.models import Entry
from core.web.forms import Form, local_path
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, render_page, to_login, viewer_identity
from plugins.posts import service
from plugins.posts.composing import composer
from plugins.posts.listing import form_of, gone_to

blueprint = Blueprint("posts_writing", __name__)
Answer = Response | Redirect
Typed = dict[str, str]


async def _me() -> Identity:
    """Who writes. The session's form token was checked with it."""
    identity = await viewer_identity()
    if identity is None:
        raise Unauthenticated("Please log in first.")
    return identity


async def _post(identity: Identity, entry: Entry) -> Mapping[str, Any]:
    return await form_of(entry, identity.actor)


async def _parent(identity: Identity, parent_id: str) -> Mapping[str, Any]:
    """What is answered. Raises NotFound."""
    return await _post(identity, await visible_entry(viewer_of(identity.actor), parent_id))


async def _typed(*names: str) -> Typed:
    form = await request.form
    return {name: str(form.get(name, "")).replace("\r\n", "\n") for name in names}


# -- New -----------------------------------------------------------------------
@blueprint.get("/compose")
async def compose_page() -> Answer:
    """Write on a page of its own."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    parent_id = request.args.get("inReplyTo") or request.args.get("reply")
    parent = await _parent(identity, parent_id) if parent_id else None
    return await _form(identity, parent)


async def _form(
    identity: Identity, parent: Mapping[str, Any] | None, form: Form | None = None, status: int = 200
) -> Response:
    context: dict[str, Any] = {"composer": await composer(identity, form, parent), "reply_to": parent}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_composer.html", status=status, **context)
    return await render_page("posts/compose.html", status=status, post=None, **context)


@blueprint.post("/compose")
async def compose() -> Answer:
    """Publish."""
    identity = await _me()
    typed = await _typed("content", "contentWarning", "visibility", "language")
    form = await request.form
    parent_id = form.get("inReplyTo") or None
    try:
        if typed["visibility"] and typed["visibility"] not in service.WIDTH:
            raise Invalid({"visibility": _("Choose who will see this.")})
        entry = await service.write(
            identity.actor,
            typed["content"],
            visibility=typed["visibility"] or None,
            content_warning=typed["contentWarning"],
            language=typed["language"],
            reply_to_id=parent_id,
        )
    except (Invalid, Rejected) as error:
        parent = await _parent(identity, parent_id) if parent_id else None
        return await _form(identity, parent, _wrong(typed, error), 422)
    except NotFound:
        if wants_fragment(request.headers):
            raise
        sentence = _("What you answer has gone. Your words are still here; posted now, they stand for themselves.")
        return await _form(identity, None, Form(typed, sentence=sentence), 422)
    if wants_fragment(request.headers):
        return await render_fragment("posts/_card.html", post=await _post(identity, entry))
    page = f"/@{identity.actor.username}/{entry.id}"
    after = local_path(form.get("next"), page)
    return redirect(page if after.startswith("/compose") else after, 303)


def _wrong(typed: Typed, error: KithError) -> Form:
    if isinstance(error, Invalid):
        known = {name: sentence for name, sentence in error.errors.items() if name in ("content", "contentWarning")}
        others = [sentence for name, sentence in error.errors.items() if name not in known]
        return Form(typed, known, " ".join(others))
    return Form(typed, sentence=error.sentence)


# -- Another wording -----------------------------------------------------------
@blueprint.get("/posts/<post_id>/edit")
async def edit_page(post_id: str) -> Answer:
    """Change a post of one's own."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    entry = await service.own(identity.actor, post_id)
    values = {"content": entry.source, "contentWarning": entry.content_warning, "language": entry.language}
    return await _edit_form(identity, entry, Form(values=values))


async def _edit_form(identity: Identity, entry: Entry, form: Form, status: int = 200) -> Response:
    return await render_page(
        "posts/compose.html",
        status=status,
        composer=await composer(identity, form),
        reply_to=None,
        post=await _post(identity, entry),
    )


@blueprint.post("/posts/<post_id>/edit")
async def edit(post_id: str) -> Answer:
    """Keep a change."""
    identity = await _me()
    typed = await _typed("content", "contentWarning", "language")
    entry = await service.own(identity.actor, post_id)
    try:
        entry = await service.change(
            identity.actor,
            post_id,
            typed["content"],
            content_warning=typed["contentWarning"],
            language=typed["language"] or None,
        )
    except (Invalid, Rejected) as error:
        return await _edit_form(identity, entry, _wrong(typed, error), 422)
    page = f"/@{identity.actor.username}/{entry.id}"
    return gone_to(page) if wants_fragment(request.headers) else redirect(page, 303)
