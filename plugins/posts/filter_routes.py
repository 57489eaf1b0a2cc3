"""The JSON API of filters: what somebody would rather not see."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from core import filter_rules, present
from core.api import Answer, Api, Ask
from core.api.answers import page_of
from core.api.forms import Form, Nothing, UserShort, stream_of
from core.api.moments import Moment
from core.errors import NotFound
from core.filter_rules import Wanted
from core.people import known_actor
from core.present import Row

api = Api("filters", __name__)
Context = Literal["home", "lists", "public", "thread", "profile", "notifications"]


class Word(Form):
    text: str = Field(max_length=filter_rules.WORD_CHARACTERS)
    whole_word: bool = Field(True, description="Not where it is a part of a longer word.")


class FilterBody(Form):
    title: str = Field(max_length=filter_rules.TITLE_CHARACTERS)
    action: Literal["hide", "warn"] = "warn"
    contexts: list[Context] = list(get_args(Context))
    words: list[Word] = Field([], max_length=filter_rules.WORDS_AT_MOST)
    people: list[str] = Field([], max_length=filter_rules.PEOPLE_AT_MOST, description="Ids or names.")
    languages: list[str] = Field([], max_length=filter_rules.LANGUAGES_AT_MOST, description="Such as `en`.")
    expires_at: Moment | None = Field(None, description="Until when it counts; null for good.")


class FilterForm(Form):
    filter_id: str
    title: str
    action: Literal["hide", "warn"]
    contexts: list[Context]
    words: list[Word]
    people: list[UserShort]
    languages: list[str]
    expires_at: str | None
    created_at: str


def form_of(row: Row) -> present.Form:
    """A filter as it is shown to whose it is."""
    return {
        "filterId": row["id"],
        "title": row["title"],
        "action": row["action"],
        "contexts": row["contexts"],
        "words": row["words"],
        "people": [present.user_short(person) for person in row["people"]],
        "languages": row["languages"],
        "expiresAt": present.stamp(row["expires_at"]),
        "createdAt": present.stamp(row["created_at"]),
    }


async def named(names: list[str]) -> tuple[list[str], dict[str, str]]:
    """The ids of people, and what is wrong where one of them is unknown here."""
    found = []
    for name in names:
        try:
            found.append((await known_actor(name)).id)
        except NotFound:
            return found, {"people": f"There is no such person: {name[:100]}"}
    return found, {}


async def _wanted(body: FilterBody) -> Wanted:
    people, faults = await named(body.people)
    return Wanted(
        title=body.title,
        action=body.action,
        contexts=body.contexts,
        words=[(word.text, word.whole_word) for word in body.words],
        people=people,
        languages=body.languages,
        expires_at=body.expires_at,
        faults=faults,
    )


async def _form(ask: Ask[object, None], filter_id: str) -> present.Form:
    await filter_rules.owned(ask.actor, filter_id)
    return form_of((await filter_rules.of(ask.actor, filter_id))[0])


@api.get("/filters", answer=stream_of("filters", FilterForm))
async def read_filters(ask: Ask[None, None]) -> object:
    """Your filters; all of them at once."""
    return page_of("filters", [form_of(row) for row in await filter_rules.of(ask.actor)], None)


@api.post("/filters", body=FilterBody, answer=FilterForm, status=201)
async def make_filter(ask: Ask[FilterBody, None]) -> Answer:
    """Make a filter of words, people and languages: posts that have any of them are hidden, or warned of."""
    made = await filter_rules.make(ask.actor, await _wanted(ask.body))
    return Answer(await _form(ask, made.id), 201, location=f"/api/v1/filters/{made.id}")


@api.get("/filters/<filter_id>", answer=FilterForm)
async def read_filter(ask: Ask[None, None], filter_id: str) -> object:
    """A filter of yours."""
    return await _form(ask, filter_id)


@api.put("/filters/<filter_id>", body=FilterBody, answer=FilterForm)
async def change_filter(ask: Ask[FilterBody, None], filter_id: str) -> object:
    """Have a filter be as the body says."""
    await filter_rules.change(ask.actor, filter_id, await _wanted(ask.body))
    return await _form(ask, filter_id)


@api.delete("/filters/<filter_id>", answer=Nothing)
async def delete_filter(ask: Ask[None, None], filter_id: str) -> object:
    """Do away with a filter."""
    await filter_rules.delete(ask.actor, filter_id)
    return {}
