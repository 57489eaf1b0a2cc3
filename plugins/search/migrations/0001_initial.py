"""What can be found, the words it is found by, and the hashtags that are not to trend."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import now
from tortoise.fields.base import OnDelete
from tortoise import fields

# `ascii` leaves all other letters alone: they are folded, and texts parted, before they come here.
_SQLITE = (
    "CREATE VIRTUAL TABLE search_words USING fts5(words, marks, tokenize = 'ascii', columnsize = 0)",
    "CREATE VIRTUAL TABLE search_names USING fts5(words, tokenize = 'ascii', prefix = '2 3', columnsize = 0)",
    "CREATE TRIGGER search_document_removed AFTER DELETE ON search_document"
    " BEGIN DELETE FROM search_words WHERE rowid = old.id; END",
    "CREATE TRIGGER search_person_removed AFTER DELETE ON search_person"
    " BEGIN DELETE FROM search_names WHERE rowid = old.id; END",
)
_POSTGRES = (
    "ALTER TABLE search_document ADD COLUMN vector tsvector NOT NULL DEFAULT ''",
    "ALTER TABLE search_person ADD COLUMN vector tsvector NOT NULL DEFAULT ''",
    # What is written waits in a list that each search reads as well: it is kept short.
    "CREATE INDEX search_document_vector ON search_document USING gin (vector) WITH (gin_pending_list_limit = 256)",
    "CREATE INDEX search_person_vector ON search_person USING gin (vector) WITH (gin_pending_list_limit = 256)",
    "CREATE INDEX search_tag_key ON core_entry_tag (key text_pattern_ops)",
)


async def add(apps: object, editor: Any) -> None:
    for statement in _POSTGRES if editor.DIALECT == "postgres" else _SQLITE:
        await editor._run_sql(statement)


async def remove(apps: object, editor: Any) -> None:
    if editor.DIALECT == "postgres":
        await editor._run_sql("DROP INDEX search_tag_key")
        return
    for table in ("search_words", "search_names"):
        await editor._run_sql(f"DROP TABLE {table}")


class Migration(migrations.Migration):
    dependencies = [("core", "0007_open_counts")]

    initial = True

    operations = [
        ops.CreateModel(
            name="Document",
            fields=[
                ("id", fields.BigIntField(primary_key=True, unique=True, db_index=True)),
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
            ],
            options={"table": "search_document", "app": "search", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HiddenTag",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=255)),
                ("hidden_at", fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "search_hidden_tag", "app": "search", "pk_attr": "key"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Person",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "actor",
                    fields.OneToOneField(
                        "core.Actor",
                        source_field="actor_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("consents", fields.BooleanField(default=False)),
            ],
            options={"table": "search_person", "app": "search", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunPython(add, remove),
    ]
