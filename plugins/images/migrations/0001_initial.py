"""The first tables of images."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("core", "0017_pins")]

    initial = True

    operations = [
        ops.CreateModel(
            name="Album",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "core.Actor",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("title", fields.CharField(max_length=100)),
                ("description", fields.CharField(default="", max_length=1000)),
                ("privacy", fields.CharField(default="public", max_length=10)),
                ("created_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "images_album",
                "app": "images",
                "indexes": [OrderedIndex(fields=["owner_id", "id"], name="images_album_owner", desc=("id",))],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AlbumAuthor",
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
                    "actor",
                    fields.ForeignKeyField(
                        "core.Actor",
                        source_field="actor_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "images_album_author",
                "app": "images",
                "unique_together": (("album", "actor"),),
                "indexes": [OrderedIndex(fields=["actor_id"], name="images_album_author_actor", desc=())],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AlbumImage",
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
                (
                    "actor",
                    fields.ForeignKeyField(
                        "core.Actor",
                        source_field="actor_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "images_album_image",
                "app": "images",
                "unique_together": (("album", "entry"),),
                "indexes": [
                    OrderedIndex(fields=["entry_id"], name="images_album_image_entry", desc=()),
                    OrderedIndex(fields=["actor_id"], name="images_album_image_actor", desc=()),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Image",
            fields=[
                ("id", IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "entry",
                    fields.OneToOneField(
                        "core.Entry",
                        source_field="entry_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "author",
                    fields.ForeignKeyField(
                        "core.Actor",
                        source_field="author_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("place", fields.CharField(default="", max_length=200)),
                ("latitude", fields.FloatField(null=True)),
                ("longitude", fields.FloatField(null=True)),
                ("x", fields.FloatField(null=True)),
                ("y", fields.FloatField(null=True)),
                ("z", fields.FloatField(null=True)),
                ("camera", fields.CharField(default="", max_length=100)),
            ],
            options={
                "table": "images_image",
                "app": "images",
                "indexes": [
                    OrderedIndex(fields=["author_id", "id"], name="images_image_author", desc=("id",)),
                    OrderedIndex(fields=["z", "x"], name="images_image_place", desc=()),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
