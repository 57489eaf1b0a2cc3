"""Conversations that come together later: an answer that was here before what it answers finds its place."""

from __future__ import annotations

from core import prepared
from core.audience import OPEN
from core.database import execute, transaction
from core.models import Entry


async def attach(entry: Entry, parent: Entry) -> bool:
    """Put an answer whose parent was not known, and all below it, where it belongs; False where it has a place already.

    It counts among the answers to its parent from now on. What would then stand above itself is left alone.
    """
    root_id = parent.root_id or parent.id
    if entry.id in (parent.id, root_id) or entry.reply_to_uri != parent.uri:
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
