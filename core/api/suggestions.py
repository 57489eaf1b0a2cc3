"""The JSON API of suggestions: whom to follow, and why; and who follows somebody of those one knows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core import people, present, suggestions
from core.accounts.privacy import require_network
from core.api import Api, Ask
from core.api.answers import page_of
from core.api.forms import Form, StreamPagination, StreamQuery, User, stream_of
from core.web.words import reason_words

api = Api("suggestions", __name__)


class LimitQuery(Form):
    limit: int = Field(20, ge=1, le=50)


class ReasonForm(Form):
    type: Literal["followedBy", "liked", "tag", "newcomer", "popular"]
    count: int = Field(description="How many people you follow, posts you liked, tags you share, followers.")
    names: list[str] = Field(description="Some of those you follow who follow them.")
    tag: str | None
    sentence: str = Field(description="The reason in your language.")


class SuggestionForm(Form):
    user: User
    reasons: list[ReasonForm]


class Suggestions(Form):
    suggestions: list[SuggestionForm]
    pagination: StreamPagination


class Dismissed(Form):
    user_id: str


@api.get("/suggestions", query=LimitQuery, answer=Suggestions)
async def read_suggestions(ask: Ask[None, LimitQuery]) -> object:
    """People you may like to follow, the likeliest first, each with the reasons."""
    found = await suggestions.suggested(ask.actor, ask.query.limit)
    users = await present.users([one.row for one in found], ask.actor)
    items: list[object] = [
        {
            "user": user,
            "reasons": [
                {
                    "type": reason.kind,
                    "count": reason.count,
                    "names": list(reason.names),
                    "tag": reason.tag or None,
                    "sentence": reason_words(reason.kind, reason.count, reason.names, reason.tag),
                }
                for reason in one.reasons
            ],
        }
        for user, one in zip(users, found, strict=True)
    ]
    return page_of("suggestions", items, None)


@api.delete("/suggestions/<user_id>", answer=Dismissed)
async def dismiss(ask: Ask[None, None], user_id: str) -> object:
    """Not be suggested somebody again; they are not told."""
    target = await people.visible_actor(ask.viewer, user_id)
    await suggestions.dismiss(ask.actor, target)
    return {"userId": target.id}


@api.get("/users/<user_id>/mutuals", query=StreamQuery, answer=stream_of("users", User))
async def read_mutuals(ask: Ask[None, StreamQuery], user_id: str) -> object:
    """Whom you follow of those who follow somebody."""
    actor = await people.visible_actor(ask.viewer, user_id)
    await require_network(actor, ask.viewer)
    name = f"mutuals:{ask.actor.id}:{actor.id}"
    found = await people.known_followers(actor, ask.viewer, ask.before(name), ask.query.limit)
    return ask.page("users", name, found, list(await present.users(found[: ask.query.limit], ask.actor)))
