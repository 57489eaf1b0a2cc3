"""The counters that an entry stands in: of answers, of quotes, and of what its author wrote."""

from __future__ import annotations

from core.audience import OPEN
from core.database import execute
from core.models import Entry


async def count(entry: Entry, step: int) -> None:
    """Counters change in the transaction of the rows they count; a deleted entry counts no longer.

    What it answers and what it quotes, in the order of their ids; what is for a few is not counted as a quote.
    """
    await _count(entry, step, step if entry.visibility in OPEN else 0)


async def count_opened(entry: Entry, step: int) -> None:
    """Count an entry that was there before as one that everybody may see, or no more; in its transaction."""
    await _count(entry, 0, step)


async def _count(entry: Entry, of_all: int, of_open: int) -> None:
    counted = (of_all, of_open)
    counts = [(_COUNT_REPLY, counted, entry.reply_to_id), (_COUNT_QUOTE, counted[1:], entry.quote_id)]
    for sql, numbers, entry_id in sorted(counts, key=lambda one: one[2] or ""):
        if entry_id and any(numbers):
            await execute(sql, *numbers, entry_id)
    # Entries before actors, always: so nobody who deletes waits for somebody who answers, and the other way round.
    await execute(_COUNT_POST, *counted, entry.author_id)


_COUNT_REPLY = (
    "UPDATE core_entry SET replies_count = replies_count + $1, open_replies_count = open_replies_count + $2"
    " WHERE id = $3"
)
_COUNT_QUOTE = "UPDATE core_entry SET quotes_count = quotes_count + $1 WHERE id = $2"
_COUNT_POST = (
    "UPDATE core_actor SET posts_count = posts_count + $1, open_posts_count = open_posts_count + $2 WHERE id = $3"
)
