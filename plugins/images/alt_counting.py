"""How many suggested descriptions wait for somebody's answer: as their pages show it, and told when it changes."""

from __future__ import annotations

from core import live_counts
from core.database import after_commit, value
from core.instance import here

WAITING = "waiting"
KEEP_SECONDS = 60


def heard(author: str) -> str:
    """SQL: whether `a`, who suggests, is one whose suggestions reach the author whose id this expression has."""
    return (
        "a.suspended_at IS NULL AND a.removed_at IS NULL AND a.silenced_at IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM core_mute m WHERE m.actor_id = {author} AND m.target_id = a.id)"
        " AND NOT EXISTS (SELECT 1 FROM core_block b"
        f" WHERE (b.actor_id = {author} AND b.target_id = a.id) OR (b.actor_id = a.id AND b.target_id = {author}))"
    )


IN_A_POST = " JOIN core_attachment h ON h.file_id = s.file_id JOIN core_entry e ON e.id = h.entry_id"
FOR_AUTHOR = (
    f"{IN_A_POST} JOIN core_actor a ON a.id = s.actor_id"
    f" WHERE s.author_id = $1 AND s.state = '{WAITING}' AND e.deleted_at IS NULL AND {heard('s.author_id')}"
)


async def count_waiting(author_id: str, entry_id: str | None = None) -> int:
    """How many suggestions wait for an author's answer, at all or for one post."""
    of_post = " AND e.id = $2" if entry_id else ""
    given = [entry_id] if entry_id else []
    return int(await value(f"SELECT COUNT(*) FROM images_alt_suggestion s{FOR_AUTHOR}{of_post}", author_id, *given))


def _key(author_id: str) -> str:
    return f"alt_suggestions:{author_id}"


async def count_for_navigation(author_id: str) -> int:
    """The same as each page shows it: up to a minute old where something else than an answer changed it."""
    count: int = await here().cache.remember(_key(author_id), KEEP_SECONDS, lambda: count_waiting(author_id))
    return count


def changed(author_id: str) -> None:
    """Have it counted anew, and told to the author's open pages, once the running transaction is committed."""
    after_commit(lambda: _tell(author_id))


async def _tell(author_id: str) -> None:
    here().cache.drop(_key(author_id))
    if here().live.is_watched(live_counts.navigation_of(author_id)):
        live_counts.tell_navigation(author_id, images=await count_waiting(author_id))
