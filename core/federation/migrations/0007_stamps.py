"""Stamps are of quotes and of answers: those there are move to where both stand."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from core.fields import IdField, OrderedIndex, new_id


class Migration(migrations.Migration):
    dependencies = [("core", "0028_replies_asked"), ("federation", "0006_reactions")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Stamp",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("uri", fields.CharField(unique=True, max_length=2048)),
                ("kind", fields.CharField(max_length=8)),
                (
                    "target",
                    fields.ForeignKeyField(
                        "core.Entry",
                        source_field="target_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("interacting_uri", fields.CharField(max_length=2048)),
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
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "federation_stamp",
                "app": "federation",
                "unique_together": (("target", "interacting_uri", "kind"),),
                "indexes": [OrderedIndex(fields=["actor_id"], name="federation_stamp_actor", desc=())],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            "INSERT INTO federation_stamp (id, uri, kind, target_id, interacting_uri, actor_id, revoked_at)"
            " SELECT id, uri, 'quote', quoted_id, quoting_uri, actor_id, revoked_at FROM federation_quote_stamp",
            reverse_sql="",
        ),
        ops.DeleteModel(name="QuoteStamp"),
    ]
