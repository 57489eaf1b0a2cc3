"""The JSON API of reports: making them, and looking at them for those in charge."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import Form, Post, StreamQuery, UserShort, stream_of
from plugins.moderation import service
from plugins.moderation.forms import forms_of

api = Api("reports", __name__)


_KINDS = "`user`, `post`, `comment`, or what a plugin has, as `album` and `collection`."


class NewReport(Form):
    target_type: str = Field(description=_KINDS, max_length=20)
    target_id: str
    reason: str
    forward: bool = Field(False, description="Tell the server of somebody from elsewhere too, not by whom.")


class MadeReport(Form):
    report_id: str
    target_type: str
    target_id: str
    reason: str
    forwarded: bool
    created_at: str


class Thing(Form):
    """Something of somebody's that is no post; it may be gone, or be called otherwise by now."""

    type: str
    id: str
    name: str
    url: str


class ReportForm(Form):
    """A report as those in charge see it; `reporter` may be somebody of another server, or that server itself."""

    report_id: str
    state: Literal["open", "resolved"]
    reason: str
    forwarded: bool
    reporter: UserShort | None
    target: UserShort
    posts: list[Post]
    thing: Thing | None
    note: str
    resolved_by: UserShort | None
    resolved_at: str | None
    created_at: str


class ReportsQuery(StreamQuery):
    state: Literal["open", "resolved"] = "open"


class Resolution(Form):
    note: str = Field("", description="For those in charge: what was done about it.")


@api.post("/reports", body=NewReport, answer=MadeReport, status=201)
async def make_report(ask: Ask[NewReport, None]) -> Answer:
    """Tell those in charge of somebody, or of what they published; the reported do not learn by whom."""
    body = ask.body
    made = await service.report(ask.actor, body.target_type, body.target_id, body.reason, forward=body.forward)
    form = {
        "reportId": made.id,
        "targetType": body.target_type,
        "targetId": body.target_id,
        "reason": made.reason,
        "forwarded": made.forwarded,
        "createdAt": present.stamp(made.created_at),
    }
    return Answer(form, 201)


@api.get("/admin/reports", query=ReportsQuery, answer=stream_of("reports", ReportForm), permission="reports.manage")
async def read_reports(ask: Ask[None, ReportsQuery]) -> object:
    """Reports, newest first: those that are open, or were settled."""
    state = ask.query.state
    name = f"reports:{state}"
    found = await service.listed(ask.actor, state, ask.before(name), ask.query.limit)
    return ask.page("reports", name, found, await forms_of(found[: ask.query.limit], ask.actor))


@api.get("/admin/reports/<report_id>", answer=ReportForm, permission="reports.manage")
async def read_report(ask: Ask[None, None], report_id: str) -> object:
    """One report."""
    return (await forms_of([await service.one(ask.actor, report_id)], ask.actor))[0]


@api.post(
    "/admin/reports/<report_id>/resolve",
    body=Resolution,
    body_optional=True,
    answer=ReportForm,
    permission="reports.manage",
)
async def resolve_report(ask: Ask[Resolution | None, None], report_id: str) -> object:
    """Settle a report."""
    await service.resolve(ask.actor, report_id, ask.body.note if ask.body else "")
    return (await forms_of([await service.one(ask.actor, report_id)], ask.actor))[0]


@api.post("/admin/reports/<report_id>/reopen", answer=ReportForm, permission="reports.manage")
async def reopen_report(ask: Ask[None, None], report_id: str) -> object:
    """Look at a report again that was settled."""
    await service.reopen(ask.actor, report_id)
    return (await forms_of([await service.one(ask.actor, report_id)], ask.actor))[0]
