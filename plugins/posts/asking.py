"""The poll a post asks, as people want it: its options, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict

from core import polls
from core.database import now
from core.errors import Invalid
from core.poll_rows import NO_POLL, PollDraft, asks_the_same
from core.reading.values import moment


class WantedPoll(TypedDict, total=False):
    """A poll that somebody wants; it ends at a time (RFC 3339) or so many seconds after it begins."""

    options: list[str]
    multiple: bool
    expires_at: str | None
    expires_in: int | None


def poll_draft(wanted: WantedPoll | None, *, opens_at: datetime | None = None) -> PollDraft | None:
    """The poll to be asked, from now on unless told. Raises Invalid naming the parts of `poll`."""
    if wanted is None:
        return None
    if not wanted.get("options"):
        return NO_POLL
    begins = opens_at or now()
    seconds, ends_at = wanted.get("expires_in"), wanted.get("expires_at")
    if seconds is not None and ends_at is not None:
        raise Invalid({"poll.expiresIn": "Say either when it ends or how long it is open."})
    end = begins + timedelta(seconds=seconds) if seconds is not None else moment(ends_at)
    return polls.drafted(wanted["options"], multiple=wanted.get("multiple", False), expires_at=end, opens_at=begins)


async def changed_poll(entry_id: str, wanted: WantedPoll | None) -> PollDraft | None:
    """The poll that an edit asks; None where it says nothing of one, or asks what is asked and names no other end."""
    draft = poll_draft(wanted)
    if wanted and draft and wanted.get("expires_in") is None and wanted.get("expires_at") is None:
        return None if await asks_the_same(entry_id, draft) else draft
    return draft


def restored_poll(kept: Any, opens_at: datetime | None) -> WantedPoll | None:
    """A poll out of an archive, where it is one that can be asked then."""
    if not isinstance(kept, Mapping) or not isinstance(kept.get("options"), list):
        return None
    options = [option for option in kept["options"] if isinstance(option, str)]
    seconds, ends_at = kept.get("expires_in"), kept.get("expires_at")
    wanted: WantedPoll = {
        "options": options,
        "multiple": kept.get("multiple") is True,
        "expires_in": seconds if isinstance(seconds, int) and 0 < seconds < 10**9 else None,
        "expires_at": ends_at if isinstance(ends_at, str) else None,
    }
    try:
        poll_draft(wanted, opens_at=opens_at)
    except Invalid:
        return None
    return wanted
