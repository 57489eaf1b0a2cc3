"""Albums of other servers are known by their address there."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("images", "0002_album_invitations")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Album",
            name="uri",
            field=fields.CharField(null=True, unique=True, max_length=2048),
        ),
    ]
