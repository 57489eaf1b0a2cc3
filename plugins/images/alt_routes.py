"""The JSON API of suggested descriptions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import AttachmentForm, Form, StreamQuery, UserShort, stream_of
from core.entries import visible_entry
from core.errors import NotFound
from plugins.images import alt_listing, alt_suggestions

api = Api("alt_suggestions", __name__, area="images")


class NewSuggestion(Form):
    alt: str = Field(description="What is to be seen, for who cannot: at most as long as any description.")
    credit: bool = Field(False, description="Name me beside the description, once it is taken.")


class SuggestionChange(Form):
    alt: str
    credit: bool | None = None


class Taken(Form):
    alt: str = Field(description="How the picture is described from now on: the suggestion, or what you made of it.")


class AltSuggestion(Form):
    """A description that somebody suggests for a picture of somebody else's."""

    suggestion_id: str
    post_id: str
    file_id: str
    picture: AttachmentForm = Field(description="As it is described now.")
    user: UserShort = Field(description="Who suggests it.")
    author: UserShort = Field(description="Whose picture it is.")
    alt: str
    used_alt: str | None = Field(description="What its author took in the end.")
    credit: bool
    state: Literal["waiting", "accepted", "rejected"]
    created_at: str
    answered_at: str | None


class SuggestionsQuery(StreamQuery):
    direction: Literal["in", "out"] = Field("in", description="What waits for your answer, or what you suggested.")


class Credit(Form):
    """Whom a description is owed to."""

    file_id: str
    user: UserShort


class Credits(Form):
    credits: list[Credit]


class Gone(Form):
    suggestion_id: str


async def _suggestion(suggestion_id: str) -> dict[str, object]:
    found = await alt_listing.forms_of(await alt_listing.one(suggestion_id))
    if not found:  # its picture has gone this moment
        raise NotFound("There is no such suggestion.")
    return found[0]


@api.post("/files/<picture_id>/alt-suggestions", body=NewSuggestion, answer=AltSuggestion, status=201)
async def suggest_alt(ask: Ask[NewSuggestion, None], picture_id: str) -> Answer:
    """Suggest a description for a picture of somebody here.

    One waits for its author's answer at a time, for each picture; after one was declined there is no other. At most
    fifty a day.
    """
    made = await alt_suggestions.suggest(ask.actor, picture_id, ask.body.alt, credit=ask.body.credit)
    return Answer(await _suggestion(made.id), 201)


@api.get("/alt-suggestions", query=SuggestionsQuery, answer=stream_of("suggestions", AltSuggestion))
async def read_alt_suggestions(ask: Ask[None, SuggestionsQuery]) -> object:
    """Descriptions that wait for your answer, or that you suggested; the latest first."""
    query = ask.query
    name = f"alt-suggestions:{query.direction}:{ask.actor.id}"
    listed = alt_listing.waiting if query.direction == "in" else alt_listing.made
    found = await listed(ask.actor, ask.before(name), query.limit)
    return ask.page("suggestions", name, found, await alt_listing.forms_of(found[: query.limit]))


@api.put("/alt-suggestions/<suggestion_id>", body=SuggestionChange, answer=AltSuggestion)
async def change_alt_suggestion(ask: Ask[SuggestionChange, None], suggestion_id: str) -> object:
    """Suggest something else, while it waits for an answer."""
    body = ask.body
    await alt_suggestions.reword(ask.actor, suggestion_id, body.alt, credit=body.credit)
    return await _suggestion(suggestion_id)


@api.delete("/alt-suggestions/<suggestion_id>", answer=Gone)
async def withdraw_alt_suggestion(ask: Ask[None, None], suggestion_id: str) -> object:
    """Take a suggestion of yours back; where it was taken already, the description stays and names you no more."""
    await alt_suggestions.withdraw(ask.actor, suggestion_id)
    return {"suggestionId": suggestion_id}


@api.put("/alt-suggestions/<suggestion_id>/accept", body=Taken, answer=AltSuggestion)
async def accept_alt_suggestion(ask: Ask[Taken, None], suggestion_id: str) -> object:
    """Describe a picture of yours so; what you send is used, whatever the suggestion says by then."""
    await alt_suggestions.accept(ask.actor, suggestion_id, ask.body.alt)
    return await _suggestion(suggestion_id)


@api.put("/alt-suggestions/<suggestion_id>/reject", answer=AltSuggestion)
async def reject_alt_suggestion(ask: Ask[None, None], suggestion_id: str) -> object:
    """Decline a suggestion; whoever made it can make no other for this picture."""
    await alt_suggestions.reject(ask.actor, suggestion_id)
    return await _suggestion(suggestion_id)


@api.get("/posts/<post_id>/alt-credits", answer=Credits, signed_out=True)
async def read_alt_credits(ask: Ask[None, None], post_id: str) -> object:
    """Whom the descriptions of a post's pictures are owed to, of those who wanted that told."""
    entry = await visible_entry(ask.viewer, post_id)
    owed = await alt_listing.credits(entry.id, ask.viewer)
    return {"credits": [{"fileId": one["file_id"], "user": present.user_short(one)} for one in owed]}
