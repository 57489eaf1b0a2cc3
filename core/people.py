"""Finding people and listing them: by id or name, followers, friends, requests, blocks."""

from __future__ import annotations

from typing import Any

from core.apart import on_blocked_server
from core.audience import Viewer
from core.database import HIGHEST_ID, LOWEST_ID, is_id, one_of, rows, value
from core.errors import NotFound
from core.instance import here
from core.looking_up import look_up
from core.models import ACCEPTED, REQUESTED, Actor, FormerName

Row = dict[str, Any]
LONGEST_NAME = 255  # of somebody, or of a server: as columns hold it


async def find(name: str) -> Actor | None:
    """The actor behind an id, `@name`, `name` or `@name@host`, if known here."""
    if is_id(name):
        return await Actor.get_or_none(id=name)
    username, _, host = name.removeprefix("@").partition("@")
    if not username or "\x00" in name or max(len(username.lower()), len(host.lower())) > LONGEST_NAME:
        return None
    if not host or host.lower() == here().domain.lower():
        return await named_here(username)
    return await Actor.get_or_none(username_key=username.lower(), domain=host.lower())


async def seen_here(username: str) -> Actor | None:
    """The actor of this name here, unless they wait to come in: nobody elsewhere has heard of them, nor is to."""
    actor = await named_here(username)
    waits = "SELECT 1 FROM core_account WHERE id = $1 AND stage = 'outside'"
    return None if actor and actor.suspended_at and await value(waits, actor.id) else actor


async def named_here(username: str) -> Actor | None:
    """Who bears this name on this server, or bore it before they took another one."""
    actor = await named(username)
    if actor is None and len(username.lower()) <= LONGEST_NAME:
        former = await FormerName.get_or_none(username_key=username.lower()).select_related("actor")
        actor = former.actor if former else None
    return actor


async def named(username: str) -> Actor | None:
    """Who bears this name on this server now."""
    key = username.lower()
    return await Actor.get_or_none(username_key=key, domain="") if len(key) <= LONGEST_NAME else None


async def visible_actor(viewer: Viewer, name: str) -> Actor:
    """The actor, unless absent, suspended, removed, or apart from the viewer by a block: then NotFound.

    Somebody of another server who is not known yet is asked for there, if whoever wants to know is signed in; raises
    RateLimited where they did so too often. Not to be called inside a transaction.
    """
    actor = await find(name) or await _look_up(viewer, name)
    if actor is None or not actor.is_here or await _blocked(viewer, actor):
        raise NotFound("There is no such person.")
    return actor


async def known_actor(name: str) -> Actor:
    """The actor, unless absent or removed, even where they block whoever asks: to block them too, or lift that."""
    actor = await find(name)
    if actor is None or actor.removed_at:
        raise NotFound("There is no such person.")
    return actor


async def _look_up(viewer: Viewer, name: str) -> Actor | None:
    username, _, host = name.removeprefix("@").partition("@")
    if viewer.actor_id is None or not username or not host or host.lower() == here().domain.lower() or len(name) > 300:
        return None
    found = await look_up(viewer.actor_id, f"@{username}@{host}")
    return found if isinstance(found, Actor) else None


async def _blocked(viewer: Viewer, actor: Actor) -> bool:
    """Whether the actor blocks the viewer: who blocks can still find whom they block, to lift it."""
    if viewer.actor_id is None or viewer.actor_id == actor.id:
        return False
    return bool(
        await value("SELECT 1 FROM core_block WHERE actor_id = $1 AND target_id = $2", actor.id, viewer.actor_id)
    )


_NOT_APART = (
    " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.actor_id = a.id AND b.target_id = $2)"
    " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.target_id = a.id AND b.actor_id = $2)"
    f" AND NOT {on_blocked_server('$2', 'a.domain')}"
)
_PRESENT = "a.suspended_at IS NULL AND a.removed_at IS NULL"


