"""What somebody has chosen to see and not to see, and what they answered, on its way out and back in.

Lists with how they are, filters, hashtags, conversations they want no more of, what they want of whom they follow,
mutes that end, circles. Votes, signs and the rest go out only, for to vote again is for them to do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from core import actors, circles, filter_rules, followed, people_lists
from core.audience import may_see, viewer_of
from core.circles import friends_among
from core.database import LOWEST_ID, rows
from core.entries import by_uri
from core.errors import Conflict, Invalid, NotFound
from core.feed_models import Filter, PeopleList
from core.filter_rules import FILTERS_AT_MOST, Wanted
from core.filters import CONTEXTS, WARN
from core.followed import TAGS_AT_MOST
from core.instance import here
from core.models import Actor, Follow, Mute
from core.people import find
from core.people_lists import LISTS_AT_MOST
from core.person_forms import stamp
from core.reading.values import moment
from core.transfer.writing import json_object

FILE = "choices.json"
BYTES = 10 * 1_048_576
PAGE = 200
THREADS_AT_MOST = 10_000
# In the order in which they are brought: of each part so many at most.
PARTS = {
    "lists": LISTS_AT_MOST,
    "filters": FILTERS_AT_MOST,
    "followedTags": TAGS_AT_MOST,
    "mutedThreads": THREADS_AT_MOST,
    "circles": circles.CIRCLES_AT_MOST,
    "follows": 20_000,
    "mutesUntil": 20_000,
}
_WORDS = ("followedTags", "mutedThreads")  # of these each is a text, of all others an object
_WHO = "CASE WHEN a.domain = '' THEN a.username ELSE a.username || '@' || a.domain END"  # as this server names them
_ADDRESS = "a.username || '@' || CASE WHEN a.domain = '' THEN '{}' ELSE a.domain END AS address"


def chosen_by(actor: Actor) -> AsyncIterator[bytes]:
    """The JSON of all somebody has chosen, bit by bit."""
    return json_object(
        {},
        lists=_lists(actor),
        filters=_filters(actor),
        followedTags=_column("SELECT id, name AS what FROM core_tag_follow WHERE actor_id = $1", actor),
        mutedThreads=_column(
            "SELECT t.id, e.uri AS what FROM core_thread_mute t JOIN core_entry e ON e.id = t.entry_id"
            " WHERE t.actor_id = $1",
            actor,
        ),
        circles=_circles(actor),
        votes=_pairs(
            "SELECT v.id, e.uri, o.title AS what FROM core_poll_vote v JOIN core_entry e ON e.id = v.entry_id"
            " JOIN core_poll_option o ON o.entry_id = v.entry_id AND o.position = v.position WHERE v.actor_id = $1",
            actor,
        ),
        reactions=_pairs(
            "SELECT r.id, e.uri, r.emoji AS what FROM core_reaction r JOIN core_entry e ON e.id = r.entry_id"
            " WHERE r.actor_id = $1",
            actor,
        ),
        follows=_follows(actor),
        mutesUntil=_mutes(actor),
        pins=_column(
            "SELECT n.id, e.uri AS what FROM core_pin n JOIN core_entry e ON e.id = n.entry_id WHERE n.actor_id = $1",
            actor,
        ),
        dismissedSuggestions=_column(
            f"SELECT d.id, {_WHO} AS what FROM core_dismissed_suggestion d JOIN core_actor a ON a.id = d.target_id"
            " WHERE d.actor_id = $1",
            actor,
        ),
        movedTo=_column(
            f"SELECT v.id, {_WHO} AS what FROM core_move v JOIN core_actor a ON a.id = v.target_id"
            " WHERE v.actor_id = $1",
            actor,
        ),
        formerNames=_column("SELECT id, username_key AS what FROM core_former_name WHERE actor_id = $1", actor),
        readTo=_pairs(
            "SELECT k.id, e.uri, k.name AS what FROM core_marker k JOIN core_entry e ON e.id = k.entry_id"
            " WHERE k.actor_id = $1",
            actor,
        ),
    )


async def _paged(sql: str, actor: Actor) -> AsyncIterator[dict[str, Any]]:
    after, id_column = LOWEST_ID, sql.removeprefix("SELECT ").partition(",")[0]
    while found := await rows(f"{sql} AND {id_column} > $2 ORDER BY {id_column} LIMIT $3", actor.id, after, PAGE):
        after = found[-1]["id"]
        for one in found:
            yield one


async def _column(sql: str, actor: Actor) -> AsyncIterator[str]:
    async for one in _paged(sql, actor):
        yield one["what"]


async def _pairs(sql: str, actor: Actor) -> AsyncIterator[Mapping[str, str]]:
    async for one in _paged(sql, actor):
        yield {"object": one["uri"], "content": one["what"]}


async def _lists(actor: Actor) -> AsyncIterator[Mapping[str, Any]]:
    for one in await PeopleList.filter(owner_id=actor.id).order_by("id"):
        yield {"title": one.title, "replies": one.replies, "exclusive": one.exclusive}


async def _filters(actor: Actor) -> AsyncIterator[Mapping[str, Any]]:
    for one in await Filter.filter(actor_id=actor.id).order_by("id"):
        people = await rows(
            f"SELECT {_ADDRESS.format(here().domain)} FROM core_filter_person p"
            " JOIN core_actor a ON a.id = p.person_id WHERE p.rule_id = $1 ORDER BY p.id",
            one.id,
        )
        yield {
            "title": one.title,
            "action": one.action,
            "contexts": one.contexts,
            "words": one.words,
            "people": [person["address"] for person in people],
            "languages": one.languages,
            "expiresAt": stamp(one.expires_at),
        }


async def _circles(actor: Actor) -> AsyncIterator[Mapping[str, Any]]:
    for circle in await circles.of_actor(actor):
        members = await circles.members(actor, circle["id"], None, circles.MEMBERS_AT_MOST)
        yield {
            "name": circle["name"],
            "createdAt": stamp(circle["created_at"]),
            "members": [f"{one['username']}@{one['domain'] or here().domain}" for one in members],
        }


async def _follows(actor: Actor) -> AsyncIterator[Mapping[str, Any]]:
    """Whom they follow, where they do not want all that these write and share."""
    async for one in _paged(
        f"SELECT f.id, f.shows_shares, f.shows_replies, {_ADDRESS.format(here().domain)} FROM core_follow f"
        " JOIN core_actor a ON a.id = f.target_id WHERE f.follower_id = $1 AND a.removed_at IS NULL"
        " AND NOT (f.shows_shares AND f.shows_replies)",
        actor,
    ):
        yield {
            "address": one["address"],
            "showShares": bool(one["shows_shares"]),
            "showReplies": bool(one["shows_replies"]),
        }


async def _mutes(actor: Actor) -> AsyncIterator[Mapping[str, Any]]:
    async for one in _paged(
        f"SELECT m.id, m.expires_at, {_ADDRESS.format(here().domain)} FROM core_mute m"
        " JOIN core_actor a ON a.id = m.target_id WHERE m.actor_id = $1 AND m.expires_at IS NOT NULL"
        " AND a.removed_at IS NULL",
        actor,
    ):
        yield {"address": one["address"], "expiresAt": stamp(one["expires_at"])}


# -- Back in -------------------------------------------------------------------
def parts_of(stored: Any) -> list[tuple[str, Any]]:
    """What there is to bring, each thing with the part it belongs to."""
    if not isinstance(stored, Mapping):
        return []
    listed = {part: stored.get(part) for part in PARTS}
    return [
        (part, one)
        for part, things in listed.items()
        if isinstance(things, list)
        for one in things[: PARTS[part]]
    ]


async def bring(actor: Actor, part: str, one: Any) -> None:
    """Choose it again. Raises Invalid for what makes no sense, Conflict for what is so already, NotFound."""
    if part not in _WORDS and not isinstance(one, Mapping):
        raise Invalid({"line": "no object"}, "This is nothing that could be brought.")
    await _BRINGING[part](actor, one)


async def _bring_list(actor: Actor, one: Any) -> None:
    """People may have come onto it before, by their own file: then only how it is is taken over."""
    title, exclusive = _text(one, "title"), one.get("exclusive") is True
    replies = _text(one, "replies") or "list"
    known = await people_lists.called(actor, title)
    if known is None:
        await people_lists.make(actor, title, replies=replies, exclusive=exclusive)
    elif (known.replies, known.exclusive) == (replies, exclusive):
        raise Conflict("There is such a list already.")
    else:
        await people_lists.change(actor, known.id, replies=replies, exclusive=exclusive)


async def _bring_filter(actor: Actor, one: Any) -> None:
    words = [
        (text, word.get("wholeWord") is True)
        for word in _listed(one, "words")
        if isinstance(word, Mapping) and (text := _text(word, "text"))
    ]
    people = [person.id for address in _texts(one, "people")[:200] if (person := await find(address))]
    wanted = Wanted(
        title=_text(one, "title"),
        action=_text(one, "action") or WARN,
        contexts=[context for context in _texts(one, "contexts") if context in CONTEXTS],
        words=words,
        people=people,
        languages=_texts(one, "languages"),
        expires_at=moment(one.get("expiresAt")),
    )
    for known in await Filter.filter(actor_id=actor.id):
        if known.title == wanted.title.strip() and {(word["text"], word["wholeWord"]) for word in known.words} == {
            (text.strip(), whole) for text, whole in words
        }:
            raise Conflict("There is such a filter already.")
    await filter_rules.make(actor, wanted)


async def _bring_tag(actor: Actor, one: Any) -> None:
    await followed.follow_tag(actor, _whole(one))


async def _bring_thread(actor: Actor, one: Any) -> None:
    """Only of what is known here: nobody is asked for a conversation that is not wanted."""
    entry = await by_uri(_whole(one))
    if entry is None or not await may_see(viewer_of(actor), entry):
        raise NotFound("This conversation is not known here.")
    await followed.mute_thread(actor, entry)


async def _bring_circle(actor: Actor, one: Any) -> None:
    """Of its members those who are friends here by now."""
    people = [
        person for address in _texts(one, "members")[: circles.MEMBERS_AT_MOST] if (person := await find(address))
    ]
    await circles.create(actor, _text(one, "name"), await friends_among(actor, people))


async def _bring_follow(actor: Actor, one: Any) -> None:
    """Whom they follow came before, by a file of its own; here only what they want of them."""
    target = await _known(one)
    shares, replies = one.get("showShares") is not False, one.get("showReplies") is not False
    if await Follow.exists(follower_id=actor.id, target_id=target.id, shows_shares=shares, shows_replies=replies):
        raise Conflict("So it is already.")
    await followed.want(actor, target, shares=shares, replies=replies)


async def _bring_mute(actor: Actor, one: Any) -> None:
    """A mute that is here stays as it is."""
    target, until = await _known(one), moment(one.get("expiresAt"))
    if until is None:
        raise Invalid({"line": "It does not say until when."})
    if await Mute.exists(actor_id=actor.id, target_id=target.id):
        raise Conflict("You mute them already.")
    await actors.mute(actor, target, until=until)


async def _known(one: Any) -> Actor:
    """Whom it is about, of those who are known here. Raises NotFound."""
    found = await find(_text(one, "address")) if isinstance(one, Mapping) else None
    if found is None or found.removed_at:
        raise NotFound("There is no such person here.")
    return found


_BRINGING: Mapping[str, Callable[[Actor, Any], Awaitable[None]]] = {
    "lists": _bring_list,
    "filters": _bring_filter,
    "followedTags": _bring_tag,
    "mutedThreads": _bring_thread,
    "circles": _bring_circle,
    "follows": _bring_follow,
    "mutesUntil": _bring_mute,
}


def _listed(one: Any, name: str) -> list[Any]:
    found = one.get(name) if isinstance(one, Mapping) else None
    return found if isinstance(found, list) else []


def _texts(one: Any, name: str) -> list[str]:
    return [text for text in _listed(one, name) if isinstance(text, str) and "\0" not in text]


def _text(one: Any, name: str) -> str:
    found = one.get(name) if isinstance(one, Mapping) else None
    return found if isinstance(found, str) and "\0" not in found else ""


def _whole(one: Any) -> str:
    if not isinstance(one, str) or "\0" in one or len(one) > 2048:
        raise Invalid({"line": "no text"}, "This is nothing that could be brought.")
    return one
