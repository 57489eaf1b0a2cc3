"""Whether others may put what somebody posts into collections of theirs."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("core", "0025_domain_blocks")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Actor",
            name="is_gatherable",
            field=fields.BooleanField(default=True, db_default=True),
        ),
    ]
