"""The JSON API of polls: voting."""

from __future__ import annotations

import orjson
from pydantic import Field

from core import polls, present
from core.api import Api, Ask
from core.api.forms import Form, PollForm
from core.entries import visible_entry

api = Api("polls", __name__, area="posts")
api.tag = "posts"  # for apps, and in the document, they belong there


class Choices(Form):
    choices: list[int] = Field(description="The places of the options you choose, from 0; one unless `multiple`.")


class Voted(Form):
    post_id: str
    poll: PollForm


@api.post("/posts/<post_id>/vote", body=Choices, answer=Voted)
async def vote(ask: Ask[Choices, None], post_id: str) -> object:
    """Vote in a poll, once for all.

    A second vote is `409` (`already_voted`), as is one after its end (`poll_over`); your own poll is `403`.
    """
    entry = await visible_entry(ask.viewer, post_id)
    await polls.vote(ask.actor, entry, ask.body.choices)
    form = orjson.loads(await present.post(entry, ask.actor))
    return {"postId": post_id, "poll": form["poll"]}
