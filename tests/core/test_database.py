"""The database: both dialects alike, nothing lost and nothing stuck, whatever is cancelled."""

from __future__ import annotations

import asyncio
import datetime
import random
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tortoise.exceptions import ConfigurationError, TransactionManagementError
from tortoise.expressions import F
from tortoise.functions import Count

from core.database import (
    AppModels,
    Database,
    DatabaseUnavailable,
    IntegrityError,
    OperationalError,
    OrderedIndex,
    after_commit,
    execute,
    from_json,
    in_transaction,
    many,
    new_id,
    now,
    one_of,
    recorded,
    row,
    rows,
    spawn,
    transaction,
    value,
    when,
)
from tests.core.samples.databases import APPS, DIALECT, fresh_address, fresh_library
from tests.core.samples.library.models import Author, Book
from tests.core.samples.loans.models import Loan


@pytest.fixture(scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with fresh_library(tmp_path_factory.mktemp("database")) as migrated:
        yield migrated.url


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    database = Database(address, APPS)
    await database.open()
    yield database
    with database.using():
        await execute("DELETE FROM library_author WHERE name <> 'house'")
    await database.close()


@pytest.fixture(autouse=True)
def library(database: Database) -> Any:
    with database.using():
        yield


async def authors() -> list[str]:
    return [each["name"] for each in await rows("SELECT name FROM library_author WHERE name <> 'house' ORDER BY name")]


async def add(name: str) -> str:
    id = new_id()
    await execute("INSERT INTO library_author (id, name, joined_at) VALUES ($1, $2, $3)", id, name, now())
    return id


class Stop(Exception):
    pass


# Queries


async def test_rows_row_value_and_execute_answer_in_plain_python() -> None:
    first, second = await add("Ada"), await add("Bea")
    assert [each["id"] for each in await rows("SELECT id FROM library_author WHERE id = $1", first)] == [first]
    assert await row("SELECT name, id FROM library_author WHERE id = $1", second) == {"name": "Bea", "id": second}
    assert await row("SELECT name FROM library_author WHERE id = $1", new_id()) is None
    assert await value("SELECT name FROM library_author WHERE id = $1", new_id()) is None
    assert await execute("UPDATE library_author SET name = name || '!' WHERE id = $1 OR id = $2", first, second) == 2
    assert await execute("DELETE FROM library_author WHERE name = $1", "nobody") == 0
    assert await authors() == ["Ada!", "Bea!"]


async def test_a_parameter_may_be_used_twice_and_out_of_order() -> None:
    assert await value("SELECT CAST($2 AS TEXT) || CAST($1 AS TEXT) || CAST($2 AS TEXT)", "a", "b") == "bab"


async def test_casts_and_quoted_dollars_mean_the_same_on_both() -> None:
    await add("costs $1")
    assert await value("SELECT name FROM library_author WHERE name = 'costs $1' AND $1::text = 'x'", "x") == "costs $1"
    assert await value('SELECT count(*) AS "a::b" FROM library_author -- $7 ::text\n WHERE name = $1', "Ada") == 0


async def test_a_list_is_one_parameter() -> None:
    ids = [await add(name) for name in ("Ada", "Bea", "Cleo")]
    found = await rows(f"SELECT name FROM library_author WHERE id {one_of(1)} ORDER BY name", ids[:2])
    assert [each["name"] for each in found] == ["Ada", "Bea"]
    assert await value(f"SELECT count(*) FROM library_author WHERE name {one_of(1, 'text')}", ["Bea", "'; --"]) == 1
    assert await rows(f"SELECT id FROM library_author WHERE id {one_of(1)}", []) == []


async def test_many_inserts_everything_or_nothing() -> None:
    insert = "INSERT INTO library_author (id, name, joined_at) VALUES ($1, $2, $3)"
    await many(insert, [(new_id(), name, now()) for name in ("Ada", "Bea")])
    with pytest.raises(IntegrityError):
        await many(insert, [(new_id(), name, now()) for name in ("Cleo", "Ada")])
    assert await authors() == ["Ada", "Bea"]


async def test_moments_come_back_as_they_went_in_and_sort() -> None:
    noon = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    moments = {
        "Ada": noon,
        "Bea": noon + datetime.timedelta(microseconds=1),
        "Cleo": (noon + datetime.timedelta(seconds=1)).astimezone(tokyo),
    }
    for name, moment in moments.items():
        await execute("INSERT INTO library_author (id, name, joined_at) VALUES ($1, $2, $3)", new_id(), name, moment)
    found = await rows("SELECT name, joined_at FROM library_author WHERE joined_at >= $1 ORDER BY joined_at", noon)
    assert {each["name"]: when(each["joined_at"]) for each in found if each["name"] != "house"} == moments
    assert [each["name"] for each in found if each["name"] in moments] == list(moments)
    assert (await Author.get(name="Cleo")).joined_at == moments["Cleo"]
    assert await Author.filter(joined_at=moments["Cleo"]).count() == 1
    assert when(None) is None


async def test_a_returning_statement_writes_and_answers() -> None:
    await add("Ada")
    found = await rows("UPDATE library_author SET name = $1 WHERE name = $2 RETURNING name", "Bea", "Ada")
    assert found == [{"name": "Bea"}]
    written = await rows(
        "WITH x AS (SELECT 'Bea' AS n) DELETE FROM library_author WHERE name IN (SELECT n FROM x) RETURNING id"
    )
    assert len(written) == 1
    assert await authors() == []


async def test_a_with_statement_counts_what_it_touched() -> None:
    await add("Ada")
    sql = "WITH x AS (SELECT 'Ada' AS n) UPDATE library_author SET name = 'Bea' WHERE name IN (SELECT n FROM x)"
    assert await execute(sql) == 1


async def test_failures_are_the_same_on_both_and_quote_no_values() -> None:
    await add("secret@example.org")
    with pytest.raises(IntegrityError) as refused:
        await add("secret@example.org")
    assert "secret" not in str(refused.value)
    with pytest.raises(OperationalError):
        await rows("SELECT * FROM nowhere")


async def test_looking_up_what_is_no_id_finds_nothing() -> None:
    await add("Ada")
    assert await Author.get_or_none(id="../etc/passwd") is None
    assert await Author.filter(id__in=["nonsense"]).count() == 0
    assert await row("SELECT * FROM library_author WHERE id = $1", "nonsense") is None
    assert await rows(f"SELECT * FROM library_author WHERE id {one_of(1)}", ["nonsense"]) == []


# Fields


async def test_ids_are_text_everywhere_in_python() -> None:
    author = await Author.create(name="Ada")
    book = await Book.create(author=author, title="Notes")
    assert isinstance(author.id, str)
    assert book.author_id == author.id
    assert (await Book.get(id=book.id.upper())).id == book.id
    assert await value("SELECT author_id FROM library_book") == author.id
    assert [each async for each in Book.all().values_list("author_id", flat=True)] == [author.id]


async def test_saving_what_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="id must be a UUID"):
        await Author.create(id="nonsense", name="Ada")


