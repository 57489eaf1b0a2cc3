"""Reads the dates that stand in the headers of HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(text: str) -> datetime | None:
    """The moment a date of HTTP means (RFC 9110, section 5.6.7); None where it is none.

    What comes from strangers may have more digits than a number here can hold.
    """
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
