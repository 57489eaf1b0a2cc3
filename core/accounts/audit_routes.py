"""The JSON API of the audit trail: of one's own account, and of the whole server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, Field

from core.accounts import audit, audit_forms
from core.api import Api, Ask
from core.api.forms import Form, StreamQuery, UserShort, stream_of
from core.people import find

api = Api("audit", __name__)


class OwnEvent(Form):
    """Something that happened to your account; `address` and `userAgent` are there where it was from your side."""

    event_id: str
    event: str = Field(description="A word to switch on, such as `signed_in`.")
    description: str
    by: str = Field(description="`you`, `staff`, `command_line`, or `unknown`.")
    details: dict[str, Any]
    address: str | None
    user_agent: str | None
    created_at: str


class AuditEvent(Form):
    """A line of the audit trail: what happened, to whom, by whom, and from where."""

    event_id: str
    event: str
    description: str
    user: UserShort | None
    by: UserShort | None
    by_command_line: bool
    details: dict[str, Any]
    address: str | None
    user_agent: str | None
    created_at: str


class AuditQuery(StreamQuery):
    event: str = Field("", max_length=40, description="Only events of this name.")
    user: str = Field("", max_length=320, description="Only what concerns this person, or was done by them.")
    since: AwareDatetime | None = Field(None, description="Only from this time on.")
    until: AwareDatetime | None = Field(None, description="Only before this time.")


@api.get("/auth/security-events", query=StreamQuery, answer=stream_of("events", OwnEvent))
async def read_own_events(ask: Ask[None, StreamQuery]) -> object:
    """What happened to the safety of your account, latest first."""
    name = f"security-events:{ask.actor.id}"
    found = await audit.events_of(ask.actor.id, ask.before(name), ask.query.limit)
    forms = [audit_forms.own(event) for event in found]
    return ask.page("events", name, [{"position": event.id} for event in found], forms)


@api.get("/admin/audit-log", query=AuditQuery, answer=stream_of("events", AuditEvent), permission="audit.read")
async def read_audit_log(ask: Ask[None, AuditQuery]) -> object:
    """What happened to the safety of all accounts, and what those in charge did, latest first."""
    query = ask.query
    person = await find(query.user) if query.user else None
    name = f"audit-log:{query.event}:{query.user}:{_said(query.since)}:{_said(query.until)}"
    before = ask.before(name)
    if query.user and person is None:
        return ask.page("events", name, [], [])
    found = await audit.all_events(
        before,
        query.limit,
        name=query.event,
        person_id=person.id if person else "",
        since=query.since,
        until=query.until,
    )
    forms = await audit_forms.everybodys(found)
    return ask.page("events", name, [{"position": event.id} for event in found], forms)


def _said(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
