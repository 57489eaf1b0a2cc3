"""Add preview_url to Attachment."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("core", "0028_replies_asked")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Attachment",
            name="preview_url",
            field=fields.CharField(default="", max_length=2048),
        ),
    ]
