"""Every author has a name of their own; nicknames and ISBNs go; books get a shelf."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.fields import OrderedIndex


class Migration(migrations.Migration):
    dependencies = [("library", "0003_house_author")]

    operations = [
        ops.RunSQL("UPDATE library_author SET name = nickname WHERE name IS NULL", reverse_sql=""),
        ops.AlterField("Author", "name", fields.CharField(max_length=100, unique=True)),
        ops.RemoveField("Author", "nickname"),
        ops.AlterField("Book", "pages", fields.IntField(default=0)),
        ops.RemoveConstraint("Book", fields=["author", "isbn", "title"]),
        ops.RemoveIndex("Book", name="library_isbn"),
        ops.RemoveField("Book", "isbn"),
        ops.AddField("Book", "shelf", fields.CharField(default="", db_default="", max_length=20)),
        ops.AlterField("Book", "shelf", fields.CharField(default="", max_length=20)),
        ops.AddField("Book", "is_lent", fields.BooleanField(default=False, db_default=False)),
        ops.AddIndex(
            "Book",
            OrderedIndex(
                fields=["published_at"], desc=["published_at"], name="library_newest", condition={"shelf": ""}
            ),
        ),
        ops.AddConstraint(
            "Book", UniqueConstraint(fields=("shelf", "pages"), name="library_place", condition="shelf <> ''")
        ),
    ]
