"""Exports and imports that are under way or done."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now


class Transfer(Model):
    """An archive being made or brought: `kind` is "export", or what an import brings ("archive", "follows" …).

    `state` is waiting, running, done or failed; `steps_done` of `steps` are behind it; `report` says what came of it.
    """

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    kind = fields.CharField(20)
    state = fields.CharField(10, default="waiting")
    steps = fields.IntField(default=0)
    steps_done = fields.IntField(default=0)
    path = fields.CharField(255, default="")
    size = fields.BigIntField(default=0)
    report = JSONField(default=dict)
    created_at = fields.DatetimeField(default=now)
    finished_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_transfer"
        indexes = (
            OrderedIndex(fields=["account_id", "id"], desc=["id"], name="core_transfer_account"),
            OrderedIndex(fields=["expires_at"], name="core_transfer_age"),
        )