async def test_json_and_booleans_keep_their_shape() -> None:
    author = await Author.create(name="Ada")
    await Book.create(author=author, title="Notes", details={"tags": ["ü", None, 1.5]}, is_lent=True)
    book = await Book.get(title="Notes")
    assert (book.details, book.is_lent) == ({"tags": ["ü", None, 1.5]}, True)
    assert from_json(await value("SELECT details FROM library_book")) == {"tags": ["ü", None, 1.5]}
    assert await value("SELECT count(*) FROM library_book WHERE is_lent = $1", True) == 1


async def test_deleting_a_parent_deletes_its_children() -> None:
    author = await Author.create(name="Ada")
    book = await Book.create(author=author, title="Notes")
    await Loan.create(book=book, borrower="Bea")
    await author.delete()
    assert await Loan.all().count() == 0


async def test_the_ways_of_the_orm_work_on_both() -> None:
    ada, bea = await Author.create(name="Ada"), await Author.create(name="Bea")
    await Book.bulk_create([Book(author=ada, title=f"Part {number}", pages=number) for number in range(5)])
    same = [Book(author=ada, title="Part 0", pages=7)]
    await Book.bulk_create(same, ignore_conflicts=True)
    await Book.bulk_create(same, on_conflict=["author_id", "title"], update_fields=["pages"])
    assert await Book.filter(pages=7).count() == 1
    assert await Book.filter(title__in=["Part 1", "Part 2"]).update(pages=F("pages") + 10) == 2
    books = await Book.filter(pages__gt=10).order_by("pages").prefetch_related("author")
    assert [(book.pages, book.author.name) for book in books] == [(11, "Ada"), (12, "Ada")]
    async with transaction():
        book = await Book.filter(title="Part 3").select_for_update().get()
        book.published_at = now()
        await book.save(update_fields=["published_at"])
    assert (await Book.get(id=book.id)).published_at == book.published_at
    assert await Author.filter(books__title="Part 3").values("name") == [{"name": "Ada"}]
    counted = await Author.annotate(count=Count("books")).filter(id__in=[ada.id, bea.id]).order_by("name")
    assert [each.count for each in counted] == [5, 0]
    assert await Book.filter(author=ada, pages__lt=10).delete() == 3
    assert await Book.exists(author_id=ada.id)
    _, created = await Author.update_or_create(defaults={"joined_at": now()}, name="Bea")
    assert not created


