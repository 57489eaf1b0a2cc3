"""Albums ask before somebody is an author; who is one already has accepted."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0020_quotes_asked"), ("images", "0001_initial")]

    initial = False

    operations = [
        ops.AddField(
            model_name="AlbumAuthor",
            name="accepted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL("UPDATE images_album_author SET accepted_at = CURRENT_TIMESTAMP", reverse_sql=""),
    ]
