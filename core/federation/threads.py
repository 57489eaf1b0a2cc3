"""Whole conversations: when somebody here reads one, what other servers know of it is looked for, once in a while."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from core import live_feed
from core.audience import OPEN
from core.database import execute, new_id, now, row, rows, transaction, when
from core.errors import KithError
from core.federation.fetching import budget
from core.federation.thread_walk import Walk
from core.fetch import FetchError
from core.instance import here
from core.models import Entry
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
NOT_BEFORE = timedelta(minutes=5)  # after publication: answers take a while to come
EVERY = timedelta(minutes=15)
GIVEN_UP_AFTER = timedelta(minutes=10)
SECONDS = 300.0
REQUESTS_AT_MOST = 3000  # for posts, pages and people together
KEEP_SECONDS = 10.0


async def look_for_replies(entry: Entry) -> bool:
    """Have the rest of a conversation looked for where that may find something; whether it is being looked for now."""
    if not here().settings.federation.enabled or entry.visibility not in OPEN or entry.local_only:
        return False
    root_id = entry.root_id or entry.id

    async def begun() -> bool:
        return await _is_under_way(root_id) or await _begin(root_id)

    found: bool = await here().cache.remember(_key(root_id), KEEP_SECONDS, begun)
    return found


def _key(root_id: str) -> str:
    return f"federation:thread:{root_id}"


async def _is_under_way(root_id: str) -> bool:
    found = await row("SELECT looked_at, finished_at FROM federation_thread WHERE entry_id = $1", root_id)
    looked_at = when(found["looked_at"]) if found else None
    return (
        found is not None
        and found["finished_at"] is None
        and looked_at is not None
        and (looked_at > now() - GIVEN_UP_AFTER)
    )


async def _begin(root_id: str) -> bool:
    """Queue the job, unless nobody elsewhere takes part, or all is too new, or it was looked for a moment ago."""
    elsewhere = await rows(
        "SELECT 1 FROM core_entry WHERE (id = $1 OR root_id = $1) AND NOT is_local AND deleted_at IS NULL"
        " AND visibility IN ('public', 'unlisted') AND published_at < $2 LIMIT 1",
        root_id,
        now() - NOT_BEFORE,
    )
    if not elsewhere:
        return False
    async with transaction():
        claimed = await execute(
            "INSERT INTO federation_thread (id, entry_id, looked_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (entry_id) DO UPDATE SET looked_at = excluded.looked_at, finished_at = NULL"
            " WHERE federation_thread.looked_at < $4",
            new_id(),
            root_id,
            now(),
            now() - EVERY,
        )
        if claimed:
            await look.later(key=f"thread:{root_id}", root_id=root_id)
    return bool(claimed)


@task(lane=8, attempts=1, seconds=SECONDS + 60)
async def look(root_id: str) -> None:
    """Look for what is missing of a conversation, and tell the pages on which it is open when that is over."""
    root = await Entry.get_or_none(id=root_id, deleted_at__isnull=True)
    walk = Walk(root) if root is not None else None
    try:
        if walk is not None:
            with budget(REQUESTS_AT_MOST):
                async with asyncio.timeout(SECONDS):
                    await walk.go()
    except (FetchError, KithError, TimeoutError) as error:
        log.info("thread_cut_short", reason=str(error)[:200] or type(error).__name__)
    finally:
        await execute("UPDATE federation_thread SET finished_at = $1 WHERE entry_id = $2", now(), root_id)
        here().cache.drop(_key(root_id))
    found = walk.found if walk is not None else 0
    log.info("thread_looked_for", found=found, asked=walk.asked if walk is not None else 0)
    event = {"type": "thread", "data": {"postId": root_id, "isLooking": False, "found": found}}
    here().live.publish(live_feed.of_entry(root_id), event, replay=False)
    if walk is not None and walk.root.id != root_id:  # it began further up
        here().live.publish(live_feed.of_entry(walk.root.id), event, replay=False)


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def forget_looks() -> None:
    """Forget when conversations were looked for, once that says nothing any more."""
    await execute("DELETE FROM federation_thread WHERE looked_at < $1", now() - 4 * EVERY)
