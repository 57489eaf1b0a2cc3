"""Pages to read: home, timelines, bookmarks, tags."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, request
from werkzeug import Response as Redirect

from core import followed, prepared, present
from core.accounts.sessions import Identity
from core.audience import STRANGER, viewer_of
from core.html import tag_key
from core.suggestions import suggested
from core.web.htmx import wants_fragment
from core.web.pages import filled, render_page, to_login, viewer_identity
from core.web.slots import Card
from plugins.posts import lists
from plugins.posts.composing import composer
from plugins.posts.list_feeds import friends
from plugins.posts.listing import forms, keep, list_page, viewer_actor

blueprint = Blueprint("posts_pages", __name__)
SHOWN_TO_STRANGERS = 5
SUGGESTED = 3


@blueprint.get("/")
async def home() -> Response | Redirect:
    """Signed in: home. Signed out: what this place is."""
    identity = await viewer_identity()
    if identity is None and wants_fragment(request.headers):
        return to_login()
    if identity is None:
        found = await lists.public(STRANGER, None, SHOWN_TO_STRANGERS, local=True)
        posts = await forms(found[:SHOWN_TO_STRANGERS], None)
        keep(None, posts, prepared.LOCAL)
        return await render_page("accounts/landing.html", indexed=True, posts=posts)
    actor = identity.actor
    return await list_page(
        "posts/home.html",
        f"feed:home:{actor.id}",
        actor,
        lambda before, limit: lists.home(actor, before, limit),
        context="home",
        **({} if wants_fragment(request.headers) else await _around_home(identity)),
    )


async def _around_home(identity: Identity) -> dict[str, Any]:
    """What stands about the home feed: the composer, and people to follow."""
    found = await suggested(identity.actor, SUGGESTED)
    return {
        "composer": await composer(identity),
        "suggestions": await present.users([one.row for one in found], identity.actor),
    }


@blueprint.get("/friends/posts")
async def of_friends() -> Response | Redirect:
    """What those who follow each other with the viewer publish, and the viewer."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await list_page(
        "posts/timeline.html",
        f"feed:friends:{actor.id}",
        actor,
        lambda before, limit: friends(actor, before, limit),
        context="home",
        scope="friends",
    )


@blueprint.get("/local")
async def local() -> Response:
    """What people here post for everybody."""
    return await _public("local", prepared.LOCAL)


@blueprint.get("/global")
async def everywhere() -> Response:
    """All public posts known here."""
    return await _public("global", prepared.PUBLIC)


async def _public(scope: str, tag: str) -> Response:
    actor = await viewer_actor()
    return await list_page(
        "posts/timeline.html",
        f"feed:{scope}",
        actor,
        lambda before, limit: lists.public(viewer_of(actor), before, limit, local=scope == "local"),
        tag,
        context="public",
        scope=scope,
    )


@blueprint.get("/bookmarks")
async def bookmarks() -> Response | Redirect:
    """What somebody wants to find again."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await list_page(
        "posts/timeline.html",
        f"bookmarks:{actor.id}",
        actor,
        lambda before, limit: lists.bookmarks(actor, before, limit),
        scope="bookmarks",
    )


@blueprint.get("/tags/<tag>")
async def tagged(tag: str) -> Response:
    """Public posts with a hashtag."""
    actor, key = await viewer_actor(), tag_key(tag)
    return await list_page(
        "posts/tag.html",
        f"tag:{key}",
        actor,
        lambda before, limit: lists.tagged(tag, viewer_of(actor), before, limit),
        prepared.of_tag(key),
        context="public",
        tag=tag.lstrip("#＃"),
        is_followed=actor is not None and await followed.follows_tag(actor, tag),
        about=await filled("tag", Card, tag=tag.lstrip("#＃")) if actor else [],
    )