async def test_the_feed_index_serves_the_feed(database: Database) -> None:
    sql = "SELECT id FROM library_book WHERE author_id = $1 ORDER BY published_at DESC LIMIT 20"
    if database.dialect == "sqlite":
        steps = " ".join(each["detail"] for each in await rows("EXPLAIN QUERY PLAN " + sql, new_id()))
        assert "INDEX" in steps
        assert "TEMP B-TREE" not in steps
    else:
        definition = "SELECT indexdef FROM pg_indexes WHERE tablename = 'library_book' AND indexname LIKE 'idx%author%'"
        assert "published_at DESC" in await value(definition)


async def test_an_index_that_begins_downwards_must_be_named() -> None:
    with pytest.raises(ConfigurationError, match="name"):
        OrderedIndex(fields=["position"], desc=["position"])
    assert OrderedIndex(fields=["a"], condition={"b": None, "c": True, "d": "o'x"}).extra == (
        ' WHERE "b" IS NULL AND "c" = TRUE AND "d" = \'o\'\'x\''
    )


def test_new_ids_are_version_7_and_in_order() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert {uuid.UUID(each).version for each in ids} == {7}


def test_an_id_of_a_moment_sorts_at_that_moment() -> None:
    moment = datetime.datetime(2020, 2, 3, 4, 5, 6, 789_000, tzinfo=datetime.UTC)
    id = uuid.UUID(new_id(moment))
    assert id.version == 7
    assert id.variant == uuid.RFC_4122
    assert id.int >> 80 == int(moment.timestamp() * 1000)
    assert new_id(moment) != str(id)
    assert uuid.UUID(new_id(datetime.datetime(1066, 1, 1, tzinfo=datetime.UTC))).int >> 80 == 0


# Transactions


async def test_a_block_commits_as_a_whole() -> None:
    async with transaction():
        assert in_transaction()
        await add("Ada")
        await Author.create(name="Bea")
        assert await authors() == ["Ada", "Bea"]
    assert not in_transaction()
    assert await authors() == ["Ada", "Bea"]


async def test_an_exception_undoes_the_block() -> None:
    with pytest.raises(Stop):
        async with transaction():
            await add("Ada")
            await Author.create(name="Bea")
            raise Stop
    assert await authors() == []


