"""What a line of the audit trail looks like: to the person it is about, and to those who look after the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import present
from core.accounts.audit import COMMAND_LINE
from core.accounts.audit_words import event_words
from core.accounts.devices import device_words
from core.accounts.proof_models import SecurityEvent
from core.models import Actor
from core.person_forms import row_of

Form = dict[str, Any]


def own(event: SecurityEvent) -> Form:
    """To the person it is about: who of those in charge did something, and where they were, is not told."""
    by_other = event.by_id is not None and event.by_id != event.account_id
    by = "staff" if by_other else "you" if event.by_id else "unknown"
    place = {"address": None, "userAgent": None} if by_other else _place(event)
    return _common(event) | place | {"by": COMMAND_LINE if _by_command_line(event) else by}


async def everybodys(events: Sequence[SecurityEvent]) -> list[Form]:
    """To those who look after the server, with who it was; people who have left are told by the name that stays."""
    ids = {one for event in events for one in (event.account_id, event.by_id) if one}
    people = {actor.id: present.user_short(row_of(actor)) for actor in await Actor.filter(id__in=ids)} if ids else {}
    return [
        _common(event)
        | _place(event)
        | {
            "user": people.get(event.account_id or ""),
            "by": people.get(event.by_id or ""),
            "byCommandLine": _by_command_line(event),
        }
        for event in events
    ]


def told_to_oneself(event: SecurityEvent) -> Form:
    """The line for the page of one's own log: with the device in words."""
    form = own(event)
    return form | {"device": device_words(form["userAgent"]) if form["userAgent"] else ""}


async def told(events: Sequence[SecurityEvent]) -> list[Form]:
    """The lines for pages of those who look after the server: with the device in words."""
    return [
        form | {"device": device_words(form["userAgent"]) if form["userAgent"] else ""}
        for form in await everybodys(events)
    ]


def _common(event: SecurityEvent) -> Form:
    return {
        "eventId": event.id,
        "event": event.name,
        "description": event_words(event.name, event.details),
        "details": {name: value for name, value in event.details.items() if name != "via"},
        "createdAt": present.stamp(event.created_at),
    }


def _place(event: SecurityEvent) -> Form:
    return {"address": event.address or None, "userAgent": event.user_agent or None}


def _by_command_line(event: SecurityEvent) -> bool:
    return bool(event.details.get("via") == COMMAND_LINE)
