"""What people do on pages: write, answer, like, share, follow, block. Every form works without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import actors, present, reactions
from core.audience import Viewer
from core.entries import visible_entry
from core.errors import Conflict, Invalid, NotFound, Unauthenticated
from core.models import Actor, Entry
from core.people import visible_actor
from core.web.forms import Form, local_path
from core.web.htmx import go_to, wants_fragment
from core.web.pages import html_response, render_fragment, render_page
from plugins.posts import service
from plugins.posts.pages import composer, to_login, viewer_actor

blueprint = Blueprint("posts_acts", __name__)
Answer = Response | Redirect


async def _me() -> Actor:
    """Who acts. The session's form token was checked with it."""
    actor = await viewer_actor()
    if actor is None:
        raise Unauthenticated("Please log in first.")
    return actor


async def _back(fallback: str = "/") -> Redirect:
    form = await request.form
    return redirect(local_path(form.get("next"), fallback), 303)


async def _post_form(entry_id: str, actor: Actor) -> dict[str, Any]:
    return present.unpacked([await present.post(await Entry.get(id=entry_id), actor)])[0]


# -- Writing -------------------------------------------------------------------
@blueprint.get("/compose")
async def compose_page() -> Answer:
    """Write on a page of its own."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    reply_to = request.args.get("inReplyTo") or request.args.get("reply")
    parent = None
    if reply_to:
        await visible_entry(Viewer(actor_id=actor.id), reply_to)
        parent = await _post_form(reply_to, actor)
    context: dict[str, Any] = {"composer": await composer(actor), "reply_to": parent}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_composer.html", **context)
    return await render_page("posts/compose.html", post=None, **context)


@blueprint.post("/compose")
async def compose() -> Answer:
    """Publish; what was typed comes back with what is wrong."""
    return await _written(None)


@blueprint.post("/posts/<post_id>/reply")
async def reply(post_id: str) -> Answer:
    """Answer a post."""
    return await _written(post_id)


async def _written(parent_id: str | None) -> Answer:
    actor, form = await _me(), await request.form
    typed = {name: str(form.get(name, "")) for name in ("content", "contentWarning", "visibility", "language")}
    parent_id = parent_id or form.get("inReplyTo") or None
    try:
        if typed["visibility"] and typed["visibility"] not in service.WIDTH:
            raise Invalid({"visibility": "Choose who will see this."})
        entry = await service.write(
            actor,
            typed["content"].replace("\r\n", "\n"),
            visibility=typed["visibility"] or None,
            content_warning=typed["contentWarning"],
            language=typed["language"],
            reply_to_id=parent_id,
        )
    except Invalid as error:
        return await _wrong(actor, error, typed, parent_id)
    if wants_fragment(request.headers):
        return await render_fragment("posts/_card.html", status=200, post=await _post_form(entry.id, actor))
    return await _back(f"/@{actor.username}/{entry.id}")


async def _wrong(actor: Actor, error: Invalid, typed: dict[str, str], parent_id: str | None) -> Answer:
    form = Form(values=typed, errors=error.errors)
    parent = await _post_form(parent_id, actor) if parent_id else None
    context: dict[str, Any] = {"composer": await composer(actor, form), "reply_to": parent}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_composer.html", status=422, **context)
    return await render_page("posts/compose.html", status=422, post=None, **context)


@blueprint.get("/posts/<post_id>/edit")
async def edit_page(post_id: str) -> Answer:
    """Change a post of one's own."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    entry = await service.own(actor, post_id)
    values = {"content": entry.source, "contentWarning": entry.content_warning, "language": entry.language}
    form = await composer(actor, Form(values=values))
    return await render_page("posts/compose.html", composer=form, reply_to=None, post=await _post_form(post_id, actor))


