"""The test kit: instances that are empty, reach one another, and do what is due when told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.addresses import FetchError
from core.database import execute, transaction, value
from core.models import Actor
from core.testing import Foreign, Person, TestInstance, counted_queries, settle, world
from core.testing.instances import Home, Recipe
from tests.core.plugin_folder import PluginFolder

COUNTER = """
    from quart import Blueprint
    from core.tasks import task
    routes = Blueprint("counter", __name__)
    SEEN = []

    @routes.post("/count/<int:number>")
    async def count(number):
        await down.later(number=number)
        return "counting"

    @task
    async def down(number):
        SEEN.append(number)
        if number:
            await down.later(number=number - 1)

    @hookimpl
    def blueprints():
        return [routes]
"""


async def test_an_instance_is_empty_again_for_the_next_test(alpha: TestInstance, ann: Person) -> None:
    await ann.publish("hello")
    async with world("gamma.test") as (first,):
        await first.user("bob")
        mine = first
    async with world("gamma.test") as (again,):
        assert again is mine
        assert (await again.anon.get("/users"))["pagination"]["total"] == 0
        await again.user("bob")
    async with world("gamma.test", server__name="Corner") as (other,):
        assert other is not mine
        assert (await other.anon.get("/instance"))["name"] == "Corner"


async def test_an_instance_that_no_test_wanted_for_long_is_let_go_with_its_database() -> None:
    home, one, two = Home(most_idle=1), Recipe("one.test", None, None, {}), Recipe("two.test", None, None, {})
    async with home.lent(one) as first, home.lent(two) as second:
        await second.user("bob")
    assert home.idle == [first] and not second.folder.exists()
    async with home.lent(two) as again:
        assert again is not second
    assert home.idle == [again] and not first.folder.exists()
    await home.close()


async def test_instances_of_a_world_reach_each_other_and_nobody_else(
    alpha_and_beta: tuple[TestInstance, TestInstance],
) -> None:
    alpha, beta = alpha_and_beta
    assert (await alpha.instance.http.get(f"{beta.base_url}/healthz", accept="text/plain")).body == b"ok\n"
    with pytest.raises(FetchError):
        await alpha.instance.http.get("https://gamma.test/healthz", accept="text/plain")


async def test_a_foreign_server_shows_its_people_and_notes_who_asked(alpha: TestInstance, foreign: Foreign) -> None:
    zoe = foreign.person("zoe", summary="hi")
    note = zoe.note("<p>hello</p>")
    answer = await alpha.instance.http.get(note["id"], accept="application/activity+json", sign=False)
    assert b"hello" in answer.body
    assert (await zoe.fetch(alpha, "/healthz")).status_code == 200
    assert [request.path for request in foreign.asked][0] == note["id"].removeprefix(foreign.base_url)


async def test_settling_does_what_comes_of_what_was_done(tmp_path: Path) -> None:
    plugins = PluginFolder(tmp_path).add("counter", COUNTER)
    async with world("alpha.test", plugins=["counter"], drop_ins=plugins.path) as (alpha,):
        await alpha.anon.page("/count/3", "POST")
        seen = alpha.instance.hooks.plugins["counter"].module.SEEN
        assert seen == []
        await settle(alpha)
        assert seen == [3, 2, 1, 0]


async def test_queries_are_counted_once_each(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside(), counted_queries(alpha) as queries:
        await Actor.filter(id=ann.id)
        await value("SELECT 1")
        await execute("UPDATE core_actor SET version = 2 WHERE id = $1", ann.id)
        async with transaction():
            await Actor.filter(id=ann.id).update(version=3)
    assert [query.split()[0] for query in queries] == ["SELECT", "SELECT", "UPDATE", "UPDATE"]
    with counted_queries(alpha) as queries:
        await ann.get("/users/me")
    assert queries
