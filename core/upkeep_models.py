"""What the server keeps for its own work: jobs to be done, and answers to give again."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now


class Job(Model):
    """Work to be done later; the row is the truth, written in the transaction that causes the work."""

    id = IdField(primary_key=True, default=new_id)
    name = fields.CharField(200)
    arguments = JSONField(default=dict)
    key = fields.CharField(255, null=True, unique=True)
    lane = fields.SmallIntField(default=5)
    state = fields.CharField(10, default="waiting")
    attempts = fields.IntField(default=0)
    due_at = fields.DatetimeField(default=now)
    error = fields.TextField(default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_job"
        indexes = (OrderedIndex(fields=["state", "due_at"], name="core_job_due"),)


class IdempotentAnswer(Model):
    """The first answer to a request that bore an Idempotency-Key."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    key_hash = fields.CharField(64)
    request_hash = fields.CharField(64)
    status = fields.SmallIntField(default=0)
    location = fields.CharField(2048, default="")
    body = fields.TextField(default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_idempotent_answer"
        unique_together = (("actor", "key_hash"),)
