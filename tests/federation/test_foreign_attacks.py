"""What somebody with a server of their own tries in order to speak for others, or to read what is for others."""

from __future__ import annotations

import asyncio

import pytest

from core.asgi import Receive, Scope, Send
from core.database import execute, now
from core.federation import receiving
from core.federation.domains import decide
from core.federation.received import ATTEMPTS
from core.models import Actor
from core.testing import Foreign, ForeignActor, Person, TestInstance, settle
from core.testing.foreign import ACTIVITY_JSON
from tests.federation.arrivals import arrive, outcome


@pytest.fixture
def zoe(alpha: TestInstance) -> ForeignActor:
    """Somebody decent."""
    return Foreign("victim.test").join(alpha).person("zoe")


@pytest.fixture
def mallory(alpha: TestInstance) -> ForeignActor:
    """Whoever attacks."""
    return Foreign("evil.test").join(alpha).person("mallory")


def claims_names_of(mallory: ForeignActor, victim: ForeignActor) -> None:
    """Have mallory's server say that the name of somebody elsewhere is one of its own."""
    link = {"rel": "self", "type": ACTIVITY_JSON, "href": victim.id}
    subject = f"acct:{victim.name}@{mallory.server.host}"
    mallory.server.documents["/.well-known/webfinger"] = {"subject": subject, "links": [link]}


async def domain_of(alpha: TestInstance, uri: str) -> str:
    with alpha.inside():
        return str((await Actor.get(uri=uri)).domain)


@pytest.mark.parametrize("known", [True, False])
async def test_no_server_takes_in_who_lives_elsewhere_by_saying_so(
    alpha: TestInstance, bob: Person, zoe: ForeignActor, mallory: ForeignActor, known: bool
) -> None:
    if known:
        await bob.get(f"/users/{zoe.address}")
    claims_names_of(mallory, zoe)
    await bob.call("GET", "/users/@zoe@evil.test")
    await bob.get(f"/users/{zoe.address}")
    assert await domain_of(alpha, zoe.id) == "victim.test"


async def test_who_lures_a_follower_into_its_name_does_not_read_what_is_for_that_follower(
    alpha: TestInstance, ann: Person, bob: Person, zoe: ForeignActor, mallory: ForeignActor
) -> None:
    assert await arrive(alpha, zoe, zoe.activity("Follow", ann.uri)) == "done"
    secret = await ann.publish("for followers", visibility="followers")
    assert (await zoe.fetch(alpha, secret["uri"])).status_code == 200
    assert (await mallory.fetch(alpha, secret["uri"])).status_code == 404
    claims_names_of(mallory, zoe)
    await bob.publish("hello @zoe@evil.test")
    await bob.call("GET", "/users/@zoe@evil.test")
    assert (await mallory.fetch(alpha, secret["uri"])).status_code == 404
    assert (await zoe.fetch(alpha, secret["uri"])).status_code == 200


async def test_nobody_gets_somebody_blocked_by_taking_them_into_a_blocked_domain(
    alpha: TestInstance, bob: Person, zoe: ForeignActor, mallory: ForeignActor
) -> None:
    claims_names_of(mallory, zoe)
    await bob.call("GET", "/users/@zoe@evil.test")
    with alpha.inside():
        await decide("evil.test", "block")
    await settle(alpha)
    assert (await bob.get(f"/users/{zoe.address}"))["username"] == "zoe"


async def test_what_always_takes_too_long_to_fetch_is_given_up_and_holds_up_nothing_behind_it(
    alpha: TestInstance, ann: Person, mallory: ForeignActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    assert await arrive(alpha, mallory, mallory.activity("Follow", ann.uri)) == "done"
    alpha.neighbours["slow.test"] = hang
    monkeypatch.setattr(receiving, "FETCH_SECONDS", 0.05)
    slow = mallory.activity("Create", mallory.note("<p>x</p>", inReplyTo="https://slow.test/notes/1"))
    like = mallory.activity("Like", (await ann.publish())["uri"])
    await mallory.send(alpha, slow)
    await mallory.send(alpha, like)
    for _ in range(ATTEMPTS + 1):
        await settle(alpha)
        with alpha.inside():
            await execute("UPDATE federation_received SET due_at = $1 WHERE state = 'waiting'", now())
    await settle(alpha)
    assert (await outcome(alpha, slow), await outcome(alpha, like)) == ("failed", "done")
