"""What is stored of files: their bytes once each, and who uses them for what."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now
from core.storage.cameras import LONGEST


class Blob(Model):
    """Bytes, known by their SHA-256; they go when nothing refers to them any more."""

    id = IdField(primary_key=True, default=new_id)
    digest = fields.CharField(64, unique=True)
    size = fields.BigIntField()
    media_type = fields.CharField(100)
    references_count = fields.IntField(default=0)
    created_at = fields.DatetimeField(default=now)
    unused_since = fields.DatetimeField(null=True)

    class Meta:
        table = "core_blob"
        indexes = (OrderedIndex(fields=["unused_since"], name="core_blob_unused"),)


class ProfilePicture(Model):
    """The picture somebody shows of themselves: as `role` avatar or cover."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    role = fields.CharField(10)
    blob: fields.ForeignKeyRelation[Blob] = fields.ForeignKeyField("core.Blob", related_name=False)
    blob_id: str
    width = fields.IntField()
    height = fields.IntField()
    alt = fields.TextField(default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_profile_picture"
        unique_together = (("actor", "role"),)
        indexes = (OrderedIndex(fields=["blob_id"], name="core_profile_picture_blob"),)


class File(Model):
    """Something that somebody uploaded: it waits for what will show it, and goes if nothing does.

    `camera` is with what a picture was taken. While nothing shows the file only its owner is told it, and what shows it
    either tells everybody or has it forgotten (core.storage.files.take).
    `versions` says of each file that is kept of it, by its role, what an address needs: digest, media type, width,
    height, size. What is counted and purged are the rows of FileVersion.
    """

    id = IdField(primary_key=True, default=new_id)
    owner: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    owner_id: str
    type = fields.CharField(10)
    media_type = fields.CharField(100)
    state = fields.CharField(10, default="processing")
    failure = fields.CharField(300, default="")
    alt = fields.TextField(default="")
    focus = JSONField(null=True)
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    seconds = fields.FloatField(null=True)
    source_digest = fields.CharField(64, default="")
    size = fields.BigIntField(default=0)
    kept_size = fields.BigIntField(default=0)
    blurhash = fields.CharField(100, default="")
    colour = fields.CharField(7, default="")
    camera = fields.CharField(LONGEST, default="")
    versions = JSONField(default=dict)
    created_at = fields.DatetimeField(default=now)
    unused_since = fields.DatetimeField(null=True, default=now)

    class Meta:
        table = "core_file"
        indexes = (
            OrderedIndex(fields=["owner_id", "id"], desc=["id"], name="core_file_owner"),
            OrderedIndex(fields=["unused_since"], name="core_file_unused"),
        )


class FileVersion(Model):
    """That a file is kept as these bytes too."""

    id = IdField(primary_key=True, default=new_id)
    file: fields.ForeignKeyRelation[File] = fields.ForeignKeyField("core.File", related_name=False)
    file_id: str
    role = fields.CharField(12)
    blob: fields.ForeignKeyRelation[Blob] = fields.ForeignKeyField("core.Blob", related_name=False)
    blob_id: str

    class Meta:
        table = "core_file_version"
        unique_together = (("file", "role"),)
        indexes = (OrderedIndex(fields=["blob_id"], name="core_file_version_blob"),)


class RefusedContent(Model):
    """Bytes that nobody may bring again: `digest` is the SHA-256 of what was uploaded or of what was shown of it."""

    id = IdField(primary_key=True, default=new_id)
    digest = fields.CharField(64, unique=True)
    reason = fields.CharField(500, default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_refused_content"
