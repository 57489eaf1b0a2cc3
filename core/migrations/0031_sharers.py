"""Who shared an entry, the latest first."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from core.fields import OrderedIndex


class Migration(migrations.Migration):
    dependencies = [("core", "0030_reply_approval")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Boost",
            index=OrderedIndex(fields=["entry_id", "id"], name="core_boost_entry", desc=("id",)),
        ),
    ]
