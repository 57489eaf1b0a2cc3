"""Pages about one post: its conversation, what it said before, and the way to it from an address."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people, prepared, present
from core.audience import OPEN, viewer_of
from core.database import is_id
from core.entries import visible_entry
from core.errors import Gone, KithError, NotFound
from core.instance import here
from core.models import Actor, Entry
from core.people import visible_actor
from core.web.language import gettext as _
from core.web.pages import render_page, viewer_identity
from plugins.posts import lists
from plugins.posts.composing import composer
from plugins.posts.listing import PAGE, form_of, forms, keep, viewer_actor
from plugins.posts.trees import tree

blueprint = Blueprint("posts_threads", __name__)
LONGEST_QUERY = 2048


async def _entry(actor: Actor | None, post_id: str) -> Entry:
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
    """A post, what it answers, and what was answered."""
    identity = await viewer_identity()
    actor = identity.actor if identity else None
    entry = await _entry(actor, post_id)
    author = await Actor.get(id=entry.author_id)
    if acct != author.acct:
        return redirect(f"/@{author.acct}/{entry.id}")
    viewer = viewer_of(actor)
    above = await forms(await lists.ancestors(entry, viewer), actor)
    below = await forms(await lists.descendants(entry, viewer), actor)
    post = await form_of(entry, actor)
    keep(actor, [*above, post, *below], prepared.of_thread(entry))
    return await render_page(
        "posts/thread.html",
        indexed=author.is_indexable and entry.visibility == "public",
        ancestors=above,
        post=post,
        replies=tree(entry.id, below),
        pagination=None,
        composer=await composer(identity, parent=post) if identity else None,
    )


@blueprint.get("/@<acct>/<post_id>/history")
async def history(acct: str, post_id: str) -> Response:
    """What a post said before."""
    actor = await viewer_actor()
    entry = await _entry(actor, post_id)
    versions = [
        {
            "content": row["content"],
            "contentWarning": row["content_warning"] or None,
            "createdAt": present.stamp(row["created_at"]),
        }
        for row in reversed(await lists.revisions(entry))
    ]
    post = await form_of(entry, actor)
    current = {
        "content": post["content"],
        "contentWarning": post["contentWarning"],
        "createdAt": post["editedAt"] or post["createdAt"],
    }
    return await render_page("posts/history.html", post=post, versions=[current, *versions])


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
        except KithError as error:
            found["sentence"] = error.sentence
    return await render_page("posts/lookup.html", query=query, **found)


async def _found(query: str, actor: Actor | None) -> dict[str, Any]:
    """What is meant by a whole name or address. Raises NotFound, and what asking another server may raise."""
    thing: Actor | Entry | None
    if query.startswith(("http://", "https://")):
        thing = await _at_address(query, actor)
    else:
        thing = await visible_actor(viewer_of(actor), query)
    if isinstance(thing, Actor):
        return {"user": (await present.users([present.row_of(thing)], actor))[0]}
    if thing is None:
        raise NotFound()
    entry = await visible_entry(viewer_of(actor), thing.id)
    return {"post": await form_of(entry, actor)}


async def _at_address(address: str, actor: Actor | None) -> Actor | Entry | None:
    """Somebody or something by address: of this server, or of another one for those who are signed in."""
    viewer = viewer_of(actor)
    if address.startswith(here().base_url + "/"):
        parts = address.removeprefix(here().base_url).partition("?")[0].strip("/").split("/")
        if len(parts) > 1 and is_id(parts[1]) and (parts[0].startswith("@") or parts[0] == "objects"):
            return await visible_entry(viewer, parts[1])
        name = parts[1] if parts[0] == "actors" and len(parts) > 1 else parts[0] if parts[0].startswith("@") else ""
        return await visible_actor(viewer, name)
    if actor is None:
        raise NotFound()
    thing = await here().hooks.look_up(address=address)
    return await visible_actor(viewer, thing.id) if isinstance(thing, Actor) else thing


async def _named(query: str, actor: Actor | None) -> dict[str, Any]:
    """People here with such a name; strangers are told that there is more to find for members."""
    name = query.removeprefix("@")
    users: list[Any] = []
    if not query.startswith(("http://", "https://")):
        rows, _total = await people.directory(viewer_of(actor), name.partition("@")[0], 1, PAGE)
        users = await present.users(rows, actor)
    is_address = query.startswith(("http://", "https://")) and not query.startswith(f"{here().base_url}/")
    elsewhere = actor is None and (is_address or name.partition("@")[2].lower() not in ("", here().domain.lower()))
    sentence = _("People and posts of other servers are looked up for members only. Log in first.")
    return {"users": users, "sentence": sentence if elsewhere else None}
