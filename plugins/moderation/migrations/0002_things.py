"""What is neither a person nor an entry can be reported: what it is, and what it was called then."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("moderation", "0001_initial")]

    initial = False

    operations = [
        ops.AddField(model_name="Report", name="thing_kind", field=fields.CharField(default="", max_length=20)),
        ops.AddField(model_name="Report", name="thing_id", field=fields.CharField(default="", max_length=100)),
        ops.AddField(model_name="Report", name="thing_name", field=fields.CharField(default="", max_length=200)),
        ops.AddField(model_name="Report", name="thing_path", field=fields.CharField(default="", max_length=500)),
    ]