async def test_an_inner_block_can_fail_alone() -> None:
    async with transaction():
        await add("Ada")
        with pytest.raises(IntegrityError):
            async with transaction():
                await add("Bea")
                await add("Ada")
        await add("Cleo")
        async with transaction():
            await add("Dora")
    assert await authors() == ["Ada", "Cleo", "Dora"]


async def test_a_swallowed_failure_undoes_the_block_on_both() -> None:
    with pytest.raises(TransactionManagementError):
        async with transaction():
            await add("Ada")
            with pytest.raises(IntegrityError):
                await add("Ada")
            with pytest.raises(TransactionManagementError):
                await add("Bea")
    assert await authors() == []
    await add("Cleo")
    assert await authors() == ["Cleo"]


async def test_get_or_create_inside_a_transaction_survives_a_race() -> None:
    async with transaction():
        results = await asyncio.gather(*(Author.get_or_create(name="Ada") for _ in range(5)))
    assert sum(created for _, created in results) == 1
    assert await authors() == ["Ada"]


async def test_siblings_take_turns_with_their_savepoints() -> None:
    async def attempt(name: str, fails: bool) -> None:
        async with transaction():
            await add(name)
            await asyncio.sleep(0)
            if fails:
                raise Stop

    async with transaction():
        await asyncio.gather(*(attempt(f"{n:02d}", n % 2 == 1) for n in range(10)), return_exceptions=True)
    assert await authors() == ["00", "02", "04", "06", "08"]


async def test_what_is_not_committed_is_seen_by_nobody_else() -> None:
    inside, seen = asyncio.Event(), asyncio.Event()

    async def watcher() -> list[str]:
        await inside.wait()
        found = await authors()
        seen.set()
        return found

    task = spawn(watcher())
    async with transaction():
        await add("Ada")
        inside.set()
        await seen.wait()
    assert await task == []


async def test_a_spawned_task_stands_outside_the_transaction_but_keeps_the_context() -> None:
    async def work() -> bool:
        await asyncio.sleep(0)
        await row("SELECT 1")
        return in_transaction()

    async with transaction():
        await add("Ada")
        task = spawn(work())
    assert await task is False


async def test_a_task_that_outlives_the_transaction_it_was_made_in_goes_on_without_it() -> None:
    async def work() -> None:
        await ended.wait()
        assert not in_transaction()
        await add("Bea")

    ended = asyncio.Event()
    async with transaction():
        await add("Ada")
        task = asyncio.create_task(work())
    ended.set()
    await task
    assert await authors() == ["Ada", "Bea"]


async def test_concurrent_tasks_lose_no_update() -> None:
    await add("0")

    async def count() -> None:
        for _ in range(20):
            async with transaction():
                lock = " FOR UPDATE" if DIALECT == "postgres" else ""
                found = await row(f"SELECT id, name FROM library_author WHERE name <> 'house'{lock}")
                assert found is not None
                await execute(
                    "UPDATE library_author SET name = $1 WHERE id = $2", str(int(found["name"]) + 1), found["id"]
                )

    await asyncio.gather(*(count() for _ in range(5)))
    assert await authors() == ["100"]


async def test_a_task_of_a_transaction_that_was_rolled_back_can_do_no_more() -> None:
    async def sibling() -> None:
        for number in range(100):
            await add(str(number))
            await asyncio.sleep(0)

    with pytest.raises(Stop):
        async with transaction():
            task = asyncio.create_task(sibling())
            await add("Ada")
            await asyncio.sleep(0.002)
            raise Stop
    with pytest.raises(TransactionManagementError):
        await task
    assert await authors() == []


async def test_statements_can_be_counted() -> None:
    with recorded() as statements:
        async with transaction():
            await add("Ada")
        await rows("SELECT name FROM library_author WHERE name = $1", "Ada")
        await Author.all().count()
    await rows("SELECT 1")
    assert [statement.split()[0] for statement in statements] == ["INSERT", "SELECT", "SELECT"]


