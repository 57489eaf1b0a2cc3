"""Hands one activity to one inbox: signed now, knocked twice where need be, and what came of it put in order."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.database import now
from core.federation.documents import ACTIVITY_JSON
from core.federation.domains import is_refused
from core.federation.keys import SigningKey
from core.federation.queue import Delivery
from core.federation.signatures import Style, sign_request
from core.fetch import FetchError, Refused, Response
from core.http_dates import http_date
from core.instance import here

Result = Literal["delivered", "refused", "moved", "again", "stale"]

UNKNOWN_SIGNER_ATTEMPTS = 3  # a host that failed to fetch our key may do so the next time
_OTHER: Mapping[Style, Style] = {"cavage": "rfc9421", "rfc9421": "cavage"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a delivery.

    "moved" says that the inbox is not there (any more), "stale" that it is not to be sent any more. `style` is set
    where the host wants to see another signature than it was known to, `not_before` where it asks to be left alone,
    `host_failed` where it is the host that is ill.
    """

    delivery: Delivery
    result: Result
    error: str = ""
    host_failed: bool = False
    not_before: datetime | None = None
    style: Style | None = None

    @property
    def host_lives(self) -> bool:
        """Whether it answered, if only to say no."""
        return self.result == "delivered" or (self.error.isdigit() and not self.host_failed)


async def deliver(delivery: Delivery, key: SigningKey, more_headers: Mapping[str, str]) -> Outcome:
    """Post an activity, once more with the other style of signature where the first is not understood (section 5)."""
    if delivery.is_stale or is_refused(delivery.host):
        return Outcome(delivery, "stale")
    try:
        response = await _post(delivery, key, more_headers, delivery.style)
        if response.status in (400, 401):
            other = _OTHER[delivery.style]
            second = await _post(delivery, key, more_headers, other)
            if second.status < 300:
                return Outcome(delivery, "delivered", style=other)
    except Refused as refusal:
        return Outcome(delivery, "refused", refusal.reason)
    except FetchError as failure:
        return Outcome(delivery, "again", failure.reason, host_failed=True)
    return _judged(delivery, response)


async def _post(delivery: Delivery, key: SigningKey, more_headers: Mapping[str, str], style: Style) -> Response:
    headers = {"Content-Type": ACTIVITY_JSON, **more_headers}
    signed = sign_request("POST", delivery.inbox, headers, delivery.body, key, now=now(), style=style)
    return await here().http.post(
        delivery.inbox,
        delivery.body,
        {**headers, **signed},
        deadline=here().settings.federation.request_timeout_seconds,
    )


def _judged(delivery: Delivery, response: Response) -> Outcome:
    """What an answer means (section 12)."""
    status, error = response.status, str(response.status)
    if 200 <= status < 300:
        return Outcome(delivery, "delivered")
    if status in (404, 410) or 300 <= status < 400:
        return Outcome(delivery, "moved", error)
    if status == 401 and delivery.attempts < UNKNOWN_SIGNER_ATTEMPTS:
        return Outcome(delivery, "again", error)
    if status in (408, 429) or (status >= 500 and status != 501):
        not_before = _retry_after(response.headers.get("retry-after", ""))
        return Outcome(delivery, "again", error, host_failed=status >= 500, not_before=not_before)
    return Outcome(delivery, "refused", error)


def _retry_after(text: str) -> datetime | None:
    """When a host wants to be asked again: in so many seconds, or at a date (RFC 9110, section 10.2.3)."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return now() + timedelta(seconds=int(text))
    return http_date(text)


def next_attempt(attempts: int) -> datetime:
    """When to try again after so many attempts: some seconds first, days in the end (section 12)."""
    return now() + timedelta(seconds=attempts**4 + 15 + random.random() * 10 * attempts)
