"""The page of settings with the servers somebody blocks for themselves."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import domain_blocks
from core.accounts.settings_frame import me, settings_page
from core.errors import Conflict, Invalid, NotFound
from core.models import Actor
from core.web.forms import Form
from core.web.pages import to_login
from plugins.posts.listing import PAGE, before, pagination, viewer_actor

blueprint = Blueprint("posts_domain_blocks", __name__, url_prefix="/settings/blocked-servers")
Answer = Response | Redirect
LONGEST = 300


@blueprint.get("")
async def listed() -> Answer:
    """The servers one blocks."""
    actor = await viewer_actor()
    return await _page(actor) if actor else to_login()


async def _page(actor: Actor, form: Form | None = None, status: int = 200) -> Response:
    name = f"domain-blocks:{actor.id}"
    found = await domain_blocks.listed(actor, before(name), PAGE)
    return await settings_page(
        "posts/blocked_servers.html",
        "servers",
        status=status,
        servers=found[:PAGE],
        form=form or Form(),
        pagination=pagination(name, found),
    )


@blueprint.post("")
async def add() -> Answer:
    """Block a server; one that is blocked already is no failure on a page."""
    actor, typed = (await me()).actor, str((await request.form).get("domain", ""))[:LONGEST]
    try:
        await domain_blocks.block(actor, typed)
    except Conflict:
        pass
    except Invalid as error:
        return await _page(actor, Form({"domain": typed}, error.errors), error.status)
    return redirect(request.path, 303)


@blueprint.post("/remove")
async def remove() -> Redirect:
    """Lift the block of a server; where there is none, that is no failure on a page."""
    actor = (await me()).actor
    try:
        await domain_blocks.unblock(actor, str((await request.form).get("domain", ""))[:LONGEST])
    except NotFound:
        pass
    return redirect("/settings/blocked-servers", 303)
