"""What all pages with posts share: a page of a list, what strangers may be given again, who looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from quart import Response, request

from core import prepared, present
from core.accounts.settings_frame import settings_page
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
        if post["inReplyToUser"]:
            yield prepared.of_answers(post["inReplyTo"])
        if quote := post["quote"]:
            if quote.get("postId"):
                yield prepared.of_entry(quote["postId"])
            if quote.get("user"):
                yield prepared.of_actor(quote["user"]["userId"])


async def list_page(
    template: str, name: str, actor: Actor | None, find: Find, *tags: str, context: str = "", **more: Any
) -> Response:
    """A page of posts, or the cards of it where htmx asks; `tags` are those of the list, for what strangers get.

    In which `context` it is, the viewer's filters want to know.
    """
    start = before(name)
    found = await find(start, PAGE)
    posts = await forms(found[:PAGE], actor, context)
    keep(actor, posts, *tags)
    more |= {"posts": posts, "pagination": pagination(name, found), "caught_up_at": caught_up_at(found[:PAGE], start)}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_page.html", **more)
    return await render_page(template, **more)


async def rows_page(template: str, rows: str, *, status: int = 200, **context: Any) -> Response:
    """A page with a list of other things, or the `rows` of it where htmx asks."""
    if wants_fragment(request.headers):
        return await render_fragment(rows, status=status, **context)
    return await render_page(template, status=status, **context)


async def people_page(
    name: str,
    actor: Actor | None,
    find: Callable[[str | None], Awaitable[Sequence[Row]]],
    *,
    tab: str = "",
    **context: Any,
) -> Response:
    """A page of people, or the rows of it where htmx asks; with `tab` it is one of the settings."""
    found = await find(before(name))
    context |= {"users": await present.users(found[:PAGE], actor), "pagination": pagination(name, found)}
    if wants_fragment(request.headers):
        return await render_fragment("posts/_people.html", **context)
    if tab:
        return await settings_page("posts/people.html", tab, active="settings", **context)
    return await render_page("posts/people.html", **context)


def caught_up_at(page: Sequence[Row], start: str | None) -> str | None:
    """The first entry of a page of the home feed that its reader has read already, where none before it is."""
    newer = start
    for row in page:
        read_to = row.get("read_to")
        if read_to is None or (newer is not None and newer <= read_to):
            return None
        if row["position"] <= read_to:
            return str(row["id"])
        newer = row["position"]
    return None


async def forms(
    page: Sequence[Row], actor: Actor | None, context: str = "", *, opened: str | None = None
) -> list[Form]:
    """The forms of entries, as templates need them; less what filters hide in this context, but for one `opened`."""
    return present.unpacked(await present.posts(page, actor, context, opened=opened))


async def form_of(entry: Entry, actor: Actor | None) -> Form:
    """The form of one entry, as templates need it."""
    return present.unpacked([await present.post(entry, actor)])[0]
