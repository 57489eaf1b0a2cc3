"""Passing on what others sent (ActivityPub 7.1.2): answers to what somebody here wrote, to whoever follows them.

Only what everybody may see and what bears its author's own proof (FEP-8b32), for nobody believes anything else.
"""

from __future__ import annotations

import hashlib

import orjson
import structlog

from core.audience import OPEN
from core.database import execute, new_id, now, transaction
from core.errors import KithError
from core.federation.addresses import host_of
from core.federation.incoming import Incoming
from core.federation.normalise import read_activity
from core.federation.outbox import CHANGED, LARGEST_FOR_ALL
from core.federation.recipients import Reach, enqueue, reach_of
from core.federation.verification import author_by_proof
from core.instance import here
from core.models import Actor, Entry
from core.outbound import Outbound
from core.tasks import task

log = structlog.get_logger(__name__)
PASSED_ON_PER_HOUR = 120  # of one server: who follows somebody here is not to be flooded through them
HOUR = 3600


async def pass_on_later(incoming: Incoming, entry: Entry | None) -> None:
    """Have an activity about an answer passed on by a job, inside the transaction that acted on it."""
    if entry is None or "proof" not in incoming.document or entry.visibility not in OPEN or not entry.reply_to_id:
        return
    if incoming.actor.silenced_at is not None or await _answered(entry.reply_to_id) is None:
        return
    text = orjson.dumps(incoming.document).decode()
    if len(text.encode()) > LARGEST_FOR_ALL:
        return
    name = hashlib.blake2b(incoming.id.encode(), digest_size=16).hexdigest()
    await pass_on.later(key=f"pass_on:{name}", text=text, entry_id=entry.id, parent_id=entry.reply_to_id)


async def _answered(parent_id: str) -> Entry | None:
    """What is answered, where somebody here wrote it for everybody."""
    parent = await Entry.get_or_none(id=parent_id, is_local=True, local_only=False, deleted_at=None)
    return parent if parent is not None and parent.visibility in OPEN else None


@task(lane=7, attempts=3)
async def pass_on(text: str, entry_id: str, parent_id: str) -> None:
    """Have an activity delivered as it came to the followers of whom it answers; not to the server it is from."""
    parent = await _answered(parent_id)
    author = await Actor.get(id=parent.author_id) if parent else None
    if author is None or not author.is_here:
        return
    activity = read_activity(orjson.loads(text))
    origin = host_of(activity.actor)
    try:
        await author_by_proof(text.encode(), activity)
    except KithError as fault:
        log.info("not_passed_on", host=origin, verb=activity.type, reason=fault.sentence[:200])
        return
    async with transaction():
        found = await reach_of(author, Outbound({}, to_followers=True), None)
        reach = Reach([inbox for inbox in found.inboxes if host_of(inbox) != origin], found.followers_later)
        if not reach:
            return
        verdict = await here().limiter.take(f"pass-on:{origin}", PASSED_ON_PER_HOUR, HOUR)
        if not verdict.allowed:
            log.info("not_passed_on", host=origin, verb=activity.type, reason="too many within an hour")
            return
        outgoing_id = new_id()
        await execute(
            "INSERT INTO federation_outgoing (id, sender_id, verb, entry_id, body, created_at)"
            " VALUES ($1, $2, 'pass_on', $3, $4, $5)",
            outgoing_id,
            author.id,
            entry_id,
            text,
            now(),
        )
        await enqueue(outgoing_id, author, CHANGED, reach, but=origin)
