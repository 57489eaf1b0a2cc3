"""Pictures in lists: of everybody, of one person, with a hashtag, near a place; one query each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from core.audience import WANTED, Viewer, visible_sql
from core.database import HIGHEST_ID, LOWEST_ID, new_id, rows
from core.html import tag_key
from core.present import PAGE_COLUMNS, Row
from plugins.images.spots import Around

YEARS_BACK = 20


async def images(
    viewer: Viewer,
    before: str | None,
    limit: int,
    *,
    author_id: str | None = None,
    tag: str | None = None,
    near: Around | None = None,
) -> Sequence[Row]:
    """One more than `limit` of the pictures a viewer may see, newest first; of no one person, only public ones."""
    arguments: list[object] = [viewer.parameter, before or HIGHEST_ID, limit + 1]

    def given(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    source, where = "images_image i", ""
    if author_id:
        where += f" AND i.author_id = {given(author_id)} AND e.visibility <> 'direct'"
    else:
        where += " AND e.visibility = 'public' AND a.silenced_at IS NULL"
    if tag:
        source += f" JOIN core_entry_tag g ON g.entry_id = i.id AND g.key = {given(tag_key(tag))}"
    if near:
        x, y, z = near.spot.point or (0.0, 0.0, 0.0)
        chord = near.chord
        # A box that the index knows, then exactly.
        where += f" AND i.z BETWEEN {given(z - chord)} AND {given(z + chord)}"
        where += f" AND i.x BETWEEN {given(x - chord)} AND {given(x + chord)}"
        parts = [
            f"(i.{axis} - {mark}) * (i.{axis} - {mark})"
            for axis, mark in zip("xyz", map(given, (x, y, z)), strict=True)
        ]
        where += f" AND {' + '.join(parts)} <= {given(chord * chord)}"
    rule = {} if author_id else {"rule": WANTED}
    return await rows(
        f"SELECT {PAGE_COLUMNS}, e.id AS position FROM {source} JOIN core_entry e ON e.id = i.id"
        f" JOIN core_actor a ON a.id = e.author_id WHERE i.id < $2 AND {visible_sql(viewer, 1, **rule)}{where}"
        " ORDER BY i.id DESC LIMIT $3",
        *arguments,
    )


async def memories(actor_id: str, today: date, limit: int) -> Sequence[Row]:
    """What somebody shared themselves on this day in the years before, newest first; at most `limit`."""
    viewer = Viewer(actor_id=actor_id)
    days = [_day(year, today) for year in range(today.year - YEARS_BACK, today.year)]
    spans = [(new_id(day), new_id(day + timedelta(days=1))) for day in days if day]
    arguments: list[object] = [viewer.parameter, limit]
    parts = []
    for first, last in spans:
        arguments += [_lowest(first), _lowest(last)]
        parts.append(f"(i.id >= ${len(arguments) - 1} AND i.id < ${len(arguments)})")
    return await rows(
        f"SELECT {PAGE_COLUMNS}, e.id AS position FROM images_image i JOIN core_entry e ON e.id = i.id"
        f" JOIN core_actor a ON a.id = e.author_id WHERE i.author_id = $1 AND ({' OR '.join(parts)})"
        f" AND {visible_sql(viewer, 1)} ORDER BY i.id DESC LIMIT $2",
        *arguments,
    )


def _day(year: int, today: date) -> datetime | None:
    """The beginning of this day in another year, in UTC; the 29th of February is not in every one."""
    try:
        return datetime(year, today.month, today.day, tzinfo=UTC)
    except ValueError:
        return None


def _lowest(some_id: str) -> str:
    """The lowest id of the millisecond of an id: a UUIDv7 begins with its time (RFC 9562, section 5.7)."""
    return some_id[:13] + LOWEST_ID[13:]
