"""The JSON API of what is not published yet: drafts, and posts that wait for their time."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import (
    AttachmentForm,
    ContentType,
    Form,
    Nothing,
    Policy,
    Post,
    StreamQuery,
    Visibility,
    stream_of,
)
from core.database import is_id
from core.errors import Invalid
from core.models import Entry
from plugins.posts import drafts, redrafting, scheduling
from plugins.posts.keeping import draft_forms, row_of, scheduled_forms
from plugins.posts.routes import NewPost, Scheduled, refuse_what_is_not_here, wanted_of

api = Api("drafts", __name__, area="posts")


class DraftBody(NewPost):
    content: str = ""


class DraftChanges(DraftBody):
    version: int | None = Field(
        None, description="Of the draft as you last saw it: 409 where another device has changed it since."
    )


class KeptPoll(Form):
    options: list[str]
    multiple: bool
    expires_at: str | None
    expires_in: int | None


class Unpublished(Form):
    content: str
    content_type: ContentType | None = Field(description="Null: as you usually write.")
    content_warning: str | None
    visibility: Visibility | None = Field(description="Null: as you usually write.")
    circle_id: str | None
    language: str | None
    sensitive: bool
    local_only: bool
    reply_policy: Policy | None
    quote_policy: Policy | None
    in_reply_to: str | None
    quote: str | None
    poll: KeptPoll | None
    attachments: list[AttachmentForm]
    created_at: str


class DraftForm(Unpublished):
    draft_id: str
    version: int
    publish_at: str | None
    problem: str | None = Field(description="Why it was not published when its time came; null once it is kept anew.")
    updated_at: str


class ScheduledForm(Unpublished):
    post_id: str = Field(description="The id the post will have.")
    publish_at: str


class ScheduledBody(NewPost):
    """As in `POST /posts`; without `publishAt` its time stays."""


def _kept(body: NewPost) -> dict[str, Any]:
    refuse_what_is_not_here(body)
    named = {"inReplyTo": body.in_reply_to, "quote": body.quote, "circleId": body.circle_id}
    if errors := {field: "This is no id." for field, found in named.items() if found and not is_id(found)}:
        raise Invalid(errors)
    return {**wanted_of(body), "publish_at": present.stamp(body.publish_at)}


@api.get("/drafts", query=StreamQuery, answer=stream_of("drafts", DraftForm))
async def read_drafts(ask: Ask[None, StreamQuery]) -> object:
    """What you are still writing, the draft begun last first; nobody else sees any of it."""
    found = await drafts.listed(ask.actor, ask.before("drafts"), ask.query.limit)
    return ask.page("drafts", "drafts", found, await draft_forms(ask.actor, found[: ask.query.limit]))


@api.post("/drafts", body=DraftBody, answer=DraftForm, status=201)
async def make_draft(ask: Ask[DraftBody, None]) -> Answer:
    """Keep what is not done yet: all that `POST /posts` takes, and nothing of it is needed.

    Its files stay for a year after it was last kept.
    """
    made = await drafts.save(ask.actor, _kept(ask.body))
    return Answer((await draft_forms(ask.actor, [row_of(made)]))[0], 201, location=f"/api/v1/drafts/{made.id}")


@api.get("/drafts/<draft_id>", answer=DraftForm)
async def read_draft(ask: Ask[None, None], draft_id: str) -> object:
    """A draft of yours."""
    return (await draft_forms(ask.actor, [row_of(await drafts.own(ask.actor, draft_id))]))[0]


@api.put("/drafts/<draft_id>", body=DraftChanges, answer=DraftForm)
async def change_draft(ask: Ask[DraftChanges, None], draft_id: str) -> object:
    """Have a draft say something else: what is left out is left out of it."""
    kept = await drafts.save(ask.actor, _kept(ask.body), draft_id=draft_id, version=ask.body.version)
    return (await draft_forms(ask.actor, [row_of(kept)]))[0]


@api.delete("/drafts/<draft_id>", answer=Nothing)
async def delete_draft(ask: Ask[None, None], draft_id: str) -> object:
    """Throw a draft away."""
    await drafts.discard(ask.actor, draft_id)
    return {}


@api.post("/drafts/<draft_id>/publish", answer=Post, status=201, also={202: Scheduled})
async def publish_draft(ask: Ask[None, None], draft_id: str) -> Answer:
    """Publish a draft, which is gone then; with a `publishAt` it waits for that, as in `POST /posts`."""
    made = await drafts.publish(ask.actor, draft_id)
    location = f"/api/v1/posts/{made.id}"
    if isinstance(made, Entry):
        return Answer(await present.post(made, ask.actor), 201, location=location)
    return Answer({"postId": made.id, "publishAt": present.stamp(made.publish_at)}, 202, location=location)


@api.post("/posts/<post_id>/redraft", answer=DraftForm, status=201)
async def redraft_post(ask: Ask[None, None], post_id: str) -> Answer:
    """Delete a post of yours, and have what it was as a draft, with its files, to write it anew."""
    made = await redrafting.redraft(ask.actor, post_id)
    return Answer((await draft_forms(ask.actor, [row_of(made)]))[0], 201, location=f"/api/v1/drafts/{made.id}")


# -- Waiting for their time ----------------------------------------------------
@api.get("/scheduled", query=StreamQuery, answer=stream_of("scheduled", ScheduledForm))
async def read_scheduled(ask: Ask[None, StreamQuery]) -> object:
    """What you wrote for later, what comes first first."""
    found = await scheduling.listed(ask.actor, ask.before("scheduled"), ask.query.limit)
    return ask.page("scheduled", "scheduled", found, await scheduled_forms(ask.actor, found[: ask.query.limit]))


@api.put("/scheduled/<scheduled_id>", body=ScheduledBody, answer=ScheduledForm)
async def change_scheduled(ask: Ask[ScheduledBody, None], scheduled_id: str) -> object:
    """Have a post for later say something else, or come at another time. It has another `postId` then."""
    refuse_what_is_not_here(ask.body)
    waiting = await scheduling.own(ask.actor, scheduled_id)
    at = ask.body.publish_at or waiting.publish_at
    changed = await scheduling.change(ask.actor, scheduled_id, at, wanted_of(ask.body))
    return (await scheduled_forms(ask.actor, [row_of(changed)]))[0]


@api.delete("/scheduled/<scheduled_id>", answer=Nothing)
async def cancel_scheduled(ask: Ask[None, None], scheduled_id: str) -> object:
    """Take a post for later back before anybody has seen it."""
    await scheduling.cancel(ask.actor, scheduled_id)
    return {}


@api.post("/scheduled/<scheduled_id>/publish", answer=Post, status=201)
async def publish_scheduled(ask: Ask[None, None], scheduled_id: str) -> Answer:
    """Publish a post for later now."""
    entry = await scheduling.publish_now(ask.actor, scheduled_id)
    return Answer(await present.post(entry, ask.actor), 201, location=f"/api/v1/posts/{entry.id}")
