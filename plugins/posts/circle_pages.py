"""Pages of circles: which there are, and who of one's friends is in each."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import circles, people, present
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.errors import Conflict, Invalid, KithError, NotFound
from core.models import Actor
from core.web.forms import Form
from core.web.pages import render_page, to_login, viewer_identity
from plugins.posts.meeting_pages import people_tabs

blueprint = Blueprint("posts_circles", __name__, url_prefix="/circles")
Answer = Response | Redirect
FRIENDS_AT_MOST = 500


@blueprint.get("")
async def listed() -> Answer:
    """One's circles, and a form for another one."""
    identity = await viewer_identity()
    return await _list(identity.actor, Form()) if identity else to_login()


async def _list(actor: Actor, form: Form, status: int = 200) -> Response:
    return await render_page(
        "posts/circles.html", status=status, form=form, circles=await circles.of_actor(actor), tabs=people_tabs()
    )


@blueprint.post("")
async def create() -> Answer:
    """Make a circle, and go on to choose who is in it."""
    actor, name = (await me()).actor, await _name()
    try:
        circle_id = await circles.create(actor, name)
    except (Invalid, Conflict) as error:
        return await _list(actor, _wrong(name, error), error.status)
    return redirect(f"/circles/{circle_id}", 303)


async def _name() -> str:
    return str((await request.form).get("name", ""))


def _wrong(name: str, error: KithError) -> Form:
    errors = error.errors if isinstance(error, Invalid) else {"name": error.sentence}
    beside = {field: sentence for field, sentence in errors.items() if field == "name"}
    return Form({"name": name}, beside, errors.get("userIds", ""))


@blueprint.get("/<circle_id>")
async def one(circle_id: str) -> Answer:
    """Who is in a circle, and who of one's friends is not."""
    identity = await viewer_identity()
    return await _one(identity.actor, circle_id) if identity else to_login()


async def _one(actor: Actor, circle_id: str, form: Form | None = None, status: int = 200) -> Response:
    own = await circles.own(actor, circle_id)
    inside = await circles.members(actor, circle_id, None, circles.MEMBERS_AT_MOST)
    known = {row["id"] for row in inside}
    friends = await people.friends(actor, viewer_of(actor), None, FRIENDS_AT_MOST)
    rows = [*inside, *(row for row in friends if row["id"] not in known)]
    return await render_page(
        "posts/circle.html",
        status=status,
        circle=own,
        form=form or Form({"name": own["name"]}),
        people=[
            {"user": form, "isMember": row["id"] in known, "isFriend": form["isFriend"]}
            for row, form in zip(rows, await present.users(rows, actor), strict=True)
        ],
        notice=None,
    )


@blueprint.post("/<circle_id>")
async def change(circle_id: str) -> Answer:
    """Keep the name and who is in it."""
    actor, form = (await me()).actor, await request.form
    name = str(form.get("name", ""))
    chosen = [await _person(user_id) for user_id in form.getlist("userIds")[: 2 * circles.MEMBERS_AT_MOST]]
    try:
        await circles.change(actor, circle_id, name=name, people=[one for one in chosen if one is not None])
    except (Invalid, Conflict) as error:
        return await _one(actor, circle_id, _wrong(name, error), error.status)
    return redirect("/circles", 303)


async def _person(user_id: str) -> Actor | None:
    try:
        return await people.known_actor(user_id)
    except NotFound:
        return None  # they left meanwhile


@blueprint.post("/<circle_id>/delete")
async def delete(circle_id: str) -> Redirect:
    """Forget a circle."""
    await circles.delete((await me()).actor, circle_id)
    return redirect("/circles", 303)
