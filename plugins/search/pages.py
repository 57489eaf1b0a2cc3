"""Pages to find things on: the search, what is going on here, and the trends."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

from quart import Blueprint, Response, request

from core import prepared, present
from core.asgi import cacheable
from core.errors import Invalid, KithError, RateLimited
from core.instance import here
from core.meaning import is_address
from core.models import Actor
from core.permissions import may
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, render_page, viewer_identity
from core.web.slots import Tab
from plugins.search import trends
from plugins.search.everything import everything
from plugins.search.finding import find_people, find_posts, find_tags
from plugins.search.forms import list_name, tag_form
from plugins.search.hiding import PERMISSION
from plugins.search.query import understood

blueprint = Blueprint("search_pages", __name__)
PAGE, TAGS_AT_MOST = 20, 50
FEW_TAGS, FEW_POSTS, FEW_PEOPLE = 10, 10, 5
LONGEST_QUERY = 2048
PREPARED_SECONDS = 60
ALL = "all"


async def _viewer() -> Actor | None:
    identity = await viewer_identity()
    return identity.actor if identity else None


@blueprint.get("/search")
async def search() -> Response:
    """Everything, people, posts or tags with some words."""
    actor = await _viewer()
    text = request.args.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    kind = request.args.get("in", ALL)
    kind = kind if kind in _FINDERS else ALL
    found: dict[str, Any] = {"sentence": None, "pagination": None}
    status, retry_after = 200, 0.0
    try:
        found |= await _FINDERS[kind](actor, text) if text else {}
    except RateLimited as error:
        status, retry_after, found["sentence"] = error.status, error.retry_after, error.sentence
    except Invalid as error:
        found["sentence"] = " ".join(error.errors.values())
    except KithError as error:
        found["sentence"] = error.sentence
    context = {"query": text, "kind": kind, "tabs": _tabs(text), "is_foreign": _is_foreign(actor, text), **found}
    if wants_fragment(request.headers) and found["pagination"]:
        return await render_fragment(f"search/_{kind}.html", **context)
    response = await render_page("search/search.html", status=status, **context)
    if retry_after:
        response.headers["Retry-After"] = str(math.ceil(retry_after))
    return response


def _tabs(text: str) -> list[Tab]:
    at = {kind: f"/search?{urlencode({'q': text, 'in': kind} if kind != ALL else {'q': text})}" for kind in _FINDERS}
    labels = {ALL: _("All"), "people": _("People"), "posts": _("Posts"), "tags": _("Tags")}
    return [Tab(kind, labels[kind], at[kind]) for kind in _FINDERS]


def _is_foreign(actor: Actor | None, text: str) -> bool:
    """Whether a stranger asks for what only members have looked up elsewhere."""
    name, _at, host = text.removeprefix("@").partition("@")
    own = here().domain.lower()
    is_name = bool(name and host and host.lower() != own and " " not in text)
    return actor is None and (is_name or (is_address(text) and not text.startswith(f"{here().base_url}/")))


async def _all(actor: Actor | None, text: str) -> dict[str, Any]:
    return {"hits": [hits for hits in await everything(actor, text) if hits.items]}


async def _people(actor: Actor | None, text: str) -> dict[str, Any]:
    page = request.args.get("page", 1, type=int)
    page = min(max(page, 1), 10_000)
    found, total = await find_people(actor, text, page, PAGE)
    more = f"/search?{urlencode({'q': text, 'in': 'people', 'page': page + 1})}" if page * PAGE < total else None
    return {"users": await present.users(found, actor), "pagination": {"more": more}}


async def _posts(actor: Actor | None, text: str) -> dict[str, Any]:
    name = list_name(text)
    try:
        before = here().cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    except Invalid:
        before = None
    found = await find_posts(actor, understood(text), before, PAGE)
    cursor = here().cursors.following(name, found, PAGE)
    more = f"/search?{urlencode({'q': text, 'in': 'posts', 'cursor': cursor})}" if cursor else None
    posts = present.unpacked(await present.posts(found[:PAGE], actor))
    return {"posts": posts, "pagination": {"more": more}}


async def _tags(actor: Actor | None, text: str) -> dict[str, Any]:
    return {"tags": [tag_form(tag) for tag in await find_tags(text, TAGS_AT_MOST)]}


_FINDERS = {ALL: _all, "people": _people, "posts": _posts, "tags": _tags}


# -- What is going on ----------------------------------------------------------
@blueprint.get("/explore")
async def explore() -> Response:
    """What people here talk about, who they are, and who is new."""
    actor = await _viewer()
    posts = await _trending(actor, FEW_POSTS)
    people = await trends.active_people(actor, FEW_PEOPLE)
    newest = await trends.newest_members(actor, FEW_PEOPLE)
    _keep(actor, posts)
    return await render_page(
        "search/explore.html",
        tags=[tag_form(tag) for tag in await trends.trending_tags(FEW_TAGS)],
        posts=posts,
        people=await present.users(people, actor),
        newest=await present.users(newest, actor),
    )


@blueprint.get("/trends")
async def read_trends() -> Response:
    """All hashtags and posts that many are about these days."""
    actor = await _viewer()
    posts = await _trending(actor, trends.POSTS_KEPT)
    _keep(actor, posts)
    tags = [tag_form(tag) for tag in await trends.trending_tags(trends.TAGS_KEPT)]
    is_moderator = may(actor, PERMISSION)
    hidden = await trends.hidden_tags() if is_moderator else []
    return await render_page(
        "search/trends.html", tags=tags, posts=posts, is_moderator=is_moderator, hidden_tags=hidden
    )


async def _trending(actor: Actor | None, limit: int) -> list[present.Form]:
    return present.unpacked(await present.posts(await trends.trending_posts(actor, limit), actor))


def _keep(actor: Actor | None, posts: list[present.Form]) -> None:
    """Let strangers be given the page again until something on it changes."""
    if actor is None:
        shown = {prepared.of_entry(post["postId"]) for post in posts}
        authors = {prepared.of_actor(post["user"]["userId"]) for post in posts}
        cacheable(request, PREPARED_SECONDS, prepared.PUBLIC, "search:trends", *shown, *authors)
