"""Posts that are not done yet or wait for their time, and posts that were brought along."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, now


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
        indexes = (OrderedIndex(fields=["author_id", "id"], name="posts_scheduled_author"),)


class KeptDraft(Model):
    """What somebody is still writing; `version` counts how often it was kept, for the sake of several devices."""

    id = IdField(primary_key=True)
    author: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    author_id: str
    body = JSONField(default=dict)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField(default=now)
    updated_at = fields.DatetimeField(default=now)

    class Meta:
        table = "posts_draft"
        indexes = (OrderedIndex(fields=["author_id", "id"], desc=["id"], name="posts_draft_author"),)


class ImportedPost(Model):
    """Where a post came from that was brought along in an archive; its id is the entry's."""

    id = IdField(primary_key=True)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    author: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    author_id: str
    uri = fields.CharField(2048)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "posts_imported"
        unique_together = (("author", "uri"),)
