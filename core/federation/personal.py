"""What federation stores about people here: their keys and what they sent out; given to them, and erased with them."""

from __future__ import annotations

from datetime import timedelta

from core.accounts.models import Account
from core.database import execute, now
from core.federation.documents import Document, actor_document
from core.models import Actor
from core.tasks import periodic, task

KEYS_KEPT = timedelta(days=30)  # as long as other servers may still have to be told that somebody left


async def exported(account: Account) -> dict[str, Document]:
    """The document by which other servers know a person, as archives of other software have it too."""
    return {"actor.json": await actor_document(await Actor.get(id=account.actor_id))}


async def erase(account: Account) -> None:
    """Forget what a person sent and was sent, but for deletions, which are still to be delivered."""
    await execute(
        "DELETE FROM federation_outgoing WHERE sender_id = $1 AND verb NOT IN ('delete', 'delete_actor')",
        account.actor_id,
    )
    await execute(
        "DELETE FROM federation_stamp WHERE actor_id = $1"
        " OR target_id IN (SELECT e.id FROM core_entry e WHERE e.author_id = $1)",
        account.actor_id,
    )
    await execute(
        "DELETE FROM federation_reach WHERE entry_id IN (SELECT e.id FROM core_entry e WHERE e.author_id = $1)",
        account.actor_id,
    )
    await execute("DELETE FROM federation_received WHERE inbox_owner = $1", account.actor_id)


@periodic(seconds=24 * 3600)
@task(lane=9)
async def forget_keys() -> None:
    """Delete the keys of people who left long ago: there is nothing left to sign for them."""
    await execute(
        "DELETE FROM federation_key WHERE actor_id IN"
        " (SELECT a.id FROM core_actor a WHERE a.domain = '' AND a.removed_at < $1)",
        now() - KEYS_KEPT,
    )
