"""Posts that wait for their time."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, now


class ScheduledPost(Model):
    """What to write, and when; its id is the one the post will have."""

    id = IdField(primary_key=True)
    author: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    author_id: str
    body = JSONField(default=dict)
    publish_at = fields.DatetimeField()
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "posts_scheduled"