# Cancellation


async def test_hundreds_of_cancelled_transactions_never_hang_nor_leak(database: Database) -> None:
    chance = random.Random(7)

    async def request(name: str) -> None:
        async with transaction():
            await add(name)
            async with transaction():
                await row("SELECT count(*) FROM library_author")
                await execute("UPDATE library_author SET joined_at = $1 WHERE name = $2", now(), name)
            await Author.filter(name=name).count()
        await add(name + "+")
        await rows("SELECT * FROM library_author LIMIT 5")

    async with asyncio.timeout(100):
        for number in range(250):
            tasks = [asyncio.create_task(request(f"{number}-{each}")) for each in range(6)]
            await asyncio.sleep(chance.random() * 0.004)
            for task in tasks:
                task.cancel()
                if chance.random() < 0.3:
                    await asyncio.sleep(0)
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            async with transaction():
                await execute("DELETE FROM library_author WHERE name <> 'house'")
        await database.engine.settle()
        await asyncio.gather(*(add(str(each)) for each in range(30)))
    assert len([name for name in await authors() if name.isdigit()]) == 30
    if database.dialect == "postgres":
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert await value(idle) == 0


async def test_a_commit_that_is_under_way_is_not_undone_by_a_cancel(database: Database) -> None:
    """Either all of it is there and its callbacks ran, or nothing is and none ran."""
    told: list[str] = []

    async def request(name: str) -> None:
        async with transaction():
            await add(name)
            await add(name + "+")
            after_commit(lambda: told.append(name))

    for number in range(100):
        task = asyncio.create_task(request(f"{number:03d}"))
        await asyncio.sleep(random.Random(number).random() * 0.003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await database.engine.settle()
    written = await authors()
    assert [name for name in written if not name.endswith("+")] == sorted(told)
    assert len(written) == 2 * len(told)


async def test_a_cancelled_statement_spoils_its_transaction() -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"
    with pytest.raises(TransactionManagementError):
        async with transaction():
            await add("Ada")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await value(slow)
    assert await authors() == []


# After the commit


async def test_callbacks_run_in_order_after_the_outermost_commit() -> None:
    order: list[str] = []

    async def later(name: str) -> None:
        assert not in_transaction()
        assert await authors() == ["Ada"]
        order.append(name)

    async with transaction():
        after_commit(lambda: order.append("first"))
        async with transaction():
            after_commit(lambda: later("second"))
            await add("Ada")
        after_commit(lambda: order.append("third"))
        assert order == []
    assert order == ["first", "second", "third"]


async def test_a_rollback_drops_the_callbacks_of_its_block() -> None:
    order: list[str] = []
    async with transaction():
        after_commit(lambda: order.append("outer"))
        with pytest.raises(Stop):
            async with transaction():
                after_commit(lambda: order.append("inner"))
                async with transaction():
                    after_commit(lambda: order.append("innermost"))
                raise Stop
    assert order == ["outer"]
    with pytest.raises(Stop):
        async with transaction():
            after_commit(lambda: order.append("never"))
            raise Stop
    assert order == ["outer"]


async def test_a_callback_that_fails_is_logged_and_hinders_nobody() -> None:
    order: list[str] = []

    def broken() -> None:
        raise Stop("broken")

    with capture_logs() as logs:
        async with transaction():
            after_commit(broken)
            after_commit(lambda: order.append("next"))
    assert order == ["next"]
    assert [entry["event"] for entry in logs] == ["after_commit_failed"]


async def test_without_a_transaction_a_callback_runs_at_once() -> None:
    done = asyncio.Event()
    after_commit(done.set)
    async with asyncio.timeout(60):
        await done.wait()


async def test_a_callback_may_open_its_own_transaction() -> None:
    async def more() -> None:
        async with transaction():
            await add("Bea")

    async with transaction():
        await add("Ada")
        after_commit(more)
    assert await authors() == ["Ada", "Bea"]


async def test_a_failed_background_task_is_logged() -> None:
    async def broken() -> None:
        raise Stop

    with capture_logs() as logs:
        with pytest.raises(Stop):
            await spawn(broken(), name="sweep")
        await asyncio.sleep(0)
    assert [(entry["event"], entry["task"]) for entry in logs] == [("background_task_failed", "sweep")]


# Several databases, several processes


async def test_two_databases_in_one_process_do_not_mix(database: Database, tmp_path: Path) -> None:
    async def fill(which: Database, prefix: str) -> None:
        with which.using():
            for number in range(20):
                async with transaction():
                    await Author.create(name=f"{prefix}{number:02d}")
                    await asyncio.sleep(0)
                    assert {name[0] for name in await authors()} == {prefix}

    async with fresh_library(tmp_path) as other:
        with database.using():
            await asyncio.gather(fill(database, "a"), fill(other, "b"))
            async with transaction():
                await add("a20")
                with other.using():
                    assert not in_transaction()
                    await add("b20")
                assert in_transaction()
            assert len(await authors()) == 21
            with other.using(), database.using():
                assert (await authors())[0][0] == "a"
        assert (await authors())[20] == "b20"


async def test_three_processes_that_write_at_once_meet_no_lock_and_lose_no_update(database: Database) -> None:
    author = await Author.create(name="Ada")
    await Book.create(author=author, title="The count")

    async def contender() -> int | None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.core.samples.contender", "write", database.url, "60"
        )
        return await process.wait()

    assert await asyncio.gather(*(contender() for _ in range(3))) == [0, 0, 0]
    assert await value("SELECT pages FROM library_book") == 3 * 60 * 2


