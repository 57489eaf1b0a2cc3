"""Lists of people one follows: each has a feed, and may keep its members out of the home feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from core import timelines
from core.database import HIGHEST_ID, is_id, many, new_id, one_at_a_time, one_of, rows, transaction
from core.errors import Invalid, NotFound
from core.feed_models import ListMember, PeopleList
from core.models import Actor, Follow
from core.tasks import task
from core.text import shown_name

Row = dict[str, Any]
Replies = Literal["followed", "list", "none"]
REPLIES: tuple[Replies, ...] = ("followed", "list", "none")
LISTS_AT_MOST = 100
MEMBERS_AT_MOST = 500
TITLE_CHARACTERS = 100
AT_ONCE = 10  # people whose posts are sorted anew before the answer; those of more by a job


async def make(actor: Actor, title: str, *, replies: str = "list", exclusive: bool = False) -> PeopleList:
    """Make a list. Raises Invalid naming the field."""
    title = _checked(title, replies)
    async with transaction():
        await one_at_a_time(f"lists:{actor.id}")
        if await PeopleList.filter(owner_id=actor.id).count() >= LISTS_AT_MOST:
            raise Invalid({"title": f"You have {LISTS_AT_MOST} lists already; that is as many as there can be."})
        return await PeopleList.create(owner_id=actor.id, title=title, replies=replies, exclusive=exclusive)


def _checked(title: str, replies: str) -> str:
    errors, title = {}, shown_name(title, "")
    if not title or len(title) > TITLE_CHARACTERS:
        errors["title"] = f"A list needs a name of at most {TITLE_CHARACTERS} characters."
    if replies not in REPLIES:
        errors["replies"] = f"One of {', '.join(REPLIES)}."
    if errors:
        raise Invalid(errors)
    return title


async def change(
    actor: Actor, list_id: str, *, title: str | None = None, replies: str | None = None, exclusive: bool | None = None
) -> PeopleList:
    """Rename a list, or change what stands in it and in the home feed; None leaves it. Raises NotFound, Invalid."""
    async with transaction():
        found = await owned(actor, list_id)
        found.replies = found.replies if replies is None else replies
        found.title = _checked(found.title if title is None else title, found.replies)
        was_exclusive, found.exclusive = found.exclusive, found.exclusive if exclusive is None else exclusive
        await found.save(update_fields=["title", "replies", "exclusive"])
        if found.exclusive != was_exclusive:
            await _settle(actor, await _follows_on(found))
    return found


async def delete(actor: Actor, list_id: str) -> None:
    """Delete a list; who was on it is followed as before. Raises NotFound."""
    async with transaction():
        found = await owned(actor, list_id)
        follows = await _follows_on(found) if found.exclusive else []
        await found.delete()
        await _settle(actor, follows)


async def called(actor: Actor, title: str) -> PeopleList | None:
    """The first of somebody's lists with this name."""
    title = title.strip()
    if len(title) > TITLE_CHARACTERS:
        return None
    return await PeopleList.filter(owner_id=actor.id, title=title).order_by("id").first()


async def owned(actor: Actor, list_id: str) -> PeopleList:
    """A list of this person's. Raises NotFound, also for other people's lists."""
    found = await PeopleList.get_or_none(id=list_id, owner_id=actor.id) if is_id(list_id) else None
    if found is None:
        raise NotFound("There is no such list.")
    return found


# -- Who is on it --------------------------------------------------------------
async def add(actor: Actor, list_id: str, people: Sequence[Actor]) -> None:
    """Put people on a list; who is on it stays. Raises NotFound, Invalid for whoever is not followed."""
    async with transaction():
        found = await owned(actor, list_id)
        await one_at_a_time(f"members:{found.id}")
        follows = await Follow.filter(follower_id=actor.id, target_id__in=[person.id for person in people])
        if len(follows) < len({person.id for person in people}):
            raise Invalid({"userIds": "Only people you follow can be on a list."})
        await many(
            "INSERT INTO core_list_member (id, list_id, follow_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [(new_id(), found.id, follow.id) for follow in follows],
        )
        if await ListMember.filter(list_id=found.id).count() > MEMBERS_AT_MOST:
            raise Invalid({"userIds": f"There can be {MEMBERS_AT_MOST} people on a list, and no more."})
        if found.exclusive:
            await _settle(actor, [follow.id for follow in follows])


