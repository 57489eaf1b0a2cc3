"""Create model KeptDraft; Add index to ScheduledPost."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, JSONField, OrderedIndex, from_json, new_id, now, to_json
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial"), ("posts", "0002_imported")]

    initial = False

    operations = [
        ops.CreateModel(
            name="KeptDraft",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "author",
                    fields.ForeignKeyField(
                        "core.Actor",
                        source_field="author_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("body", JSONField(default=dict, encoder=to_json, decoder=from_json)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "posts_draft",
                "app": "posts",
                "indexes": [OrderedIndex(fields=["author_id", "id"], name="posts_draft_author", desc=("id",))],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddIndex(
            model_name="ScheduledPost",
            index=OrderedIndex(fields=["author_id", "id"], name="posts_scheduled_author", desc=()),
        ),
    ]
