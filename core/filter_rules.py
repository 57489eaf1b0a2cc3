"""Making, changing and removing filters: what somebody would rather not see, where, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import filters
from core.database import (
    LOWEST_ID,
    after_commit,
    from_json,
    is_id,
    now,
    one_at_a_time,
    one_of,
    rows,
    transaction,
    when,
)
from core.errors import Invalid, NotFound
from core.feed_models import Filter, FilterPerson
from core.models import Actor
from core.text import shown_name

Row = dict[str, Any]
FILTERS_AT_MOST = 100
WORDS_AT_MOST = 200
WORD_CHARACTERS = 200
CHARACTERS_AT_MOST = 10_000  # of all words of one person: every post they are shown is searched for each
PEOPLE_AT_MOST = 200
LANGUAGES_AT_MOST = 50
TITLE_CHARACTERS = 100


@dataclass(frozen=True)
class Wanted:
    """What a filter is to be: words with whether they count as whole words only, ids of people, codes of languages."""

    title: str
    action: str = filters.WARN
    contexts: Sequence[str] = filters.CONTEXTS
    words: Sequence[tuple[str, bool]] = ()
    people: Sequence[str] = ()
    languages: Sequence[str] = ()
    expires_at: datetime | None = None
    faults: dict[str, str] = field(default_factory=dict)
    """What was found wrong before already, by field."""


async def make(actor: Actor, wanted: Wanted) -> Filter:
    """Make a filter. Raises Invalid naming every field that is wrong."""
    values = _checked(wanted)
    async with transaction():
        await one_at_a_time(f"filters:{actor.id}")
        if await Filter.filter(actor_id=actor.id).count() >= FILTERS_AT_MOST:
            raise Invalid({"title": f"You have {FILTERS_AT_MOST} filters already; that is as many as there can be."})
        await _check_room(actor, values)
        made = await Filter.create(actor_id=actor.id, **values)
        await _store_people(made, wanted)
        after_commit(lambda: filters.forget(actor.id))
    return made


async def change(actor: Actor, filter_id: str, wanted: Wanted) -> Filter:
    """Have a filter be otherwise. Raises NotFound, Invalid naming every field that is wrong."""
    found = await owned(actor, filter_id)
    values = _checked(wanted, found.expires_at)
    async with transaction():
        await one_at_a_time(f"filters:{actor.id}")
        await _check_room(actor, values, instead_of=found.id)
        await Filter.filter(id=found.id).update(**values)
        await FilterPerson.filter(rule_id=found.id).delete()
        await _store_people(found, wanted)
        after_commit(lambda: filters.forget(actor.id))
    return await owned(actor, filter_id)


async def delete(actor: Actor, filter_id: str) -> None:
    """Do away with a filter. Raises NotFound."""
    async with transaction():
        await (await owned(actor, filter_id)).delete()
        after_commit(lambda: filters.forget(actor.id))


async def owned(actor: Actor, filter_id: str) -> Filter:
    """A filter of this person's. Raises NotFound, also for other people's filters."""
    found = await Filter.get_or_none(id=filter_id, actor_id=actor.id) if is_id(filter_id) else None
    if found is None:
        raise NotFound("There is no such filter.")
    return found


async def _check_room(actor: Actor, values: Row, *, instead_of: str | None = None) -> None:
    """Raise Invalid where somebody's filters would have more words than posts can be searched for at once."""
    others = await Filter.filter(actor_id=actor.id).exclude(id=instead_of or LOWEST_ID)
    words = [word for one in (*(other.words for other in others), values["words"]) for word in one]
    if sum(len(filters.folded(word["text"])) for word in words) > CHARACTERS_AT_MOST:
        raise Invalid({"words": f"All your filters together can have {CHARACTERS_AT_MOST} characters, and no more."})


async def _store_people(rule: Filter, wanted: Wanted) -> None:
    people = [FilterPerson(rule_id=rule.id, person_id=person_id) for person_id in dict.fromkeys(wanted.people)]
    if people:
        await FilterPerson.bulk_create(people)


def _checked(wanted: Wanted, expired_at: datetime | None = None) -> dict[str, Any]:
    """The columns of a filter. A time that is past is no fault where it stood there before."""
    errors, title = dict(wanted.faults), shown_name(wanted.title, "")
    words = {(text.strip(), whole) for text, whole in wanted.words}
    languages = {language.strip().partition("-")[0].lower() for language in wanted.languages}
    if not title or len(title) > TITLE_CHARACTERS:
        errors.setdefault("title", f"A filter needs a name of at most {TITLE_CHARACTERS} characters.")
    if wanted.action not in (filters.HIDE, filters.WARN):
        errors.setdefault("action", f"{filters.HIDE} or {filters.WARN}.")
    if not wanted.contexts or not set(wanted.contexts) <= set(filters.CONTEXTS):
        errors.setdefault("contexts", f"At least one of {', '.join(filters.CONTEXTS)}.")
    if len(words) > WORDS_AT_MOST or any(not filters.folded(text) or len(text) > WORD_CHARACTERS for text, _ in words):
        errors.setdefault("words", f"At most {WORDS_AT_MOST}, and none of more than {WORD_CHARACTERS} characters.")
    if len(wanted.people) > PEOPLE_AT_MOST:
        errors.setdefault("people", f"At most {PEOPLE_AT_MOST}.")
    if len(languages) > LANGUAGES_AT_MOST or any(not (2 <= len(code) <= 3 and code.isalpha()) for code in languages):
        errors.setdefault("languages", "Codes of languages, such as en or de.")
    if not (words or wanted.people or languages):
        errors.setdefault("words", "A filter needs words, people or languages.")
    if wanted.expires_at is not None and wanted.expires_at <= now() and wanted.expires_at != expired_at:
        errors.setdefault("expiresAt", "This is in the past.")
    if errors:
        raise Invalid(errors)
    return {
        "title": title,
        "action": wanted.action,
        "contexts": [context for context in filters.CONTEXTS if context in wanted.contexts],
        "words": [{"text": text, "wholeWord": whole} for text, whole in sorted(words)],
        "languages": sorted(languages),
        "expires_at": wanted.expires_at,
    }


# -- Reading -------------------------------------------------------------------
async def of(actor: Actor, filter_id: str | None = None) -> list[Row]:
    """Somebody's filters in the order they were made, or one of them; each with the actors it is about."""
    which = "actor_id = $1 AND id = $2" if filter_id else "actor_id = $1 AND $2::uuid IS NULL"
    found = await rows(f"SELECT * FROM core_filter WHERE {which} ORDER BY id", actor.id, filter_id)
    people = await rows(
        "SELECT a.*, p.rule_id FROM core_filter_person p JOIN core_actor a ON a.id = p.person_id"
        f" WHERE p.rule_id {one_of(1)} ORDER BY p.id",
        [each["id"] for each in found],
    )
    return [
        {
            **each,
            "contexts": from_json(each["contexts"]),
            "words": from_json(each["words"]),
            "languages": from_json(each["languages"]),
            "expires_at": when(each["expires_at"]),
            "people": [person for person in people if person["rule_id"] == each["id"]],
        }
        for each in found
    ]
