"""A kind nobody has met yet: a plugin with a table, routes, a page and a way across the border, dropped in a folder."""

from __future__ import annotations

from typing import Any

from core.accounts import administration
from core.database import value
from core.models import Actor
from core.plugin_checks import check_plugin
from core.testing import TestInstance, counted_queries, settle
from tests.core.transfer.packing import bring, outcome, packed, person

SOUP: dict[str, Any] = {
    "name": "Leek soup",
    "steps": "Fry the *leeks*, add water, wait.",
    "minutes": 40,
    "ingredients": ["3 leeks", "1 l water", "salt"],
}


async def test_a_recipe_is_written_and_read_like_any_post(kitchen: TestInstance) -> None:
    ann = await kitchen.user("ann")
    made = await ann.post("/recipes", SOUP)
    read = await kitchen.anon.get(f"/posts/{made['postId']}")
    assert (read["kind"], read["title"]) == ("recipe", "Leek soup")
    assert read["recipe"] == {"minutes": 40, "ingredients": SOUP["ingredients"]}
    assert "<em>leeks</em>" in read["content"]


async def test_what_is_wrong_with_a_recipe_is_named_and_nothing_is_stored(kitchen: TestInstance) -> None:
    ann = await kitchen.user("ann")
    problem = await ann.refused(422, "POST", "/recipes", {"name": "", "steps": "", "minutes": 0, "ingredients": []})
    assert {error["field"] for error in problem["errors"]} == {"name", "steps", "minutes", "ingredients"}
    assert (await kitchen.anon.get("/recipes"))["posts"] == []
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_a_recipe_is_liked_commented_shared_and_bookmarked_for_nothing(kitchen: TestInstance) -> None:
    ann, bob = await kitchen.users("ann", "bob")
    soup = (await ann.post("/recipes", SOUP))["postId"]
    await bob.post(f"/posts/{soup}/like")
    await bob.post(f"/posts/{soup}/share")
    await bob.post(f"/posts/{soup}/bookmark")
    await bob.post(f"/posts/{soup}/comments", {"content": "With cream?"})
    read = await bob.get(f"/posts/{soup}")
    assert (read["likesCount"], read["sharesCount"], read["commentsCount"]) == (1, 1, 1)
    assert [post["postId"] for post in (await bob.get("/bookmarks"))["posts"]] == [soup]


async def test_a_recipe_for_followers_is_for_nobody_else(kitchen: TestInstance) -> None:
    ann, bob, eve = await kitchen.users("ann", "bob", "eve")
    await bob.follow(ann)
    soup = (await ann.post("/recipes", {**SOUP, "visibility": "followers"}))["postId"]
    assert await bob.sees(soup)
    assert not await eve.sees(soup)
    assert [post["postId"] for post in (await bob.get("/recipes"))["posts"]] == [soup]
    assert (await eve.get("/recipes"))["posts"] == []


async def test_recipes_stand_in_the_feeds_and_cost_no_query_each(kitchen: TestInstance) -> None:
    ann = await kitchen.user("ann")
    for _ in range(20):
        await ann.post("/recipes", SOUP)
    kitchen.instance.cache.drop_prefix("")
    with counted_queries(kitchen) as queries:
        feed = await ann.feed("home")
    assert {post["recipe"]["minutes"] for post in feed} == {40}
    assert len(queries) <= 10, queries  # who asks, the page, its parts, what the viewer did, and one of the plugin


async def test_a_recipe_has_a_page_and_a_form_that_works_without_scripts(kitchen: TestInstance) -> None:
    ann = await kitchen.user("ann")
    browser = ann.browser()
    page = (await browser.get("/recipes")).text
    token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    form = {"csrfToken": token, **SOUP, "ingredients": "3 leeks\n1 l water", "minutes": "40"}
    assert (await browser.post("/recipes", data=form)).status_code == 303
    page = (await browser.get("/recipes")).text
    assert "Leek soup" in page
    assert "40 minutes" in page
    assert "3 leeks" in page
    wrong = await browser.post("/recipes", data={**form, "name": ""})
    assert wrong.status_code == 422
    assert "A recipe has a name" in wrong.text
    assert "Fry the" in wrong.text


