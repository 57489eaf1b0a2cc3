"""How often an entry is liked, shared and answered with signs, told to those who have it in view.

At once, and then at most once in a while: of what comes in a burst only how it stands at the end is told.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from core import reaction_forms
from core.database import after_commit, rows, spawn
from core.instance import here
from core.live import Live

PAUSE_SECONDS = 1.0
_told: WeakKeyDictionary[Live, dict[str, bool]] = WeakKeyDictionary()  # of whom lately; whether more has come since


def counts_of(entry_id: str) -> str:
    """The channel of the counts of one entry."""
    return f"counts:{entry_id}"


def navigation_of(actor_id: str) -> str:
    """The channel of the counts that stand beside somebody's ways to their pages."""
    return f"navigation:{actor_id}"


def tell_navigation(actor_id: str, **waiting: int) -> None:
    """Tell somebody's open pages how much waits for them, by the names of the entries of the rail."""
    here().live.publish(navigation_of(actor_id), {"type": "count", "data": waiting}, replay=False)


def changed(entry_id: str) -> None:
    """Have the counts told once the running transaction is committed; nothing is asked where nobody looks."""
    if here().live.is_watched(counts_of(entry_id)):
        after_commit(lambda: _soon(entry_id))


async def _soon(entry_id: str) -> None:
    told = _told.setdefault(here().live, {})
    if entry_id in told:
        told[entry_id] = True
        return
    told[entry_id] = False
    spawn(_pause(told, entry_id))
    await announce(entry_id)


async def _pause(told: dict[str, bool], entry_id: str) -> None:
    """Tell what has come meanwhile, until nothing has."""
    try:
        await asyncio.sleep(PAUSE_SECONDS)
        while told[entry_id]:
            told[entry_id] = False
            await announce(entry_id)
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        del told[entry_id]


async def announce(entry_id: str) -> None:
    """Send the counts as they are now to whoever looks; the stream asks for each whether they may see the entry."""
    found = await rows(
        "SELECT likes_count, boosts_count FROM core_entry WHERE id = $1 AND deleted_at IS NULL", entry_id
    )
    if not found:
        return
    marks = {each["mark"]: each["number"] for each in await rows(reaction_forms.signs(1), [entry_id])}
    data = {
        "postId": entry_id,
        "likesCount": found[0]["likes_count"],
        "sharesCount": found[0]["boosts_count"],
        "reactions": [
            {name: one[name] for name in ("emoji", "url", "count")} for one in reaction_forms.finished(marks)
        ],
    }
    here().live.publish(counts_of(entry_id), {"type": "counts", "data": data}, replay=False)