async def _page(tie: str, subject: str, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """A page of actors, newest tie first; each row has the actor's columns and `position`, the tie's id."""
    return await rows(
        f"SELECT a.*, t.id AS position FROM {tie} WHERE {_PRESENT}{_NOT_APART}"
        " AND t.id < $3 ORDER BY t.id DESC LIMIT $4",
        subject,
        viewer.actor_id or LOWEST_ID,
        before or HIGHEST_ID,
        limit + 1,
    )


async def followers(actor: Actor, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of those who follow, so that the caller sees whether more come."""
    return await _page(
        f"core_follow t JOIN core_actor a ON a.id = t.follower_id AND t.target_id = $1 AND t.state = '{ACCEPTED}'",
        actor.id,
        viewer,
        before,
        limit,
    )


async def following(actor: Actor, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of those who are followed."""
    return await _page(
        f"core_follow t JOIN core_actor a ON a.id = t.target_id AND t.follower_id = $1 AND t.state = '{ACCEPTED}'",
        actor.id,
        viewer,
        before,
        limit,
    )


async def friends(actor: Actor, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of those who follow and are followed."""
    return await _page(
        "core_follow t JOIN core_actor a ON a.id = t.target_id AND t.follower_id = $1"
        f" AND t.state = '{ACCEPTED}' JOIN core_follow u ON u.follower_id = a.id AND u.target_id = $1"
        f" AND u.state = '{ACCEPTED}'",
        actor.id,
        viewer,
        before,
        limit,
    )


async def known_followers(actor: Actor, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of those who follow the actor and whom the viewer follows."""
    return await _page(
        "core_follow t JOIN core_actor a ON a.id = t.follower_id AND t.target_id = $1"
        f" AND t.state = '{ACCEPTED}' JOIN core_follow u ON u.follower_id = $2 AND u.target_id = t.follower_id"
        f" AND u.state = '{ACCEPTED}'",
        actor.id,
        viewer,
        before,
        limit,
    )


async def acquaintances(actor: Actor, viewer_id: str, named: int) -> tuple[list[str], int]:
    """The names of some whom the viewer follows and who follow the actor, and how many these are."""
    found = await rows(
        "SELECT CASE WHEN a.name <> '' THEN a.name ELSE a.username END AS name, COUNT(*) OVER () AS number"
        " FROM core_follow u JOIN core_follow t ON t.follower_id = u.target_id AND t.target_id = $2"
        f" AND t.state = '{ACCEPTED}' JOIN core_actor a ON a.id = u.target_id AND {_PRESENT}"
        f" WHERE u.follower_id = $1 AND u.state = '{ACCEPTED}' ORDER BY t.id LIMIT $3",
        viewer_id,
        actor.id,
        named,
    )
    return [one["name"] for one in found], found[0]["number"] if found else 0


async def requests(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """Those who asked to follow and wait for an answer."""
    return await _page(
        f"core_follow t JOIN core_actor a ON a.id = t.follower_id AND t.target_id = $1 AND t.state = '{REQUESTED}'",
        actor.id,
        Viewer(),
        before,
        limit,
    )


async def asked(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """Those whom the actor asked to follow or to be friends, and who have not answered."""
    return await _page(
        "core_follow t JOIN core_actor a ON a.id = t.target_id AND t.follower_id = $1"
        f" AND (t.state = '{REQUESTED}' OR t.wants_back)",
        actor.id,
        Viewer(),
        before,
        limit,
    )


async def friend_requests(actor: Actor, direction: str, before: str | None, limit: int) -> list[Row]:
    """Open friend requests, made to the actor (`in`) or by them (`out`)."""
    mine, theirs = ("target_id", "follower_id") if direction == "in" else ("follower_id", "target_id")
    return await _page(
        f"core_follow t JOIN core_actor a ON a.id = t.{theirs} AND t.{mine} = $1 AND t.wants_back",
        actor.id,
        Viewer(),
        before,
        limit,
    )


async def blocked(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """Those the actor blocks."""
    tie = "core_block t JOIN core_actor a ON a.id = t.target_id AND t.actor_id = $1"
    return await _page(tie, actor.id, Viewer(), before, limit)


async def muted(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """Those the actor mutes."""
    tie = "core_mute t JOIN core_actor a ON a.id = t.target_id AND t.actor_id = $1"
    return await _page(tie, actor.id, Viewer(), before, limit)


async def likers(entry_id: str, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """Those who like an entry."""
    tie = "core_like t JOIN core_actor a ON a.id = t.actor_id AND t.entry_id = $1"
    return await _page(tie, entry_id, viewer, before, limit)


async def sharers(entry_id: str, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """Those who shared an entry."""
    tie = "core_boost t JOIN core_actor a ON a.id = t.actor_id AND t.entry_id = $1"
    return await _page(tie, entry_id, viewer, before, limit)


async def reactors(
    entry_id: str, viewer: Viewer, before: str | None, limit: int, *, sign: str | None = None
) -> list[Row]:
    """Those who answered an entry with a sign, each with the sign as `emoji`; with `sign`, those who used this one."""
    return await rows(
        "SELECT a.*, t.id AS position, t.emoji FROM core_reaction t JOIN core_actor a ON a.id = t.actor_id"
        f" WHERE t.entry_id = $1 AND t.id < $3 AND ($4 = '' OR t.emoji = $4) AND {_PRESENT}{_NOT_APART}"
        " ORDER BY t.id DESC LIMIT $5",
        entry_id,
        viewer.actor_id or LOWEST_ID,
        before or HIGHEST_ID,
        sign or "",
        limit + 1,
    )


async def directory(viewer: Viewer, term: str, page: int, limit: int) -> tuple[list[Row], int]:
    """A page of people here who want to be found, by name where a term is given, and how many there are."""
    where = f"a.domain = '' AND a.type <> 'application' AND {_PRESENT}{_NOT_APART} AND a.is_discoverable"
    like = "%" + term.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found = "(a.username_key LIKE $1 ESCAPE '\\' OR LOWER(a.name) LIKE $1 ESCAPE '\\')"
    total = await value(
        f"SELECT COUNT(*) FROM core_actor a WHERE {found} AND {where}",
        like,
        viewer.actor_id or LOWEST_ID,
    )
    people = await rows(
        f"SELECT a.* FROM core_actor a WHERE {found} AND {where} ORDER BY a.id LIMIT $3 OFFSET $4",
        like,
        viewer.actor_id or LOWEST_ID,
        limit,
        (page - 1) * limit,
    )
    return people, int(total or 0)


async def mentionable(viewer: Viewer, begins: str, limit: int) -> list[Row]:
    """People somebody may want to name, whose name begins so: whom they follow first, then people here to be found."""
    like = begins.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    named = "(a.username_key LIKE $1 ESCAPE '\\' OR LOWER(a.name) LIKE $1 ESCAPE '\\')"
    return await rows(
        f"SELECT a.*, (f.id IS NULL) AS is_other FROM core_actor a LEFT JOIN core_follow f ON f.target_id = a.id"
        f" AND f.follower_id = $2 AND f.state = '{ACCEPTED}' WHERE {named} AND {_PRESENT}{_NOT_APART}"
        " AND a.type <> 'application' AND a.id <> $2"
        " AND (f.id IS NOT NULL OR (a.domain = '' AND a.is_discoverable)) ORDER BY is_other, a.username_key LIMIT $3",
        like,
        viewer.actor_id or LOWEST_ID,
        limit,
    )


async def count_requests(actor_id: str) -> int:
    """How many wait for an answer to their wish to follow, to be friends, to quote or to answer."""
    return int(
        await value(
            "SELECT (SELECT COUNT(*) FROM core_quote_asked q WHERE q.author_id = $1)"
            " + (SELECT COUNT(*) FROM core_reply_request r WHERE r.author_id = $1 AND r.state = 'pending') + COUNT(*)"
            " FROM core_follow t JOIN core_actor a ON a.id = t.follower_id"
            f" WHERE t.target_id = $1 AND {_PRESENT} AND (t.state = '{REQUESTED}' OR (t.wants_back AND NOT EXISTS"
            " (SELECT 1 FROM core_follow u WHERE u.follower_id = t.target_id AND u.target_id = t.follower_id)))",
            actor_id,
        )
        or 0
    )


_RELATIONS = (
    ("isFollowing", f"SELECT target_id FROM core_follow WHERE follower_id = $1 AND state = '{ACCEPTED}'", "target_id"),
    ("isRequested", f"SELECT target_id FROM core_follow WHERE follower_id = $1 AND state = '{REQUESTED}'", "target_id"),
    (
        "isFollowedBy",
        f"SELECT follower_id FROM core_follow WHERE target_id = $1 AND state = '{ACCEPTED}'",
        "follower_id",
    ),
    ("isBlocked", "SELECT target_id FROM core_block WHERE actor_id = $1", "target_id"),
    ("isMuted", "SELECT target_id FROM core_mute WHERE actor_id = $1", "target_id"),
    (
        "isDomainBlocked",
        "SELECT x.id FROM core_actor x JOIN core_domain_block dk ON dk.domain = x.domain WHERE dk.actor_id = $1",
        "id",
    ),
)


async def relations(viewer_id: str, actor_ids: list[str]) -> dict[str, set[str]]:
    """What ties the viewer to each of these actors: the names of the API's `is…` keys that are true."""
    text = " UNION ALL ".join(
        f"SELECT '{name}' AS name, {column} AS actor_id FROM ({select}) r_{name} WHERE {column} {one_of(2)}"
        for name, select, column in _RELATIONS
    )
    ties: dict[str, set[str]] = {actor_id: set() for actor_id in actor_ids}
    for found in await rows(text, viewer_id, actor_ids):
        ties[found["actor_id"]].add(found["name"])
    for names in ties.values():
        if {"isFollowing", "isFollowedBy"} <= names:
            names.add("isFriend")
    return ties
