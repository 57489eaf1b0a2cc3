from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from core.fields import IdField, JSONField, from_json, new_id, now, to_json


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    initial = True

    operations = [
        ops.CreateModel(
            name="ScheduledPost",
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
                ("publish_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "posts_scheduled", "app": "posts", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