@pytest.mark.skipif(DIALECT != "sqlite", reason="PostgreSQL needs no second connection for reading")
async def test_reads_do_not_wait_for_an_open_transaction_and_cannot_write(database: Database) -> None:
    inside, read = asyncio.Event(), asyncio.Event()

    async def reader() -> None:
        await inside.wait()
        assert await authors() == []
        assert await Author.filter(name="Ada").count() == 0
        read.set()

    task = spawn(reader())
    async with asyncio.timeout(60), transaction():
        await add("Ada")
        inside.set()
        await read.wait()
    await task
    engine: Any = database.engine
    with pytest.raises(OperationalError, match="readonly"):
        await engine._call("", lambda connection: connection.execute("DELETE FROM library_author"), reads=True)


@pytest.mark.skipif(DIALECT != "postgres", reason="SQLite has no connections to lose")
async def test_lost_connections_are_replaced(database: Database) -> None:
    async with transaction():
        await add("Ada")
    with pytest.raises(DatabaseUnavailable):
        async with transaction():
            await add("Bea")
            await execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await authors() == ["Ada"]
    await add("Cleo")
    await database.ping()


@pytest.mark.skipif(DIALECT != "sqlite", reason="PostgreSQL has a connection for each")
async def test_a_slow_read_holds_up_no_quick_one() -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"
    task = spawn(value(slow))
    await asyncio.sleep(0)
    assert await authors() == []
    assert not task.done()
    assert await task == 3000000


# Opening and closing


async def test_another_event_loop_is_refused(database: Database) -> None:
    async def elsewhere() -> None:
        with database.using():
            with pytest.raises(RuntimeError, match="event loop"):
                await rows("SELECT 1")
            with pytest.raises(RuntimeError, match="event loop"):
                await Author.all().count()

    await asyncio.to_thread(asyncio.run, elsewhere())
    assert await Author.filter(name="Ada").count() == 0


async def test_a_crash_with_an_open_database_ends_the_process(database: Database) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.samples.contender", "crash", database.url, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"ZeroDivisionError" in errors


