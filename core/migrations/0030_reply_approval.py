"""Who here is asked about an answer, and the request of another server it came with."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from core.fields import OrderedIndex


class Migration(migrations.Migration):
    dependencies = [("core", "0029_film_previews")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ReplyRequest",
            name="author",
            field=fields.ForeignKeyField(
                "core.Actor",
                source_field="author_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name=False,
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="ReplyRequest",
            name="uri",
            field=fields.CharField(default="", max_length=2048),
        ),
        ops.AddIndex(
            model_name="ReplyRequest",
            index=OrderedIndex(fields=["author_id", "id"], name="core_reply_request_author", desc=("id",)),
        ),
    ]
