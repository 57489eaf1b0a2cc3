"""Create model ImportedPost."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial"), ("posts", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ImportedPost",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "entry",
                    fields.OneToOneField(
                        "core.Entry",
                        source_field="entry_id",
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
                ("uri", fields.CharField(max_length=2048)),
                ("created_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "posts_imported",
                "app": "posts",
                "unique_together": (("author", "uri"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
