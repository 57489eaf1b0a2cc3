"""Parts of pages for whoever writes: what they may mean, and the chart of emoji."""

from __future__ import annotations

from quart import Blueprint, Response, request

from core import emoji
from core.accounts.settings_frame import me
from core.web.pages import render_fragment
from plugins.posts.emoji_chart import chart
from plugins.posts.suggesting import suggestions

blueprint = Blueprint("posts_suggestions", __name__)


@blueprint.get("/compose/suggestions")
async def suggest() -> Response:
    """What may be meant by the word that is being typed, as a part of the page; empty where nothing is."""
    typed = request.args.get("q", "").replace("\x00", "").strip()
    return await render_fragment("posts/_suggestions.html", suggestions=await suggestions((await me()).actor, typed))


@blueprint.get("/compose/emoji")
async def emoji_chart() -> Response:
    """All emoji to choose from, as a part of the page."""
    await me()
    return await render_fragment("posts/_emoji.html", chart=chart(), pictures=await emoji.listed())
