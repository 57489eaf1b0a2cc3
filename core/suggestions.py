"""Whom somebody may like to follow, and why: whom their people follow, whose posts they like, who writes as they do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.apart import on_blocked_server
from core.database import execute, from_json, new_id, now, one_of, rows
from core.errors import Invalid, NotFound
from core.instance import here
from core.models import ACCEPTED, Actor

KEEP_SECONDS = 600
FOUND_AT_MOST = 60
KNOWN_AT_MOST = 200  # of those somebody follows, the latest, whose follows are looked at
TAGS_AT_MOST = 20
NAMED = 2
LATELY = timedelta(days=60)
NEW = timedelta(days=30)
# What a reason is worth, once for each of its kind.
WEIGHT = {"followedBy": 3.0, "liked": 2.0, "tag": 1.5, "newcomer": 1.0, "popular": 0.5}
MOST_OF_A_KIND = 5

Row = dict[str, Any]
_WANTED = (
    "a.id <> $1 AND a.suspended_at IS NULL AND a.removed_at IS NULL AND a.silenced_at IS NULL AND a.moved_to_uri = ''"
    " AND a.is_discoverable AND a.type <> 'application'"
    " AND NOT EXISTS (SELECT 1 FROM core_follow t WHERE t.follower_id = $1 AND t.target_id = a.id)"
    " AND NOT EXISTS (SELECT 1 FROM core_mute t WHERE t.actor_id = $1 AND t.target_id = a.id)"
    " AND NOT EXISTS (SELECT 1 FROM core_block t WHERE t.actor_id = $1 AND t.target_id = a.id)"
    " AND NOT EXISTS (SELECT 1 FROM core_block t WHERE t.target_id = $1 AND t.actor_id = a.id)"
    f" AND NOT {on_blocked_server('$1', 'a.domain')}"
    " AND NOT EXISTS (SELECT 1 FROM core_dismissed_suggestion t WHERE t.actor_id = $1 AND t.target_id = a.id)"
)


@dataclass(frozen=True)
class Reason:
    """Why somebody is suggested: `count` of what its kind says, some people by `names`, or a `tag`."""

    kind: str
    count: int = 1
    names: tuple[str, ...] = ()
    tag: str = ""


@dataclass
class Suggestion:
    """Somebody to follow, as a row of core_actor, and the reasons, the best one first."""

    row: Row
    reasons: list[Reason] = field(default_factory=list)


async def suggested(actor: Actor, limit: int) -> list[Suggestion]:
    """At most `limit` people to follow, the likeliest first.

    What was found a while ago will do; who was followed or dismissed since is left out.
    """
    found: Mapping[str, Sequence[Reason]] = await here().cache.remember(
        f"suggestions:{actor.id}", KEEP_SECONDS, lambda: _found(actor)
    )
    people, ids = list[Suggestion](), list(found)
    for some in (ids[: 2 * limit], ids[2 * limit :]):  # nearly always the likeliest will do
        if some and len(people) < limit:
            there = await rows(f"SELECT a.* FROM core_actor a WHERE a.id {one_of(2)} AND {_WANTED}", actor.id, some)
            known = {one["id"]: one for one in there}
            people += [Suggestion(known[one], list(found[one])) for one in some if one in known]
    return people[:limit]


async def dismiss(actor: Actor, target: Actor) -> None:
    """Not be suggested somebody again. Raises Invalid for oneself, NotFound for who has left."""
    if actor.id == target.id:
        raise Invalid({"userId": "You are not suggested to yourself."})
    if not target.is_here:
        raise NotFound("There is no such person.")
    await execute(
        "INSERT INTO core_dismissed_suggestion (id, actor_id, target_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        new_id(),
        actor.id,
        target.id,
    )


async def _found(actor: Actor) -> Mapping[str, Sequence[Reason]]:
    reasons: dict[str, list[Reason]] = defaultdict(list)
    for find in (_followed_by_known, _liked, _same_tags, _new_and_known):
        for one, reason in await find(actor):
            reasons[one].append(reason)
    ordered = sorted(reasons, key=lambda one: (-sum(map(_worth, reasons[one])), one))[:FOUND_AT_MOST]
    return {one: tuple(sorted(_telling(reasons[one]), key=lambda reason: -_worth(reason))) for one in ordered}


def _telling(reasons: list[Reason]) -> list[Reason]:
    """Without what says nothing beside other reasons."""
    return [reason for reason in reasons if _worth(reason)] or reasons


def _worth(reason: Reason) -> float:
    return WEIGHT[reason.kind] * min(reason.count, MOST_OF_A_KIND)


Found = list[tuple[str, Reason]]


async def _followed_by_known(actor: Actor) -> Found:
    """Whom those follow whom somebody follows, but for who keeps to themselves whom they know."""
    known = await rows(
        "SELECT f.target_id AS id, CASE WHEN a.name <> '' THEN a.name ELSE a.username END AS name, k.settings"
        " FROM core_follow f JOIN core_actor a ON a.id = f.target_id LEFT JOIN core_account k ON k.id = f.target_id"
        f" WHERE f.follower_id = $1 AND f.state = '{ACCEPTED}' ORDER BY f.id DESC LIMIT {KNOWN_AT_MOST}",
        actor.id,
    )
    names = {one["id"]: one["name"] for one in known if not (from_json(one["settings"] or "{}")).get("hideNetwork")}
    if not names:
        return []
    found = await rows(
        "SELECT x.target_id, x.follower_id, x.number FROM (SELECT f.target_id, f.follower_id,"
        " COUNT(*) OVER (PARTITION BY f.target_id) AS number,"
        " ROW_NUMBER() OVER (PARTITION BY f.target_id ORDER BY f.id) AS place FROM core_follow f"
        f" JOIN core_actor a ON a.id = f.target_id WHERE f.follower_id {one_of(2)} AND f.state = '{ACCEPTED}'"
        f" AND {_WANTED}) AS x WHERE x.place <= {NAMED} ORDER BY x.number DESC, x.target_id, x.place"
        f" LIMIT {FOUND_AT_MOST * NAMED}",
        actor.id,
        list(names),
    )
    by_target: dict[str, list[Row]] = defaultdict(list)
    for one in found:
        by_target[one["target_id"]].append(one)
    return [
        (target, Reason("followedBy", some[0]["number"], tuple(names[one["follower_id"]] for one in some)))
        for target, some in by_target.items()
    ]


async def _liked(actor: Actor) -> Found:
    """Who wrote what somebody liked lately."""
    found = await rows(
        "SELECT e.author_id, COUNT(*) AS number FROM (SELECT l.entry_id FROM core_like l WHERE l.actor_id = $1"
        " ORDER BY l.id DESC LIMIT 200) AS x JOIN core_entry e ON e.id = x.entry_id AND e.deleted_at IS NULL"
        f" JOIN core_actor a ON a.id = e.author_id WHERE {_WANTED} GROUP BY e.author_id"
        f" ORDER BY COUNT(*) DESC, e.author_id LIMIT {FOUND_AT_MOST}",
        actor.id,
    )
    return [(one["author_id"], Reason("liked", one["number"])) for one in found]


async def _same_tags(actor: Actor) -> Found:
    """Who wrote for everybody lately under the tags somebody uses."""
    tags = await rows(
        "SELECT g.key, COUNT(*) AS number FROM (SELECT e.id FROM core_entry e WHERE e.author_id = $1"
        " AND e.deleted_at IS NULL ORDER BY e.id DESC LIMIT 200) AS x JOIN core_entry_tag g ON g.entry_id = x.id"
        f" GROUP BY g.key ORDER BY COUNT(*) DESC, g.key LIMIT {TAGS_AT_MOST}",
        actor.id,
    )
    if not tags:
        return []
    found = await rows(
        "SELECT e.author_id, MIN(g.key) AS tag, COUNT(DISTINCT g.key) AS number FROM core_entry_tag g"
        " JOIN core_entry e ON e.id = g.entry_id AND e.visibility = 'public' AND e.deleted_at IS NULL"
        f" JOIN core_actor a ON a.id = e.author_id WHERE g.key {one_of(2, 'text')} AND g.entry_id > $3 AND {_WANTED}"
        f" GROUP BY e.author_id ORDER BY COUNT(DISTINCT g.key) DESC, e.author_id LIMIT {FOUND_AT_MOST}",
        actor.id,
        [one["key"] for one in tags],
        new_id(now() - LATELY),
    )
    return [(one["author_id"], Reason("tag", one["number"], tag=one["tag"])) for one in found]


async def _new_and_known(actor: Actor) -> Found:
    """Who came here lately and has written something, and whom most people here follow."""
    found = await rows(
        "SELECT x.* FROM (SELECT 'newcomer' AS kind, a.id, 1 AS number, a.created_at AS place FROM core_actor a"
        f" WHERE a.domain = '' AND a.created_at > $2 AND a.open_posts_count > 0 AND {_WANTED}"
        " ORDER BY a.created_at DESC, a.id LIMIT 10) AS x UNION ALL"
        " SELECT y.* FROM (SELECT 'popular' AS kind, a.id, a.followers_count AS number, a.created_at AS place"
        f" FROM core_actor a WHERE a.domain = '' AND a.open_posts_count > 0 AND {_WANTED}"
        " ORDER BY a.followers_count DESC, a.id LIMIT 20) AS y",
        actor.id,
        now() - NEW,
    )
    return [(one["id"], Reason(one["kind"], one["number"])) for one in found]
