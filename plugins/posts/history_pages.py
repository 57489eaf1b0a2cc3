"""The page of what a post said before, with what each edit changed."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Response

from core import present
from core.html import plain
from core.revisions import shown_files
from core.web.pages import render_page
from plugins.posts import lists
from plugins.posts.differences import marked
from plugins.posts.listing import form_of, viewer_actor
from plugins.posts.thread_pages import entry_to_show

blueprint = Blueprint("posts_history", __name__)
MARKED_AT_MOST = 20  # the newest; older ones are shown as they were


@blueprint.get("/@<acct>/<post_id>/history")
async def history(acct: str, post_id: str) -> Response:
    """What a post said before, newest first, and what each edit changed."""
    actor = await viewer_actor()
    entry = await entry_to_show(actor, post_id)
    past = [
        {
            "content": row["content"],
            "text": plain(row["content"]),
            "contentWarning": row["content_warning"] or None,
            "files": row["files"],
            "createdAt": present.stamp(row["created_at"]),
        }
        for row in reversed(await lists.revisions(entry))
    ]
    post = await form_of(entry, actor)
    current = {
        "content": post["content"],
        "text": plain(post["content"]),
        "contentWarning": post["contentWarning"],
        "files": await shown_files(entry),
        "createdAt": post["editedAt"] or post["createdAt"],
    }
    versions = [current, *past]
    seen = await asyncio.to_thread(marked, versions[: MARKED_AT_MOST + 1])
    older = [{**one, "words": [], "warning": [], "files": []} for one in versions[MARKED_AT_MOST + 1 :]]
    return await render_page("posts/history.html", post=post, versions=[*seen, *older])
