"""A disk that has no room left for the database: nothing is half kept, reading goes on, and who asked is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.database import execute, value
from core.testing import Foreign, TestInstance, settle, world
from core.testing.people import problem_of
from tests.core.samples.databases import DIALECT

SAID = "Nothing can be kept at the moment, as the disk of this server is full. Please try again later."


@asynccontextmanager
async def no_room_left(instance: TestInstance) -> AsyncIterator[None]:
    """The database has to grow for what it is given, and cannot."""
    with instance.inside():
        await (_nothing_more_in_postgres() if DIALECT == "postgres" else _nothing_more_in_sqlite())
    try:
        yield
    finally:
        with instance.inside():
            if DIALECT == "postgres":
                await execute("DROP FUNCTION no_room CASCADE")
            else:
                await execute("PRAGMA max_page_count=1073741823")


async def _nothing_more_in_sqlite() -> None:
    await execute("VACUUM")
    await execute(f"PRAGMA max_page_count={await value('PRAGMA page_count')}")


async def _nothing_more_in_postgres() -> None:
    await execute(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    )
    for table in ("core_entry", "federation_received"):
        await execute(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()")


async def test_who_writes_to_a_full_disk_is_told_and_reading_goes_on() -> None:
    async with world("full.test") as (full,):
        ann = await full.user("ann")
        await ann.publish("before")
        async with no_room_left(full):
            kept = []
            while (answer := await ann.call("POST", "/posts", json={"content": "word " * 900})).status_code == 201:
                kept.append(answer.json()["data"]["postId"])
            assert answer.status_code == 503 and int(answer.headers["retry-after"]) == 600
            problem = problem_of(answer, 503)
            assert (problem["title"], problem["detail"]) == ("There is no room", SAID)
            feed = await ann.feed(limit=50)
            assert [post["postId"] for post in feed[:-1]] == kept[::-1]  # nothing is half there
            assert "<p>before</p>" in (await ann.browser().get("/")).text
        afterwards = await ann.publish("afterwards")
        assert await ann.feed(limit=50) == [afterwards, *feed]


async def test_other_servers_are_asked_to_come_again_with_what_a_full_disk_cannot_take() -> None:
    async with world("full.test") as (full,):
        ann = await full.user("ann")
        cat = Foreign("masto.test").join(full).person("cat")
        await ann.follow(cat.address)
        await settle(full)
        (follow,) = cat.server.activities("Follow")
        assert (await cat.send(full, cat.activity("Accept", follow))).status_code == 202
        await settle(full)
        activities = [cat.activity("Create", cat.note("word " * 900)) for _ in range(50)]
        async with no_room_left(full):
            answers = [await cat.send(full, activity) for activity in activities]
            assert {answer.status_code for answer in answers[-5:]} == {503}
            assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 503)
        for activity in activities:
            assert (await cat.send(full, activity)).status_code == 202
        await settle(full)
        assert len(await ann.feed(limit=50)) == 50
