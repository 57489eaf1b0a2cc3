"""Pages about people: profiles, who follows whom, who asks to, who is blocked or muted."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people, prepared, present
from core.accounts.privacy import hides_network
from core.accounts.profile_pictures import shown_pictures
from core.audience import viewer_of
from core.fields import moment_of
from core.models import Actor
from core.people import Row, visible_actor
from core.web.language import gettext as _
from core.web.pages import filled, render_page, to_login
from core.web.slots import Tab, in_order
from core.web.words import known_words
from plugins.posts import lists
from plugins.posts.listing import PAGE, forms, list_page, people_page, viewer_actor
from plugins.posts.meeting_pages import people_tabs

blueprint = Blueprint("posts_profiles", __name__)
REQUESTS_AT_MOST = 50
NAMED = 2
PINNED_AT_MOST = 5
_PART_AT: dict[str, lists.Part] = {"replies": "replies", "media": "media"}
Found = Awaitable[list[Row]]


@blueprint.get("/@<acct>")
@blueprint.get("/@<acct>/replies")
@blueprint.get("/@<acct>/media")
async def profile(acct: str) -> Response | Redirect:
    """Somebody and what they posted."""
    actor = await viewer_actor()
    person = await visible_actor(viewer_of(actor), acct)
    if acct != person.acct:
        return redirect(request.full_path.rstrip("?").replace(f"/@{acct}", f"/@{person.acct}", 1))
    user = (await present.users([present.row_of(person)], actor))[0]
    part = _PART_AT.get(request.path.rpartition("/")[2], "posts")
    at = f"/@{person.acct}"
    tabs = [
        Tab("posts", _("Posts"), at, 0),
        Tab("replies", _("Replies"), f"{at}/replies", 10),
        Tab("media", _("Pictures"), f"{at}/media", 20),
        *await filled("profile.tabs", Tab, actor=person),
    ]
    return await list_page(
        "posts/profile.html",
        f"posts:{person.id}:{part}",
        actor,
        lambda before, limit: lists.of_actor(person.id, viewer_of(actor), before, limit, part=part),
        prepared.of_actor(person.id),
        prepared.of_profile(person.id),
        user=user,
        moved=await _moved_to(person),
        known=await _known(person, actor),
        pictures=await shown_pictures(person),
        context="profile",
        tab=part,
        tabs=in_order(tabs),
        pinned=await _pinned(person, actor) if part == "posts" and "cursor" not in request.args else [],
        body=None,
        hidden=_why_hidden(user),
        indexed=person.is_indexable,
    )


def _why_hidden(user: present.Form) -> str | None:
    """Why nothing of somebody is shown to whoever looks, in a sentence; None where it is."""
    if user.get("isBlocked"):
        return _("You have blocked them: you do not see their posts, and they do not see yours.")
    if user.get("isDomainBlocked"):
        return _("You have blocked their server, %(host)s: you see nothing of anybody there.") % {
            "host": user["domain"]
        }
    return None


async def _moved_to(person: Actor) -> dict[str, Any] | None:
    """The account somebody has moved to, where it is known here."""
    target = await Actor.get_or_none(uri=person.moved_to_uri) if person.moved_to_uri else None
    return present.user_short(present.row_of(target)) if target and target.is_here else None


async def _known(person: Actor, viewer: Actor | None) -> str:
    """Who follows somebody of those whom the viewer follows, in words."""
    if viewer is None or viewer.id == person.id or await hides_network(person, viewer_of(viewer)):
        return ""
    names, count = await people.acquaintances(person, viewer.id, NAMED)
    return known_words(names, count) if names else ""


async def _pinned(person: Actor, actor: Actor | None) -> list[present.Form]:
    found = await lists.pinned(person.id, viewer_of(actor), None, PINNED_AT_MOST)
    return await forms(found[:PINNED_AT_MOST], actor) if found else []


@blueprint.get("/@<acct>/followers")
@blueprint.get("/@<acct>/following")
@blueprint.get("/@<acct>/mutuals")
async def ties(acct: str) -> Response | Redirect:
    """Who follows somebody, or whom they follow; of their followers those whom one follows oneself."""
    actor = await viewer_actor()
    viewer = viewer_of(actor)
    person = await visible_actor(viewer, acct)
    which = request.path.rpartition("/")[2]
    hidden = await hides_network(person, viewer)
    if which == "mutuals" and actor is None:
        return to_login()
    find = {"followers": people.followers, "following": people.following, "mutuals": people.known_followers}[which]
    return await people_page(
        f"{which}:{person.id}",
        actor,
        lambda position: _nobody() if hidden else find(person, viewer, position, PAGE),
        heading={"followers": _("Followers"), "following": _("Following"), "mutuals": _("Followers you follow")}[which],
        back={"href": f"/@{person.acct}", "label": _("Back to @%(name)s") % {"name": person.acct}},
        empty_title=_("Not shown") if hidden else _("Nobody yet"),
        empty_text=_("%(name)s keeps this list to themselves.") % {"name": person.name or person.username}
        if hidden
        else _("They will be shown here."),
    )


async def _nobody() -> list[Row]:
    return []


@blueprint.get("/settings/blocks")
async def blocked() -> Response | Redirect:
    """Whom somebody has nothing to do with."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await people_page(
        f"blocks:{actor.id}",
        actor,
        lambda position: people.blocked(actor, position, PAGE),
        heading=_("Blocked people"),
        tab="blocks",
        empty_title=_("Nobody is blocked"),
        empty_text=_("Whom you block sees nothing of you, and you see nothing of them. You can lift it here."),
        more={"href": "/settings/blocked-servers", "label": _("Servers you block")},
    )


@blueprint.get("/settings/mutes")
async def muted() -> Response | Redirect:
    """Whom somebody does not want to see in lists."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await people_page(
        f"mutes:{actor.id}",
        actor,
        lambda position: people.muted(actor, position, PAGE),
        heading=_("Muted people"),
        tab="mutes",
        empty_title=_("Nobody is muted"),
        empty_text=_("Posts of those you mute are kept out of your lists; they do not notice. You can lift it here."),
    )


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
        {"user": form, "isFriendRequest": row["id"] in friends, "createdAt": moment_of(row["position"])}
        for form, row in zip(await present.users(rows, actor), rows, strict=True)
    ]
    return await render_page("posts/requests.html", requests=listed, pagination=None, tabs=people_tabs())
