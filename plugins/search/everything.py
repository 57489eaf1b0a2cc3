"""Searching for things of all kinds at once, and for the one thing that a name or an address means."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from core import present
from core.errors import NotFound
from core.hits import Hits
from core.instance import here
from core.meaning import is_address, meant
from core.models import Actor, Entry
from core.web.language import gettext as _
from plugins.search.finding import find_people, find_posts, find_tags
from plugins.search.forms import tag_form
from plugins.search.query import understood

FEW = 5


async def of_ours(actor: Actor | None, text: str) -> Sequence[Hits]:
    """The first few people, posts and hashtags."""
    people, _total = await find_people(actor, text, 1, FEW)
    posts = (await find_posts(actor, understood(text), None, FEW))[:FEW]
    tags = await find_tags(text, FEW)
    at = f"/search?q={quote(text)}&in="
    return [
        Hits("users", _("People"), await present.users(people, actor), f"{at}people"),
        Hits("posts", _("Posts"), present.unpacked(await present.posts(posts, actor)), f"{at}posts"),
        Hits("tags", _("Tags"), [tag_form(tag) for tag in tags], f"{at}tags"),
    ]


async def everything(actor: Actor | None, text: str) -> list[Hits]:
    """What every plugin finds. A name or an address that means one thing finds that thing before all others.

    Raises Invalid, and what asking another server may raise.
    """
    thing = await _meant(actor, text)
    understood(text if thing is None else "")  # what is wrong with it is said, and not put down to a plugin
    answers = await here().hooks.search(viewer=actor, text=text) if not is_address(text) else []
    found = [hits for answer in answers for hits in ([answer] if isinstance(answer, Hits) else answer)]
    return found if thing is None else await _first(thing, actor, found)


async def _meant(actor: Actor | None, text: str) -> Actor | Entry | None:
    if not is_address(text) and not text.startswith("@"):
        return None
    try:
        return await meant(actor, text)
    except NotFound:
        return None


async def _first(thing: Actor | Entry, actor: Actor | None, found: list[Hits]) -> list[Hits]:
    name, key = ("users", "userId") if isinstance(thing, Actor) else ("posts", "postId")
    if isinstance(thing, Actor):
        form = (await present.users([present.row_of(thing)], actor))[0]
    else:
        form = present.unpacked([await present.post(thing, actor)])[0]
    known = {hits.name: hits for hits in found}
    others = known.pop(name, Hits(name, _("People") if name == "users" else _("Posts"), []))
    items = [form, *(item for item in others.items if item[key] != thing.id)]
    return [Hits(name, others.label, items, others.more), *known.values()]
