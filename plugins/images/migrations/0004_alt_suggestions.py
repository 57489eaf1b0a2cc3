"""Create model AltSuggestion."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0023_revision_files"), ("images", "0003_albums_elsewhere")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AltSuggestion",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "file",
                    fields.ForeignKeyField(
                        "core.File",
                        source_field="file_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
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
                (
                    "actor",
                    fields.ForeignKeyField(
                        "core.Actor",
                        source_field="actor_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("alt", fields.TextField(unique=False)),
                ("used", fields.TextField(default="", unique=False)),
                ("is_credited", fields.BooleanField(default=False)),
                ("state", fields.CharField(default="waiting", max_length=10)),
                ("created_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "images_alt_suggestion",
                "app": "images",
                "unique_together": (("file", "actor", "state"),),
                "indexes": [
                    OrderedIndex(
                        fields=["author_id", "state", "id"], name="images_alt_suggestion_author", desc=("id",)
                    ),
                    OrderedIndex(fields=["actor_id", "id"], name="images_alt_suggestion_actor", desc=("id",)),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
