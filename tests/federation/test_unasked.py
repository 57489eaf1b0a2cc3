"""What comes without anybody here having asked for it: it is not taken, so that nobody fills the lists of others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.settings import Federation
from core.testing import Foreign, ForeignActor, Person, TestInstance, settle, world
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored
from tests.federation.test_outbox_reading import follow


@pytest.fixture
async def gamma() -> AsyncIterator[TestInstance]:
    """An instance as it is run by those who change nothing."""
    async with world("gamma.test", federation__unasked_posts=Federation().unasked_posts) as (instance,):
        yield instance


@pytest.fixture
async def ann(gamma: TestInstance) -> Person:
    return await gamma.user("ann")


@pytest.fixture
def eve(gamma: TestInstance) -> ForeignActor:
    """Somebody nobody here knows, who wants to be seen."""
    return Foreign("loud.test").join(gamma).person("eve")


async def seen(ann: Person) -> list[str]:
    return [post["content"] for post in (await ann.get("/feed", scope="global"))["posts"]]


async def test_nobody_fills_our_lists_with_what_nobody_asked_for(
    gamma: TestInstance, ann: Person, eve: ForeignActor
) -> None:
    path = f"/actors/{ann.id}/inbox"
    for how in ("/inbox", path):
        note = eve.note("<p>buy</p>", cc=[f"{eve.id}/followers"])
        assert await arrive(gamma, eve, eve.activity("Create", note), path=how) == "ignored"
        changed = note | {"updated": "2099-01-01T00:00:00Z"}
        assert await arrive(gamma, eve, eve.activity("Update", changed), path=how) == "ignored"
    named = eve.note("<p>named</p>", cc=[ann.uri])
    assert await arrive(gamma, eve, eve.activity("Create", named)) == "done"
    for detour in (
        {"cc": [f"{gamma.base_url}/actors/nobody", f"{gamma.base_url}/actor"]},
        {"quote": f"{gamma.base_url}/objects/none"},
        {"quote": named["id"]},
        {"inReplyTo": "https://loud.test/notes/none"},
        {"inReplyTo": named["id"]},
    ):
        assert await arrive(gamma, eve, eve.activity("Create", eve.note("<p>buy</p>", **detour))) == "ignored"
    assert await seen(ann) == ["<p>named</p>"]


async def test_nobody_has_us_fetch_what_nobody_asked_for(gamma: TestInstance, ann: Person, eve: ForeignActor) -> None:
    notes = [eve.note("<p>buy</p>") for _ in range(3)]
    picture = {"type": "Image", "mediaType": "image/png", "url": f"{eve.server.base_url}/1.png"}
    notes[2]["attachment"] = [picture]
    eve.more["featured"] = f"{eve.id}/featured"
    album = {
        "id": f"{eve.server.base_url}/albums/1",
        "type": "OrderedCollection",
        "attributedTo": eve.id,
        "name": "Buy",
    }
    await arrive(gamma, eve, eve.activity("Announce", notes[0]["id"]))
    await arrive(gamma, eve, eve.activity("Add", notes[1]["id"], target=eve.more["featured"]))
    await arrive(gamma, eve, eve.activity("Update", album | {"to": [PUBLIC], "orderedItems": [notes[2]["id"]]}))
    assert [await stored(gamma, note["id"]) for note in notes] == [None, None, None]
    assert not [one for one in eve.server.asked if one.path.startswith("/notes/")]
    post = await ann.publish("hello")
    assert await arrive(gamma, eve, eve.activity("Announce", post["uri"])) == "done"
    await follow(gamma, ann, eve)
    assert await arrive(gamma, eve, eve.activity("Announce", notes[0]["id"])) == "done"
    assert await arrive(gamma, eve, eve.activity("Add", notes[1]["id"], target=eve.more["featured"])) == "done"
    whole = eve.activity("Update", album | {"to": [PUBLIC], "orderedItems": [notes[2]["id"]]})
    assert await arrive(gamma, eve, whole) == "done"
    assert all([await stored(gamma, note["id"]) for note in notes])


async def test_what_names_answers_or_quotes_somebody_here_and_what_is_for_a_few_is_taken(
    gamma: TestInstance, ann: Person, eve: ForeignActor
) -> None:
    post = await ann.publish("hello")
    notes = [
        eve.note("<p>named</p>", cc=[ann.uri]),
        eve.note("<p>answer</p>", inReplyTo=post["uri"]),
        eve.note("<p>quote</p>", quote=post["uri"]),
        eve.note("<p>to ann</p>", to=[ann.uri]),
    ]
    notes.append(eve.note("<p>further below</p>", inReplyTo=notes[1]["id"]))
    for note in notes:
        assert await arrive(gamma, eve, eve.activity("Create", note)) == "done"
    silent = eve.note("<p>to whose inbox it is</p>", to=[])
    assert await arrive(gamma, eve, eve.activity("Create", silent), path=f"/actors/{ann.id}/inbox") == "done"
    assert all([await stored(gamma, note["id"]) for note in (*notes, silent)])


async def test_whom_somebody_here_follows_is_heard_and_what_they_share_and_what_is_looked_up_is_fetched(
    gamma: TestInstance, ann: Person, eve: ForeignActor
) -> None:
    zoe = Foreign("kind.test").join(gamma).person("zoe")
    await follow(gamma, ann, zoe)
    assert await arrive(gamma, zoe, zoe.activity("Create", zoe.note("<p>news</p>"))) == "done"
    shared, wanted = eve.note("<p>shared</p>"), eve.note("<p>wanted</p>")
    assert await arrive(gamma, zoe, zoe.activity("Announce", shared["id"])) == "done"
    await ann.get("/search", q=wanted["id"])
    await settle(gamma)
    assert sorted(await seen(ann)) == ["<p>news</p>", "<p>shared</p>", "<p>wanted</p>"]
