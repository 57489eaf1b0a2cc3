"""Pages to read: home, timelines, profiles, threads, bookmarks, tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people, present
from core.asgi import cacheable
from core.audience import STRANGER, Viewer
from core.entries import visible_entry
from core.errors import Invalid, NotFound
from core.instance import here
from core.models import Actor
from core.people import visible_actor
from core.present import Form, Row
from core.web.forms import Form as WebForm
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, render_page, viewer_identity
from core.web.slots import Tab
from core.web.words import author_audiences
from plugins.posts import lists
from plugins.posts.trees import tree

blueprint = Blueprint("posts_pages", __name__)
PAGE = 20
PREPARED_SECONDS = 60
Find = Callable[[str | None, int], Awaitable[Sequence[Row]]]


async def viewer_actor() -> Actor | None:
    """Who looks at the page."""
    identity = await viewer_identity()
    return identity.actor if identity else None


def viewer_of(actor: Actor | None) -> Viewer:
    return Viewer(actor_id=actor.id) if actor else STRANGER


async def composer(actor: Actor, form: WebForm | None = None) -> dict[str, Any]:
    """What the composer needs: who would see a post, in which languages it may be, and how long."""
    settings = here().settings
    friends = await people.count_friends(actor.id)
    return {
        "form": form or WebForm(values={"language": settings.server.languages[0]}),
        "audiences": author_audiences(actor.followers_count, friends),
        "languages": [(code, code) for code in settings.server.languages],
        "limit": settings.limits.post_characters,
    }


async def _listed(name: str, actor: Actor | None, find: Find) -> tuple[list[Form], dict[str, Any]]:
    """A page of posts and where it goes on. A cursor that is no good begins anew."""
    try:
        before = here().cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    except Invalid:
        before = None
    found = await find(before, PAGE)
    posts = present.unpacked(await present.posts(found[:PAGE], actor))
    more = len(found) > PAGE
    cursor = here().cursors.encode(name, str(found[PAGE - 1]["position"])) if more else None
    since = request.args.get("since")
    if since:  # what came after the newest that is shown
        posts = [post for post in posts if post["postId"] > since]
        cursor = None
    return posts, {"nextCursor": cursor, "hasMore": cursor is not None}


async def _list_page(template: str, name: str, actor: Actor | None, find: Find, **context: Any) -> Response:
    posts, pagination = await _listed(name, actor, find)
    if wants_fragment(request.headers):
        return await render_fragment("posts/_page.html", posts=posts, pagination=pagination)
    return await render_page(template, posts=posts, pagination=pagination, **context)


@blueprint.get("/")
async def home() -> Response:
    """Signed in: home. Signed out: what this place is."""
    actor = await viewer_actor()
    if actor is None:
        cacheable(request, PREPARED_SECONDS, "public")
        found = await lists.public(STRANGER, None, 5, local=True)
        posts = present.unpacked(await present.posts(found[:5], None))
        return await render_page("accounts/landing.html", posts=posts, form=WebForm())
    return await _list_page(
        "posts/home.html",
        f"feed:home:{actor.id}",
        actor,
        lambda before, limit: lists.home(actor, before, limit),
        composer=await composer(actor),
        suggestions=await present.users(await people.suggestions(actor, 3), actor),
    )


@blueprint.get("/local")
@blueprint.get("/explore")
async def local() -> Response:
    """What people here post for everybody."""
    return await _public("local")


@blueprint.get("/global")
async def everywhere() -> Response:
    """All public posts known here."""
    return await _public("global")


async def _public(scope: str) -> Response:
    actor = await viewer_actor()
    return await _list_page(
        "posts/timeline.html",
        f"feed:{scope}",
        actor,
        lambda before, limit: lists.public(viewer_of(actor), before, limit, local=scope == "local"),
        scope=scope,
    )


@blueprint.get("/bookmarks")
async def bookmarks() -> Response | Redirect:
    """What somebody wants to find again."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    return await _list_page(
        "posts/timeline.html",
        f"bookmarks:{actor.id}",
        actor,
        lambda before, limit: lists.bookmarks(actor, before, limit),
        scope="bookmarks",
    )


@blueprint.get("/tags/<tag>")
async def tagged(tag: str) -> Response:
    """Public posts with a hashtag."""
    actor = await viewer_actor()
    return await _list_page(
        "posts/tag.html",
        f"tag:{tag}",
        actor,
        lambda before, limit: lists.tagged(tag, viewer_of(actor), before, limit),
        tag=tag,
    )


def to_login() -> Redirect:
    """Log in first, then come back."""
    return redirect(f"/login?next={request.path}", 303)


# -- People --------------------------------------------------------------------
@blueprint.get("/@<acct>")
@blueprint.get("/@<acct>/replies")
async def profile(acct: str) -> Response | Redirect:
    """Somebody and what they posted."""
    actor = await viewer_actor()
    person = await visible_actor(viewer_of(actor), acct)
    if acct != person.acct:
        return redirect(f"/@{person.acct}", 301)
    if actor is None:
        cacheable(request, PREPARED_SECONDS, f"actor:{person.id}")
    replies = request.path.endswith("/replies")
    at = f"/@{person.acct}"
    return await _list_page(
        "posts/profile.html",
        f"posts:{person.id}:{replies}",
        actor,
        lambda before, limit: lists.of_actor(person, viewer_of(actor), before, limit, replies=replies),
        user=(await present.users([present.row_of(person)], actor))[0],
        tab="replies" if replies else "posts",
        tabs=[Tab("posts", _("Posts"), at, 0), Tab("replies", _("Replies"), f"{at}/replies", 10)],
        pinned=[],
        body=None,
        hidden=None,
    )


