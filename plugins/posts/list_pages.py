"""Pages of lists of people: which there are, the feed of each, who is on it and what stands in it."""

from __future__ import annotations

from collections.abc import Mapping

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people, people_lists, present
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.database import transaction
from core.errors import Invalid
from core.models import Actor
from core.web.forms import Form
from core.web.pages import render_page, to_login, viewer_identity
from plugins.posts.list_feeds import of_list
from plugins.posts.listing import list_page

blueprint = Blueprint("posts_people_lists", __name__, url_prefix="/lists")
Answer = Response | Redirect


@blueprint.get("")
async def listed() -> Answer:
    """One's lists, and a form for another one."""
    identity = await viewer_identity()
    return await _list(identity.actor, Form({"replies": "list"})) if identity else to_login()


async def _list(actor: Actor, form: Form, status: int = 200) -> Response:
    return await render_page("posts/lists.html", status=status, form=form, lists=await people_lists.lists(actor))


@blueprint.post("")
async def make() -> Answer:
    """Make a list, and go on to choose who is on it."""
    actor, form = (await me()).actor, await request.form
    try:
        made = await people_lists.make(
            actor, form.get("title", ""), replies=form.get("replies", "list"), exclusive=_is_exclusive(form)
        )
    except Invalid as error:
        return await _list(actor, _wrong(form, error), error.status)
    return redirect(f"/lists/{made.id}/edit", 303)


def _is_exclusive(form: Mapping[str, str]) -> bool:
    return form.get("exclusive") == "true"


def _wrong(form: Mapping[str, str], error: Invalid) -> Form:
    beside = {field: sentence for field, sentence in error.errors.items() if field in ("title", "replies")}
    values = {name: str(form.get(name, "")) for name in ("title", "replies", "exclusive")}
    return Form(values, beside, error.errors.get("userIds", ""))


@blueprint.get("/<list_id>")
async def read(list_id: str) -> Answer:
    """What people on a list publish and share."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    actor = identity.actor
    found = await people_lists.owned(actor, list_id)
    return await list_page(
        "posts/list.html",
        f"list:{found.id}",
        actor,
        lambda before, limit: of_list(found, actor, before, limit),
        context="lists",
        list=found,
    )


@blueprint.get("/<list_id>/edit")
async def edit(list_id: str) -> Answer:
    """Who is on a list, and what stands in it."""
    identity = await viewer_identity()
    return await _edit(identity.actor, list_id) if identity else to_login()


async def _edit(actor: Actor, list_id: str, form: Form | None = None, status: int = 200) -> Response:
    found = await people_lists.one(actor, list_id)
    inside = await people_lists.members(actor, list_id, None, people_lists.MEMBERS_AT_MOST)
    known = {row["id"] for row in inside}
    followed = await people.following(actor, viewer_of(actor), None, people_lists.MEMBERS_AT_MOST)
    rows = [*inside, *(row for row in followed if row["id"] not in known)]
    exclusive = "true" if found["exclusive"] else ""
    return await render_page(
        "posts/list_edit.html",
        status=status,
        list=found,
        form=form or Form({"title": found["title"], "replies": found["replies"], "exclusive": exclusive}),
        people=[{"user": present.user_short(row), "isMember": row["id"] in known} for row in rows],
    )


@blueprint.post("/<list_id>/edit")
async def change(list_id: str) -> Answer:
    """Keep what a list is called, what stands in it and who is on it."""
    actor, form = (await me()).actor, await request.form
    members = await people_lists.members(actor, list_id, None, people_lists.MEMBERS_AT_MOST)
    before, chosen = {row["id"] for row in members}, dict.fromkeys(form.getlist("userIds"))
    try:
        added = [await people.known_actor(user_id) for user_id in chosen if user_id not in before]
        async with transaction():
            await people_lists.change(
                actor,
                list_id,
                title=form.get("title", ""),
                replies=form.get("replies", "list"),
                exclusive=_is_exclusive(form),
            )
            await people_lists.take_off(actor, list_id, sorted(before - set(chosen)))
            await people_lists.add(actor, list_id, added)
    except Invalid as error:
        return await _edit(actor, list_id, _wrong(form, error), error.status)
    return redirect(f"/lists/{list_id}", 303)


@blueprint.post("/<list_id>/delete")
async def delete(list_id: str) -> Redirect:
    """Delete a list."""
    await people_lists.delete((await me()).actor, list_id)
    return redirect("/lists", 303)
