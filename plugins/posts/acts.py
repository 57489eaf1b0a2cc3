"""What people do on pages: like, share, keep, delete, follow, befriend, block, mute; also without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import actors, domain_blocks, people, pins, polls, present, reactions
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.entries import visible_entry
from core.errors import Conflict, NotFound
from core.models import Actor, Entry
from core.web.forms import local_path
from core.web.htmx import wants_fragment
from core.web.pages import html_response, render_fragment
from plugins.posts import service
from plugins.posts.listing import form_of, viewer_actor

blueprint = Blueprint("posts_acts", __name__)
Answer = Response | Redirect


async def _next(fallback: str) -> str:
    """The page the form stood on."""
    form = await request.form
    return local_path(form.get("next"), fallback)


# -- Posts ---------------------------------------------------------------------
@blueprint.post("/posts/<post_id>/delete")
async def delete(post_id: str) -> Answer:
    """Take a post away."""
    actor = (await me()).actor
    await service.delete(actor, post_id)
    if wants_fragment(request.headers):
        return html_response("")
    after = await _next("/")
    return redirect(f"/@{actor.username}" if post_id in after else after, 303)


Reaction = Callable[[Actor, Entry], Awaitable[object]]
REACTIONS: dict[str, Reaction] = {
    "like": reactions.like,
    "unlike": reactions.unlike,
    "share": reactions.boost,
    "unshare": reactions.unboost,
    "bookmark": reactions.bookmark,
    "unbookmark": reactions.unbookmark,
    "pin": pins.pin,
    "unpin": pins.unpin,
}


@blueprint.post("/posts/<post_id>/<any(like,unlike,share,unshare,bookmark,unbookmark,pin,unpin):verb>")
async def react(post_id: str, verb: str) -> Answer:
    """Like, share or keep a post, or take that back; what is so already is no failure on a page."""
    actor = (await me()).actor
    entry = await visible_entry(viewer_of(actor), post_id)
    try:
        await REACTIONS[verb](actor, entry)
    except Conflict:
        pass
    except NotFound:
        if not verb.startswith("un"):
            raise
    if wants_fragment(request.headers):
        post, focused = await form_of(entry, actor), "focused" in await request.form
        return await render_fragment("posts/_card.html", post=post, focused=focused)
    page = urlsplit(await _next("/"))
    return redirect(page._replace(fragment=f"post-{entry.id}").geturl(), 303)


@blueprint.post("/posts/<post_id>/vote")
async def vote(post_id: str) -> Answer:
    """Vote in a poll; who has voted already, or comes too late, sees what came of it."""
    actor = (await me()).actor
    entry = await visible_entry(viewer_of(actor), post_id)
    form = await request.form
    found = form.getlist(f"choice-{post_id}")
    choices = [int(choice) if choice.isascii() and choice.isdigit() and len(choice) < 4 else -1 for choice in found]
    try:
        await polls.vote(actor, entry, choices)
    except Conflict:
        pass
    if wants_fragment(request.headers):
        return await render_fragment("posts/_poll.html", post=await form_of(entry, actor))
    page = urlsplit(await _next("/"))
    return redirect(page._replace(fragment=f"post-{entry.id}").geturl(), 303)


@blueprint.get("/posts/<post_id>/poll")
async def poll(post_id: str) -> Answer:
    """How a poll stands, as a part of a page; the whole page for whoever comes by a link."""
    actor = await viewer_actor()
    post = await form_of(await visible_entry(viewer_of(actor), post_id), actor)
    if post["poll"] is None:
        raise NotFound("There is no poll in this post.")
    if wants_fragment(request.headers):
        return await render_fragment("posts/_poll.html", post=post)
    return redirect(f"/@{post['user']['acct']}/{post_id}", 303)


# -- Who knows whom ------------------------------------------------------------
Tie = Callable[[Actor, Actor], Awaitable[object]]
TIES: dict[str, Tie] = {
    "follow": actors.follow,
    "unfollow": actors.unfollow,
    "befriend": actors.befriend,
    "unfollower": actors.reject,
    "mute": actors.mute,
    "unmute": actors.unmute,
    "block": actors.block,
    "unblock": actors.unblock,
}


@blueprint.post("/@<acct>/<any(follow,unfollow,befriend,unfollower,block,unblock,mute,unmute):verb>")
async def tie(acct: str, verb: str) -> Answer:
    """Follow, befriend, block or mute somebody, or end it; those who block one can be blocked as well."""
    actor = (await me()).actor
    known = verb in ("block", "unblock", "unfollower")
    target = await people.known_actor(acct) if known else await people.visible_actor(viewer_of(actor), acct)
    try:
        await TIES[verb](actor, target)
    except Conflict:
        pass
    except NotFound:
        if not verb.startswith("un"):
            raise
    return await _relation(actor, target, f"/@{target.acct}")


@blueprint.post("/@<acct>/block-server")
@blueprint.post("/@<acct>/unblock-server")
async def server(acct: str) -> Answer:
    """Block the whole server somebody is on, or lift that; what is so already is no failure on a page."""
    actor, target = (await me()).actor, await people.known_actor(acct)
    is_blocking = request.path.endswith("/block-server")
    try:
        await (domain_blocks.block if is_blocking else domain_blocks.unblock)(actor, target.domain)
    except (Conflict, NotFound):
        pass
    return await _relation(actor, target, f"/@{target.acct}")


async def _relation(actor: Actor, target: Actor, fallback: str) -> Answer:
    if not wants_fragment(request.headers):
        return redirect(await _next(fallback), 303)
    form = await request.form
    user = (await present.users([present.row_of(await Actor.get(id=target.id))], actor))[0]
    return await render_fragment("posts/_relation.html", user=user, compact="compact" in form)


@blueprint.post("/requests/<user_id>/<any(accept,reject):verb>")
async def answer_request(user_id: str, verb: str) -> Answer:
    """Answer somebody who asks to follow or to be friends."""
    actor = (await me()).actor
    other = await people.visible_actor(viewer_of(actor), user_id)
    await actors.answer(actor, other, accept=verb == "accept")
    return await _relation(actor, other, "/requests")
