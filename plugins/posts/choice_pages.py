"""Pages of what somebody wants to see: of a person they follow, of hashtags, of conversations; and what they like."""

from __future__ import annotations

from datetime import timedelta

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import actors, followed, markers, people, people_lists, present
from core.accounts.settings_frame import me, settings_page
from core.audience import viewer_of
from core.database import now
from core.entries import visible_entry
from core.errors import Conflict, Invalid, NotFound
from core.models import Actor, Follow
from core.web.forms import local_path
from core.web.htmx import wants_fragment
from core.web.pages import html_response, render_page, to_login
from plugins.posts import lists
from plugins.posts.listing import PAGE, before, list_page, pagination, viewer_actor

blueprint = Blueprint("posts_choices", __name__)
Answer = Response | Redirect
DURATIONS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "good": None}


@blueprint.get("/likes")
async def likes() -> Answer:
    """What somebody likes."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await list_page(
        "posts/timeline.html",
        f"liked:{actor.id}",
        actor,
        lambda before, limit: lists.liked(actor, before, limit),
        scope="likes",
    )


async def _next(fallback: str) -> Redirect:
    return redirect(local_path((await request.form).get("next"), fallback), 303)


# -- Hashtags and conversations ------------------------------------------------
@blueprint.post("/tags/<tag>/<any(follow,unfollow):verb>")
async def follow_tag(tag: str, verb: str) -> Answer:
    """Follow a hashtag or end it; what is so already is no failure on a page."""
    actor = (await me()).actor
    try:
        await (followed.follow_tag if verb == "follow" else followed.unfollow_tag)(actor, tag)
    except (Conflict, NotFound):
        pass
    return await _next(f"/tags/{tag}")


@blueprint.get("/settings/tags")
async def tags() -> Answer:
    """The hashtags somebody follows."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    name = f"followed-tags:{actor.id}"
    found = await followed.tags(actor, before(name), PAGE)
    return await settings_page(
        "posts/followed_tags.html", "tags", tags=found[:PAGE], pagination=pagination(name, found)
    )


@blueprint.post("/posts/<post_id>/mute-thread")
@blueprint.post("/posts/<post_id>/unmute-thread")
async def mute_thread(post_id: str) -> Answer:
    """Hear no more of a conversation, or again; what is so already is no failure on a page."""
    actor = (await me()).actor
    entry = await visible_entry(viewer_of(actor), post_id)
    try:
        await (followed.mute_thread if request.path.endswith("/mute-thread") else followed.unmute_thread)(actor, entry)
    except (Conflict, NotFound):
        pass
    author = await Actor.get(id=entry.author_id)
    return await _next(f"/@{author.acct}/{entry.id}")


@blueprint.post("/caught-up")
async def caught_up() -> Answer:
    """Note the latest post that was seen at home; one that has gone meanwhile is passed over."""
    actor = (await me()).actor
    try:
        await markers.read_home_to(actor, (await request.form).get("postId", ""))
    except Invalid:
        pass
    return html_response("") if wants_fragment(request.headers) else redirect("/", 303)


# -- One person ----------------------------------------------------------------
@blueprint.get("/@<acct>/choices")
async def choices(acct: str) -> Answer:
    """What one sees of somebody: shares, answers, on which lists they are, whether they are muted and until when."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    person = await people.visible_actor(viewer_of(actor), acct)
    user = (await present.users([present.row_of(person)], actor))[0]
    follow = await Follow.get_or_none(follower_id=actor.id, target_id=person.id)
    inside = await people_lists.lists_with(actor, person)
    return await render_page(
        "posts/choices.html",
        user=user,
        follow=follow,
        lists=[{**row, "isOn": row["id"] in inside} for row in await people_lists.lists(actor)],
    )


@blueprint.post("/@<acct>/choices")
async def choose(acct: str) -> Answer:
    """Keep what one wants to see of somebody one follows."""
    actor, form = (await me()).actor, await request.form
    person = await people.visible_actor(viewer_of(actor), acct)
    shares, replies = form.get("showShares") == "true", form.get("showReplies") == "true"
    await followed.want(actor, person, shares=shares, replies=replies)
    chosen, inside = set(form.getlist("listIds")), await people_lists.lists_with(actor, person)
    for list_id in sorted(chosen - inside):
        await people_lists.add(actor, list_id, [person])
    for list_id in sorted(inside - chosen):
        await people_lists.take_off(actor, list_id, [person.id])
    return redirect(f"/@{person.acct}", 303)


@blueprint.post("/@<acct>/mute-for")
async def mute_for(acct: str) -> Answer:
    """Mute somebody for a while, or for good."""
    actor = (await me()).actor
    person = await people.visible_actor(viewer_of(actor), acct)
    duration = DURATIONS.get((await request.form).get("duration", ""), DURATIONS["day"])
    try:
        await actors.mute(actor, person, until=now() + duration if duration else None)
    except Conflict:
        pass
    return redirect(f"/@{person.acct}", 303)
