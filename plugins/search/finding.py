"""Finds people, posts and hashtags, as far as whoever looks may see them and those found have agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core import people
from core.apart import on_blocked_server
from core.audience import WANTED, Viewer, visible_sql
from core.database import LOWEST_ID, rows, value
from core.errors import Invalid
from core.html import tag_key
from core.instance import here
from core.models import ACCEPTED, Actor
from core.present import PAGE_COLUMNS
from plugins.search.index import index
from plugins.search.material import first_number
from plugins.search.query import LONGEST, Query
from plugins.search.wanted import EVER, NEVER, Term, Wanted
from plugins.search.words import person_mark, sought_in

Row = dict[str, Any]
LANGUAGES_SECONDS = 600
LANGUAGES_AT_MOST = 5
USES_AT_MOST = 2000


# -- Posts ---------------------------------------------------------------------
async def find_posts(actor: Actor | None, query: Query, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the posts that are meant, newest first; `position` goes into the cursor."""
    wanted = await wanted_of(actor, query, before)
    if wanted is None:
        return []
    newest = index().newest_first
    if newest is None:
        return await _posts(actor, wanted, limit)
    end = await _end_of(newest, wanted)
    found = await _posts(actor, wanted if end is None else replace(wanted, above=end), limit, one_by_one=True)
    if end is None or len(found) > limit:
        return found
    return found + await _posts(actor, replace(wanted, below=end + 1), limit - len(found))


async def _end_of(newest: int, wanted: Wanted) -> int | None:
    """The first document within the bounds that stands before the so many newest; None where there are no more."""
    number: int | None = await value(
        f"SELECT id FROM search_document WHERE id < $1 AND id > $2 ORDER BY id DESC LIMIT 1 OFFSET {newest}",
        wanted.below,
        wanted.above,
    )
    return number


async def _posts(actor: Actor | None, wanted: Wanted, limit: int, *, one_by_one: bool = False) -> list[Row]:
    text, parameters = statement(actor, wanted, limit, one_by_one=one_by_one)
    return await rows(text, *parameters)


def statement(actor: Actor | None, wanted: Wanted, limit: int, *, one_by_one: bool = False) -> tuple[str, list[Any]]:
    """SQL, and its parameters, for posts that match; `one_by_one`: look at each document within the bounds."""
    viewer = Viewer(actor_id=actor.id if actor else None)
    parameters: list[Any] = [viewer.parameter]
    matches = index().matches(wanted, parameters, one_by_one=one_by_one)
    parameters.append(limit + 1)
    own = (
        " OR e.author_id = $1 OR EXISTS (SELECT 1 FROM core_mention n"
        " WHERE n.entry_id = e.id AND n.actor_id = $1 AND NOT n.silent)"
    )
    text = (
        f"SELECT {PAGE_COLUMNS}, {matches.number} AS position FROM {matches.source}"
        " CROSS JOIN core_entry e CROSS JOIN core_actor a LEFT JOIN search_person s ON s.actor_id = a.id"
        f" WHERE {matches.condition} AND e.id = d.entry_id AND a.id = e.author_id"
        f" AND ((e.visibility = 'public' AND s.consents AND a.silenced_at IS NULL){own if actor else ''})"
        f" AND {visible_sql(viewer, 1, rule=WANTED)} ORDER BY {matches.number} DESC LIMIT ${len(parameters)}"
    )
    return text, parameters


async def wanted_of(actor: Actor | None, query: Query, before: str | None) -> Wanted | None:
    """The question for the index; None where nothing can be found."""
    if query.is_empty:
        return None
    own = [person_mark("by", actor.id), person_mark("to", actor.id)] if actor else []
    any_of = [["open", *own]]
    if query.people:
        authors = [found for name in query.people if (found := await _author(actor, name)) is not None]
        if not authors:
            return None
        any_of.append([person_mark("by", author.id) for author in authors])
    excluded = [found for name in query.excluded_people if (found := await _author(actor, name)) is not None]
    return Wanted(
        terms=query.terms,
        excluded=query.excluded,
        marks=query.marks,
        any_of=any_of,
        excluded_marks=[*query.excluded_marks, *(person_mark("by", author.id) for author in excluded)],
        below=min(_position(before), first_number(query.before) + 1 if query.before else EVER),
        above=first_number(query.after) if query.after else NEVER,
        languages=[query.language] if query.language else await _languages(),
    )


def _position(before: str | None) -> int:
    if before is None:
        return EVER
    if not before.isascii() or not before.isdigit():
        raise Invalid({"cursor": "This is not a cursor of this list."})
    return int(before)


async def _author(actor: Actor | None, name: str) -> Actor | None:
    """Whom `from:` means: somebody known here, or oneself."""
    if name.lower() == "me" and actor is not None:
        return actor
    return await people.find(name)


