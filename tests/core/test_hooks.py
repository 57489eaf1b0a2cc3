"""Every hook that no plugin of ours implements yet, implemented by a small one and called by what people do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.accounts import administration
from core.models import Actor
from core.testing import Foreign, Person, TestInstance, settle, world
from tests.core.plugin_folder import PluginFolder

WATCHER = """
    from dataclasses import dataclass
    from markupsafe import Markup
    from core import Card, NavItem, Tab, here
    from core.accounts.models import Account
    from core.errors import Rejected

    HEARD = []

    @dataclass(frozen=True)
    class WatcherSettings:
        forbidden: str = "spam"

    @hookimpl
    def settings_schema():
        return WatcherSettings

    def forbidden():
        return here().settings.plugin("watcher", WatcherSettings).forbidden

    @hookimpl
    async def account_from_request(request):
        if request.headers.get("Authorization") == "Bearer the-apps-token":
            return await Account.all().order_by("id").first()

    @hookimpl
    def visible(viewer, parameter):
        return "e.content NOT LIKE '%hidden%'"

    @hookimpl
    async def slot(name, viewer, **context):
        if name == "nav":
            return NavItem("watch", "Watch it", "/watch", "eye")
        if name == "cards":
            return Card("Seen today", Markup("<p>Everything</p>"))
        if name == "settings":
            return [Tab("watch", "Watching", "/settings/watch")]
        if name == "profile.tabs":
            return Tab("watched", f"Watched by {context['actor'].username}", "/watched")

    @hookimpl
    async def before_publish(draft):
        if forbidden() in draft.source:
            raise Rejected("Not here.")
        draft.content = draft.content.replace("watched", "seen")

    @hookimpl
    async def before_receive(activity):
        if forbidden() in str(activity):
            raise Rejected("Not from there.")

    @hookimpl
    async def entry_published(entry): HEARD.append(("published", entry.content))

    @hookimpl
    async def entry_updated(entry): HEARD.append(("updated", entry.content))

    @hookimpl
    async def entry_deleted(entry): HEARD.append(("deleted", entry.content))

    @hookimpl
    async def reaction_added(actor, reaction): HEARD.append((reaction, actor.username))

    @hookimpl
    async def reaction_removed(actor, reaction): HEARD.append((f"no {reaction}", actor.username))

    @hookimpl
    async def follow_requested(follow): HEARD.append(("asked", follow.target_id))

    @hookimpl
    async def follow_accepted(follow): HEARD.append(("follows", follow.target_id))

    @hookimpl
    async def actor_registered(actor): HEARD.append(("registered", actor.username))

    @hookimpl
    async def actor_updated(actor): HEARD.append(("changed", actor.name))

    @hookimpl
    async def actor_removed(actor): HEARD.append(("removed", actor.username))
"""


@pytest.fixture(scope="module")
def drop_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins")
    PluginFolder(folder).add("watcher", WATCHER)
    return folder


@pytest.fixture
async def watched(drop_ins: Path) -> AsyncIterator[TestInstance]:
    async with world("watched.test", plugins=("federation", "posts", "watcher"), drop_ins=drop_ins) as (instance,):
        yield instance


@pytest.fixture
def heard(watched: TestInstance) -> list[Any]:
    found: list[Any] = watched.instance.hooks.plugins["watcher"].module.HEARD
    found.clear()
    return found


@pytest.fixture
async def ann(watched: TestInstance) -> Person:
    return await watched.user("ann")


async def told(instance: TestInstance, heard: list[Any]) -> list[Any]:
    """What the plugin heard since it was asked last."""
    await settle(instance)
    found = heard[:]
    heard.clear()
    return found


async def test_a_plugin_hears_of_every_post_and_what_becomes_of_it(watched, heard, ann):
    bob = await watched.user("bob")
    assert await told(watched, heard) == [("registered", "ann"), ("registered", "bob")]
    post = (await ann.publish("hello"))["postId"]
    await ann.put(f"/posts/{post}", {"content": "hello again"})
    for act in ("like", "share"):
        await bob.post(f"/posts/{post}/{act}")
        await bob.delete(f"/posts/{post}/{act}")
    await ann.delete(f"/posts/{post}")
    assert await told(watched, heard) == [
        ("published", "<p>hello</p>"),
        ("updated", "<p>hello again</p>"),
        ("like", "bob"),
        ("no like", "bob"),
        ("boost", "bob"),
        ("no boost", "bob"),
        ("deleted", "<p>hello again</p>"),
    ]


async def test_a_plugin_hears_who_follows_changes_and_leaves(watched, heard, ann):
    bob = await watched.user("bob")
    await told(watched, heard)
    await bob.follow(ann)
    await ann.put("/users/me", {"isLocked": True, "fullName": "Ann of Kent"})
    await (eve := await watched.user("eve")).follow(ann)
    assert await told(watched, heard) == [
        ("follows", ann.id),
        ("changed", "Ann of Kent"),
        ("registered", "eve"),
        ("asked", ann.id),
    ]
    with watched.inside():
        await administration.remove(await Actor.get(id=eve.id))
    assert await told(watched, heard) == [("removed", "eve")]


async def test_a_plugin_changes_or_refuses_what_is_about_to_be_published(watched, ann):
    assert (await ann.publish("watched"))["content"] == "<p>seen</p>"
    problem = await ann.refused(422, "POST", "/posts", {"content": "buy spam"})
    assert (problem["code"], problem["detail"]) == ("rejected", "Not here.")
    assert (await ann.get("/users/me"))["postsCount"] == 1


async def test_a_plugin_refuses_what_comes_from_elsewhere(watched, heard, foreign: Foreign):
    foreign.join(watched)
    zoe = foreign.person("zoe")
    for words in ("buy spam", "good morning"):
        assert (await zoe.send(watched, zoe.activity("Create", zoe.note(words, tag=[])))).status_code == 202
    await told(watched, heard)
    posts = (await watched.anon.get("/posts"))["posts"]
    assert "buy spam" not in str(posts)


async def test_what_a_plugin_hides_is_in_no_list_and_nowhere_else(watched, ann):
    bob = await watched.user("bob")
    await bob.follow(ann)
    hidden, shown = await ann.publish("hidden"), await ann.publish("shown")
    for visitor in (bob, watched.anon):
        await visitor.refused(404, "GET", f"/posts/{hidden['postId']}")
        assert (await visitor.get(f"/posts/{shown['postId']}"))["content"] == "<p>shown</p>"
    for path in ("/feed?scope=home", "/feed?scope=local", f"/users/{ann.id}/posts"):
        assert [post["postId"] for post in (await bob.get(path))["posts"]] == [shown["postId"]]


async def test_a_plugin_tells_who_bears_a_token_of_its_own(watched, ann):
    answer = await watched.client.get("/api/v1/users/me", headers={"Authorization": "Bearer the-apps-token"})
    assert answer.json()["data"]["username"] == "ann"
    answer = await watched.client.get("/api/v1/users/me", headers={"Authorization": "Bearer another"})
    assert answer.status_code == 401


async def test_a_plugin_puts_things_into_the_named_places_of_pages(watched, ann):
    browser = ann.browser()
    profile = (await browser.get("/@ann")).text
    assert 'href="/watch"' in profile and "Watch it" in profile
    assert "Seen today" in profile and "<p>Everything</p>" in profile
    assert "Watched by ann" in profile
    assert "/settings/watch" in (await browser.get("/settings")).text
