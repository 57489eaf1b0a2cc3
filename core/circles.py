"""Choosing friends for whom a post can be: circles, who is in them, and who of these is sent something now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.database import HIGHEST_ID, execute, is_id, new_id, one_at_a_time, one_of, row, rows, transaction
from core.errors import Conflict, Invalid, NotFound
from core.graph_models import Circle, CircleMember
from core.models import ACCEPTED, Actor
from core.text import shown_name

CIRCLES_AT_MOST = 20
MEMBERS_AT_MOST = 150
NAME_AT_MOST = 60
NAMED = 2  # members of a circle whom the composer names

Row = dict[str, Any]
# Of a circle `c` and its members `m`: who is a friend of its owner's, here, and apart from them by no block.
_FRIENDS = (
    f" JOIN core_follow f ON f.follower_id = c.actor_id AND f.target_id = m.actor_id AND f.state = '{ACCEPTED}'"
    f" JOIN core_follow g ON g.follower_id = m.actor_id AND g.target_id = c.actor_id AND g.state = '{ACCEPTED}'"
    " JOIN core_actor a ON a.id = m.actor_id AND a.suspended_at IS NULL AND a.removed_at IS NULL"
)
_COUNTED = (
    "SELECT c.id, c.name, c.created_at, (SELECT COUNT(*) FROM core_circle_member m"
    " JOIN core_actor a ON a.id = m.actor_id AND a.suspended_at IS NULL AND a.removed_at IS NULL"
    " WHERE m.circle_id = c.id) AS members_count FROM core_circle c"
)


@dataclass(frozen=True)
class Offer:
    """A circle as the composer offers it: `count` friends would be sent the post, `names` are some of theirs."""

    circle_id: str
    name: str
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Reach:
    """How many follow somebody, how many of these are friends, and which circles of theirs have anybody in them."""

    followers: int = 0
    friends: int = 0
    circles: tuple[Offer, ...] = ()


# -- Circles -----------------------------------------------------------------------------------------------------------
async def of_actor(actor: Actor) -> list[Row]:
    """All circles of somebody, by name, each with how many are in it."""
    return await rows(f"{_COUNTED} WHERE c.actor_id = $1 ORDER BY LOWER(c.name), c.id", actor.id)


async def own(actor: Actor, circle_id: str) -> Row:
    """One of somebody's own circles. Raises NotFound, also for other people's."""
    sql = f"{_COUNTED} WHERE c.actor_id = $1 AND c.id = $2"
    found = await row(sql, actor.id, circle_id) if is_id(circle_id) else None
    if found is None:
        raise NotFound("There is no such circle.")
    return found


async def create(actor: Actor, name: str, people: Sequence[Actor] = ()) -> str:
    """Make a circle of some friends, and answer its id.

    Raises Invalid naming the field, Conflict where there is one of this name or there are too many.
    """
    name = _checked_name(name)
    async with transaction():
        await _hold(actor)
        count = await row("SELECT COUNT(*) AS number FROM core_circle WHERE actor_id = $1", actor.id)
        if count and count["number"] >= CIRCLES_AT_MOST:
            raise Conflict(f"You have {CIRCLES_AT_MOST} circles, and there can be no more.", code="too_many_circles")
        circle_id = new_id()
        await _named_once(actor, name)
        await Circle.create(id=circle_id, actor_id=actor.id, name=name)
        await _set(actor, circle_id, people)
    return circle_id


async def change(
    actor: Actor, circle_id: str, *, name: str | None = None, people: Sequence[Actor] | None = None
) -> None:
    """Call a circle something else, or have exactly these people in it; what is None stays.

    Raises as `create`, NotFound for other people's.
    """
    async with transaction():
        await _hold(actor)
        await own(actor, circle_id)
        if name is not None:
            name = _checked_name(name)
            await _named_once(actor, name, circle_id)
            await Circle.filter(id=circle_id).update(name=name)
        if people is not None:
            await _set(actor, circle_id, people)


async def delete(actor: Actor, circle_id: str) -> None:
    """Forget a circle; who was sent something as long as it stood goes on seeing that. Raises NotFound."""
    async with transaction():
        await own(actor, circle_id)
        await execute("DELETE FROM core_circle_member WHERE circle_id = $1", circle_id)
        await execute("DELETE FROM core_circle WHERE id = $1", circle_id)


def _checked_name(name: str) -> str:
    name = shown_name(name, "")
    if not name:
        raise Invalid({"name": "Call it something."})
    if len(name) > NAME_AT_MOST:
        raise Invalid({"name": f"This is too long: at most {NAME_AT_MOST} characters."})
    return name


async def _named_once(actor: Actor, name: str, circle_id: str | None = None) -> None:
    known = await Circle.get_or_none(actor_id=actor.id, name=name)
    if known is not None and known.id != circle_id:
        raise Conflict("You have a circle of this name.", code="name_taken")


async def _hold(actor: Actor) -> None:
    """Have whatever else changes this person's circles wait until the transaction ends."""
    await one_at_a_time(f"circles:{actor.id}")  # not a lock on their circles: they may have none yet