async def _languages() -> list[str]:
    """The languages in which other forms of a word are looked for: those most used of late."""
    found: list[str] | None = here().cache.get("search:languages")
    if found is None:
        latest = await rows(
            "SELECT x.language, COUNT(*) AS number FROM (SELECT language FROM core_entry WHERE language <> ''"
            " ORDER BY id DESC LIMIT 1000) x GROUP BY x.language ORDER BY number DESC LIMIT $1",
            LANGUAGES_AT_MOST,
        )
        spoken = [*here().settings.server.languages, *(each["language"] for each in latest)]
        found = list(dict.fromkeys(code.partition("-")[0].lower() for code in spoken))
        here().cache.put("search:languages", found, ttl=LANGUAGES_SECONDS)
    return found


# -- People --------------------------------------------------------------------
async def find_people(actor: Actor | None, text: str, page: int, limit: int) -> tuple[list[Row], int]:
    """A page of people whose names hold these words or words that begin so, and how many there are.

    Who does not want to be found is found by those who follow them. Raises Invalid for too long a text.
    """
    if len(text) > LONGEST:
        raise Invalid({"q": f"This is too long: at most {LONGEST} characters."})
    name, _, host = text.strip().removeprefix("@").partition("@")
    terms = [Term(tuple(words)) for words, _goes_on in sought_in(name)]
    if not terms:
        return [], 0
    parameters: list[Any] = [actor.id if actor else LOWEST_ID, name.lower(), limit, (page - 1) * limit]
    where = index().names(terms, parameters) + _THERE
    if host:
        own = here().domain.lower()
        where += " AND " + (
            "a.domain = ''" if host.lower() == own else index().begins("a.domain", host.lower(), parameters)
        )
    source = f"FROM search_person s JOIN core_actor a ON a.id = s.actor_id WHERE {where}"
    found = await rows(
        f"SELECT a.*, COUNT(*) OVER () AS total, {_FOLLOWED} AS followed {source} ORDER BY"
        " CASE WHEN a.username_key = $2 THEN 0 ELSE 1 END, followed DESC, a.followers_count DESC, a.id"
        " LIMIT $3 OFFSET $4",
        *parameters,
    )
    if found or page == 1:
        return found, int(found[0]["total"]) if found else 0
    return [], (await find_people(actor, text, 1, 1))[1]


_FOLLOWED = (
    f"EXISTS (SELECT 1 FROM core_follow f WHERE f.follower_id = $1 AND f.target_id = a.id AND f.state = '{ACCEPTED}')"
)
_THERE = (
    " AND a.suspended_at IS NULL AND a.removed_at IS NULL AND a.type <> 'application'"
    f" AND ((a.is_discoverable AND (a.silenced_at IS NULL OR a.username_key = $2)) OR a.id = $1 OR {_FOLLOWED})"
    " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.actor_id = a.id AND b.target_id = $1)"
    " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.target_id = a.id AND b.actor_id = $1)"
    f" AND NOT {on_blocked_server('$1', 'a.domain')}"
)


# -- Hashtags ------------------------------------------------------------------
async def find_tags(text: str, limit: int) -> list[Row]:
    """Hashtags that begin so, with how many people wrote them of late for everybody to see; most people first."""
    key = tag_key(text.strip().lstrip("#＃"))
    if not key or len(key) > LONGEST or " " in key:
        return []
    parameters: list[Any] = [limit]
    begins = index().begins("t.key", key, parameters)
    return await rows(
        "SELECT g.key, MAX(g.name) AS name, COUNT(DISTINCT e.author_id) AS people, COUNT(*) AS posts FROM"
        f" (SELECT t.key, t.name, t.entry_id FROM core_entry_tag t WHERE {begins} ORDER BY t.entry_id DESC"
        f" LIMIT {USES_AT_MOST}) g JOIN core_entry e ON e.id = g.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE {OPEN_TO_ALL} GROUP BY g.key ORDER BY people DESC, posts DESC, g.key LIMIT $1",
        *parameters,
    )


OPEN_TO_ALL = (
    "e.visibility = 'public' AND e.deleted_at IS NULL AND a.suspended_at IS NULL AND a.removed_at IS NULL"
    " AND a.silenced_at IS NULL"
)


async def count_tag(key: str, since_id: str) -> tuple[int, int]:
    """How many people and posts bore a hashtag since then, for everybody to see."""
    found: Sequence[Row] = await rows(
        "SELECT COUNT(DISTINCT e.author_id) AS people, COUNT(*) AS posts FROM core_entry_tag g"
        " JOIN core_entry e ON e.id = g.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE g.key = $1 AND g.entry_id > $2 AND {OPEN_TO_ALL}",
        key,
        since_id,
    )
    return int(found[0]["people"]), int(found[0]["posts"])


async def is_hidden(key: str) -> bool:
    """Whether those in charge keep a hashtag out of the trends."""
    return bool(await value("SELECT 1 FROM search_hidden_tag WHERE key = $1", key))
