"""Create model DomainBlock."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from core.fields import IdField, OrderedIndex, new_id, now


class Migration(migrations.Migration):
    dependencies = [("core", "0024_emojis_seen")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DomainBlock",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
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
                ("domain", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "core_domain_block",
                "app": "core",
                "unique_together": (("domain", "actor"),),
                "indexes": [
                    OrderedIndex(fields=["actor_id", "id"], name="core_domain_block_actor", desc=("id",)),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
