"""What is known of pages elsewhere, and which entry leads to which of them."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0021_source_type")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LinkCard",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("url_key", fields.CharField(unique=True, max_length=64)),
                ("url", fields.TextField(unique=False)),
                ("title", fields.CharField(default="", max_length=300)),
                ("description", fields.CharField(default="", max_length=500)),
                ("site_name", fields.CharField(default="", max_length=100)),
                ("image_url", fields.TextField(default="", unique=False)),
                ("image_alt", fields.CharField(default="", max_length=500)),
                ("image_width", fields.IntField(null=True)),
                ("image_height", fields.IntField(null=True)),
                ("asked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "core_link_card", "app": "core", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LinkedCard",
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
                    "card",
                    fields.ForeignKeyField(
                        "core.LinkCard",
                        source_field="card_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "core_linked_card",
                "app": "core",
                "indexes": [OrderedIndex(fields=["card_id"], name="core_linked_card_card", desc=())],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
