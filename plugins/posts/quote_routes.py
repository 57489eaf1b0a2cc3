"""The JSON API of quotes and of consent: who quotes a post, who asks to, or to answer it, and taking out both."""

from __future__ import annotations

from pydantic import Field

from core import present, quote_requests, quotes, replies, reply_requests
from core.api import Api, Ask
from core.api.forms import Form, Post, StreamQuery, UserShort, stream_of
from core.entries import visible_entry
from plugins.posts import lists

api = Api("quotes", __name__, area="posts")


class Unquoted(Form):
    post_id: str
    quoted_by: str
    is_quoted: bool


class QuoteWish(Form):
    """Somebody who asks to quote a post of yours."""

    request_id: str
    user: UserShort
    uri: str = Field(description="The address of what is to quote it.")
    post: Post | None = Field(description="The same, where you may see it.")
    quoted: Post | None
    created_at: str


class QuoteAnswer(Form):
    request_id: str
    is_accepted: bool


@api.get("/posts/<post_id>/quotes", query=StreamQuery, answer=stream_of("posts", Post), signed_out=True)
async def read_quotes(ask: Ask[None, StreamQuery], post_id: str) -> object:
    """The posts that quote a post, newest first."""
    entry = await visible_entry(ask.viewer, post_id)
    name = f"quotes:{entry.id}"
    found = await lists.quotes(entry, ask.viewer, ask.before(name), ask.query.limit)
    forms = await present.posts(found[: ask.query.limit], ask.actor_or_none)
    return ask.page("posts", name, found, list(forms))


@api.delete("/posts/<post_id>/quotes/<quoting_id>", answer=Unquoted)
async def remove_quote(ask: Ask[None, None], post_id: str, quoting_id: str) -> object:
    """Have somebody's post quote yours no more; it keeps its words and a link."""
    quoted, quoting = await visible_entry(ask.viewer, post_id), await visible_entry(ask.viewer, quoting_id)
    await quotes.remove_quote(ask.actor, quoted, quoting)
    return {"postId": post_id, "quotedBy": quoting_id, "isQuoted": False}


class Unanswered(Form):
    post_id: str
    answered_by: str
    is_answer: bool


@api.delete("/posts/<post_id>/replies/<answer_id>", answer=Unanswered)
async def remove_reply(ask: Ask[None, None], post_id: str, answer_id: str) -> object:
    """Take somebody's answer out of the conversation below your post; it stands for itself."""
    parent, reply = await visible_entry(ask.viewer, post_id), await visible_entry(ask.viewer, answer_id)
    await replies.remove_reply(ask.actor, parent, reply)
    return {"postId": post_id, "answeredBy": answer_id, "isAnswer": False}


@api.get("/quote-requests", query=StreamQuery, answer=stream_of("requests", QuoteWish))
async def read_wishes(ask: Ask[None, StreamQuery]) -> object:
    """Who asks to quote posts of yours whose `quotePolicy` is `ask`, the latest first."""
    name = f"quote-requests:{ask.actor.id}"
    found = await quote_requests.waiting(ask.actor, ask.before(name), ask.query.limit)
    return ask.page("requests", name, found, await quote_requests.forms(found[: ask.query.limit], ask.actor))


@api.put("/quote-requests/<request_id>/accept", answer=QuoteAnswer)
async def accept_wish(ask: Ask[None, None], request_id: str) -> object:
    """Let them quote your post."""
    await quote_requests.answer(ask.actor, request_id, agrees=True)
    return {"requestId": request_id, "isAccepted": True}


@api.put("/quote-requests/<request_id>/reject", answer=QuoteAnswer)
async def reject_wish(ask: Ask[None, None], request_id: str) -> object:
    """Do not let them quote your post: theirs keeps a link."""
    await quote_requests.answer(ask.actor, request_id, agrees=False)
    return {"requestId": request_id, "isAccepted": False}


class ReplyWish(Form):
    """Somebody whose answer to a post of yours waits for your word."""

    request_id: str
    user: UserShort
    post: Post = Field(description="The answer: you and its author alone see it.")
    answered: Post | None
    created_at: str


class ReplyAnswer(Form):
    request_id: str
    is_accepted: bool


@api.get("/reply-requests", query=StreamQuery, answer=stream_of("requests", ReplyWish))
async def read_reply_wishes(ask: Ask[None, StreamQuery]) -> object:
    """The answers to posts of yours whose `replyPolicy` is `ask` that wait for you, the latest first."""
    name = f"reply-requests:{ask.actor.id}"
    found = await reply_requests.waiting(ask.actor, ask.before(name), ask.query.limit)
    return ask.page("requests", name, found, await reply_requests.forms(found[: ask.query.limit], ask.actor))


@api.put("/reply-requests/<request_id>/accept", answer=ReplyAnswer)
async def accept_reply(ask: Ask[None, None], request_id: str) -> object:
    """Let an answer stand below your post, for whom it was written."""
    await reply_requests.answer(ask.actor, request_id, agrees=True)
    return {"requestId": request_id, "isAccepted": True}


@api.put("/reply-requests/<request_id>/reject", answer=ReplyAnswer)
async def reject_reply(ask: Ask[None, None], request_id: str) -> object:
    """Do not let an answer stand below your post: its author alone keeps it."""
    await reply_requests.answer(ask.actor, request_id, agrees=False)
    return {"requestId": request_id, "isAccepted": False}