async def take_off(actor: Actor, list_id: str, person_ids: Sequence[str]) -> None:
    """Take people off a list; who is not on it is passed over. Raises NotFound for the list."""
    async with transaction():
        found = await owned(actor, list_id)
        gone = await rows(
            "DELETE FROM core_list_member WHERE list_id = $1 AND follow_id IN (SELECT f.id FROM core_follow f"
            f" WHERE f.follower_id = $2 AND f.target_id {one_of(3)}) RETURNING follow_id",
            found.id,
            actor.id,
            list(person_ids),
        )
        if found.exclusive:
            await _settle(actor, [each["follow_id"] for each in gone])


async def _follows_on(found: PeopleList) -> list[str]:
    return [str(each) for each in await ListMember.filter(list_id=found.id).values_list("follow_id", flat=True)]


async def _settle(actor: Actor, follow_ids: list[str]) -> None:
    """Have those of an exclusive list stand there alone, and all others in the home feed."""
    if not follow_ids:
        return
    kept = (
        "EXISTS (SELECT 1 FROM core_list_member m JOIN core_list l ON l.id = m.list_id"
        " WHERE m.follow_id = core_follow.id AND l.exclusive)"
    )
    changed = await rows(
        f"UPDATE core_follow SET at_home = NOT at_home WHERE id {one_of(1)} AND at_home = {kept} RETURNING target_id",
        follow_ids,
    )
    targets = [each["target_id"] for each in changed]
    if len(targets) > AT_ONCE:
        await sort_home.later(actor_id=actor.id, target_ids=targets)
    else:
        await sort_home(actor_id=actor.id, target_ids=targets)


@task
async def sort_home(actor_id: str, target_ids: list[str]) -> None:
    """Put what these people publish into somebody's home feed, or take it out, as they want it now."""
    owner = await Actor.get_or_none(id=actor_id)
    if owner is None:
        return
    for target in await Actor.filter(id__in=target_ids).order_by("id"):
        async with transaction():
            await timelines.sort_anew(owner, target)


# -- Reading -------------------------------------------------------------------
_WITH_COUNT = (
    "SELECT l.id AS position, l.id, l.title, l.replies, l.exclusive, l.created_at, (SELECT COUNT(*)"
    " FROM core_list_member m WHERE m.list_id = l.id) AS members_count FROM core_list l WHERE l.owner_id = $1"
)


async def lists(actor: Actor) -> list[Row]:
    """All lists of somebody by name, each with how many are on it."""
    return await rows(f"{_WITH_COUNT} ORDER BY LOWER(l.title), l.id", actor.id)


async def one(actor: Actor, list_id: str) -> Row:
    """A list of somebody, with how many are on it. Raises NotFound, also for other people's lists."""
    found = await rows(f"{_WITH_COUNT} AND l.id = $2", actor.id, list_id) if is_id(list_id) else []
    if not found:
        raise NotFound("There is no such list.")
    return found[0]


async def members(actor: Actor, list_id: str, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the people on a list, latest first. Raises NotFound."""
    found = await owned(actor, list_id)
    return await rows(
        "SELECT a.*, m.id AS position FROM core_list_member m JOIN core_follow f ON f.id = m.follow_id"
        " JOIN core_actor a ON a.id = f.target_id WHERE m.list_id = $1 AND a.suspended_at IS NULL"
        " AND a.removed_at IS NULL AND m.id < $2 ORDER BY m.id DESC LIMIT $3",
        found.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def lists_with(actor: Actor, person: Actor) -> set[str]:
    """The ids of somebody's lists that a person is on."""
    found = await rows(
        "SELECT m.list_id FROM core_follow f JOIN core_list_member m ON m.follow_id = f.id"
        " WHERE f.follower_id = $1 AND f.target_id = $2",
        actor.id,
        person.id,
    )
    return {each["list_id"] for each in found}
