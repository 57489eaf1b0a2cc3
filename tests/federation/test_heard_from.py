"""A server that was left in peace and then says something itself is tried again."""

from __future__ import annotations

import pytest

from core.federation.models import Host
from core.testing import Foreign, ForeignActor, Person, TestInstance, counted_queries, settle
from tests.federation.crowd import make_due, waiting

ATTEMPTS = 5  # close a host


@pytest.fixture
async def zoe(alpha: TestInstance, foreign: Foreign, ann: Person) -> ForeignActor:
    """Somebody who follows ann, on a server that has failed until it was left in peace with a post waiting."""
    zoe = foreign.person("zoe")
    await zoe.send(alpha, zoe.activity("Follow", ann.uri))
    await settle(alpha)
    foreign.inbox.clear()
    foreign.status = 500
    await ann.publish("Anybody there?")
    for _ in range(ATTEMPTS):
        await make_due(alpha)
        await settle(alpha)
    return zoe


def tries(foreign: Foreign) -> int:
    return len([request for request in foreign.asked if request.method == "POST"])


async def test_a_server_that_says_something_gets_at_once_what_waited_for_it(alpha, foreign, ann, zoe):
    foreign.status = 0
    await ann.publish("Still nobody?")
    await settle(alpha)
    assert foreign.activities("Create") == []
    await zoe.send(alpha, zoe.activity("Like", "https://alpha.test/objects/1"))
    await settle(alpha)
    assert [activity["object"]["content"] for activity in foreign.activities("Create")] == [
        "<p>Anybody there?</p>",
        "<p>Still nobody?</p>",
    ]
    assert await waiting(alpha) == []
    with alpha.inside():
        host = await Host.get(name=foreign.host)
    assert (host.failures, host.closed_until) == (0, None)


async def test_a_server_that_says_much_and_takes_nothing_is_tried_once_and_nothing_is_given_up(alpha, foreign, zoe):
    before, (delivery,) = tries(foreign), await waiting(alpha)
    for number in range(20):
        await zoe.send(alpha, zoe.activity("Like", f"https://alpha.test/objects/{number}"))
        await settle(alpha)
    assert tries(foreign) == before + 1
    (still,) = await waiting(alpha)
    assert still.attempts == delivery.attempts


async def test_whoever_cannot_sign_for_a_server_does_not_open_it(alpha, foreign, zoe):
    before = tries(foreign)
    await zoe.send(alpha, zoe.activity("Like", "https://alpha.test/objects/1"), signer=foreign.person("eve"))
    await settle(alpha)
    assert tries(foreign) == before


async def test_watching_for_closed_servers_costs_no_query_for_each_activity(alpha, zoe):
    await zoe.send(alpha, zoe.activity("Like", "https://alpha.test/objects/1"))
    await settle(alpha)
    await zoe.send(alpha, zoe.activity("Like", "https://alpha.test/objects/2"))
    with counted_queries(alpha) as queries:
        await zoe.send(alpha, zoe.activity("Like", "https://alpha.test/objects/3"))
    assert not [query for query in queries if "federation_host" in query]
