"""Entries of a kind that is not a post federate where there are no posts at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import entries, reactions
from core.entries import Draft, publishing
from core.federation.documents import PUBLIC
from core.models import Actor, Entry
from core.testing import Person, TestInstance, settle, world

PLUGINS = ("federation", "notices")


@pytest.fixture
async def both() -> AsyncIterator[tuple[TestInstance, TestInstance]]:
    async with world("one.test", "two.test", plugins=PLUGINS, drop_ins=Path(__file__).parent / "drop_ins") as servers:
        yield servers


@pytest.fixture
async def ann(both: tuple[TestInstance, TestInstance]) -> Person:
    """Somebody on the first server, whom Bob on the second follows."""
    one, two = both
    ann, bob = await one.user("ann"), await two.user("bob")
    await bob.follow(ann.address)
    await settle(one, two)
    return ann


async def notice(ann: Person, words: str) -> Entry:
    draft = Draft("notice", ann.actor, content=f"<p>{words}</p>", title="Lost")
    with ann.instance.inside():
        async with publishing(draft) as entry:
            pass
    return entry


async def there(server: TestInstance, entry: Entry) -> Entry | None:
    with server.inside():
        return await entries.by_uri(entry.uri)


async def test_a_notice_is_published_changed_and_taken_away_on_the_other_server_too(both, ann):
    one, two = both
    entry = await notice(ann, "a cat")
    await settle(one, two)
    found = await there(two, entry)
    assert found is not None and (found.kind, found.title, found.content) == ("notice", "Lost", "<p>a cat</p>")
    with one.inside():
        await entries.edit(entry, Draft("notice", ann.actor, content="<p>two cats</p>", title="Lost"))
    await settle(one, two)
    found = await there(two, entry)
    assert found is not None and found.content == "<p>two cats</p>"
    with one.inside():
        await entries.remove(entry, ann.actor)
    await settle(one, two)
    assert await there(two, entry) is None


async def test_a_notice_is_liked_and_shared_from_the_other_server_and_both_are_taken_back(both, ann):
    one, two = both
    entry = await notice(ann, "a cat")
    await settle(one, two)
    found = await there(two, entry)
    assert found is not None
    done, undone = (reactions.like, reactions.boost), (reactions.unlike, reactions.unboost)
    for acts, expected in ((done, (1, 1)), (undone, (0, 0))):
        with two.inside():
            bob = await Actor.get(username_key="bob", domain="")
            for act in acts:
                await act(bob, found)
        await settle(one, two)
        known = await there(one, entry)
        assert known is not None and (known.likes_count, known.boosts_count) == expected


async def test_the_outbox_lists_a_notice(both, ann):
    one, _ = both
    entry = await notice(ann, "a cat")
    page = await one.client.get(f"/actors/{ann.id}/outbox?before=ffffffff-ffff-ffff-ffff-ffffffffffff")
    (create,) = page.json()["orderedItems"]
    assert (create["type"], create["object"]["id"], create["object"]["name"]) == ("Create", entry.uri, "Lost")
    assert create["to"] == [PUBLIC]
