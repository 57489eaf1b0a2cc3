"""Pages of who likes a post, and who shared it."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people
from core.audience import viewer_of
from core.entries import visible_entry
from core.models import Actor
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from plugins.posts.listing import PAGE, form_of, people_page, viewer_actor

blueprint = Blueprint("posts_involved", __name__)


@blueprint.get("/@<acct>/<post_id>/likes")
@blueprint.get("/@<acct>/<post_id>/shares")
async def involved(acct: str, post_id: str) -> Response | Redirect:
    """Who likes a post, or who shared it, the latest first, below the post; nobody who is apart from the viewer."""
    actor = await viewer_actor()
    viewer = viewer_of(actor)
    entry = await visible_entry(viewer, post_id)
    author = await Actor.get(id=entry.author_id)
    which = request.path.rpartition("/")[2]
    page = f"/@{author.acct}/{entry.id}"
    if acct != author.acct:
        return redirect(f"{page}/{which}")
    find = people.likers if which == "likes" else people.sharers
    return await people_page(
        f"{which}:{entry.id}",
        actor,
        lambda position: find(entry.id, viewer, position, PAGE),
        post=None if wants_fragment(request.headers) else await form_of(entry, actor),
        heading=_("Who likes it") if which == "likes" else _("Who shared it"),
        back={"href": page, "label": _("Back to the post")},
        empty_title=_("Nobody yet"),
        empty_text=_("Whoever likes it will be shown here.")
        if which == "likes"
        else _("Whoever shares it will be shown here."),
    )
