"""Pages of suggested descriptions: making one, and the author's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts.settings_frame import me
from core.errors import Conflict, Forbidden, Invalid, RateLimited
from core.file_forms import file_form
from core.instance import here
from core.models import Actor
from core.storage.files import ALT_AT_MOST
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page, to_login, viewer_identity
from core.web.slots import Tab
from plugins.images import alt_counting, alt_listing, alt_suggestions
from plugins.images.models import AltSuggestion

blueprint = Blueprint("images_alt_pages", __name__)
Answer = Response | Redirect
SHOWN = 20


# -- Suggesting ----------------------------------------------------------------
@blueprint.get("/images/describe/<picture_id>")
async def describe_page(picture_id: str) -> Answer:
    """A form to suggest what is to be seen; for one's own picture, that of its post."""
    identity = await viewer_identity()
    return await _form(identity.actor, picture_id) if identity else to_login()


async def _form(actor: Actor, picture_id: str, form: Form | None = None, status: int = 200) -> Answer:
    file, entry = await alt_suggestions.picture(actor, picture_id)
    if entry.author_id == actor.id:
        return redirect(f"/posts/{entry.id}/edit", 303)
    before = {one.state: one for one in await AltSuggestion.filter(file_id=file.id, actor_id=actor.id)}
    waiting = before.get(alt_counting.WAITING)
    kept = {"alt": waiting.alt, "credit": str(waiting.is_credited).lower()} if waiting else {}
    author = await Actor.get(id=entry.author_id)
    return await render_page(
        "images/describe.html",
        status=status,
        picture=file_form(file),
        author=present.user_short(present.row_of(author)),
        post_page=f"/@{author.acct}/{entry.id}",
        waiting=waiting.id if waiting else "",
        is_declined=alt_suggestions.REJECTED in before,
        is_welcome=await alt_suggestions.is_welcome(actor, author.id),
        form=form or Form(kept),
        longest=ALT_AT_MOST,
    )


@blueprint.post("/images/describe/<picture_id>")
async def describe(picture_id: str) -> Answer:
    """Suggest it, or in other words what one suggested before."""
    actor, sent = (await me()).actor, await request.form
    typed = {name: str(sent.get(name, "")) for name in ("alt", "credit")}
    credit = typed["credit"] == "true"
    try:
        if waiting := sent.get("suggestion"):
            await alt_suggestions.reword(actor, str(waiting), typed["alt"], credit=credit)
        else:
            await alt_suggestions.suggest(actor, picture_id, typed["alt"], credit=credit)
    except Invalid as error:
        return await _form(actor, picture_id, Form(typed, error.errors), 422)
    except (Conflict, Forbidden, RateLimited) as error:
        return await _form(actor, picture_id, Form(typed, sentence=error.sentence), error.status)
    return redirect("/images/descriptions?direction=out&suggested", 303)


# -- Answering -----------------------------------------------------------------
@blueprint.get("/images/descriptions")
async def listed() -> Answer:
    """What waits for one's answer, or what one suggested."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    said = {
        "suggested": _("Thank you. They read it, and decide."),
        "used": _("The picture is described so now."),
        "declined": _("Declined."),
        "withdrawn": _("Taken back."),
    }
    notice = next(({"text": said[name], "kind": "good"} for name in said if name in request.args), None)
    return await _listed(identity.actor, notice=notice)


async def _listed(
    actor: Actor, wrong: Mapping[str, Form] | None = None, status: int = 200, notice: dict[str, Any] | None = None
) -> Response:
    is_out = request.args.get("direction") == "out"
    name, cursors = f"alt-suggestions:{'out' if is_out else 'in'}:{actor.id}", here().cursors
    try:
        before = cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    except Invalid:
        before = None
    found = await (alt_listing.made if is_out else alt_listing.waiting)(actor, before, SHOWN)
    count = await alt_counting.count_waiting(actor.id)
    return await render_page(
        "images/descriptions.html",
        status=status,
        notice=notice,
        suggestions=await alt_listing.forms_of(found[:SHOWN]),
        older=cursors.following(name, found, SHOWN),
        direction="out" if is_out else "in",
        directions=[
            Tab("in", _("For you"), "/images/descriptions", count=count or None),
            Tab("out", _("By you"), "/images/descriptions?direction=out"),
        ],
        wrong=wrong or {},
        longest=ALT_AT_MOST,
    )


@blueprint.post("/images/descriptions/<suggestion_id>/accept")
async def accept(suggestion_id: str) -> Answer:
    """Describe the picture by what stands in the form."""
    actor = (await me()).actor
    typed = {"alt": str((await request.form).get("alt", ""))}
    try:
        await alt_suggestions.accept(actor, suggestion_id, typed["alt"])
    except Invalid as error:
        return await _listed(actor, {suggestion_id: Form(typed, error.errors)}, 422)
    except Conflict as error:
        return await _refused(actor, error)
    return redirect("/images/descriptions?used", 303)


@blueprint.post("/images/descriptions/<suggestion_id>/reject")
async def reject(suggestion_id: str) -> Answer:
    """Decline it."""
    actor = (await me()).actor
    try:
        await alt_suggestions.reject(actor, suggestion_id)
    except Conflict as error:
        return await _refused(actor, error)
    return redirect("/images/descriptions?declined", 303)


@blueprint.post("/images/descriptions/<suggestion_id>/withdraw")
async def withdraw(suggestion_id: str) -> Answer:
    """Take back what one suggested."""
    actor = (await me()).actor
    try:
        await alt_suggestions.withdraw(actor, suggestion_id)
    except Conflict as error:
        return await _refused(actor, error)
    return redirect("/images/descriptions?direction=out&withdrawn", 303)


async def _refused(actor: Actor, error: Conflict) -> Response:
    return await _listed(actor, status=error.status, notice={"text": error.sentence, "kind": "danger"})
