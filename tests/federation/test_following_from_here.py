"""The buttons “follow”, “answer” and “share” on pages of other servers lead whoever is of this one back to it."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from core.testing import ForeignActor, Person, TestInstance

SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"


@pytest.fixture
def zoe(foreign) -> ForeignActor:
    return foreign.person("zoe")


async def template(alpha: TestInstance) -> str:
    answer = await alpha.client.get("/.well-known/webfinger", params={"resource": "acct:ann@alpha.test"})
    (found,) = (link["template"] for link in answer.json()["links"] if link["rel"] == SUBSCRIBE)
    return str(found)


@pytest.mark.parametrize("shape", ["acct:zoe@foreign.test", "zoe@foreign.test", "@zoe@foreign.test", "https"])
async def test_whom_one_wants_to_follow_is_found(
    alpha: TestInstance, ann: Person, zoe: ForeignActor, shape: str
) -> None:
    whom = zoe.id if shape == "https" else shape
    address = (await template(alpha)).replace("{uri}", quote(whom, safe=""))
    answer = await ann.page(address.removeprefix(alpha.base_url))
    assert answer.status_code == 303
    page = await ann.page(answer.headers["location"])
    assert "@zoe@foreign.test" in page.text and "Follow" in page.text


async def test_a_post_is_found_to_be_answered(alpha: TestInstance, ann: Person, zoe: ForeignActor) -> None:
    note = zoe.note("<p>Well?</p>")
    answer = await ann.page(f"/authorize_interaction?uri={quote(note['id'], safe='')}")
    assert "Well?" in (await ann.page(answer.headers["location"])).text


async def test_strangers_log_in_first_and_come_back(alpha: TestInstance, zoe: ForeignActor) -> None:
    path = f"/authorize_interaction?uri={quote(zoe.id, safe='')}"
    answer = await alpha.anon.page(path)
    assert answer.status_code == 303 and answer.headers["location"] == f"/login?next={quote(path)}"
    assert zoe.server.asked == []


async def test_it_leads_nowhere_else(alpha: TestInstance, ann: Person) -> None:
    for path in ("/authorize_interaction", "/authorize_interaction?uri=", "/authorize_interaction?uri=//evil.test/x"):
        assert (await ann.page(path)).headers["location"].startswith("/search")
