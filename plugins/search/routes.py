"""The JSON API of searching, hashtags and trends."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from core import present
from core.api import Api, Ask
from core.api.answers import table_of
from core.api.forms import Form, Post, StreamPagination, StreamQuery, TableQuery, User, stream_of
from core.api.forms import table_of as table_model
from core.database import now
from core.errors import Invalid
from core.html import tag_key
from plugins.search import trends
from plugins.search.everything import everything
from plugins.search.finding import count_tag, find_people, find_posts
from plugins.search.forms import list_name, tag_form
from plugins.search.query import LONGEST, understood
from plugins.search.tagged import tagged

api = Api("search", __name__)
_SHOWN = 10


class PeopleQuery(TableQuery):
    q: str = Field(min_length=1, max_length=LONGEST, description="Words, or how they begin, of a name.")


class PostsQuery(StreamQuery):
    q: str = Field(
        "",
        max_length=LONGEST,
        description='Words, "phrases", -words; `from:name`, `has:image|video|audio|poll|link`, `before:2026-03-01`,'
        " `after:`, `lang:de`, `#tag`.",
    )
    tags: str = Field("", max_length=LONGEST, description="Hashtags between commas, all of which are to be there.")


class AllQuery(Form):
    q: str = Field(min_length=1, max_length=2048, description="Words, `@name@host`, or an address.")


class TagForm(Form):
    tag: str
    url: str
    people_count: int = Field(description="How many people wrote it for everybody within the last seven days.")
    posts_count: int


class TagPage(TagForm):
    posts: list[Post]
    pagination: StreamPagination


class Everything(Form):
    """What was found of each kind; plugins add keys of their own."""

    users: list[User]
    posts: list[Post]
    tags: list[TagForm]


class Trends(Form):
    tags: list[TagForm]
    posts: list[Post]


class HidingBody(Form):
    hidden: bool


class HidingState(Form):
    tag: str
    hidden: bool


def _filled(text: str) -> str:
    if not text.strip():
        raise Invalid({"q": "Say what to look for."})
    return text.strip()


@api.get("/search/users", query=PeopleQuery, answer=table_model("users", User), signed_out=True)
async def search_users(ask: Ask[None, PeopleQuery]) -> object:
    """People, here and elsewhere, whose names hold these words or words that begin so."""
    page, limit = ask.query.page, ask.query.limit
    found, total = await find_people(ask.actor_or_none, _filled(ask.query.q), page, limit)
    return table_of("users", list(await present.users(found, ask.actor_or_none)), page, limit, total)


@api.get("/search/posts", query=PostsQuery, answer=stream_of("posts", Post), signed_out=True)
async def search_posts(ask: Ask[None, PostsQuery]) -> object:
    """Posts by their words, newest first.

    Found are public posts of those who have agreed to that, your own, and those that mention you.
    """
    text, tags, limit = ask.query.q.strip(), ask.query.tags, ask.query.limit
    query = understood(_filled(text) if not tags.strip() else text, tags)
    name = list_name(text, tags)
    found = await find_posts(ask.actor_or_none, query, ask.before(name), limit)
    return ask.page("posts", name, found, list(await present.posts(found[:limit], ask.actor_or_none)))


@api.get("/search", query=AllQuery, answer=Everything)
async def search_everything(ask: Ask[None, AllQuery]) -> object:
    """The first few of everything that is found; `@name@host` and addresses are looked up on their server."""
    found = await everything(ask.actor, _filled(ask.query.q))
    return {"users": [], "posts": [], "tags": [], **{hits.name: list(hits.items) for hits in found}}


@api.get("/tags/<tag>", query=StreamQuery, answer=TagPage, signed_out=True)
async def read_tag(ask: Ask[None, StreamQuery], tag: str) -> object:
    """Public posts with a hashtag, newest first, and how many people write it these days."""
    key = tag_key(tag)
    name = f"tag:{key}"
    people, posts = await count_tag(key, trends.first_id(now() - timedelta(days=trends.DAYS)))
    found = await tagged(key, ask.viewer, ask.before(name), ask.query.limit)
    forms = await present.posts(found[: ask.query.limit], ask.actor_or_none)
    about = tag_form({"name": tag.lstrip("#＃"), "people": people, "posts": posts})
    return {**about, **ask.page("posts", name, found, list(forms))}


@api.get("/trends", answer=Trends, signed_out=True)
async def read_trends(ask: Ask[None, None]) -> object:
    """What people talk about these days: hashtags and posts, by how many people are behind them."""
    posts = await trends.trending_posts(ask.actor_or_none, _SHOWN)
    return {
        "tags": [tag_form(tag) for tag in await trends.trending_tags(_SHOWN)],
        "posts": list(await present.posts(posts, ask.actor_or_none)),
    }


@api.put("/admin/trends/tags/<tag>", body=HidingBody, answer=HidingState, permission="reports.manage")
async def hide_tag(ask: Ask[HidingBody, None], tag: str) -> object:
    """Keep a hashtag out of the trends, or let it come back; its posts stay where they are."""
    await trends.hide_tag(tag, hidden=ask.body.hidden, by=ask.doer)
    return {"tag": tag.lstrip("#＃"), "hidden": ask.body.hidden}