@blueprint.post("/posts/<post_id>/edit")
async def edit(post_id: str) -> Answer:
    """Keep a change."""
    actor, form = await _me(), await request.form
    typed = {name: str(form.get(name, "")) for name in ("content", "contentWarning", "language")}
    try:
        entry = await service.change(
            actor,
            post_id,
            typed["content"].replace("\r\n", "\n"),
            content_warning=typed["contentWarning"],
            language=typed["language"] or None,
        )
    except Invalid as error:
        context = await composer(actor, Form(values=typed, errors=error.errors))
        return await render_page(
            "posts/compose.html", status=422, composer=context, reply_to=None, post=await _post_form(post_id, actor)
        )
    path = f"/@{actor.username}/{entry.id}"
    if wants_fragment(request.headers):
        return _gone_to(path)
    return redirect(path, 303)


def _gone_to(path: str) -> Response:
    response = html_response("")
    for name, value in go_to(path).items():
        response.headers[name] = value
    return response


@blueprint.post("/posts/<post_id>/delete")
async def delete(post_id: str) -> Answer:
    """Take a post away."""
    actor = await _me()
    await service.delete(actor, post_id)
    if wants_fragment(request.headers):
        return html_response("")
    form = await request.form
    after = local_path(form.get("next"))
    return redirect("/" if post_id in after else after, 303)


# -- Liking, sharing, keeping --------------------------------------------------
Reaction = Callable[[Actor, Entry], Awaitable[object]]
REACTIONS: dict[str, Reaction] = {
    "like": reactions.like,
    "unlike": reactions.unlike,
    "share": reactions.boost,
    "unshare": reactions.unboost,
    "bookmark": reactions.bookmark,
    "unbookmark": reactions.unbookmark,
}


@blueprint.post("/posts/<post_id>/<any(like,unlike,share,unshare,bookmark,unbookmark):verb>")
async def react(post_id: str, verb: str) -> Answer:
    """Like, share or keep a post, or take that back; what is so already is no failure on a page."""
    actor = await _me()
    entry = await visible_entry(Viewer(actor_id=actor.id), post_id)
    try:
        await REACTIONS[verb](actor, entry)
    except Conflict:
        pass
    except NotFound:
        if not verb.startswith("un"):
            raise
    if wants_fragment(request.headers):
        return await render_fragment("posts/_card.html", post=await _post_form(post_id, actor))
    return await _back()


# -- Who knows whom ------------------------------------------------------------
Tie = Callable[[Actor, Actor], Awaitable[object]]
TIES: dict[str, Tie] = {
    "follow": actors.follow,
    "unfollow": actors.unfollow,
    "befriend": actors.befriend,
    "block": actors.block,
    "unblock": actors.unblock,
    "mute": actors.mute,
    "unmute": actors.unmute,
}


@blueprint.post("/@<acct>/<any(follow,unfollow,befriend,block,unblock,mute,unmute):verb>")
async def tie(acct: str, verb: str) -> Answer:
    """Follow, befriend, block or mute somebody, or end it."""
    actor = await _me()
    target = await visible_actor(Viewer(actor_id=actor.id), acct)
    try:
        await TIES[verb](actor, target)
    except Conflict:
        pass
    except NotFound:
        if not verb.startswith("un"):
            raise
    return await _relation(actor, target, f"/@{target.acct}")


async def _relation(actor: Actor, target: Actor, fallback: str) -> Answer:
    if wants_fragment(request.headers):
        user = (await present.users([present.row_of(await Actor.get(id=target.id))], actor))[0]
        return await render_fragment("posts/_relation.html", user=user)
    return await _back(fallback)


@blueprint.post("/requests/<user_id>/<any(accept,reject):verb>")
async def answer_request(user_id: str, verb: str) -> Answer:
    """Answer somebody who asks to follow or to be friends."""
    actor = await _me()
    other = await visible_actor(Viewer(actor_id=actor.id), user_id)
    await actors.answer(actor, other, accept=verb == "accept")
    return await _relation(actor, other, "/requests")
