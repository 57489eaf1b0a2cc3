"""When somebody here last looked at a small picture of another server."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0023_revision_files")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Emoji",
            name="seen_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
