"""What no model knows: a table of words, kept by triggers."""

from tortoise import migrations
from tortoise.migrations import operations as ops

SQLITE = [
    "CREATE TABLE library_words (book_id CHAR(36) PRIMARY KEY, words INT NOT NULL)",
    """CREATE TRIGGER library_counted AFTER INSERT ON library_book BEGIN
        INSERT INTO library_words VALUES (new.id, length(new.title) - length(replace(new.title, ' ', '')) + 1);
        UPDATE library_words SET words = words WHERE book_id = ';';
    END""",
]
POSTGRES = [
    "CREATE TABLE library_words (book_id UUID PRIMARY KEY, words INT NOT NULL)",
    """CREATE FUNCTION library_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO library_words VALUES (new.id, length(new.title) - length(replace(new.title, ' ', '')) + 1);
        RETURN new;
    END $$""",
    "CREATE TRIGGER library_counted AFTER INSERT ON library_book FOR EACH ROW EXECUTE FUNCTION library_count()",
]
REMOVE_SQLITE = ["DROP TRIGGER library_counted", "DROP TABLE library_words"]
REMOVE_POSTGRES = [
    "DROP TRIGGER library_counted ON library_book",
    "DROP FUNCTION library_count",
    "DROP TABLE library_words",
]


async def add(apps, editor):
    for statement in SQLITE if editor.DIALECT == "sqlite" else POSTGRES:
        await editor.client.execute_script(statement)


async def remove(apps, editor):
    for statement in REMOVE_SQLITE if editor.DIALECT == "sqlite" else REMOVE_POSTGRES:
        await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]

    operations = [ops.RunPython(add, remove)]
