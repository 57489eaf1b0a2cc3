"""Pages about one post: its conversation, and the way to it from an address."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, cast, get_args

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import followed, people, prepared, present
from core.audience import OPEN, viewer_of
from core.database import is_id
from core.entries import visible_entry
from core.errors import Gone, KithError, NotFound, RateLimited
from core.instance import here
from core.meaning import is_address, meant
from core.models import Actor, Entry
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import filled, render_fragment, render_page, viewer_identity
from core.web.slots import Card, Tab
from plugins.posts import conversations
from plugins.posts.composing import composer
from plugins.posts.conversations import Sort
from plugins.posts.listing import PAGE, before, form_of, forms, keep, pagination, viewer_actor
from plugins.posts.trees import DEEPEST, tree

blueprint = Blueprint("posts_threads", __name__)
LONGEST_QUERY = 2048
NEW_AT_MOST = 50
Node = dict[str, Any]


async def entry_to_show(actor: Actor | None, post_id: str) -> Entry:
    """The entry, for somebody who may see it. Raises NotFound; Gone where it was for everybody and is deleted."""
    try:
        return await visible_entry(viewer_of(actor), post_id)
    except NotFound:
        entry = await Entry.get_or_none(id=post_id, visibility__in=OPEN) if is_id(post_id) else None
        if entry is not None and entry.deleted_at is not None:
            raise Gone() from None
        raise


@blueprint.get("/@<acct>/<post_id>")
async def thread(acct: str, post_id: str) -> Response | Redirect:
    """A post, what it answers, and what was answered; under htmx further answers, where the cursor says."""
    identity = await viewer_identity()
    actor = identity.actor if identity else None
    entry = await entry_to_show(actor, post_id)
    author = await Actor.get(id=entry.author_id)
    if acct != author.acct:
        return redirect(f"/@{author.acct}/{entry.id}")
    sort = _sort()
    is_more = wants_fragment(request.headers) and "cursor" in request.args
    line = [] if is_more else await conversations.line(entry, viewer_of(actor))
    stem, replies, pagination = await _conversation(line, entry, actor, sort)
    if is_more:
        return await render_fragment("posts/_replies.html", replies=replies, pagination=pagination, sort=sort)
    if not stem or stem[-1]["postId"] != entry.id or stem[-1]["isDeleted"]:  # it was deleted this moment
        raise Gone()
    *above, post = stem
    keep(actor, [*above, post, *_posts_in(replies)], prepared.of_thread(entry))
    return await render_page(
        "posts/thread.html",
        indexed=author.is_indexable and entry.visibility == "public",
        ancestors=above,
        post=post,
        replies=replies,
        pagination=pagination,
        sort=sort,
        sorts=_sorts(f"/@{author.acct}/{entry.id}"),
        about=await _about(entry, actor),
        is_muted=actor is not None and await followed.mutes_thread(actor.id, entry),
        looking=identity is not None and bool(await here().hooks.look_for_replies(entry=entry)),
        composer=await composer(identity, parent=post) if identity else None,
    )


async def _about(entry: Entry, actor: Actor | None) -> list[Card]:
    own = await filled("entry.own", Card, entry=entry) if actor and actor.id == entry.author_id else []
    return [*await filled("entry.about", Card, entry=entry), *own]


@blueprint.get("/@<acct>/<post_id>/new")
async def new_replies(acct: str, post_id: str) -> Response:
    """Answers that came while the conversation was open, by their ids, each to be put where it belongs."""
    actor = await viewer_actor()
    entry = await visible_entry(viewer_of(actor), post_id)
    wanted = [one for one in request.args.get("ids", "").split(",")[:NEW_AT_MOST] if is_id(one)]
    replies = await forms(await conversations.among(entry, wanted, viewer_of(actor)), actor, "thread")
    return await render_fragment("posts/_new_replies.html", post=await form_of(entry, actor), replies=replies)


def _sort() -> Sort:
    """The order that is asked for; one that there is not is the usual one."""
    for known in get_args(Sort):
        if request.args.get("sort") == known:
            return cast(Sort, known)
    return "oldest"


def _sorts(page: str) -> list[Tab]:
    words = {"oldest": _("Oldest first"), "newest": _("Newest first"), "top": _("Most liked")}
    return [Tab(name, said, page if name == "oldest" else f"{page}?sort={name}") for name, said in words.items()]


async def _conversation(
    line: Sequence[present.Row], entry: Entry, actor: Actor | None, sort: Sort
) -> tuple[list[present.Form], list[Node], dict[str, Any]]:
    """The forms of a line of entries, and a page of the answers to its last, each with those below it."""
    viewer, name = viewer_of(actor), f"comments:{sort}:{entry.id}"
    found = await conversations.comments(entry, viewer, sort, before(name), PAGE)
    top = found[:PAGE]
    below = await conversations.below([row["id"] for row in top], viewer, DEEPEST - 1)
    known = await forms([*line, *top, *below], actor, "thread", opened=entry.id)
    is_whole = len(below) < conversations.THREAD_AT_MOST
    stem, first = ({row["id"] for row in part} for part in (line, top))  # of which filters may have hidden some
    answers = [form for form in known if form["postId"] in first]
    further = [form for form in known if form["postId"] not in first | stem]
    return (
        [form for form in known if form["postId"] in stem],
        tree(answers, further, is_whole=is_whole),
        pagination(name, found),
    )


def _posts_in(nodes: Sequence[Node]) -> Iterator[present.Form]:
    for node in nodes:
        yield node["post"]
        yield from _posts_in(node["replies"])


# -- Looking up ----------------------------------------------------------------
@blueprint.get("/lookup")
async def lookup() -> Response:
    """Find a person or a post by name, `@name@host` or address."""
    actor = await viewer_actor()
    query = request.args.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    found: dict[str, Any] = {"user": None, "post": None, "users": [], "sentence": None}
    if query:
        try:
            found |= await _found(query, actor)
        except NotFound:
            found |= await _named(query, actor)
        except RateLimited as error:
            return await _too_often(query, found, error)
        except KithError as error:
            found["sentence"] = error.sentence
    return await render_page("posts/lookup.html", query=query, **found)


async def _too_often(query: str, found: dict[str, Any], error: RateLimited) -> Response:
    """The same page with nothing on it, and when to try again."""
    found["sentence"] = error.sentence
    response = await render_page("posts/lookup.html", status=error.status, query=query, **found)
    response.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return response


async def _found(query: str, actor: Actor | None) -> dict[str, Any]:
    """What is meant by a whole name or address. Raises NotFound, and what asking another server may raise."""
    thing = await meant(actor, query)
    if isinstance(thing, Actor):
        return {"user": (await present.users([present.row_of(thing)], actor))[0]}
    return {"post": await form_of(thing, actor)}


async def _named(query: str, actor: Actor | None) -> dict[str, Any]:
    """People here with such a name; strangers are told that there is more to find for members."""
    name = query.removeprefix("@")
    users: list[Any] = []
    if not is_address(query):
        rows, _total = await people.directory(viewer_of(actor), name.partition("@")[0], 1, PAGE)
        users = await present.users(rows, actor)
    is_foreign = is_address(query) and not query.startswith(f"{here().base_url}/")
    elsewhere = actor is None and (is_foreign or name.partition("@")[2].lower() not in ("", here().domain.lower()))
    sentence = _("People and posts of other servers are looked up for members only. Log in first.")
    return {"users": users, "sentence": sentence if elsewhere else None}