@blueprint.get("/@<acct>/followers")
@blueprint.get("/@<acct>/following")
async def ties(acct: str) -> Response:
    """Who follows somebody, or whom they follow."""
    actor = await viewer_actor()
    viewer = viewer_of(actor)
    person = await visible_actor(viewer, acct)
    which = request.path.rpartition("/")[2]
    find = people.followers if which == "followers" else people.following
    name = f"{which}:{person.id}"
    before = here().cursors.decode(name, request.args["cursor"]) if "cursor" in request.args else None
    found = await find(person, viewer, before, PAGE)
    cursor = here().cursors.encode(name, str(found[PAGE - 1]["position"])) if len(found) > PAGE else None
    context: dict[str, Any] = {
        "users": await present.users(found[:PAGE], actor),
        "pagination": {"nextCursor": cursor, "hasMore": cursor is not None},
    }
    if wants_fragment(request.headers):
        return await render_fragment("posts/_people.html", **context)
    return await render_page(
        "posts/people.html",
        heading=_("Followers") if which == "followers" else _("Following"),
        back={"href": f"/@{person.acct}", "label": f"@{person.acct}"},
        empty_title=_("Nobody yet"),
        empty_text=_("They will be shown here."),
        **context,
    )


@blueprint.get("/requests")
async def requests() -> Response | Redirect:
    """Who asks to follow or to be friends."""
    actor = await viewer_actor()
    if actor is None:
        return to_login()
    waiting = await people.requests(actor, None, 50)
    known = {row["id"] for row in waiting}
    wishes = [row for row in await people.friend_requests(actor, "in", None, 50) if row["id"] not in known]
    rows = [*((row, False) for row in waiting), *((row, True) for row in wishes)]
    forms = await present.users([row for row, _friend in rows], actor)
    listed = [
        {"user": form, "isFriendRequest": friend, "createdAt": form["createdAt"]}
        for form, (_row, friend) in zip(forms, rows, strict=True)
    ]
    return await render_page("posts/requests.html", requests=listed, pagination=None)


# -- One post ------------------------------------------------------------------
@blueprint.get("/@<acct>/<post_id>")
async def thread(acct: str, post_id: str) -> Response | Redirect:
    """A post, what it answers, and what was answered."""
    actor = await viewer_actor()
    viewer = viewer_of(actor)
    entry = await visible_entry(viewer, post_id)
    author = await Actor.get(id=entry.author_id)
    if acct != author.acct:
        return redirect(f"/@{author.acct}/{entry.id}", 301)
    if actor is None:
        cacheable(request, PREPARED_SECONDS, f"entry:{entry.id}", f"thread:{entry.root_id or entry.id}")
    below = present.unpacked(await present.posts(await lists.descendants(entry, viewer), actor))
    post = present.unpacked([await present.post(entry, actor)])[0]
    return await render_page(
        "posts/thread.html",
        ancestors=present.unpacked(await present.posts(await lists.ancestors(entry, viewer), actor)),
        post=post,
        replies=tree(entry.id, below),
        pagination=None,
        composer=await composer(actor) if actor else None,
    )


@blueprint.get("/@<acct>/<post_id>/history")
async def history(acct: str, post_id: str) -> Response:
    """What a post said before."""
    actor = await viewer_actor()
    entry = await visible_entry(viewer_of(actor), post_id)
    versions = [
        {
            "content": row["content"],
            "contentWarning": row["content_warning"] or None,
            "createdAt": present.stamp(row["created_at"]),
        }
        for row in reversed(await lists.revisions(entry))
    ]
    post = present.unpacked([await present.post(entry, actor)])[0]
    current = {
        "content": post["content"],
        "contentWarning": post["contentWarning"],
        "createdAt": post["editedAt"] or post["createdAt"],
    }
    return await render_page("posts/history.html", post=post, versions=[current, *versions])


@blueprint.get("/lookup")
async def lookup() -> Response | Redirect:
    """Find a person or a post by name, `@name@host` or address."""
    actor = await viewer_actor()
    query = request.args.get("q", "").strip()[:2048]
    found: dict[str, Any] = {"user": None, "post": None, "users": [], "sentence": None}
    if query:
        thing = await _look_up(query, actor)
        if isinstance(thing, Actor):
            found["user"] = (await present.users([present.row_of(thing)], actor))[0]
        elif thing is not None:
            entry = await visible_entry(viewer_of(actor), thing)
            found["post"] = present.unpacked([await present.post(entry, actor)])[0]
        else:
            found["sentence"] = _("Nobody and nothing by that name was found.")
            people_found, _total = await people.directory(viewer_of(actor), query.lstrip("@"), 1, PAGE)
            found["users"] = await present.users(people_found, actor)
    return await render_page("posts/lookup.html", query=query, **found)


async def _look_up(query: str, actor: Actor | None) -> Actor | str | None:
    """An actor, the id of an entry, or nothing. Other servers are asked for those who are signed in only."""
    if not query.startswith(("http://", "https://")):
        try:
            return await visible_actor(viewer_of(actor), query)
        except NotFound:
            pass
    if actor is None:
        return None
    thing = await here().hooks.look_up(address=query)
    if isinstance(thing, Actor):
        return await visible_actor(viewer_of(actor), thing.id)
    return thing.id if thing is not None else None
