"""Conversations that come together later: an answer that was here before what it answers finds its place."""

from __future__ import annotations

from core import prepared
from core.audience import OPEN
from core.database import after_commit, execute, row, transaction
from core.instance import here
from core.models import Actor, Entry
from core.policies import permits_at_once


async def attach(entry: Entry, parent: Entry, *, is_agreed: bool = False) -> bool:
    """Put an answer whose parent was not known, and all below it, where it belongs; False where it has a place already.

    It counts among the answers to its parent from now on. What would then stand above itself is left alone, and so is
    what whom it answers has to agree to, unless that is known (`is_agreed`). What answers something of ours and has no
    place was not let in, or taken out.
    """
    root_id = parent.root_id or parent.id
    if entry.id in (parent.id, root_id) or entry.reply_to_uri != parent.uri:
        return False
    if not is_agreed and (parent.is_local or not await permits_at_once(await Actor.get(id=entry.author_id), parent)):
        return False
    async with transaction():
        if not await execute(
            "UPDATE core_entry SET reply_to_id = $1, root_id = $2, version = version + 1"
            " WHERE id = $3 AND reply_to_id IS NULL AND deleted_at IS NULL",
            parent.id,
            root_id,
            entry.id,
        ):
            return False
        await execute("UPDATE core_entry SET root_id = $1 WHERE root_id = $2", root_id, entry.id)
        await execute(
            "UPDATE core_entry SET replies_count = replies_count + 1, open_replies_count = open_replies_count + $1"
            " WHERE id = $2",
            int(entry.visibility in OPEN),
            parent.id,
        )
        prepared.forget(*map(prepared.of_entry, (entry.id, parent.id)), *map(prepared.of_thread, (entry, parent)))
    return True


async def detach(entry: Entry) -> None:
    """Let an answer, with all below it, stand for itself: whom it answers does not want it, or no more."""
    async with transaction():
        # Whoever else takes it out or away now waits, and then finds it gone: it is counted off once.
        await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1", entry.id)
        found = await row("SELECT reply_to_id, root_id, visibility, deleted_at FROM core_entry WHERE id = $1", entry.id)
        parent_id, root_id = (found["reply_to_id"], found["root_id"]) if found else (None, None)
        if found is None or parent_id is None:
            return
        await execute("UPDATE core_entry SET reply_to_id = NULL, root_id = NULL WHERE id = $1", entry.id)
        await execute(
            "WITH RECURSIVE down (id) AS (SELECT e.id FROM core_entry e WHERE e.reply_to_id = $1"
            " UNION SELECT e.id FROM core_entry e JOIN down d ON e.reply_to_id = d.id)"
            " UPDATE core_entry SET root_id = $1 WHERE root_id = $2 AND id IN (SELECT id FROM down)",
            entry.id,
            root_id,
        )
        if found["deleted_at"] is None:
            await execute(
                "UPDATE core_entry SET replies_count = replies_count - 1, open_replies_count = open_replies_count - $1"
                " WHERE id = $2",
                int(found["visibility"] in OPEN),
                parent_id,
            )
        stale = (entry.id, parent_id, root_id)
        prepared.forget(*map(prepared.of_entry, stale), prepared.of_thread(entry), f"thread:{entry.id}")
        after_commit(lambda: here().hooks.entry_updated(entry=entry))
