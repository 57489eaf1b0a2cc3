"""Passed on with a Linked Data signature alone: not believed; its origin is asked, which a liar cannot answer for."""

from __future__ import annotations

import pytest

from core.database import execute, now
from core.entries import Document
from core.federation import forwarded
from core.models import Actor, Entry
from core.testing import Foreign, ForeignActor, Person, TestInstance, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, count_stored, stored


@pytest.fixture
def zoe(foreign: Foreign) -> ForeignActor:
    return foreign.person("zoe")


@pytest.fixture
def bob(alpha: TestInstance) -> ForeignActor:
    """Of the server that passes on."""
    return Foreign("passes-on.test").join(alpha).person("bob")


async def passed_on(alpha: TestInstance, by: ForeignActor, activity: Document) -> int:
    """How an activity that bears a Linked Data signature is answered; what it leads to is done."""
    mark = {"type": "RsaSignature2017", "creator": f"{activity['actor']}#main-key", "signatureValue": "AAAA"}
    answer = await by.send(alpha, activity | {"signature": mark})
    await settle(alpha)
    return answer.status_code


def gone(note: Document, server: Foreign) -> None:
    """Have a note not be there any more."""
    del server.documents[note["id"].removeprefix(server.base_url)]


def edited(note: Document, content: str) -> Document:
    return note | {"content": content, "updated": now().isoformat()}


async def test_an_answer_comes_changes_and_goes_as_its_own_server_says(
    alpha: TestInstance, ann: Person, foreign: Foreign, zoe: ForeignActor, bob: ForeignActor
) -> None:
    post = await ann.publish("Well?")
    note = zoe.note("<p>the truth</p>", inReplyTo=post["uri"])
    path = note["id"].removeprefix(foreign.base_url)
    assert await passed_on(alpha, bob, zoe.activity("Create", note | {"content": "<p>a lie</p>"})) == 202
    entry = await stored(alpha, note["id"])
    assert entry is not None and entry.content == "<p>the truth</p>"
    asked = len(foreign.asked)
    assert await passed_on(alpha, bob, zoe.activity("Create", note)) == 202  # known by now
    assert len(foreign.asked) == asked

    lie = edited(note, "<p>a lie</p>")
    assert await passed_on(alpha, bob, zoe.activity("Update", lie)) == 202
    assert (await entry_of(alpha, note)).content == "<p>the truth</p>"
    foreign.documents[path] = edited(note, "<p>the new truth</p>")
    assert await passed_on(alpha, bob, zoe.activity("Update", lie)) == 202
    assert (await entry_of(alpha, note)).content == "<p>the new truth</p>"

    delete = zoe.activity("Delete", {"id": note["id"], "type": "Tombstone"})
    assert await passed_on(alpha, bob, delete) == 202  # a lie: it is there
    assert (await entry_of(alpha, note)).deleted_at is None
    gone(note, foreign)
    assert await passed_on(alpha, bob, delete) == 202
    assert (await entry_of(alpha, note)).deleted_at is not None
    foreign.documents[path] = note
    assert await passed_on(alpha, bob, zoe.activity("Create", note)) == 202
    assert (await entry_of(alpha, note)).deleted_at is not None  # and it does not come back
    assert await count_stored(alpha) == 0


async def entry_of(alpha: TestInstance, note: Document) -> Entry:
    found = await stored(alpha, note["id"])
    assert found is not None
    return found


