"""Which files an entry showed before an edit, in words."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import JSONField, from_json, to_json


class Migration(migrations.Migration):
    dependencies = [("core", "0022_link_cards")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Revision",
            name="files",
            field=JSONField(null=True, encoder=to_json, decoder=from_json),
        ),
    ]
