"""What the words of an entry were typed as: Markdown, as all were until now, or plain text."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0020_quotes_asked")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Entry",
            name="source_type",
            field=fields.CharField(default="text/markdown", max_length=20),
        ),
        ops.AddField(
            model_name="Revision",
            name="source_type",
            field=fields.CharField(default="text/markdown", max_length=20),
        ),
    ]