# -- Who is in them ----------------------------------------------------------------------------------------------------
async def members(actor: Actor, circle_id: str, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of those in a circle, latest first. Raises NotFound."""
    await own(actor, circle_id)
    return await rows(
        "SELECT a.*, m.id AS position FROM core_circle_member m JOIN core_actor a ON a.id = m.actor_id"
        " AND a.suspended_at IS NULL AND a.removed_at IS NULL WHERE m.circle_id = $1 AND m.id < $2"
        " ORDER BY m.id DESC LIMIT $3",
        circle_id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def add(actor: Actor, circle_id: str, person: Actor) -> None:
    """Take a friend into a circle. Raises NotFound, Invalid where they are no friend, Conflict where they are in it."""
    async with transaction():
        await _hold(actor)
        circle = await own(actor, circle_id)
        await _must_be_friends(actor, [person], field="userId")
        if circle["members_count"] >= MEMBERS_AT_MOST:
            raise Conflict(f"There are {MEMBERS_AT_MOST} people in it: no more fit in.", code="circle_full")
        if not await _insert(circle_id, person):
            raise Conflict("They are in this circle.", code="already_member")


async def take_out(actor: Actor, circle_id: str, person: Actor) -> None:
    """Take somebody out of a circle; what they were sent they go on seeing. Raises NotFound."""
    await own(actor, circle_id)
    if not await CircleMember.filter(circle_id=circle_id, actor_id=person.id).delete():
        raise NotFound("They are not in this circle.")


async def _set(actor: Actor, circle_id: str, people: Sequence[Actor]) -> None:
    wanted = {person.id: person for person in people}
    if len(wanted) > MEMBERS_AT_MOST:
        raise Invalid({"userIds": f"These are too many: at most {MEMBERS_AT_MOST}."})
    known = {one["actor_id"] for one in await CircleMember.filter(circle_id=circle_id).values("actor_id")}
    await _must_be_friends(actor, [person for person in wanted.values() if person.id not in known])
    await CircleMember.filter(circle_id=circle_id, actor_id__in=list(known - wanted.keys())).delete()
    for person in wanted.values():
        await _insert(circle_id, person)


async def _insert(circle_id: str, person: Actor) -> int:
    return await execute(
        "INSERT INTO core_circle_member (id, circle_id, actor_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        new_id(),
        circle_id,
        person.id,
    )


async def friends_among(actor: Actor, people: Sequence[Actor]) -> list[Actor]:
    """Those of these people who are somebody's friends."""
    found = await rows(
        "SELECT f.target_id FROM core_follow f JOIN core_follow g ON g.follower_id = f.target_id"
        f" AND g.target_id = f.follower_id AND g.state = '{ACCEPTED}' WHERE f.follower_id = $1"
        f" AND f.state = '{ACCEPTED}' AND f.target_id {one_of(2)}",
        actor.id,
        [person.id for person in people],
    )
    friends = {one["target_id"] for one in found}
    return [person for person in people if person.id in friends]


async def _must_be_friends(actor: Actor, people: Sequence[Actor], field: str = "userIds") -> None:
    if not people:
        return
    friends = {friend.id for friend in await friends_among(actor, people)}
    if strangers := [person.acct for person in people if person.id not in friends]:
        named = ", ".join(f"@{acct}" for acct in strangers[:5])
        raise Invalid({field: f"Only friends can be in a circle; you are not friends with {named}."})


# -- Who is sent something ---------------------------------------------------------------------------------------------
async def audience(actor: Actor, circle_id: str) -> list[Actor]:
    """The friends in a circle, to whom a post goes now. Raises Invalid where there is none, or nobody in it."""
    found = []
    if is_id(circle_id):
        found = await rows(
            f"SELECT m.actor_id FROM core_circle c JOIN core_circle_member m ON m.circle_id = c.id{_FRIENDS}"
            " WHERE c.id = $2 AND c.actor_id = $1",
            actor.id,
            circle_id,
        )
        if not found and await Circle.exists(id=circle_id, actor_id=actor.id):
            raise Invalid({"circleId": "There is no friend of yours in this circle: nobody would see it."})
    if not found:
        raise Invalid({"circleId": "There is no such circle."})
    return await Actor.filter(id__in=[one["actor_id"] for one in found]).order_by("id")


async def reach(actor_id: str) -> Reach:
    """For whom somebody can write, in one query: their followers, their friends, their circles with friends in them."""
    found = await rows(
        "SELECT NULL AS id, '' AS name, '' AS person, a.followers_count AS number, (SELECT COUNT(*) FROM core_follow t"
        " JOIN core_follow u ON u.follower_id = t.target_id AND u.target_id = t.follower_id"
        f" AND u.state = '{ACCEPTED}' WHERE t.follower_id = a.id AND t.state = '{ACCEPTED}') AS place"
        " FROM core_actor a WHERE a.id = $1 UNION ALL SELECT x.* FROM (SELECT c.id, c.name,"
        " CASE WHEN a.name <> '' THEN a.name ELSE a.username END AS person,"
        " COUNT(*) OVER (PARTITION BY c.id) AS number, ROW_NUMBER() OVER (PARTITION BY c.id ORDER BY m.id) AS place"
        f" FROM core_circle c JOIN core_circle_member m ON m.circle_id = c.id{_FRIENDS} WHERE c.actor_id = $1) AS x"
        f" WHERE x.place <= {NAMED} ORDER BY name, id, place",
        actor_id,
    )
    ties = next((one for one in found if one["id"] is None), None)
    named: dict[str, list[Row]] = {}
    for one in found:
        if one["id"] is not None:
            named.setdefault(one["id"], []).append(one)
    offers = tuple(
        Offer(circle_id, some[0]["name"], some[0]["number"], tuple(one["person"] for one in some))
        for circle_id, some in named.items()
    )
    return Reach(ties["number"], ties["place"], offers) if ties else Reach()


async def erase(actor: Actor) -> bool:
    """Forget somebody's circles and that they are in those of others; whether there was anything to forget."""
    gone = await execute(
        "DELETE FROM core_circle_member WHERE actor_id = $1"
        " OR circle_id IN (SELECT c.id FROM core_circle c WHERE c.actor_id = $1)",
        actor.id,
    )
    return bool(gone + await execute("DELETE FROM core_circle WHERE actor_id = $1", actor.id))
