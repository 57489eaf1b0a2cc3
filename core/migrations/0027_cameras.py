"""With what an upload was taken: for whoever uploaded it alone, until its author says whether that is told."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0026_gatherable")]

    initial = False

    operations = [
        ops.AddField(model_name="File", name="camera", field=fields.CharField(default="", max_length=100)),
    ]
