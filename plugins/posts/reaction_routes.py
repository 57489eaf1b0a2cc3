"""The JSON API of answers by a sign."""

from __future__ import annotations

import orjson
from pydantic import Field

from core import emoji_reactions, people, present
from core.api import Api, Ask
from core.api.forms import Form, ReactionForm, StreamQuery, UserShort, stream_of
from core.entries import visible_entry
from core.errors import Conflict
from core.present import user_short

api = Api("reactions", __name__, area="posts")


class Reacted(Form):
    post_id: str
    reactions: list[ReactionForm]


class ReactionsQuery(StreamQuery):
    emoji: str | None = Field(None, max_length=400, description="Only those who answered with this.")


class ReactionOf(Form):
    """Who answered with what."""

    reaction_id: str
    emoji: str
    user: UserShort


async def _now(ask: Ask[None, None], post_id: str) -> object:
    entry = await visible_entry(ask.viewer, post_id)
    return {"postId": post_id, "reactions": orjson.loads(await present.post(entry, ask.actor))["reactions"]}


@api.put("/posts/<post_id>/reactions/<emoji>", answer=Reacted)
async def react(ask: Ask[None, None], post_id: str, emoji: str) -> object:
    """Answer a post with one emoji, or with a `:shortcode:` of this server; what is so already stays so."""
    entry = await visible_entry(ask.viewer, post_id)
    sign, custom = await emoji_reactions.known_sign(emoji)
    try:
        await emoji_reactions.react(ask.actor, entry, sign, custom)
    except Conflict:
        pass
    return await _now(ask, post_id)


@api.delete("/posts/<post_id>/reactions/<emoji>", answer=Reacted)
async def unreact(ask: Ask[None, None], post_id: str, emoji: str) -> object:
    """Take a sign back."""
    entry = await visible_entry(ask.viewer, post_id)
    sign, _custom = await emoji_reactions.known_sign(emoji)
    await emoji_reactions.unreact(ask.actor, entry, sign)
    return await _now(ask, post_id)


@api.get("/posts/<post_id>/reactions", query=ReactionsQuery, answer=stream_of("reactions", ReactionOf), signed_out=True)
async def read_reactions(ask: Ask[None, ReactionsQuery], post_id: str) -> object:
    """Who answered a post with which sign, latest first."""
    entry = await visible_entry(ask.viewer, post_id)
    name = f"reactions:{entry.id}:{ask.query.emoji or ''}"
    found = await people.reactors(entry.id, ask.viewer, ask.before(name), ask.query.limit, sign=ask.query.emoji)
    forms = [
        {"reactionId": one["position"], "emoji": one["emoji"], "user": user_short(one)}
        for one in found[: ask.query.limit]
    ]
    return ask.page("reactions", name, found, forms)
