"""The rows of a poll, as they come and go with the entry that asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.database import execute, many, new_id, row, rows, value


@dataclass(frozen=True)
class PollDraft:
    """A poll that an entry is to have; without options it has none.

    `votes` are the tallies another server tells, by option, and `voters` how many voted, where it says so.
    """

    options: list[str] = field(default_factory=list)
    multiple: bool = False
    expires_at: datetime | None = None
    votes: list[int] | None = None
    voters: int | None = None


NO_POLL = PollDraft()


async def store(entry_id: str, draft: PollDraft) -> None:
    """Have a new entry ask a poll, in its transaction."""
    if not draft.options:
        return
    await execute(
        "INSERT INTO core_poll (id, entry_id, multiple, expires_at, voters_count) VALUES ($1, $2, $3, $4, $5)",
        new_id(),
        entry_id,
        draft.multiple,
        draft.expires_at,
        draft.voters if draft.votes is not None else 0,
    )
    counts = draft.votes or [0] * len(draft.options)
    await many(
        "INSERT INTO core_poll_option (id, entry_id, position, title, votes_count) VALUES ($1, $2, $3, $4, $5)",
        [
            (new_id(), entry_id, position, title, votes)
            for position, (title, votes) in enumerate(zip(draft.options, counts, strict=True))
        ],
    )


async def replace(entry_id: str, draft: PollDraft) -> None:
    """Have an entry that is edited ask this poll; other options than before begin anew, without votes."""
    if await asks_the_same(entry_id, draft):
        await execute("UPDATE core_poll SET expires_at = $1 WHERE entry_id = $2", draft.expires_at, entry_id)
        await retally(entry_id, draft)
        return
    await remove(entry_id)
    await store(entry_id, draft)


async def remove(entry_id: str) -> None:
    """Take a poll away with all votes. Its own row goes first: whoever votes just now waits, or is waited for."""
    for table in ("core_poll", "core_poll_option", "core_poll_vote"):
        await execute(f"DELETE FROM {table} WHERE entry_id = $1", entry_id)


async def asks_the_same(entry_id: str, draft: PollDraft) -> bool:
    """Whether an entry has a poll with the same options, of which as many can be chosen."""
    known = await value("SELECT multiple FROM core_poll WHERE entry_id = $1", entry_id)
    return known is not None and bool(known) == draft.multiple and await titles(entry_id) == draft.options


async def titles(entry_id: str) -> list[str]:
    """What can be chosen, in order."""
    found = await rows("SELECT title FROM core_poll_option WHERE entry_id = $1 ORDER BY position", entry_id)
    return [option["title"] for option in found]


async def retally(entry_id: str, draft: PollDraft) -> bool:
    """Store the tallies another server tells of the same options, and its end; whether any of it is news."""
    if draft.votes is None or await titles(entry_id) != draft.options:
        return False
    before = await row("SELECT voters_count, expires_at FROM core_poll WHERE entry_id = $1", entry_id)
    changed = 0
    for position, votes in enumerate(draft.votes):
        changed += await execute(
            "UPDATE core_poll_option SET votes_count = $1 WHERE entry_id = $2 AND position = $3 AND votes_count <> $1",
            votes,
            entry_id,
            position,
        )
    await execute(
        "UPDATE core_poll SET voters_count = $1, expires_at = $2 WHERE entry_id = $3",
        draft.voters,
        draft.expires_at,
        entry_id,
    )
    after = await row("SELECT voters_count, expires_at FROM core_poll WHERE entry_id = $1", entry_id)
    return bool(changed) or before != after