async def test_a_recipe_crosses_to_another_server_and_is_one_there(kitchens: tuple[TestInstance, TestInstance]) -> None:
    kitchen, diner = kitchens
    ann, zoe = await kitchen.user("ann"), await diner.user("zoe")
    await zoe.follow(ann.address)
    await settle(kitchen, diner)
    made = await ann.post("/recipes", SOUP)
    await settle(kitchen, diner)
    (there,) = await zoe.feed("home")
    assert (there["kind"], there["title"], there["uri"]) == ("recipe", "Leek soup", made["uri"])
    assert there["recipe"] == {"minutes": 40, "ingredients": SOUP["ingredients"]}
    await zoe.post(f"/posts/{there['postId']}/like")
    await settle(kitchen, diner)
    assert (await ann.get(f"/posts/{made['postId']}"))["likesCount"] == 1


async def test_a_recipe_is_found_by_its_address(kitchens: tuple[TestInstance, TestInstance]) -> None:
    kitchen, diner = kitchens
    ann, zoe = await kitchen.user("ann"), await diner.user("zoe")
    made = await ann.post("/recipes", SOUP)
    page = (await zoe.browser().get("/lookup", params={"q": made["url"]})).text
    assert "Leek soup" in page


async def test_a_server_without_the_plugin_shows_a_note(kitchens: tuple[TestInstance, TestInstance]) -> None:
    kitchen, _ = kitchens
    made = await (await kitchen.user("ann")).post("/recipes", SOUP)
    document = (await kitchen.client.get(made["uri"], headers={"Accept": "application/activity+json"})).json()
    assert (document["type"], document["name"], document["recipe"]["minutes"]) == ("Note", "Leek soup", 40)


async def test_the_plugin_keeps_every_rule_of_plugins(kitchen: TestInstance) -> None:
    plugins = kitchen.instance.hooks.plugins
    assert check_plugin(plugins["recipes"], list(plugins.values())) == []


async def test_recipes_are_taken_along_brought_back_once_and_erased_with_the_account(
    kitchens: tuple[TestInstance, TestInstance],
) -> None:
    kitchen, diner = kitchens
    ann, there = await kitchen.user("ann"), await diner.user("ann")
    made = await ann.post("/recipes", SOUP)
    archive = (await ann.call("GET", "/users/me/export")).content
    for report in ({"done": 1, "already": 0}, {"done": 0, "already": 1}):
        brought = await bring(there, "archive", archive)
        await settle(kitchen, diner)
        came = await outcome(there, brought)
        assert {name: came[name] for name in ("done", "already", "failed")} == {**report, "failed": 0}
    (copy,) = (await there.get("/recipes"))["posts"]
    assert (copy["title"], copy["recipe"]["minutes"], copy["createdAt"]) == ("Leek soup", 40, made["createdAt"])
    assert (copy["localOnly"], copy["user"]["userId"]) == (True, there.id)
    with diner.inside():
        await administration.remove(await Actor.get(id=there.id))
    await settle(kitchen, diner)
    assert (await diner.anon.get("/recipes"))["posts"] == []
    with diner.inside():
        assert await value("SELECT COUNT(*) FROM recipes_recipe") == 0


async def test_recipes_of_a_liar_are_counted_as_failed(kitchen: TestInstance) -> None:
    ann = await kitchen.user("ann")
    good = {**SOUP, "visibility": "public", "publishedAt": "2020-01-01T00:00:00Z"}
    lies = [{**good, "minutes": -1}, {**good, "visibility": "bogus"}, {**good, "name": 7}, {}, None, "soup"]
    brought = await bring(ann, "archive", packed({"actor.json": person(), "recipes/recipes.json": lies}))
    await settle(kitchen)
    assert (await outcome(ann, brought))["failed"] == len(lies)
    assert (await ann.get("/recipes"))["posts"] == []
