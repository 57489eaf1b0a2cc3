"""The table of received activities: taking them up in order, writing down what became of them, forgetting them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.database import execute, many, now, rows, transaction, value, when
from core.federation.handling import Outcome
from core.federation.incoming import Found, Want
from core.instance import here
from core.leases import LEASE
from core.metrics import inbox, inbox_seconds
from core.tasks import periodic, task

BATCH = 50
ATTEMPTS = 8
FIRST_RETRY_SECONDS = 2
LONGEST_RETRY_SECONDS = 6 * 3600
BREATH_SECONDS = 15
CLAIM_LOCK = 7_265_001

_DUE = "SELECT 1 FROM federation_received WHERE state = 'waiting' AND due_at <= $1 LIMIT 1"
# Nobody's activities are taken up while an earlier one of theirs is still being worked on.
_CLAIM = (
    "UPDATE federation_received SET state = 'running', due_at = $1, attempts = attempts + 1 WHERE id IN"
    " (SELECT r.id FROM federation_received r WHERE r.state = 'waiting' AND r.due_at <= $2 AND NOT EXISTS"
    " (SELECT 1 FROM federation_received o WHERE o.state = 'running' AND o.actor_uri = r.actor_uri)"
    " ORDER BY r.due_at LIMIT $3)"
    " RETURNING id, actor_uri, verb, body, inbox_owner, attempts, received_at"
)
_DONE = "UPDATE federation_received SET state = $1, outcome = $2, body = '' WHERE id = $3"
_AGAIN = "UPDATE federation_received SET state = 'waiting', outcome = $1, due_at = $2 WHERE id = $3"
_UNTRIED = (
    "UPDATE federation_received SET state = 'waiting', outcome = $1, due_at = $2, attempts = attempts - 1 WHERE id = $3"
)


@dataclass
class Item:
    """A stored activity that is being acted on; `found` is what was fetched for it, `wants` what has to be."""

    id: str
    actor_uri: str
    verb: str
    body: str
    inbox_owner: str | None
    attempts: int
    received_at: datetime
    found: dict[Want, Found] = field(default_factory=dict)
    wants: list[Want] = field(default_factory=list)


async def claim() -> list[Item]:
    """Take up what has waited longest; two processes never take up activities of the same sender."""
    if not await value(_DUE, now()):
        return []
    async with transaction():
        if here().database.dialect == "postgres":
            await execute(f"SELECT pg_advisory_xact_lock({CLAIM_LOCK})")
        found = await rows(_CLAIM, now() + LEASE, now(), BATCH)
    return sorted(map(_item, found), key=lambda item: (item.received_at, item.id))


def _item(found: dict[str, Any]) -> Item:
    received_at, owner = when(found["received_at"]), found["inbox_owner"]
    assert received_at is not None
    return Item(
        id=str(found["id"]),
        actor_uri=found["actor_uri"],
        verb=found["verb"],
        body=found["body"],
        inbox_owner=str(owner) if owner else None,
        attempts=found["attempts"],
        received_at=received_at,
    )


async def record(finished: Sequence[tuple[Item, Outcome]]) -> None:
    """Write down what became of each; bodies go, what remains is to know the activity again."""
    done = [(item, outcome) for item, outcome in finished if outcome.state != "waiting"]
    if done:
        await many(_DONE, [(outcome.state, outcome.reason, item.id) for item, outcome in done])
    for item, outcome in done:
        inbox.labels(item.verb, outcome.state).inc()
        inbox_seconds.observe(max(0.0, (now() - item.received_at).total_seconds()))
    for item, outcome in finished:
        if outcome.state == "waiting":
            await try_again(item, outcome.reason)


async def try_again(item: Item, reason: str) -> None:
    """Leave an activity for later, each time for longer; after the last attempt it has failed."""
    if item.attempts >= ATTEMPTS:
        await execute(_DONE, "failed", reason, item.id)
        inbox.labels(item.verb, "failed").inc()
    else:
        delay = min(FIRST_RETRY_SECONDS * 8 ** (item.attempts - 1), LONGEST_RETRY_SECONDS)
        await execute(_AGAIN, reason, now() + timedelta(seconds=delay), item.id)


async def give_back(items: Iterable[Item], reason: str) -> None:
    """Leave what was taken up to be tried later; without a reason at once, by whoever comes next.

    It counts as no attempt: what stood in the way was something else.
    """
    due = now() + timedelta(seconds=BREATH_SECONDS if reason else 0)
    await many(_UNTRIED, [(reason, due, item.id) for item in items])


async def take_back(*, everything: bool = False) -> None:
    """Free what a process that is gone had taken up: whose lease ran out, or everything where this one is alone."""
    await execute(
        "UPDATE federation_received SET state = 'waiting' WHERE state = 'running' AND due_at <= $1",
        now() + (2 * LEASE if everything else timedelta(0)),
    )


@periodic(seconds=3600)
@task
async def forget_received() -> None:
    """Forget activities that nobody will send again, and deletions of what was never here: what came late has come."""
    since = now() - timedelta(days=here().settings.retention.received_activity_days)
    done = "state NOT IN ('waiting', 'running')"
    await execute(f"DELETE FROM federation_received WHERE received_at < $1 AND {done}", since)
    await execute("DELETE FROM core_tombstone WHERE former_type = '' AND created_at < $1", since)
