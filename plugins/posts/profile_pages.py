"""Pages about people: profiles, who follows whom, who asks to, who is blocked or muted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people, prepared, present
from core.audience import viewer_of
from core.models import Actor
from core.people import Row, visible_actor
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import filled, render_fragment, render_page, to_login
from core.web.slots import Tab, in_order
from plugins.posts import lists
from plugins.posts.listing import PAGE, before, list_page, pagination, viewer_actor

blueprint = Blueprint("posts_profiles", __name__)
REQUESTS_AT_MOST = 50
Found = Awaitable[list[Row]]


@blueprint.get("/@<acct>")
@blueprint.get("/@<acct>/replies")
async def profile(acct: str) -> Response | Redirect:
    """Somebody and what they posted."""
    actor = await viewer_actor()
    person = await visible_actor(viewer_of(actor), acct)
    if acct != person.acct:
        return redirect(request.full_path.rstrip("?").replace(f"/@{acct}", f"/@{person.acct}", 1))
    user = (await present.users([present.row_of(person)], actor))[0]
    replies = request.path.endswith("/replies")
    at = f"/@{person.acct}"
    tabs = [
        Tab("posts", _("Posts"), at, 0),
        Tab("replies", _("Replies"), f"{at}/replies", 10),
        *await filled("profile.tabs", Tab, actor=person),
    ]
    return await list_page(
        "posts/profile.html",
        f"posts:{person.id}:{replies}",
        actor,
        lambda before, limit: lists.of_actor(person.id, viewer_of(actor), before, limit, replies=replies),
        prepared.of_actor(person.id),
        prepared.of_profile(person.id),
        user=user,
        tab="replies" if replies else "posts",
        tabs=in_order(tabs),
        pinned=[],
        body=None,
        hidden=_("You have blocked them: you do not see their posts, and they do not see yours.")
        if user.get("isBlocked")
        else None,
        indexed=person.is_indexable,
    )


async def _listed(name: str, actor: Actor | None, find: Callable[[str | None], Found], **context: Any) -> Response:
    """A page of people, or the rows of it where htmx asks."""
    found = await find(before(name))
    context |= {"users": await present.users(found[:PAGE], actor), "pagination": pagination(name, found)}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_people.html", **context)
    return await render_page("posts/people.html", **context)


@blueprint.get("/@<acct>/followers")
@blueprint.get("/@<acct>/following")
async def ties(acct: str) -> Response:
    """Who follows somebody, or whom they follow."""
    actor = await viewer_actor()
    viewer = viewer_of(actor)
    person = await visible_actor(viewer, acct)
    which = request.path.rpartition("/")[2]
    find = people.followers if which == "followers" else people.following
    return await _listed(
        f"{which}:{person.id}",
        actor,
        lambda position: find(person, viewer, position, PAGE),
        heading=_("Followers") if which == "followers" else _("Following"),
        back={"href": f"/@{person.acct}", "label": _("Back to @%(name)s") % {"name": person.acct}},
        empty_title=_("Nobody yet"),
        empty_text=_("They will be shown here."),
    )


@blueprint.get("/settings/blocks")
async def blocked() -> Response | Redirect:
    """Whom somebody has nothing to do with."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await _listed(
        f"blocks:{actor.id}",
        actor,
        lambda position: people.blocked(actor, position, PAGE),
        heading=_("Blocked people"),
        back={"href": "/settings", "label": _("Back to the settings")},
        empty_title=_("Nobody is blocked"),
        empty_text=_("Whom you block sees nothing of you, and you see nothing of them. You can lift it here."),
    )


@blueprint.get("/settings/mutes")
async def muted() -> Response | Redirect:
    """Whom somebody does not want to see in lists."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await _listed(
        f"mutes:{actor.id}",
        actor,
        lambda position: people.muted(actor, position, PAGE),
        heading=_("Muted people"),
        back={"href": "/settings", "label": _("Back to the settings")},
        empty_title=_("Nobody is muted"),
        empty_text=_("Posts of those you mute are kept out of your lists; they do not notice. You can lift it here."),
    )


def _asked_at(follow_id: str) -> datetime:
    """When a follow was asked for: a UUIDv7 begins with its time in ms (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp(int(follow_id.replace("-", "")[:12], 16) / 1000, UTC)


@blueprint.get("/requests")
async def requests() -> Response | Redirect:
    """Who asks to follow or to be friends."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    wishes = await people.friend_requests(actor, "in", None, REQUESTS_AT_MOST)
    friends = {row["id"] for row in wishes}
    waiting = await people.requests(actor, None, REQUESTS_AT_MOST)
    rows = [*wishes, *(row for row in waiting if row["id"] not in friends)]
    listed = [
        {"user": form, "isFriendRequest": row["id"] in friends, "createdAt": _asked_at(row["position"])}
        for form, row in zip(await present.users(rows, actor), rows, strict=True)
    ]
    return await render_page("posts/requests.html", requests=listed, pagination=None)
