"""Pages to find people and keep an eye on who one knows: suggestions, friends, what one has asked for."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people, present, suggestions
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import html_response, render_fragment, render_page, to_login
from core.web.slots import Tab
from core.web.words import reason_words
from plugins.posts.listing import PAGE, before, pagination, viewer_actor

blueprint = Blueprint("posts_meeting", __name__)
SUGGESTED = 40
REASONS = 2
Answer = Response | Redirect


def people_tabs() -> list[Tab]:
    """The pages about whom one knows."""
    return [
        Tab("requests", _("Requests"), "/requests"),
        Tab("replies", _("Replies"), "/requests/replies"),
        Tab("quotes", _("Quotes"), "/requests/quotes"),
        Tab("sent", _("Asked"), "/requests/sent"),
        Tab("friends", _("Friends"), "/friends"),
        Tab("circles", _("Circles"), "/circles"),
        Tab("suggestions", _("Suggestions"), "/suggestions"),
    ]


@blueprint.get("/suggestions")
async def suggested() -> Answer:
    """People to follow, and why."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    found = await suggestions.suggested(actor, SUGGESTED)
    users = await present.users([one.row for one in found], actor)
    listed = [
        {
            "user": user,
            "reasons": [
                reason_words(reason.kind, reason.count, reason.names, reason.tag) for reason in one.reasons[:REASONS]
            ],
        }
        for user, one in zip(users, found, strict=True)
    ]
    return await render_page("posts/suggestions.html", suggestions=listed, tabs=people_tabs(), tab="suggestions")


@blueprint.post("/suggestions/<user_id>/dismiss")
async def dismiss(user_id: str) -> Answer:
    """Not be suggested somebody again."""
    actor = (await me()).actor
    await suggestions.dismiss(actor, await people.visible_actor(viewer_of(actor), user_id))
    return html_response("") if wants_fragment(request.headers) else redirect("/suggestions", 303)


@blueprint.get("/friends")
async def friends() -> Answer:
    """Those one follows who follow back."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    name = f"friends:{actor.id}"
    found = await people.friends(actor, viewer_of(actor), before(name), PAGE)
    context: dict[str, Any] = {"users": await present.users(found[:PAGE], actor), "pagination": pagination(name, found)}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_people.html", **context)
    return await render_page(
        "posts/known.html",
        heading=_("Friends"),
        note=_("Friends are people who follow each other."),
        tabs=people_tabs(),
        tab="friends",
        empty_title=_("No friends yet"),
        empty_text=_("Ask somebody on their profile: they follow you, and you them."),
        **context,
    )


@blueprint.get("/requests/sent")
async def sent() -> Answer:
    """Whom one has asked to follow or to be friends, and who has not answered."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    name = f"asked:{actor.id}"
    found = await people.asked(actor, before(name), PAGE)
    context: dict[str, Any] = {"users": await present.users(found[:PAGE], actor), "pagination": pagination(name, found)}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_people.html", **context)
    return await render_page(
        "posts/known.html",
        heading=_("What you have asked for"),
        note=_("They have not answered yet. You can take a request back."),
        tabs=people_tabs(),
        tab="sent",
        empty_title=_("Nothing is open"),
        empty_text=_("Whom you ask to follow or to be friends is listed here until they answer."),
        **context,
    )
