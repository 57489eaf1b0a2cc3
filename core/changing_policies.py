"""Authors change their mind about who may answer and who may quote an entry of theirs (core.policies)."""

from __future__ import annotations

from core import prepared
from core.database import after_commit, execute, transaction
from core.entries import Act
from core.instance import here
from core.models import Actor, Entry


async def change_policies(entry: Entry, *, reply: str | None = None, quote: str | None = None) -> bool:
    """Let others answer or quote an entry from now on; what is None stays. It is no edit. Whether that is news."""
    wanted = (reply or entry.reply_policy, quote or entry.quote_policy)
    if wanted == (entry.reply_policy, entry.quote_policy):
        return False
    async with transaction():
        entry.reply_policy, entry.quote_policy = wanted
        if not await execute(
            "UPDATE core_entry SET reply_policy = $1, quote_policy = $2, version = version + 1"
            " WHERE id = $3 AND deleted_at IS NULL",
            *wanted,
            entry.id,
        ):
            return False
        prepared.changed(entry)
        if entry.is_local:
            author = await Actor.get(id=entry.author_id)
            await here().hooks.outgoing(act=Act("update", author, entry=entry))
        after_commit(lambda: here().hooks.entry_updated(entry=entry))
    return True
