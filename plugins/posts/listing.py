"""What all pages with posts share: a page of a list, what strangers may be given again, who looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from quart import Response, request

from core import prepared, present
from core.asgi import cacheable
from core.errors import Invalid
from core.instance import here
from core.models import Actor, Entry
from core.present import Form, Row
from core.web.htmx import go_to, wants_fragment
from core.web.pages import html_response, render_fragment, render_page, viewer_identity

PAGE = 20
PREPARED_SECONDS = 60
Find = Callable[[str | None, int], Awaitable[Sequence[Row]]]


async def viewer_actor() -> Actor | None:
    """Who looks at the page."""
    identity = await viewer_identity()
    return identity.actor if identity else None


def gone_to(path: str) -> Response:
    """Have htmx load another page."""
    response = html_response("")
    for name, value in go_to(path).items():
        response.headers[name] = value
    return response


def before(name: str) -> str | None:
    """Where in the list the page begins; a cursor that is no good begins anew."""
    try:
        return here().cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    except Invalid:
        return None


def pagination(name: str, found: Sequence[Row]) -> dict[str, Any]:
    """Where the list goes on, as templates need it."""
    cursor = here().cursors.following(name, found, PAGE)
    return {"nextCursor": cursor, "hasMore": cursor is not None}


def keep(actor: Actor | None, posts: Iterable[Form], *tags: str) -> None:
    """Let strangers be given this answer again, until something on it changes."""
    if actor is None:
        cacheable(request, PREPARED_SECONDS, *{*tags, *_shown(posts)})


def _shown(posts: Iterable[Form]) -> Iterable[str]:
    for post in posts:
        yield prepared.of_entry(post["postId"])
        for person in (post["user"], post["inReplyToUser"], post["sharedBy"]):
            if person:
                yield prepared.of_actor(person["userId"])


async def list_page(template: str, name: str, actor: Actor | None, find: Find, *tags: str, **context: Any) -> Response:
    """A page of posts, or the cards of it where htmx asks; `tags` are those of the list, for what strangers get."""
    found = await find(before(name), PAGE)
    posts = await forms(found[:PAGE], actor)
    keep(actor, posts, *tags)
    context |= {"posts": posts, "pagination": pagination(name, found)}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_page.html", **context)
    return await render_page(template, **context)


async def forms(page: Sequence[Row], actor: Actor | None) -> list[Form]:
    """The forms of entries, as templates need them."""
    return present.unpacked(await present.posts(page, actor))


async def form_of(entry: Entry, actor: Actor | None) -> Form:
    """The form of one entry, as templates need it."""
    return present.unpacked([await present.post(entry, actor)])[0]