async def test_only_what_concerns_somebody_here_is_asked_for_and_so_much_an_hour(
    alpha: TestInstance,
    ann: Person,
    foreign: Foreign,
    zoe: ForeignActor,
    bob: ForeignActor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = await ann.publish("Well?")
    stray = zoe.note("<p>to nobody</p>")
    pretended = zoe.note("<p>to nobody</p>")
    for verb, thing in (
        ("Create", stray),
        ("Update", edited(stray, "<p>x</p>")),
        ("Delete", stray["id"]),
        ("Delete", zoe.id),
        ("Create", None),
    ):
        assert await passed_on(alpha, bob, zoe.activity(verb, thing)) == 202
    assert foreign.asked == []
    assert await passed_on(alpha, bob, zoe.activity("Create", pretended | {"inReplyTo": post["uri"]})) == 202
    assert await stored(alpha, pretended["id"]) is None  # what it answers is for its server to say
    await ann.follow(zoe.address)
    await settle(alpha)
    (follow,) = foreign.activities("Follow")
    assert await arrive(alpha, zoe, zoe.activity("Accept", follow)) == "done"
    assert await passed_on(alpha, bob, zoe.activity("Create", stray["id"])) == 202
    assert await stored(alpha, stray["id"]) is not None
    for limit in ("LOOKED_UP_PER_HOUR", "ASKED_PER_HOUR"):
        with monkeypatch.context() as patched:
            patched.setattr(forwarded, limit, 1)
            for other in (zoe.note("<p>one</p>"), zoe.note("<p>one too many</p>")):
                assert await passed_on(alpha, bob, zoe.activity("Create", other)) == 202
            assert await stored(alpha, other["id"]) is None


async def test_liars_get_nothing_in_changed_or_deleted(
    alpha: TestInstance, ann: Person, foreign: Foreign, zoe: ForeignActor, bob: ForeignActor
) -> None:
    post = await ann.publish("the truth")
    eve, answers = foreign.person("eve"), {"inReplyTo": post["uri"]}
    known, quiet = zoe.note("<p>the truth</p>", **answers), zoe.note("<p>psst</p>", to=[f"{zoe.id}/followers", ann.uri])
    for note in (known, quiet):
        assert await arrive(alpha, zoe, zoe.activity("Create", note, to=note["to"])) == "done"
    made_up = zoe.note("<p>a lie</p>", **answers)
    gone(made_up, foreign)
    of_bob = bob.note("<p>a lie</p>", attributedTo=zoe.id, **answers)
    of_eve = eve.note("<p>not by zoe</p>", **answers)
    gone(quiet, foreign)  # as whatever only some may see is to us
    ours = {**known, "id": post["uri"], "content": "<p>a lie</p>"}
    lies = [
        zoe.activity("Create", made_up),
        zoe.activity("Create", of_bob),
        zoe.activity("Create", of_eve | {"attributedTo": zoe.id}),
        zoe.activity("Create", {**made_up, "id": bob.note("<p>a lie</p>", **answers)["id"]}),
        zoe.activity("Create", made_up, id=f"{bob.id}/activities/lie"),
        zoe.activity("Delete", quiet["id"]),
        zoe.activity("Delete", post["uri"]),
        zoe.activity("Update", ours),
        eve.activity("Delete", known["id"]),
        eve.activity("Update", edited(known, "<p>a lie</p>")),
        zoe.activity("Create", ours) | {"actor": ann.uri, "id": f"{alpha.base_url}/activities/lie"},
    ]
    before = await count_stored(alpha)
    for lie in lies:
        assert await passed_on(alpha, bob, lie) == 202
    asked = len(bob.server.asked)
    with alpha.inside():
        kept = {entry.uri: entry.content for entry in await Entry.filter(deleted_at=None)}
    assert kept == {post["uri"]: "<p>the truth</p>", known["id"]: "<p>the truth</p>", quiet["id"]: "<p>psst</p>"}
    assert await count_stored(alpha) == before
    assert asked == len(bob.server.asked) and not any("/notes/" in one.path for one in bob.server.asked)

    foreign.status = 503  # being down is not being gone
    assert await passed_on(alpha, bob, zoe.activity("Delete", known["id"])) == 202
    assert (await entry_of(alpha, known)).deleted_at is None
    foreign.status = 0
    gone(known, foreign)
    with alpha.inside():
        await execute("UPDATE core_job SET due_at = $1 WHERE state = 'waiting' AND name LIKE '%look_up'", now())
    await settle(alpha)
    assert (await entry_of(alpha, known)).deleted_at is not None  # it was asked again
    answer = zoe.note("<p>hm</p>", **answers)
    for refused in (
        zoe.activity("Like", post["uri"]),
        zoe.activity("Follow", ann.uri),
        eve.activity("Undo", known["id"]),
    ):
        assert await passed_on(alpha, bob, refused) == 401
    create = zoe.activity("Create", answer, to=[PUBLIC])
    for mark in (None, {}, "RsaSignature2017", {"type": "Other"}, [{"type": "RsaSignature2017"}]):
        assert (await bob.send(alpha, create | {"signature": mark})).status_code == 401
    forged = create | {"signature": {"type": "RsaSignature2017"}}
    assert (await bob.send(alpha, forged, signer=eve)).status_code == 401
    for person, status in ((bob, 403), (zoe, 202)):
        with alpha.inside():
            await Actor.filter(uri=person.id).update(suspended_at=now())
            alpha.instance.cache.drop_prefix("")
        assert await passed_on(alpha, bob, create) == status
        with alpha.inside():
            await Actor.filter(uri=person.id).update(suspended_at=None)
            alpha.instance.cache.drop_prefix("")
            assert not await Entry.exists(uri=answer["id"])
