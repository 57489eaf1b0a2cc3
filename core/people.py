"""Finding people and listing them: by id or name, followers, friends, requests, blocks."""

from __future__ import annotations

from typing import Any

from core.audience import Viewer
from core.database import HIGHEST_ID, LOWEST_ID, is_id, one_of, row, rows, value
from core.errors import NotFound
from core.instance import here
from core.models import ACCEPTED, REQUESTED, Actor

Row = dict[str, Any]


async def find(name: str) -> Actor | None:
    """The actor behind an id, `@name`, `name` or `@name@host`, if known here."""
    if is_id(name):
        return await Actor.get_or_none(id=name)
    username, _, host = name.removeprefix("@").partition("@")
    if not username or len(name) > 300 or "\x00" in name:
        return None
    domain = "" if host.lower() == here().domain.lower() else host.lower()
    return await Actor.get_or_none(username_key=username.lower(), domain=domain)


async def visible_actor(viewer: Viewer, name: str) -> Actor:
    """The actor, unless absent, suspended, removed, or apart from the viewer by a block: then NotFound.

    Somebody of another server who is not known yet is asked for there, if whoever wants to know is signed in. Not to
    be called inside a transaction.
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
    found = await here().hooks.look_up(address=f"@{username}@{host}")
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
        "core_follow t JOIN core_actor a ON a.id = t.follower_id AND t.target_id = $1"
        f" AND t.state = '{ACCEPTED}'",
        actor.id,
        viewer,
        before,
        limit,
    )


async def following(actor: Actor, viewer: Viewer, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of those who are followed."""
    return await _page(
        "core_follow t JOIN core_actor a ON a.id = t.target_id AND t.follower_id = $1"
        f" AND t.state = '{ACCEPTED}'",
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


async def requests(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """Those who asked to follow and wait for an answer."""
    return await _page(
        "core_follow t JOIN core_actor a ON a.id = t.follower_id AND t.target_id = $1"
        f" AND t.state = '{REQUESTED}'",
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


async def suggestions(actor: Actor, limit: int) -> list[Row]:
    """People here who want to be found, whom the actor does not follow yet; those with most followers first."""
    return await rows(
        f"SELECT a.* FROM core_actor a WHERE a.domain = '' AND a.type <> 'application' AND {_PRESENT}"
        " AND a.is_discoverable AND a.silenced_at IS NULL AND a.id <> $2 AND a.posts_count > 0"
        f"{_NOT_APART} AND NOT EXISTS (SELECT 1 FROM core_follow t WHERE t.follower_id = $2 AND t.target_id = a.id)"
        " AND NOT EXISTS (SELECT 1 FROM core_mute t WHERE t.actor_id = $2 AND t.target_id = a.id)"
        " ORDER BY a.followers_count DESC, a.id LIMIT $1",
        limit,
        actor.id,
    )


async def count_ties(actor_id: str) -> tuple[int, int]:
    """How many follow somebody, and how many of those are followed back: friends."""
    found = await row(
        "SELECT a.followers_count, (SELECT COUNT(*) FROM core_follow t JOIN core_follow u"
        f" ON u.follower_id = t.target_id AND u.target_id = t.follower_id AND u.state = '{ACCEPTED}'"
        f" WHERE t.follower_id = a.id AND t.state = '{ACCEPTED}') AS friends_count FROM core_actor a WHERE a.id = $1",
        actor_id,
    )
    return (found["followers_count"], found["friends_count"]) if found else (0, 0)


async def count_requests(actor_id: str) -> int:
    """How many wait for an answer to their wish to follow or to be friends."""
    return int(
        await value(
            "SELECT COUNT(*) FROM core_follow t JOIN core_actor a ON a.id = t.follower_id"
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
