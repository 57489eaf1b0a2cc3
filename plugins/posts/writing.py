"""Pages to write on: a new post, an answer, another wording. What was typed comes back with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts.sessions import Identity
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.entries import visible_entry
from core.errors import Conflict, Forbidden, Invalid, NotFound, Rejected
from core.file_forms import own_file_form
from core.instance import here
from core.models import Actor, Entry
from core.present import stamp
from core.storage.models import File
from core.web.chosen_files import chosen_files, ids_of, is_arranging
from core.web.forms import Form, local_path
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, render_page, to_login, viewer_identity
from core.web.sending import FIELD, once_for_form
from plugins.posts import drafts, scheduling, service
from plugins.posts.composing import composer
from plugins.posts.listing import form_of, gone_to
from plugins.posts.models import ScheduledPost
from plugins.posts.typed import (
    ABOUT,
    SAID,
    WORDS,
    Typed,
    body_of,
    policies_of,
    poll_of,
    seen,
    time_of,
    typed_words,
    values_of,
    wrong,
)

blueprint = Blueprint("posts_writing", __name__)
Answer = Response | Redirect
LATER = "/scheduled"


async def _post(identity: Identity, entry: Entry) -> Mapping[str, Any]:
    return await form_of(entry, identity.actor)


async def _parent(identity: Identity, parent_id: str) -> Mapping[str, Any]:
    """What is answered or quoted. Raises NotFound."""
    return await _post(identity, await visible_entry(viewer_of(identity.actor), parent_id))


# -- New -----------------------------------------------------------------------
@blueprint.get("/compose")
async def compose_page() -> Answer:
    """Write on a page of its own."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    if draft_id := request.args.get("draft"):
        draft = await drafts.own(identity.actor, draft_id)
        named = {"draftId": draft.id, "draftVersion": str(draft.version)}
        return await _kept_form(identity, draft.body, named)
    if scheduled_id := request.args.get("scheduled"):
        waiting = await scheduling.own(identity.actor, scheduled_id)
        return await _kept_form(
            identity, {**waiting.body, "publish_at": stamp(waiting.publish_at)}, {"scheduledId": waiting.id}
        )
    parent_id = request.args.get("inReplyTo") or request.args.get("reply")
    parent = await _parent(identity, parent_id) if parent_id else None
    quote_id = request.args.get("quote")
    return await _form(identity, parent, quoted=await _parent(identity, quote_id) if quote_id else None)


async def _kept_form(identity: Identity, body: Mapping[str, Any], named: Typed) -> Response:
    """The composer, to go on with what was kept."""
    about = {"inReplyTo": body.get("reply_to_id") or "", "quote": body.get("quote_id") or ""}
    known = await File.filter(id__in=body["file_ids"], owner_id=identity.actor.id) if body.get("file_ids") else []
    files = {file.id: own_file_form(file) for file in known}
    shown = [files[file_id] for file_id in body.get("file_ids") or () if file_id in files]
    return await typed_form(identity, Form({**values_of(body), **about, **named}), shown)


async def _form(
    identity: Identity,
    parent: Mapping[str, Any] | None,
    form: Form | None = None,
    status: int = 200,
    quoted: Mapping[str, Any] | None = None,
    files: Sequence[Mapping[str, Any]] = (),
    preview: Mapping[str, Any] | None = None,
) -> Response:
    context: dict[str, Any] = {"composer": await composer(identity, form, parent, files), "reply_to": parent}
    context |= {"quoting": quoted, "preview": preview}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_composer.html", status=status, **context)
    return await render_page("posts/compose.html", status=status, post=None, **context)


@blueprint.post("/compose")
async def compose() -> Answer:
    """Publish, or keep it for its time."""
    identity = await me()
    typed = await typed_words(*WORDS, *ABOUT, FIELD)
    files: Sequence[Mapping[str, Any]] = ()

    async def make() -> str:
        nonlocal files
        files = await chosen_files(identity.actor)
        return await _made(identity.actor, typed, files)

    try:
        if await is_arranging():
            files = await chosen_files(identity.actor)
            await poll_of(typed)
            return await typed_form(identity, Form(typed), files)
        page = await once_for_form(identity.actor, make)
    except Conflict as error:
        files = files or await chosen_files(identity.actor)  # it came not to them where the same is on its way already
        return await typed_form(identity, wrong(typed, error), files, 422)
    except (Invalid, Rejected, Forbidden) as error:
        return await typed_form(identity, wrong(typed, error), files, 422)
    except NotFound as error:
        if typed["scheduledId"]:
            return await typed_form(identity, Form({**typed, "scheduledId": ""}, sentence=error.sentence), files, 422)
        if wants_fragment(request.headers):
            raise
        sentence = _("What you answer or quote has gone. Your words are still here and can stand alone.")
        return await typed_form(identity, Form({**typed, "inReplyTo": "", "quote": ""}, sentence=sentence), files, 422)
    if page == LATER:
        return gone_to(page) if wants_fragment(request.headers) else redirect(page, 303)
    if wants_fragment(request.headers):
        post = await _parent(identity, page.rpartition("/")[2])
        return await render_fragment("posts/_card.html", post=post)
    after = local_path((await request.form).get("next"), page)
    return redirect(page if after.startswith("/compose") else after, 303)


