"""Collections of others' posts, and what its author has taken out of one for good."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from core.fields import IdField, OrderedIndex, new_id


class Migration(migrations.Migration):
    dependencies = [("core", "0026_gatherable"), ("images", "0004_alt_suggestions")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Album",
            name="kind",
            field=fields.CharField(default="album", db_default="album", max_length=10),
        ),
        ops.CreateModel(
            name="AlbumRefusal",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "album",
                    fields.ForeignKeyField(
                        "images.Album",
                        source_field="album_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "entry",
                    fields.ForeignKeyField(
                        "core.Entry",
                        source_field="entry_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "images_album_refusal",
                "app": "images",
                "unique_together": (("album", "entry"),),
                "indexes": [OrderedIndex(fields=["entry_id"], name="images_album_refusal_entry", desc=())],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
