"""What a foreign question asks, and how it was answered so far (federation profile, section 9; FEP-9967)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.database import now
from core.entries import Document
from core.html import without_controls
from core.poll_rows import NO_POLL, PollDraft
from core.reading.values import as_list, first_known_type, moment

OPTIONS_AT_MOST = 500
OPTION_AT_MOST = 500
VOTES_AT_MOST = 1_000_000_000  # what a column holds is twice as much
LONGEST = timedelta(days=36500)


def poll_of(document: Document) -> PollDraft:
    """The poll of a question; one without options where it asks none."""
    if not first_known_type(document, ("Question",)):
        return NO_POLL
    multiple = bool(as_list(document.get("anyOf")))
    found: dict[str, int] = {}
    for option in as_list(document.get("anyOf" if multiple else "oneOf"))[:OPTIONS_AT_MOST]:
        title = _title(option)
        if title:
            found.setdefault(title, _votes(option))
    if not found:
        return NO_POLL
    voters = document.get("votersCount")
    counted = _count(voters) if isinstance(voters, int) else None
    if counted is None and not multiple:
        counted = _count(sum(found.values()))
    return PollDraft(list(found), multiple, _end(document), list(found.values()), counted)


def _title(option: Any) -> str:
    name = option.get("name") if isinstance(option, Mapping) else None
    return without_controls(name[:OPTION_AT_MOST]).strip() if isinstance(name, str) else ""


def _votes(option: Mapping[str, Any]) -> int:
    replies = option.get("replies")
    return _count(replies.get("totalItems")) if isinstance(replies, Mapping) else 0


def _count(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        return 0
    return min(max(number, 0), VOTES_AT_MOST)


def _end(document: Document) -> datetime | None:
    """When it was closed, or will be; None where nobody says, or it is so far off that nobody will see it."""
    ends = (moment(document.get(key)) for key in ("closed", "endTime"))
    end = next((end for end in ends if end), None)
    return end if end is None or end < now() + LONGEST else None
