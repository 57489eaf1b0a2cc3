"""Edits and deletions reach every server that has the post, whatever its people had to do with it, and no other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.models import Entry
from core.testing import Person, TestInstance, settle, world

POLL = {"options": ["Rye", "Wheat"], "multiple": False, "expiresIn": 3600}
DEEDS = ("liked", "signed", "voted", "shared", "quoted", "answered")


@pytest.fixture
async def town() -> AsyncIterator[dict[str, TestInstance]]:
    """Ann's server, and one for everything somebody can have to do with a post."""
    async with world("alpha.test", *(f"{deed}.test" for deed in DEEDS)) as instances:
        yield dict(zip(("here", *DEEDS), instances, strict=True))


async def found(person: Person, uri: str) -> str:
    """Look up a post by its address; its id there."""
    posts = (await person.get("/search", q=uri))["posts"]
    assert [one["uri"] for one in posts] == [uri]
    return str(posts[0]["postId"])


async def do(deed: str, person: Person, post_id: str) -> None:
    match deed:
        case "liked":
            await person.post(f"/posts/{post_id}/like")
        case "signed":
            await person.put(f"/posts/{post_id}/reactions/%F0%9F%8E%89")
        case "voted":
            await person.post(f"/posts/{post_id}/vote", {"choices": [0]})
        case "shared":
            await person.post(f"/posts/{post_id}/share")
        case "quoted":
            await person.publish("Look", quote=post_id)
        case "answered":
            await person.publish("I see", inReplyTo=post_id)


async def at(instance: TestInstance, uri: str) -> tuple[str, bool]:
    """The words of a post on a server, and whether it is gone there."""
    with instance.inside():
        entry = await Entry.get(uri=uri)
    return entry.content, entry.deleted_at is not None


async def test_whatever_somebody_did_with_a_post_their_server_learns_of_edits_and_of_its_end(
    town: dict[str, TestInstance],
) -> None:
    ann = await town["here"].user("ann")
    post = await ann.publish("Which bread?", poll=POLL)
    copies: dict[str, tuple[Person, str]] = {}
    for deed in DEEDS:
        person = await town[deed].user("zoe")
        copies[deed] = person, await found(person, post["uri"])
        await do(deed, *copies[deed])
    await settle(*town.values())
    seen = await ann.get(f"/posts/{post['postId']}")
    counts = {key: seen[f"{key}Count"] for key in ("likes", "shares", "quotes", "comments")}
    assert set(counts.values()) == {1}, counts
    assert [one["count"] for one in seen["reactions"]] == [seen["poll"]["votersCount"]] == [1]
    await ann.put(f"/posts/{post['postId']}", {"content": "Which bread, please?"})
    await settle(*town.values())
    for deed in DEEDS:
        assert await at(town[deed], post["uri"]) == ("<p>Which bread, please?</p>", False), deed
    await ann.delete(f"/posts/{post['postId']}")
    await settle(*town.values())
    for deed, (person, post_id) in copies.items():
        assert (await at(town[deed], post["uri"]))[1], deed
        assert not await person.sees(post_id), deed


async def test_of_what_is_for_a_few_new_words_reach_those_it_is_still_for_and_its_end_all_who_have_it(
    town: dict[str, TestInstance],
) -> None:
    here, there, other = (town[name] for name in ("here", "liked", "shared"))
    ann, zoe, yan = await here.user("ann"), await there.user("zoe"), await other.user("yan")
    for person in (zoe, yan):
        await person.follow(ann.address)
    await settle(*town.values())
    post: dict[str, Any] = await ann.publish("For you alone", visibility="followers")
    await settle(*town.values())
    for person in (zoe, yan):
        (copy,) = await person.feed()
        await do("liked", person, copy["postId"])
    await ann.delete(f"/users/{(await ann.get(f'/users/{zoe.address}'))['userId']}/follower")
    await settle(*town.values())
    await ann.put(f"/posts/{post['postId']}", {"content": "Not for Zoe"})
    await settle(*town.values())
    assert await at(there, post["uri"]) == ("<p>For you alone</p>", False)
    assert await at(other, post["uri"]) == ("<p>Not for Zoe</p>", False)
    named = await ann.publish(f"Hello {zoe.address}")
    await settle(*town.values())
    await ann.put(f"/posts/{named['postId']}", {"content": "Hello everybody"})
    for one in (post, named):
        await ann.delete(f"/posts/{one['postId']}")
    await settle(*town.values())
    for uri in (post["uri"], named["uri"]):
        assert (await at(there, uri))[1]
    assert (await at(other, post["uri"]))[1]
    with other.inside():
        assert not await Entry.exists(uri=named["uri"], deleted_at=None)