async def test_the_file_of_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db", {})
    await database.open()
    await database.close()
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("url", ["", "mysql://x", "sqlite://", "sqlite:///", "sqlite://:memory:", "kith.db"])
def test_an_address_that_cannot_be_understood_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database address"):
        Database(url, {})


@pytest.mark.skipif(DIALECT != "postgres", reason="needs PostgreSQL")
async def test_an_address_of_postgresql_that_leads_nowhere_is_refused_without_its_password() -> None:
    for address in ("postgres://kith:secret@127.0.0.1:1/kith", "postgres://kith:secret@127.0.0.1:x/kith"):
        with pytest.raises((DatabaseUnavailable, ValueError)) as refused:
            await Database(address, {}).open()
        assert "secret" not in str(refused.value)


def test_sqlite_addresses_name_their_file() -> None:
    assert Database("sqlite:///instance/kith.db", {}).path == "instance/kith.db"
    assert Database("sqlite:////var/lib/kith.db", {}).path == "/var/lib/kith.db"
    assert Database("sqlite://kith.db", {}).path == "kith.db"


async def test_outside_of_a_database_the_error_says_what_to_do() -> None:
    async def outside() -> None:
        with pytest.raises(RuntimeError, match="using"):
            await rows("SELECT 1")

    database = Database("sqlite:///nowhere/at/all.db", {})
    with pytest.raises(RuntimeError, match="not open"), database.using():
        pass
    with pytest.raises(DatabaseUnavailable, match=r"nowhere/at/all\.db"):
        await database.open()
    await asyncio.get_running_loop().create_task(outside(), context=Context())


async def test_a_closed_database_can_be_opened_again(tmp_path: Path) -> None:
    async with fresh_address(tmp_path) as address:
        database = Database(address, {})
        for _ in range(2):
            await database.open()
            with database.using():
                assert await value("SELECT 1") == 1
            await database.close()
        with pytest.raises(RuntimeError, match="not open"):
            await database.ping()


async def test_closing_ends_background_tasks_and_lets_callbacks_finish(tmp_path: Path) -> None:
    told: list[str] = []

    async def forever() -> None:
        await asyncio.Event().wait()

    async def slow() -> None:
        await asyncio.sleep(0.05)
        told.append(str(await value("SELECT 1")))

    async with fresh_address(tmp_path) as address:
        database = Database(address, {})
        await database.open()
        with database.using():
            task = spawn(forever())
            after_commit(slow)
            await asyncio.sleep(0)
        await database.close()
        assert task.cancelled()
        assert told == ["1"]


async def test_a_misnamed_table_stops_the_start(database: Database) -> None:
    other = Database(database.url, {"museum": AppModels(["tests.core.samples.misnamed"])})
    with pytest.raises(ConfigurationError, match=r"museum\.Painting must begin with museum_"):
        await other.open()


def test_ids_of_one_moment_are_in_the_order_they_were_asked_for() -> None:
    at = datetime.datetime(2026, 1, 20, 18, 45, tzinfo=datetime.UTC)
    made = []
    for _ in range(200):
        made.append(new_id(at))
        time.sleep(0.000002)
    assert made == sorted(made)
    assert len(set(made)) == 200
    assert {one[:13] for one in made} == {made[0][:13]}


async def test_many_statements_with_many_values_at_once_do_not_disturb_one_another(database: Database) -> None:
    insert = "INSERT INTO library_author (id, name, joined_at) VALUES ($1, $2, $3)"
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # what two threads do to each other, they do sooner
    try:
        for round in range(60):
            batches = [[(new_id(), f"{round}-{batch}-{number}", now()) for number in range(40)] for batch in range(40)]
            async with transaction():
                await asyncio.gather(*(many(insert, batch) for batch in batches))
    finally:
        sys.setswitchinterval(interval)
    assert await value("SELECT COUNT(*) FROM library_author WHERE name LIKE '%-%-%'") == 60 * 40 * 40
