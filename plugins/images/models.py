"""What is stored of pictures besides the entry they are, and of albums."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id, now


class Image(Model):
    """Where pictures were taken, as coarsely as their author says; its id is the entry's.

    `x`, `y` and `z` are the place as a point on a globe of radius 1: how far two places are apart is plain arithmetic
    then, and knows no date line.
    """

    id = IdField(primary_key=True)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    author: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    author_id: str
    place = fields.CharField(200, default="")
    latitude = fields.FloatField(null=True)
    longitude = fields.FloatField(null=True)
    x = fields.FloatField(null=True)
    y = fields.FloatField(null=True)
    z = fields.FloatField(null=True)

    class Meta:
        table = "images_image"
        indexes = (
            OrderedIndex(fields=["author_id", "id"], desc=["id"], name="images_image_author"),
            OrderedIndex(fields=["z", "x"], name="images_image_place"),
        )


class Album(Model):
    """Pictures gathered under a title: for everybody, for followers, for friends, or for its authors alone.

    One of the kind "album" holds pictures and may have several authors; a "collection" is its owner's alone, and holds
    posts with pictures, most of them of others. `uri` is what one of another server is called there; ours have none.
    """

    id = IdField(primary_key=True, default=new_id)
    owner: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    owner_id: str
    kind = fields.CharField(10, default="album", db_default="album")
    title = fields.CharField(100)
    description = fields.CharField(1000, default="")
    privacy = fields.CharField(10, default="public")
    uri = fields.CharField(2048, null=True, unique=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "images_album"
        indexes = (OrderedIndex(fields=["owner_id", "id"], desc=["id"], name="images_album_owner"),)


class AlbumAuthor(Model):
    """Somebody who puts pictures into an album besides its owner, or is asked to: until they have accepted that."""

    id = IdField(primary_key=True, default=new_id)
    album: fields.ForeignKeyRelation[Album] = fields.ForeignKeyField("images.Album", related_name=False)
    album_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    accepted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "images_album_author"
        unique_together = (("album", "actor"),)
        indexes = (OrderedIndex(fields=["actor_id"], name="images_album_author_actor"),)


class AlbumImage(Model):
    """A picture in an album, and who put it there; it is seen there by whoever may see it anyway.

    Its id is its place: the highest comes first.
    """

    id = IdField(primary_key=True, default=new_id)
    album: fields.ForeignKeyRelation[Album] = fields.ForeignKeyField("images.Album", related_name=False)
    album_id: str
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str

    class Meta:
        table = "images_album_image"
        unique_together = (("album", "entry"),)
        indexes = (
            OrderedIndex(fields=["entry_id"], name="images_album_image_entry"),
            OrderedIndex(fields=["actor_id"], name="images_album_image_actor"),
        )


class AlbumRefusal(Model):
    """What its author has taken out of somebody's album or collection, so that nobody else puts it in again."""

    id = IdField(primary_key=True, default=new_id)
    album: fields.ForeignKeyRelation[Album] = fields.ForeignKeyField("images.Album", related_name=False)
    album_id: str
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str

    class Meta:
        table = "images_album_refusal"
        unique_together = (("album", "entry"),)
        indexes = (OrderedIndex(fields=["entry_id"], name="images_album_refusal_entry"),)


class AltSuggestion(Model):
    """A description of a picture that somebody suggests to `author`, whose picture it is.

    `alt` is what was suggested, `used` what its author took in the end. Each person has at most one in each state for
    a picture.
    """

    id = IdField(primary_key=True, default=new_id)
    file: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.File", related_name=False)
    file_id: str
    author: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    author_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    alt = fields.TextField()
    used = fields.TextField(default="")
    is_credited = fields.BooleanField(default=False)
    state = fields.CharField(10, default="waiting")
    created_at = fields.DatetimeField(default=now)
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "images_alt_suggestion"
        unique_together = (("file", "actor", "state"),)
        indexes = (
            OrderedIndex(fields=["author_id", "state", "id"], desc=["id"], name="images_alt_suggestion_author"),
            OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="images_alt_suggestion_actor"),
        )
