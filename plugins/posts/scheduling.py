"""Posts that wait for their time, as their authors look at them: listed, changed, published now, taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.database import LOWEST_ID, from_json, is_id, rows
from core.errors import NotFound
from core.models import Actor, Entry
from plugins.posts import service
from plugins.posts.models import ScheduledPost

Row = dict[str, Any]


async def listed(author: Actor, after: str | None, limit: int) -> list[Row]:
    """What somebody wrote for later, what comes first first, and one row too many where there is more."""
    found = await rows(
        "SELECT s.id, s.id AS position, CAST(s.body AS TEXT) AS body, s.publish_at, s.created_at"
        " FROM posts_scheduled s WHERE s.author_id = $1 AND s.id > $2 ORDER BY s.id LIMIT $3",
        author.id,
        after or LOWEST_ID,
        limit + 1,
    )
    return [{**row, "body": from_json(row["body"])} for row in found]


async def own(author: Actor, post_id: str) -> ScheduledPost:
    """A post of one's own that waits. Raises NotFound, also for other people's and for what is published."""
    waiting = await ScheduledPost.get_or_none(id=post_id, author_id=author.id) if is_id(post_id) else None
    if waiting is None:
        raise NotFound("No such post of yours waits for its time.")
    return waiting


async def change(author: Actor, post_id: str, at: datetime, body: dict[str, Any]) -> ScheduledPost:
    """Have it say something else, or come at another time; its id changes with the time. Raises as `write_later`."""
    waiting = await own(author, post_id)
    return await ScheduledPost.get(id=await service.write_later(author, at, body, instead_of=waiting))


async def publish_now(author: Actor, post_id: str) -> Entry:
    """Wait no longer. Raises NotFound, and as `service.write`."""
    waiting = await own(author, post_id)
    return await service.write(author, **waiting.body, are_taken=True, instead_of=waiting)


async def cancel(author: Actor, post_id: str) -> None:
    """Take it back before anybody has seen it. Raises NotFound."""
    await service.delete(author, (await own(author, post_id)).id)
