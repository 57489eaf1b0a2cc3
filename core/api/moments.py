"""Times as the API takes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator


def _in_utc(value: Any) -> datetime:
    # Not left to pydantic, which takes digits alone for seconds since 1970, also where they are a text.
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError(_TIME_EXPECTED)
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError(_TIME_EXPECTED) from None
    if found.tzinfo is None:
        raise ValueError("A time needs its offset, such as Z.")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("There is no such time.") from None


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME_EXPECTED = "A time is written as 2026-01-20T18:45:00Z."
Moment = Annotated[datetime, BeforeValidator(_in_utc)]
"""A time as RFC 3339 has it, that says of which offset it is; it is read in UTC."""
