"""Migrations: one set of files for both databases, without loss, one process at a time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from core.database import AppModels, Database, execute, new_id, now, row, rows, value, when
from core.migrate import MigrationFailed, NewerDatabase, make, migrate, plan, remove_app, unwritten
from tests.core.samples.databases import APPS, LIBRARY, LOANS, first_migrations, fresh_address
from tests.core.samples.library.models import Author, Book
from tests.core.samples.loans.models import Loan

ROOT = Path(__file__).parents[2]
EVERYTHING = [
    "library.0001_initial",
    "library.0002_word_count",
    "library.0003_house_author",
    "library.0004_names",
    "loans.0001_initial",
]


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    async with fresh_address(tmp_path) as fresh:
        yield fresh


async def old_library(address: str, folder: Path, count: int = 3) -> Database:
    """A library with one book on loan that has applied its first migrations only."""
    database = Database(address, {"library": first_migrations(folder, "library", count), "loans": LOANS})
    await migrate(database)
    raw = Database(address, {})
    await raw.open()
    with raw.using():
        author, book = new_id(), new_id()
        await execute("INSERT INTO library_author VALUES ($1, $2, $3, $4)", author, "Mary", "may", now())
        await execute(
            "INSERT INTO library_book (id, author_id, title, isbn, details) VALUES ($1, $2, $3, $4, $5)",
            book, author, "The last man", "123", {"genre": "plague"},
        )  # fmt: skip
        await execute("INSERT INTO loans_loan VALUES ($1, $2, $3, $4)", new_id(), "Percy", now(), book)
    await raw.close()
    return Database(address, APPS)


async def indexes(table: str, dialect: str) -> set[str]:
    source = "sqlite_master WHERE tbl_name" if dialect == "sqlite" else "pg_indexes WHERE tablename"
    column = "name" if dialect == "sqlite" else "indexname"
    return {each[column] for each in await rows(f"SELECT {column} FROM {source} = $1", table)}


async def test_a_fresh_database_gets_everything_in_the_order_of_its_dependencies(address: str) -> None:
    told: list[str] = []
    applied = await migrate(Database(address, APPS), progress=told.append)
    assert applied == told
    assert sorted(applied) == EVERYTHING
    assert applied.index("loans.0001_initial") > applied.index("library.0001_initial")


async def test_migrating_twice_does_nothing_the_second_time(address: str) -> None:
    await migrate(Database(address, APPS))
    assert await migrate(Database(address, APPS)) == []


async def test_the_plan_says_what_would_be_applied_and_applies_nothing(address: str) -> None:
    database = Database(address, APPS)
    assert sorted(await plan(database)) == EVERYTHING
    assert sorted(await plan(database)) == EVERYTHING
    await migrate(database)
    assert await plan(database) == []


async def test_the_plan_of_a_missing_file_does_not_create_it(tmp_path: Path) -> None:
    assert "library.0001_initial" in await plan(Database(f"sqlite:///{tmp_path}/none.db", APPS))
    assert not (tmp_path / "none.db").exists()


async def test_the_models_fit_the_migrated_tables(address: str) -> None:
    database = Database(address, APPS)
    await migrate(database)
    await database.open()
    with database.using():
        author = await Author.create(name="Mary")
        book = await Book.create(author=author, title="Frankenstein", details={"genre": ["gothic"]})
        await Loan.create(book=book, borrower="Percy")
        assert (await Book.get(id=book.id)).details == {"genre": ["gothic"]}
        assert (await Loan.get(book=book).select_related("book__author")).book.author.name == "Mary"
    await database.close()


async def test_changing_and_removing_columns_keeps_rows_children_indexes_and_triggers(
    address: str, tmp_path: Path
) -> None:
    database = await old_library(address, tmp_path)
    assert await migrate(database) == ["library.0004_names"]
    await database.open()
    with database.using():
        assert await value("SELECT count(*) FROM loans_loan") == 1
        book = await row("SELECT title, pages, shelf, details FROM library_book")
        assert book is not None
        assert (book["title"], book["shelf"]) == ("The last man", "")
        assert {"library_newest", "library_place"} <= await indexes("library_book", database.dialect)
        assert any("author_" in name for name in await indexes("library_book", database.dialect))
        assert any("title" in name for name in await indexes("library_book", database.dialect))
        mary = await Author.get(name="Mary")
        await Book.create(author=mary, title="Of three words")
        assert await value("SELECT words FROM library_words ORDER BY words DESC") == 3
        assert await Author.filter(name="house").exists()
    await database.close()


async def test_uniqueness_survives_changes_of_the_table(address: str, tmp_path: Path) -> None:
    database = await old_library(address, tmp_path)
    await migrate(database)
    await database.open()
    with database.using():
        mary = await Author.get(name="Mary")
        with pytest.raises(IntegrityError):
            await Author.create(name="Mary")
        with pytest.raises(IntegrityError):
            await Book.create(author=mary, title="The last man")
        await Book.create(author=mary, title="Lodore", shelf="A", pages=1)
        await Book.create(author=mary, title="Falkner", shelf="", pages=1)
        await Book.create(author=mary, title="Valperga", shelf="", pages=1)
        with pytest.raises(IntegrityError):
            await Book.create(author=mary, title="Mathilda", shelf="A", pages=1)
    await database.close()


async def test_deleting_a_parent_still_deletes_its_children_after_a_change(address: str, tmp_path: Path) -> None:
    database = await old_library(address, tmp_path)
    await migrate(database)
    await database.open()
    with database.using():
        await Author.filter(name="Mary").delete()
        assert await value("SELECT count(*) FROM library_book") == 0
        assert await value("SELECT count(*) FROM loans_loan") == 0
    await database.close()


async def test_models_of_a_data_migration_leave_no_trace_in_todays_models(address: str) -> None:
    database = Database(address, APPS)
    await migrate(database)
    await database.open()
    with database.using():
        await Author.create(name="Mary", joined_at=now())
        assert await value("SELECT name FROM library_author WHERE name = $1", "Mary") == "Mary"
        assert await value("SELECT joined_at FROM library_author WHERE name = $1", "Mary") is not None
    await database.close()


async def test_a_newer_database_is_refused_by_name(address: str, tmp_path: Path) -> None:
    await migrate(Database(address, APPS))
    older = Database(address, {"library": first_migrations(tmp_path, "library", 3), "loans": LOANS})
    with pytest.raises(NewerDatabase, match=r"library\.0004_names"):
        await migrate(older)
    with pytest.raises(NewerDatabase, match=r"library\.0004_names"):
        await plan(older)


async def test_a_plugin_that_is_switched_off_keeps_its_tables_and_hinders_nobody(address: str, tmp_path: Path) -> None:
    await old_library(address, tmp_path)
    assert await migrate(Database(address, {"library": LIBRARY})) == ["library.0004_names"]
    raw = Database(address, {})
    await raw.open()
    with raw.using():
        assert await value("SELECT borrower FROM loans_loan") == "Percy"
    await raw.close()


async def test_removing_a_plugin_drops_its_tables_and_nothing_else(address: str) -> None:
    database = Database(address, APPS)
    await migrate(database)
    assert await remove_app(database, "loans") == ["loans.0001_initial"]
    assert await plan(database) == ["loans.0001_initial"]
    assert await migrate(database) == ["loans.0001_initial"]


async def test_an_app_that_others_depend_on_cannot_be_removed(address: str) -> None:
    database = Database(address, APPS)
    await migrate(database)
    with pytest.raises(ValueError, match="loans"):
        await remove_app(database, "library")
    assert await plan(database) == []


async def test_everything_can_be_rolled_back_and_applied_again(address: str) -> None:
    database = Database(address, APPS)
    await migrate(database)
    await remove_app(database, "loans")
    assert await remove_app(database, "library") == EVERYTHING[3::-1]
    assert sorted(await migrate(database)) == EVERYTHING


async def test_a_migration_that_fails_leaves_nothing_behind(address: str, tmp_path: Path) -> None:
    app = first_migrations(tmp_path, "library", 3)
    database = Database(address, {"library": app})
    await migrate(database)
    (tmp_path / str(app.migrations) / "0004_broken.py").write_text(
        "from tortoise import migrations\n"
        "from tortoise.migrations import operations as ops\n"
        "class Migration(migrations.Migration):\n"
        "    dependencies = [('library', '0003_house_author')]\n"
        "    operations = [ops.RemoveField('Author', 'nickname'), ops.RunSQL('SELECT * FROM nowhere')]\n"
    )
    with pytest.raises(MigrationFailed, match=r"library\.0004_broken failed, and nothing of it was done: .*nowhere"):
        await migrate(database)
    assert await plan(database) == ["library.0004_broken"]
    raw = Database(address, {})
    await raw.open()
    with raw.using():
        assert await value("SELECT nickname FROM library_author") == "house"
    await raw.close()


async def test_a_migration_that_orphans_rows_is_undone(address: str, tmp_path: Path) -> None:
    app = first_migrations(tmp_path, "library", 1)
    await migrate(Database(address, {"library": app}))
    (tmp_path / str(app.migrations) / "0002_orphans.py").write_text(
        "from tortoise import migrations\n"
        "from tortoise.migrations import operations as ops\n"
        "class Migration(migrations.Migration):\n"
        "    dependencies = [('library', '0001_initial')]\n"
        '    operations = [ops.RunSQL("INSERT INTO library_book (id, author_id, title, isbn, details) VALUES '
        "('01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002', 't', '', '{}')\")]\n"
    )
    with pytest.raises(MigrationFailed, match=r"library\.0002_orphans.*(without their parents|foreign key)"):
        await migrate(Database(address, {"library": app}))
    assert await plan(Database(address, {"library": app})) == ["library.0002_orphans"]


async def test_four_processes_that_start_at_once_apply_everything_once(address: str) -> None:
    async def start() -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.core.samples.contender", "migrate", address, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return int(output)

    assert sorted(await asyncio.gather(*(start() for _ in range(4)))) == [0, 0, 0, len(EVERYTHING)]


async def test_models_and_migrations_of_the_samples_agree(address: str) -> None:
    assert await unwritten(Database(address, APPS), "library") == []
    assert await unwritten(Database(address, APPS), "loans") == []


async def test_make_writes_the_next_migration_of_one_app(address: str, tmp_path: Path) -> None:
    app = first_migrations(tmp_path, "loans", 0)
    database = Database(address, {"library": LIBRARY, "loans": app})
    written = await make(database, "loans", "first_loans")
    assert written is not None
    assert await make(database, "loans") is None
    assert written.name == "0001_first_loans.py"
    text = written.read_text()
    assert "dependencies = [('library', '0004_names')]" in text
    assert "from core.fields import IdField, new_id, now" in text
    await migrate(database)
    assert await plan(database) == []


async def test_make_knows_only_the_apps_that_exist(address: str) -> None:
    with pytest.raises(ValueError, match="nobody"):
        await make(Database(address, APPS), "nobody")


async def test_columns_of_every_kind_can_be_changed_and_changed_back(address: str, tmp_path: Path) -> None:
    app = first_migrations(tmp_path, "library", 1)
    database = Database(address, {"library": app})
    await migrate(database)

    async def step(number: int, *operations: str) -> None:
        previous = "0001_initial" if number == 2 else f"{number - 1:04d}_step"
        (tmp_path / str(app.migrations) / f"{number:04d}_step.py").write_text(
            "from tortoise import fields, migrations\n"
            "from tortoise.migrations import operations as ops\n"
            "from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint\n"
            "from core.fields import JSONField, OrderedIndex, now\n"
            "class Migration(migrations.Migration):\n"
            f"    dependencies = [('library', '{previous}')]\n"
            f"    operations = [{', '.join(operations)}]\n"
        )
        assert await migrate(database) == [f"library.{number:04d}_step"]

    raw: Any = Database(address, {})
    await raw.open()
    with raw.using():
        author = new_id()
        await execute("INSERT INTO library_author VALUES ($1, $2, $3, $4)", author, None, "may, or (mary)", now())
        insert = "INSERT INTO library_book (id, author_id, title, isbn, details) VALUES ($1, $2, $3, $4, $5)"
        await execute(insert, new_id(), author, "One", "1", {})
        await step(2, "ops.AlterField('Author', 'name', fields.CharField(max_length=50, default='nobody, \\'yet\\''))"
                   if raw.dialect == "sqlite" else
                   "ops.RunSQL(\"UPDATE library_author SET name = 'nobody, ''yet'''\"), "
                   "ops.AlterField('Author', 'name', fields.CharField(max_length=50, default=''))")  # fmt: skip
        assert await value("SELECT name FROM library_author") == "nobody, 'yet'"
        await step(3, "ops.RemoveConstraint('Book', fields=['author', 'isbn', 'title'])",
                      "ops.RenameField('Book', 'isbn', 'number')")  # fmt: skip
        assert "library_isbn" in await indexes("library_book", raw.dialect)
        await step(4, "ops.AlterField('Book', 'number', fields.CharField(max_length=30, unique=True))")
        with pytest.raises(IntegrityError):
            await execute(insert.replace("isbn", "number"), new_id(), author, "Two", "1", {})
        await step(5, "ops.AlterField('Book', 'number', fields.CharField(max_length=30, null=True))")
        await execute(insert.replace("isbn", "number"), new_id(), author, "Two", "1", {})
        await step(6, "ops.AddConstraint('Book', CheckConstraint(check=\"pages > 0\", name='library_paged'))")
        with pytest.raises(IntegrityError):
            await execute("UPDATE library_book SET pages = 0")
        await step(7, "ops.RemoveConstraint('Book', name='library_paged')")
        await execute("UPDATE library_book SET pages = 0")
        await step(8, "ops.AlterField('Book', 'title', fields.CharField(max_length=200))")
        assert not any("title" in name for name in await indexes("library_book", raw.dialect) if name[:3] == "idx")
        await step(9, "ops.RemoveConstraint('Book', fields=['author', 'title'])")
        await execute(insert.replace("isbn", "number"), new_id(), author, "Two", "3", {})
        await step(10, "ops.AddField('Book', 'editor', fields.ForeignKeyField('library.Author', null=True, "
                       "related_name='edited', on_delete=fields.SET_NULL))")  # fmt: skip
        editor = new_id()
        await execute("INSERT INTO library_author VALUES ($1, $2, $3, $4)", editor, "Ed", "", now())
        await execute("UPDATE library_book SET editor_id = $1", editor)
        await execute("DELETE FROM library_author WHERE id = $1", editor)
        assert await value("SELECT count(*) FROM library_book WHERE editor_id IS NULL") == 3
        await step(11, "ops.RemoveIndex('Book', fields=['author_id', '\"published_at\" DESC'])")
        assert not any("author" in name for name in await indexes("library_book", raw.dialect) if name[:3] == "idx")
        await step(12, "ops.AddField('Author', 'links', JSONField(default=list))",
                       "ops.AddField('Author', 'seen_at', fields.DatetimeField(default=now))",
                       "ops.AddField('Author', 'is_shy', fields.BooleanField(default=True))")  # fmt: skip
        author_row = await row("SELECT links, seen_at, is_shy FROM library_author WHERE id = $1", author)
        assert author_row is not None
        assert (author_row["links"], bool(author_row["is_shy"])) == ("[]", True)
        moment = when(author_row["seen_at"])
        assert moment is not None
        assert abs(moment - now()).total_seconds() < 3600
        await step(13, "ops.RemoveField('Book', 'editor')", "ops.DeleteModel('Book')")
        assert not await indexes("library_book", raw.dialect)
    await raw.close()


async def test_a_migrated_app_needs_no_migrations_folder_of_others(address: str) -> None:
    database = Database(address, {"library": LIBRARY, "bare": AppModels([], None)})
    assert "library.0001_initial" in await migrate(database)


def test_the_migrations_of_each_app_follow_one_another() -> None:
    for folder in sorted(ROOT.glob("*/migrations")) + sorted(ROOT.glob("*/*/migrations")):
        names = sorted(path.stem for path in folder.glob("[0-9]*.py"))
        numbers = [int(name[:4]) for name in names]
        assert numbers == list(range(1, len(names) + 1)), f"{folder}: {names}"
        for before, name in pairwise(names):
            assert f'"{before}"' in (text := (folder / f"{name}.py").read_text()) or f"'{before}'" in text, name
