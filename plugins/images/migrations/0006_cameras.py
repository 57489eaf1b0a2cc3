"""The camera stands with the file from now on: that of pictures which told theirs goes on being told."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_OF_THE_FIRST = (
    " FROM core_attachment h JOIN images_image i ON i.id = h.entry_id"
    " WHERE h.file_id = core_file.id AND h.position = 0 AND i.camera <> ''"
)


class Migration(migrations.Migration):
    dependencies = [("core", "0027_cameras"), ("images", "0005_collections")]

    initial = False

    operations = [
        ops.RunSQL(
            f"UPDATE core_file SET camera = (SELECT i.camera{_OF_THE_FIRST}) WHERE EXISTS (SELECT 1{_OF_THE_FIRST})",
            reverse_sql="",
        ),
        ops.RemoveField(model_name="Image", name="camera"),
    ]
