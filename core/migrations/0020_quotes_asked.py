"""Who waits for an author here to say whether they may quote something."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0019_visual")]

    initial = False

    operations = [
        ops.CreateModel(
            name="QuoteAsked",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "quoted",
                    fields.ForeignKeyField(
                        "core.Entry",
                        source_field="quoted_id",
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
                (
                    "entry",
                    fields.ForeignKeyField(
                        "core.Entry",
                        source_field="entry_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("quoting_uri", fields.CharField(max_length=2048)),
                ("uri", fields.CharField(default="", max_length=2048)),
            ],
            options={
                "table": "core_quote_asked",
                "app": "core",
                "unique_together": (("quoting_uri", "quoted"),),
                "indexes": [
                    OrderedIndex(fields=["author_id", "id"], name="core_quote_asked_author", desc=("id",)),
                    OrderedIndex(fields=["actor_id"], name="core_quote_asked_actor", desc=()),
                    OrderedIndex(fields=["quoted_id"], name="core_quote_asked_quoted", desc=()),
                    OrderedIndex(fields=["entry_id"], name="core_quote_asked_entry", desc=()),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
