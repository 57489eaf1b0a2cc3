"""Authors and their books."""

from __future__ import annotations

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now


class Author(Model):
    id = IdField(primary_key=True, default=new_id)
    name = fields.CharField(100, unique=True)
    joined_at = fields.DatetimeField(default=now)

    class Meta:
        table = "library_author"


class Book(Model):
    id = IdField(primary_key=True, default=new_id)
    author = fields.ForeignKeyField("library.Author", related_name="books", on_delete=fields.CASCADE)
    title = fields.CharField(200, db_index=True)
    shelf = fields.CharField(20, default="")
    pages = fields.IntField(default=0)
    is_lent = fields.BooleanField(default=False, db_default=False)
    details = JSONField(default=dict)
    published_at = fields.DatetimeField(null=True)

    class Meta:
        table = "library_book"
        unique_together = (("author", "title"),)
        indexes = (
            OrderedIndex(fields=["author_id", "published_at"], desc=["published_at"]),
            OrderedIndex(
                fields=["published_at"], desc=["published_at"], name="library_newest", condition={"shelf": ""}
            ),
        )
        constraints = (UniqueConstraint(fields=("shelf", "pages"), name="library_place", condition="shelf <> ''"),)
