"""Authors and books as they were at first."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from core.fields import IdField, JSONField, OrderedIndex, new_id, now


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Author",
            fields=[
                ("id", IdField(primary_key=True, default=new_id)),
                ("name", fields.CharField(max_length=50, null=True)),
                ("nickname", fields.CharField(default="", max_length=50)),
                ("joined_at", fields.DatetimeField(default=now)),
            ],
            options={"table": "library_author", "app": "library", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Book",
            fields=[
                ("id", IdField(primary_key=True, default=new_id)),
                ("author", fields.ForeignKeyField("library.Author", related_name="books", on_delete=fields.CASCADE)),
                ("title", fields.CharField(db_index=True, max_length=200)),
                ("isbn", fields.CharField(default="", max_length=20)),
                ("pages", fields.IntField(null=True)),
                ("details", JSONField(default=dict)),
                ("published_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "library_book",
                "app": "library",
                "pk_attr": "id",
                "unique_together": (("author", "title"), ("author", "isbn", "title")),
                "indexes": [
                    OrderedIndex(fields=["author_id", "published_at"], desc=["published_at"]),
                    OrderedIndex(fields=["isbn"], name="library_isbn"),
                ],
            },
        ),
    ]
