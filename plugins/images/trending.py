"""Pictures that people like these days: counted by people, fading with time, of nobody very many.

What is counted is kept for a few minutes; who looks then sees of it what they may see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from core.audience import WANTED, Viewer, visible_sql
from core.database import new_id, now, one_of, rows
from core.instance import here
from core.popularity import age_of, people_behind
from core.present import PAGE_COLUMNS, Row

KEEP_SECONDS = 120
DAYS, QUIET_DAYS = 7, 90  # on a small server there is something to see, too
KEPT, LOOKED_AT = 60, 400
ENOUGH = 12
EACH_AUTHOR_AT_MOST = 3
HALVES_IN_HOURS = 48.0


async def trending_images(viewer: Viewer, limit: int) -> Sequence[Row]:
    """The pictures most people liked or shared of late, as far as the viewer may see them; at most KEPT."""
    ids: list[str] = await here().cache.remember("images:trending", KEEP_SECONDS, _counted)
    found = await rows(
        f"SELECT {PAGE_COLUMNS}, e.id AS position FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.id {one_of(2)} AND e.visibility = 'public' AND a.silenced_at IS NULL"
        f" AND {visible_sql(viewer, 1, rule=WANTED)}",
        viewer.parameter,
        ids,
    )
    places = {entry_id: place for place, entry_id in enumerate(ids)}
    return sorted(found, key=lambda row: places[row["id"]])[:limit]


async def _counted() -> list[str]:
    """Over the last days, or over more where these hold too little."""
    ids = await _liked_since(DAYS)
    if len(ids) < ENOUGH:
        ids += [one for one in await _liked_since(QUIET_DAYS) if one not in set(ids)]
    return ids[:KEPT]


async def _liked_since(days: int) -> list[str]:
    moment = now()
    found = await rows(
        "SELECT e.id, e.author_id FROM images_image i JOIN core_entry e ON e.id = i.id"
        " JOIN core_actor a ON a.id = e.author_id WHERE i.id > $1 AND e.visibility = 'public'"
        " AND e.deleted_at IS NULL AND NOT e.sensitive AND e.content_warning = '' AND a.suspended_at IS NULL"
        " AND a.removed_at IS NULL AND a.silenced_at IS NULL AND e.likes_count + e.boosts_count > 0"
        " ORDER BY e.likes_count + e.boosts_count DESC, e.id DESC LIMIT $2",
        new_id(moment - timedelta(days=days)),
        LOOKED_AT,
    )
    people = await people_behind([one["id"] for one in found])
    hours = {one["id"]: age_of(one["id"], moment) / timedelta(hours=1) for one in found}
    scores = {one: people.get(one, 0) * 0.5 ** (hours[one] / HALVES_IN_HOURS) for one in hours}
    of_authors, kept = Counter[str](), list[str]()
    for one in sorted(found, key=lambda one: (scores[one["id"]], one["id"]), reverse=True):
        of_authors[one["author_id"]] += 1
        if people.get(one["id"]) and of_authors[one["author_id"]] <= EACH_AUTHOR_AT_MOST:
            kept.append(one["id"])
    return kept[:KEPT]
