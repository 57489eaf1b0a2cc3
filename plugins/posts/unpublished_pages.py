"""Pages of what is not published yet: drafts, posts that wait for their time, and how a post will look."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts.sessions import Identity
from core.accounts.settings_frame import me
from core.errors import Conflict, Forbidden, Invalid, KithError, NotFound, Rejected
from core.uploads import take_files
from core.web.chosen_files import AT_ONCE, chosen_files, ids_of
from core.web.forms import Form
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, to_login, viewer_identity
from plugins.posts import drafts, redrafting, scheduling
from plugins.posts.keeping import draft_forms, scheduled_forms
from plugins.posts.listing import PAGE, before, pagination, rows_page
from plugins.posts.making import drafted
from plugins.posts.models import KeptDraft
from plugins.posts.typed import ABOUT, WORDS, Typed, body_of, draft_of, typed_words, wrong
from plugins.posts.writing import typed_form

blueprint = Blueprint("posts_unpublished", __name__)
Answer = Response | Redirect

take_files("/compose/draft", "video_bytes", at_once=AT_ONCE)
take_files("/compose/preview", "video_bytes", at_once=AT_ONCE)


# -- Drafts --------------------------------------------------------------------
@blueprint.get("/drafts")
async def drafts_page() -> Answer:
    """What one is still writing."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    found = await drafts.listed(identity.actor, before("drafts"), PAGE)
    return await rows_page(
        "posts/drafts.html",
        "posts/_drafts.html",
        drafts=await draft_forms(identity.actor, found[:PAGE]),
        pagination=pagination("drafts", found),
    )


@blueprint.post("/compose/draft")
async def keep() -> Answer:
    """Keep what was typed so far: by the button, or by the composer itself while somebody writes."""
    identity = await me()
    typed = await typed_words(*WORDS, *ABOUT)
    try:
        files = await chosen_files(identity.actor)
        kept = await _saved(identity, typed, await draft_of(typed, ids_of(files)))
    except (Invalid, Conflict) as error:
        if wants_fragment(request.headers):
            raise
        return await typed_form(identity, wrong(typed, error), status=error.status)
    if wants_fragment(request.headers):
        return await render_fragment("posts/_kept.html", draft=kept)
    return redirect("/drafts", 303)


async def _saved(identity: Identity, typed: Typed, body: dict[str, Any]) -> KeptDraft:
    """Where another device has changed the draft meanwhile, or thrown it away, this one becomes another."""
    number = typed["draftVersion"]
    version = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else None
    try:
        return await drafts.save(identity.actor, body, draft_id=typed["draftId"] or None, version=version)
    except (NotFound, Conflict):
        return await drafts.save(identity.actor, body)


@blueprint.post("/drafts/<draft_id>/delete")
async def delete_draft(draft_id: str) -> Redirect:
    """Throw a draft away."""
    await drafts.discard((await me()).actor, draft_id)
    return redirect("/drafts", 303)


@blueprint.post("/posts/<post_id>/redraft")
async def redraft(post_id: str) -> Redirect:
    """Delete a post, and go on with what it said."""
    draft = await redrafting.redraft((await me()).actor, post_id)
    return redirect(f"/compose?draft={draft.id}", 303)


# -- Posts for later -----------------------------------------------------------
@blueprint.get("/scheduled")
async def scheduled_page() -> Answer:
    """What waits for its time."""
    identity = await viewer_identity()
    return await _scheduled(identity) if identity else to_login()


async def _scheduled(identity: Identity, sentence: str = "", status: int = 200) -> Response:
    found = await scheduling.listed(identity.actor, before("scheduled"), PAGE)
    return await rows_page(
        "posts/scheduled.html",
        "posts/_scheduled.html",
        status=status,
        scheduled=await scheduled_forms(identity.actor, found[:PAGE]),
        pagination=pagination("scheduled", found),
        sentence=sentence,
    )


@blueprint.post("/scheduled/<scheduled_id>/publish")
async def publish_scheduled(scheduled_id: str) -> Answer:
    """Wait no longer."""
    identity = await me()
    waiting = await scheduling.own(identity.actor, scheduled_id)
    try:
        entry = await scheduling.publish_now(identity.actor, waiting.id)
    except (Invalid, Rejected, Forbidden) as error:
        return await _scheduled(identity, _why(error), 422)
    except NotFound:
        return await _scheduled(identity, _("What it answers or quotes has gone. Change it first."), 422)
    return redirect(f"/@{identity.actor.username}/{entry.id}", 303)


def _why(error: KithError) -> str:
    return " ".join(error.errors.values()) if isinstance(error, Invalid) else error.sentence


@blueprint.post("/scheduled/<scheduled_id>/delete")
async def cancel_scheduled(scheduled_id: str) -> Redirect:
    """Take a post back before anybody has seen it."""
    await scheduling.cancel((await me()).actor, scheduled_id)
    return redirect("/scheduled", 303)


# -- How it will look ----------------------------------------------------------
@blueprint.post("/compose/preview")
async def preview() -> Answer:
    """Show what was typed as it will be: made and cleaned as if it were published, which it is not."""
    identity = await me()
    typed = await typed_words(*WORDS, *ABOUT)
    files: list[Any] = []
    try:
        files = await chosen_files(identity.actor)
        body = await body_of(typed, ids_of(files))
        draft = await drafted(identity.actor, **body)
    except (Invalid, Rejected, Forbidden, NotFound) as error:
        if wants_fragment(request.headers):
            return await render_fragment("posts/_preview.html", preview=None, sentence=_why(error))
        return await typed_form(identity, wrong(typed, error), files, 422)
    people = [{"userId": one.id, "url": one.url or one.uri, "acct": one.acct} for one in draft.mentions]
    shown = {
        "contentWarning": draft.content_warning,
        "content": draft.content,
        "user": {"userId": identity.actor.id, "url": identity.actor.url, "acct": identity.actor.acct},
        "mentions": people,
        "tags": draft.tags,
        "attachments": files,
        "options": draft.poll.options if draft.poll else [],
        "visibility": draft.visibility,
    }
    if wants_fragment(request.headers):
        return await render_fragment("posts/_preview.html", preview=shown)
    return await typed_form(identity, Form(typed), files, preview=shown)
