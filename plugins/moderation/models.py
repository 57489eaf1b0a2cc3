"""Reports: what people here and other servers say should not be there."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id, now

OPEN, RESOLVED = "open", "resolved"


class Report(Model):
    """`reporter` says that something about `target` should be looked at; nobody but those in charge learns who.

    `thing` is something of the target's that is no entry, as it was called then; empty where there is none.
    """

    id = IdField(primary_key=True, default=new_id)
    uri = fields.CharField(2048, null=True, unique=True)
    reporter: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "core.Actor", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    reporter_id: str | None
    target: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    target_id: str
    thing_kind = fields.CharField(20, default="")
    thing_id = fields.CharField(100, default="")
    thing_name = fields.CharField(200, default="")
    thing_path = fields.CharField(500, default="")
    reason = fields.TextField()
    state = fields.CharField(10, default=OPEN)
    forwarded = fields.BooleanField(default=False)
    note = fields.TextField(default="")
    resolved_by: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "core.Actor", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    resolved_by_id: str | None
    resolved_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "moderation_report"
        indexes = (
            OrderedIndex(fields=["state", "id"], desc=["id"], name="moderation_report_state"),
            OrderedIndex(fields=["reporter_id", "id"], desc=["id"], name="moderation_report_reporter"),
            OrderedIndex(fields=["target_id"], name="moderation_report_target"),
            OrderedIndex(fields=["resolved_by_id"], name="moderation_report_resolver"),
        )


class ReportedEntry(Model):
    """One of the entries a report is about."""

    id = IdField(primary_key=True, default=new_id)
    report: fields.ForeignKeyRelation[Report] = fields.ForeignKeyField("moderation.Report", related_name=False)
    report_id: str
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str

    class Meta:
        table = "moderation_reported_entry"
        unique_together = (("report", "entry"),)
        indexes = (OrderedIndex(fields=["entry_id"], name="moderation_reported_entry_of"),)
