"""Answers that wait for the consent of whom they answer."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from core.fields import IdField, OrderedIndex, new_id


class Migration(migrations.Migration):
    dependencies = [("core", "0027_cameras")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ReplyRequest",
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
                    "parent",
                    fields.ForeignKeyField(
                        "core.Entry",
                        source_field="parent_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("visibility", fields.CharField(max_length=10)),
                ("state", fields.CharField(default="pending", max_length=8)),
            ],
            options={
                "table": "core_reply_request",
                "app": "core",
                "indexes": [OrderedIndex(fields=["parent_id"], name="core_reply_request_parent", desc=())],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