async def _made(author: Actor, typed: Typed, files: Sequence[Mapping[str, Any]]) -> str:
    """Write what was typed, now or for later; the path of it."""
    body, at = await body_of(typed, ids_of(files)), time_of(typed)
    former = await _former(author, typed)
    if isinstance(former, ScheduledPost):
        at = at or former.publish_at
    if at:
        await service.write_later(author, at, body, instead_of=former)
        return LATER
    entry = await service.write(author, **body, instead_of=former)
    return f"/@{author.username}/{entry.id}"


async def _former(actor: Actor, typed: Typed) -> service.Unpublished | None:
    """What it was until now. A draft that is gone already keeps nobody from posting what they see before them."""
    if typed["scheduledId"]:
        return await scheduling.own(actor, typed["scheduledId"])
    try:
        return await drafts.own(actor, typed["draftId"]) if typed["draftId"] else None
    except NotFound:
        return None


async def typed_form(
    identity: Identity,
    form: Form,
    files: Sequence[Mapping[str, Any]] = (),
    status: int = 200,
    preview: Mapping[str, Any] | None = None,
) -> Response:
    """The composer with what was typed, and what that answers and quotes as far as it is still there."""
    parent = await seen(identity.actor, form.value("inReplyTo"))
    return await _form(identity, parent, form, status, await seen(identity.actor, form.value("quote")), files, preview)


# -- Another wording -----------------------------------------------------------
@blueprint.get("/posts/<post_id>/edit")
async def edit_page(post_id: str) -> Answer:
    """Change a post of one's own."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    entry = await service.own(identity.actor, post_id, "edit")
    values = {"content": entry.source, "contentType": entry.source_type}
    values |= {"contentWarning": entry.content_warning, "language": entry.language}
    values |= {"replyPolicy": entry.reply_policy, "quotePolicy": entry.quote_policy}
    shown = await _post(identity, entry)
    values |= {"showCamera": "on"} if shown.get("camera") else {}
    if poll := shown["poll"]:
        titles = "\n".join(option["title"] for option in poll["options"])
        values |= {"poll": "on", "pollSaved": "on", "pollOptions": titles}
        values |= {"pollMultiple": "on"} if poll["multiple"] else {}
    return await _edit_form(identity, entry, Form(values=values), shown["attachments"])


async def _edit_form(
    identity: Identity, entry: Entry, form: Form, files: Sequence[Mapping[str, Any]], status: int = 200
) -> Response:
    cameras = here().kinds[entry.kind].tells_cameras
    return await render_page(
        "posts/compose.html",
        status=status,
        composer={**await composer(identity, form, files=files), "cameras": cameras},
        reply_to=None,
        post=await _post(identity, entry),
    )


@blueprint.post("/posts/<post_id>/edit")
async def edit(post_id: str) -> Answer:
    """Keep a change."""
    identity = await me()
    typed = await typed_words(*SAID, "showCamera")
    entry = await service.own(identity.actor, post_id, "edit")
    before = await _post(identity, entry)
    files: Sequence[Mapping[str, Any]] = before["attachments"]
    try:
        files = await chosen_files(identity.actor)
        if await is_arranging():
            await poll_of(typed, before["poll"])
            return await _edit_form(identity, entry, Form(typed), files)
        entry = await service.change(
            identity.actor,
            post_id,
            typed["content"],
            content_type=typed["contentType"] or None,
            content_warning=typed["contentWarning"],
            language=typed["language"] or None,
            **policies_of(typed),
            poll=await poll_of(typed, before["poll"]),
            file_ids=ids_of(files),
            show_camera=bool(typed["showCamera"]) if here().kinds[entry.kind].tells_cameras else None,
        )
    except (Invalid, Rejected) as error:
        return await _edit_form(identity, entry, wrong(typed, error), files, 422)
    page = f"/@{identity.actor.username}/{entry.id}"
    return gone_to(page) if wants_fragment(request.headers) else redirect(page, 303)
