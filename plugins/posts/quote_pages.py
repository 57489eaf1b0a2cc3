"""Pages of quotes and of consent: who quotes a post, who asks to, or to answer it, and taking out both."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import prepared, quote_requests, quotes, replies, reply_requests
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.entries import visible_entry
from core.html import quote_inline_removed
from core.models import Actor
from core.web.htmx import wants_fragment
from core.web.pages import render_fragment, to_login
from plugins.posts import lists
from plugins.posts.listing import PAGE, before, form_of, list_page, pagination, rows_page, viewer_actor
from plugins.posts.meeting_pages import people_tabs

blueprint = Blueprint("posts_quotes", __name__)


@blueprint.get("/@<acct>/<post_id>/quotes")
async def quoting(acct: str, post_id: str) -> Response | Redirect:
    """Who quotes a post."""
    actor = await viewer_actor()
    entry = await visible_entry(viewer_of(actor), post_id)
    author = await Actor.get(id=entry.author_id)
    if acct != author.acct:
        return redirect(f"/@{author.acct}/{entry.id}/quotes")
    return await list_page(
        "posts/quotes.html",
        f"quotes:{entry.id}",
        actor,
        lambda before, limit: lists.quotes(entry, viewer_of(actor), before, limit),
        prepared.of_entry(entry.id),
        quoted=await form_of(entry, actor),
    )


@blueprint.post("/posts/<post_id>/quotes/<quoting_id>/remove")
async def remove(post_id: str, quoting_id: str) -> Response | Redirect:
    """Have somebody's post quote one's own no more."""
    actor = (await me()).actor
    quoted, quoting = [await visible_entry(viewer_of(actor), one) for one in (post_id, quoting_id)]
    await quotes.remove_quote(actor, quoted, quoting)
    post = await form_of(quoting, actor)
    return redirect(f"/@{post['user']['acct']}/{quoting.id}", 303)


@blueprint.post("/posts/<post_id>/replies/<answer_id>/remove")
async def remove_reply(post_id: str, answer_id: str) -> Response | Redirect:
    """Take somebody's answer out of the conversation below one's own post."""
    actor = (await me()).actor
    parent, reply = [await visible_entry(viewer_of(actor), one) for one in (post_id, answer_id)]
    await replies.remove_reply(actor, parent, reply)
    return redirect(f"/@{actor.acct}/{parent.id}", 303)


@blueprint.get("/requests/quotes")
async def wishes() -> Response | Redirect:
    """Who asks to quote something of one's own."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    name = f"quote-requests:{actor.id}"
    found = await quote_requests.waiting(actor, before(name), PAGE)
    listed = await quote_requests.forms(found[:PAGE], actor)
    words = [quote_inline_removed(one["post"]["content"]) if one["post"] else "" for one in listed]
    return await rows_page(
        "posts/quote_requests.html",
        "posts/_quote_requests.html",
        requests=[{**one, "words": said} for one, said in zip(listed, words, strict=True)],
        pagination=pagination(name, found),
        tabs=people_tabs(),
    )


@blueprint.post("/requests/quotes/<request_id>/<any(accept,reject):verb>")
async def answer_wish(request_id: str, verb: str) -> Response | Redirect:
    """Let somebody quote what they asked for, or do not."""
    actor = (await me()).actor
    await quote_requests.answer(actor, request_id, agrees=verb == "accept")
    return await _answered(verb, "/requests/quotes")


@blueprint.get("/requests/replies")
async def reply_wishes() -> Response | Redirect:
    """Whose answers to something of one's own wait for one's word."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    name = f"reply-requests:{actor.id}"
    found = await reply_requests.waiting(actor, before(name), PAGE)
    return await rows_page(
        "posts/reply_requests.html",
        "posts/_reply_requests.html",
        requests=await reply_requests.forms(found[:PAGE], actor),
        pagination=pagination(name, found),
        tabs=people_tabs(),
    )


@blueprint.post("/requests/replies/<request_id>/<any(accept,reject):verb>")
async def answer_reply_wish(request_id: str, verb: str) -> Response | Redirect:
    """Let an answer stand below what it answers, or not."""
    actor = (await me()).actor
    await reply_requests.answer(actor, request_id, agrees=verb == "accept")
    return await _answered(verb, "/requests/replies")


async def _answered(verb: str, page: str) -> Response | Redirect:
    if wants_fragment(request.headers):
        return await render_fragment("posts/_answered.html", agrees=verb == "accept")
    return redirect(page, 303)
