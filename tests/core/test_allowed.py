"""A plugin forbids, or allows, what somebody does to one thing or one person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.testing import Person, TestInstance, counted_queries, world
from tests.core.plugin_folder import PluginFolder

WARDEN = """
    from core import Actor

    @hookimpl
    async def allowed(actor, action, subject):
        if isinstance(subject, Actor):
            return False if subject.name == "Untouchable" else None
        if "sealed" in subject.content:
            return False
        if actor.username == "gardener" and action == "delete" and "weed" in subject.content:
            return True
        if "broken" in subject.content:
            raise RuntimeError("the warden sleeps")
"""


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[TestInstance]:
    PluginFolder(tmp_path / "plugins").add("warden", WARDEN)
    async with world("alpha.test", plugins=("posts", "warden"), drop_ins=tmp_path / "plugins") as (instance,):
        yield instance


@pytest.fixture
async def writer(guarded: TestInstance) -> Person:
    return await guarded.user("writer")


async def test_one_no_of_a_plugin_forbids_what_everybody_else_allows(guarded: TestInstance, writer: Person) -> None:
    post, free = await writer.publish("sealed words"), await writer.publish("free words")
    path = f"/posts/{post['postId']}"
    await writer.refused(403, "PUT", path, {"content": "other words"})
    await writer.refused(403, "DELETE", path)
    await writer.refused(403, "POST", f"{path}/comments", {"content": "an answer"})
    await writer.refused(403, "POST", "/posts", {"content": "an answer", "inReplyTo": post["postId"]})
    assert (await writer.get(path))["content"] == "<p>sealed words</p>"
    async with writer.browser() as browser:
        assert (await browser.get(f"/posts/{post['postId']}/edit")).status_code == 403
    await writer.put(f"/posts/{free['postId']}", {"content": "other words"})
    await writer.delete(f"/posts/{free['postId']}")


async def test_a_yes_lets_somebody_do_what_only_the_author_may(guarded: TestInstance, writer: Person) -> None:
    gardener = await guarded.user("gardener")
    weed, rose = await writer.publish("a weed"), await writer.publish("a rose")
    await gardener.refused(403, "DELETE", f"/posts/{rose['postId']}")
    await gardener.refused(403, "PUT", f"/posts/{weed['postId']}", {"content": "a rose"})
    await gardener.delete(f"/posts/{weed['postId']}")
    assert not await writer.sees(weed["postId"])


async def test_what_a_plugin_cannot_tell_is_not_done(guarded: TestInstance, writer: Person) -> None:
    post = await writer.publish("broken")
    await writer.refused(500, "DELETE", f"/posts/{post['postId']}")
    assert await writer.sees(post["postId"])


async def test_a_plugin_protects_people_from_those_in_charge_and_from_themselves(guarded: TestInstance) -> None:
    keeper, ann = await guarded.user("keeper", role="admin"), await guarded.user("ann")
    await ann.put("/users/me", {"fullName": "Untouchable"})
    await ann.refused(403, "PUT", "/users/me", {"fullName": "Ann"})
    await keeper.refused(403, "POST", "/admin/users/ann/suspend")
    await keeper.refused(403, "PUT", "/admin/users/ann/role", {"role": "moderator"})
    await keeper.refused(403, "DELETE", "/users/ann")


async def test_a_yes_of_a_plugin_gives_nobody_a_role_or_rank(tmp_path: Path) -> None:
    PluginFolder(tmp_path / "plugins").add(
        "lavish", "@hookimpl\nasync def allowed(actor, action, subject):\n    return True\n"
    )
    async with world("alpha.test", plugins=("posts", "lavish"), drop_ins=tmp_path / "plugins") as (alpha,):
        mod, keeper = await alpha.user("minder", role="moderator"), await alpha.user("keeper", role="admin")
        await mod.refused(403, "POST", f"/admin/users/{keeper.id}/suspend")
        await mod.refused(403, "PUT", f"/admin/users/{mod.id}/role", {"role": "admin"})


async def test_lists_ask_no_plugin_and_cost_no_more_queries(guarded: TestInstance, writer: Person) -> None:
    for number in range(5):
        await writer.publish(f"broken {number}")
    assert len(await writer.feed()) == 5
    with counted_queries(guarded) as few:
        await writer.feed()
    for number in range(5):
        await writer.publish(f"broken {number}")
    with counted_queries(guarded) as many:
        await writer.feed()
    assert len(many) <= len(few)
