"""Feeds to subscribe to without an account: of a person here and of a hashtag, with public posts only."""

from __future__ import annotations

from email.utils import format_datetime
from hashlib import blake2b
from typing import Any

from quart import Blueprint, Response, request

from core import prepared, present
from core.asgi import cacheable
from core.audience import STRANGER, visible_sql
from core.database import rows
from core.errors import NotFound
from core.html import plain, tag_key
from core.http_dates import http_date
from core.instance import here
from core.models import Actor
from core.people import visible_actor
from core.present import PAGE_COLUMNS, Form
from core.web.language import gettext as _
from plugins.posts import lists
from plugins.posts.syndication import ATOM, RSS, Channel, atom, changed_at, rss

blueprint = Blueprint("posts_feed_files", __name__)
ITEMS = 20
PREPARED_SECONDS = 300
_FORMS: dict[str, tuple[str, Any]] = {"rss": (RSS, rss), "atom": (ATOM, atom)}


@blueprint.get("/@<acct>.<any(rss,atom):form>")
async def of_person(acct: str, form: str) -> Response:
    """What somebody here posts for everybody, answers apart."""
    person = await visible_actor(STRANGER, acct)
    if not person.is_local or acct != person.acct:
        raise NotFound("There is no such person here.")
    name = f"{person.name or person.username} (@{person.username}@{here().domain})"
    channel = Channel(
        title=name,
        description=plain(person.summary, 500) or _("Public posts of %(name)s") % {"name": name},
        page=here().url(f"/@{person.acct}"),
        address=here().url(f"/@{person.acct}.{form}"),
        picture=here().url(person.avatar_url) if person.avatar_url.startswith("/") else person.avatar_url,
    )
    posts = await _posts_of(person)
    tags = (prepared.of_actor(person.id), prepared.of_profile(person.id))
    return _answer(channel, form, posts, *tags, is_indexed=person.is_indexable)


@blueprint.get("/tags/<tag>.<any(rss,atom):form>")
async def of_tag(tag: str, form: str) -> Response:
    """Public posts with a hashtag."""
    key = tag_key(tag)
    found = await lists.tagged(tag, STRANGER, None, ITEMS)
    posts = present.unpacked(await present.posts(found[:ITEMS], None))
    channel = Channel(
        title=f"#{tag} · {here().settings.server.name}",
        description=_("Public posts with #%(tag)s") % {"tag": tag},
        page=here().url(f"/tags/{tag}"),
        address=here().url(f"/tags/{tag}.{form}"),
    )
    return _answer(channel, form, posts, prepared.of_tag(key), is_indexed=False)


async def _posts_of(person: Actor) -> list[Form]:
    found = await rows(
        f"SELECT {PAGE_COLUMNS} FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.author_id = $2"
        f" AND e.reply_to_uri = '' AND e.visibility = 'public' AND {visible_sql(STRANGER, 1)}"
        " ORDER BY e.id DESC LIMIT $3",
        None,
        person.id,
        ITEMS,
    )
    return present.unpacked(await present.posts(found, None))


def _answer(channel: Channel, form: str, posts: list[Form], *tags: str, is_indexed: bool) -> Response:
    """The feed, or word that it is as it was; everybody is given the same until something in it changes."""
    media_type, written = _FORMS[form]
    body, changed = written(channel, posts), changed_at(posts)
    response = Response(body, content_type=f"{media_type}; charset=utf-8")
    response.headers["ETag"] = etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    response.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Vary"] = "Accept-Language"
    if not is_indexed:
        response.headers["X-Robots-Tag"] = "noindex"
    authors = {prepared.of_actor(post["user"]["userId"]) for post in posts}
    cacheable(request, PREPARED_SECONDS, *tags, *authors, *(prepared.of_entry(post["postId"]) for post in posts))
    if _is_known(etag, changed.timestamp()):
        response.status_code = 304
        response.set_data(b"")
    return response


def _is_known(etag: str, changed: float) -> bool:
    """Whether whoever asks has it as it is (RFC 9110, section 13.2.2: a tag goes before a date)."""
    if asked := request.headers.get("If-None-Match"):
        return etag in asked or asked.strip() == "*"
    since = http_date(request.headers.get("If-Modified-Since", ""))
    return since is not None and since.timestamp() >= changed
