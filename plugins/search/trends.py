"""What people talk about these days: counted by people, so that nobody can push a thing alone, and fading with time.

What is found is kept for a few minutes; who looks then sees of it what they may see.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from core.accounts.audit import Doer, record
from core.audience import WANTED, viewer_of, visible_sql
from core.database import LOWEST_ID, after_commit, execute, now, one_of, rows, transaction
from core.html import tag_key
from core.instance import here
from core.models import Actor
from core.popularity import age_of, people_behind
from core.present import PAGE_COLUMNS
from plugins.search.finding import OPEN_TO_ALL

Row = dict[str, Any]
KEEP_SECONDS = 120
TAGS_KEPT, POSTS_KEPT, PEOPLE_KEPT = 30, 40, 30
HIDDEN_SHOWN = 200
DAYS = 7
QUIET_DAYS = 60
"""How far back to look where the last days hold too little: on a small server there is something to see, too."""
ENOUGH = 8
TAG_HALVES_IN_DAYS = 2.0
POST_HALVES_IN_HOURS = 36.0
EACH_AUTHOR_AT_MOST = 2
_A_PERSON = "a.type NOT IN ('service', 'application')"


async def trending_tags(limit: int) -> list[Row]:
    """Hashtags by how many people wrote them of late: `key`, `name`, `people`, `posts`."""
    return (await _kept("tags", _tags))[:limit]


async def trending_posts(actor: Actor | None, limit: int) -> list[Row]:
    """Posts by how many people liked or shared them of late, as rows to present."""
    ids = await _kept("posts", _posts)
    viewer = viewer_of(actor)
    found = await rows(
        f"SELECT {PAGE_COLUMNS} FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.id {one_of(2)}"
        f" AND {visible_sql(viewer, 1, rule=WANTED)}",
        viewer.parameter,
        ids,
    )
    places = {entry_id: place for place, entry_id in enumerate(ids)}
    return sorted(found, key=lambda row: places[row["id"]])[:limit]


async def active_people(actor: Actor | None, limit: int) -> list[Row]:
    """People here who were about on most of the last days, and want to be found."""
    return await _people(actor, await _kept("people", _active), limit)


async def newest_members(actor: Actor | None, limit: int) -> list[Row]:
    """People here who came last, and want to be found."""
    return await _people(actor, await _kept("newest", _newest), limit)


async def hide_tag(tag: str, *, hidden: bool, by: Doer) -> None:
    """Keep a hashtag out of the trends, or let it come back; what is so already is not noted again."""
    key = tag_key(tag)
    async with transaction():
        had = await execute("DELETE FROM search_hidden_tag WHERE key = $1", key)
        if hidden:
            await execute("INSERT INTO search_hidden_tag (key, hidden_at) VALUES ($1, $2)", key, now())
        if bool(had) is not hidden:
            await record(
                "hashtag_hidden" if hidden else "hashtag_shown",
                by_id=by.actor.id,
                address=by.address,
                user_agent=by.user_agent,
                hashtag=key,
            )
        after_commit(lambda: here().cache.drop_tag("search:trends"))


async def hidden_tags() -> list[str]:
    """The hashtags that are kept out of the trends, as they are looked up, the last hidden first."""
    found = await rows("SELECT key FROM search_hidden_tag ORDER BY hidden_at DESC, key LIMIT $1", HIDDEN_SHOWN)
    return [each["key"] for each in found]


# -- Counting ------------------------------------------------------------------
async def _kept(name: str, count: Callable[[int], Awaitable[list[Any]]]) -> list[Any]:
    """What was counted a while ago, or is counted now: over the last days, or over more where these hold too little."""
    cache, key = here().cache, f"search:trending:{name}"
    found: list[Any] | None = cache.get(key)
    if found is None:
        since = cache.mark()
        found = await count(DAYS)
        if len(found) < ENOUGH:
            found += [other for other in await count(QUIET_DAYS) if _name(other) not in set(map(_name, found))]
        cache.put(key, found, ttl=KEEP_SECONDS, tags=("search:trends",), since=since)
    return found


def _name(thing: Any) -> str:
    return str(thing if isinstance(thing, str) else thing["key"])


def first_id(moment: datetime) -> str:
    """The lowest id of this moment."""
    stamp = f"{int(moment.timestamp() * 1000):012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7000-8000-000000000000"


async def _tags(days: int) -> list[Row]:
    """Each person counts once for a tag, by when they wrote it last; alone, for one tag only."""
    began = now()
    steps = [first_id(began - timedelta(days=day)) for day in range(1, DAYS + 1)]
    weights = "".join(
        f" WHEN u.last > ${place + 2}::text THEN {0.5 ** (place / TAG_HALVES_IN_DAYS):.3f}" for place in range(DAYS)
    )
    found = await rows(
        f"SELECT u.key, MAX(u.name) AS name, COUNT(*) AS people, SUM(u.posts) AS posts, MIN(u.author) AS one,"
        f" SUM(CASE{weights} ELSE 0.05 END) AS score FROM (SELECT g.key, MAX(g.name) AS name,"
        " e.author_id::text AS author, COUNT(*) AS posts, MAX(e.id::text) AS last FROM core_entry_tag g"
        " JOIN core_entry e ON e.id = g.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.id > $1 AND {OPEN_TO_ALL} AND {_A_PERSON}"
        " AND NOT EXISTS (SELECT 1 FROM search_hidden_tag h WHERE h.key = g.key) GROUP BY g.key, e.author_id) u"
        f" GROUP BY u.key ORDER BY score DESC, people DESC, posts DESC, u.key LIMIT {4 * TAGS_KEPT}",
        first_id(began - timedelta(days=days)),
        *steps,
    )
    alone: set[str] = set()
    kept: list[Row] = []
    for tag in found:
        if tag["people"] == 1:
            if tag["one"] in alone:
                continue
            alone.add(tag["one"])
        kept.append({"key": tag["key"], "name": tag["name"], "people": int(tag["people"]), "posts": int(tag["posts"])})
    return kept[:TAGS_KEPT]


async def _posts(days: int) -> list[str]:
    """Ids of posts of people who let theirs be found; of one author no more than EACH_AUTHOR_AT_MOST."""
    moment = now()
    found = await rows(
        "SELECT e.id, e.author_id, e.published_at FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        " JOIN search_person s ON s.actor_id = a.id AND s.consents"
        f" WHERE e.id > $1 AND {OPEN_TO_ALL} AND {_A_PERSON} AND e.reply_to_uri = '' AND e.content_warning = ''"
        " AND NOT e.sensitive ORDER BY e.likes_count + e.boosts_count DESC, e.id DESC LIMIT $2",
        first_id(moment - timedelta(days=days)),
        5 * POSTS_KEPT,
    )
    people = await people_behind([post["id"] for post in found])
    scored = sorted(found, key=lambda post: _score(people.get(post["id"], 0), age_of(post["id"], moment)), reverse=True)
    by_author: dict[str, int] = {}
    kept: list[str] = []
    for post in scored:
        by_author[post["author_id"]] = by_author.get(post["author_id"], 0) + 1
        if by_author[post["author_id"]] <= EACH_AUTHOR_AT_MOST:
            kept.append(post["id"])
    return kept[:POSTS_KEPT]


def _score(people: int, age: timedelta) -> float:
    return (people + 0.2) * math.pow(0.5, age.total_seconds() / 3600 / POST_HALVES_IN_HOURS)


async def _active(days: int) -> list[str]:
    """Ids by over how much of the time they wrote, in stretches of four hours and a half: the first digits of ids."""
    found = await rows(
        "SELECT e.author_id AS id, COUNT(DISTINCT SUBSTR(e.id::text, 1, 6)) AS stretches FROM core_entry e"
        f" JOIN core_actor a ON a.id = e.author_id WHERE e.is_local AND e.id > $1 AND {OPEN_TO_ALL}"
        f" AND {_WANTS_TO_BE_FOUND} GROUP BY e.author_id ORDER BY stretches DESC, e.author_id LIMIT {PEOPLE_KEPT}",
        first_id(now() - timedelta(days=days)),
    )
    return [each["id"] for each in found]


_WANTS_TO_BE_FOUND = (
    f"a.domain = '' AND a.is_discoverable AND {_A_PERSON} AND a.silenced_at IS NULL AND a.suspended_at IS NULL"
    " AND a.removed_at IS NULL"
)


async def _newest(days: int) -> list[str]:
    """Ids of those who came last, however long ago."""
    found = await rows(
        f"SELECT a.id FROM core_actor a WHERE {_WANTS_TO_BE_FOUND} ORDER BY a.id DESC LIMIT $1", PEOPLE_KEPT
    )
    return [each["id"] for each in found]


async def _people(actor: Actor | None, ids: list[str], limit: int) -> list[Row]:
    """These people, without the viewer, those the viewer blocks or mutes, and those who block the viewer."""
    found = await rows(
        f"SELECT a.* FROM core_actor a WHERE a.id {one_of(2)} AND {_WANTS_TO_BE_FOUND} AND a.id <> $1"
        " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.actor_id = a.id AND b.target_id = $1)"
        " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE b.target_id = a.id AND b.actor_id = $1)"
        " AND NOT EXISTS (SELECT 1 FROM core_mute m WHERE m.target_id = a.id AND m.actor_id = $1)",
        actor.id if actor else LOWEST_ID,
        ids,
    )
    places = {actor_id: place for place, actor_id in enumerate(ids)}
    return sorted(found, key=lambda row: places[row["id"]])[:limit]
