"""Pages on which people answer with a sign."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import emoji, emoji_reactions
from core.accounts.settings_frame import me
from core.audience import viewer_of
from core.entries import visible_entry
from core.errors import Conflict, NotFound
from core.web.forms import local_path
from core.web.htmx import wants_fragment
from core.web.pages import render_fragment, render_page, to_login
from plugins.posts.emoji_chart import chart
from plugins.posts.listing import form_of, viewer_actor

blueprint = Blueprint("posts_reacting", __name__)
SIGNS = "👍 ❤️ 😂 😮 😢 🎉 🙏 👏 🔥 💯 🤔 👀 😍 🥳 😅 🤗 😭 😡 🙌 💪 🤝 🌱 🌊 ☀️ ⭐ ✨ ✅ ❌ ❓ 💡 🍞 ☕".split()


@blueprint.get("/posts/<post_id>/react")
async def choose(post_id: str) -> Response | Redirect:
    """All signs there are to answer with: a page, or what the card opens."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    post = await form_of(await visible_entry(viewer_of(actor), post_id), actor)
    context: dict[str, Any] = {"post": post, "signs": SIGNS, "pictures": await emoji.listed()}
    context["chart"] = chart() if request.args.get("all") else None
    if wants_fragment(request.headers):
        return await render_fragment("posts/_signs.html", **context)
    return await render_page("posts/react.html", **context)


@blueprint.post("/posts/<post_id>/<any(react,unreact):verb>")
async def react(post_id: str, verb: str) -> Response | Redirect:
    """Answer a post with a sign, or take that back; what is so already is no failure on a page."""
    actor = (await me()).actor
    entry = await visible_entry(viewer_of(actor), post_id)
    form = await request.form
    sign, custom = await emoji_reactions.known_sign(str(form.get("emoji", "")))
    try:
        if verb == "react":
            await emoji_reactions.react(actor, entry, sign, custom)
        else:
            await emoji_reactions.unreact(actor, entry, sign)
    except (Conflict, NotFound):
        pass
    post = await form_of(entry, actor)
    if wants_fragment(request.headers):
        return await render_fragment("posts/_reactions.html", post=post)
    page = f"/@{post['user']['acct']}/{post_id}"
    after = local_path(form.get("next"), page)
    if urlsplit(after).path.endswith("/react"):
        return redirect(page, 303)
    return redirect(urlsplit(after)._replace(fragment=f"post-{entry.id}").geturl(), 303)
