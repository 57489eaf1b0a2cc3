"""Whoever wants to be asked decides about each quote, of people here and elsewhere; until then it is a link."""

from __future__ import annotations

from typing import Any

import pytest

from core import consent
from core.federation.models import Stamp
from core.models import Entry
from core.quote_models import QuoteAsked
from core.testing import Foreign, ForeignActor, Person, TestInstance, Visitor, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive

AP = {"accept": "application/activity+json"}


async def waiting(person: Person) -> list[dict[str, Any]]:
    return list((await person.get("/quote-requests"))["requests"])


async def press(person: Person, path: str) -> int:
    """Press a button of the page of requests."""
    browser = person.browser()
    page = (await browser.get("/requests/quotes")).text
    assert f'formaction="{path}"' in page
    token = page.partition('name="csrfToken" value="')[2].partition('"')[0]
    return (await browser.post(path, data={"csrfToken": token})).status_code


async def test_a_member_asks_another_and_it_is_a_link_until_they_agree_on_the_page(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, anon: Visitor
) -> None:
    original = await ann.publish("The original words, @bob", quotePolicy="ask")
    composing = (await bob.browser().get("/compose", params={"quote": original["postId"]})).text
    assert "@ann is asked first" in composing
    assert (await bob.get(f"/posts/{original['postId']}"))["canQuote"] is True
    made = [await bob.publish(words, quote=original["postId"]) for words in ("So true", "So false")]
    own = await ann.publish("As I said", quote=original["postId"])
    assert [post["quote"]["state"] for post in (*made, own)] == ["pending", "pending", "accepted"]
    seen = await anon.get(f"/posts/{made[0]['postId']}")
    assert seen["quote"] is None and original["url"] in seen["content"]
    assert "Waiting for @ann to agree" in (await bob.browser().get(f"/@bob/{made[0]['postId']}")).text
    assert (await anon.get(f"/posts/{original['postId']}"))["quotesCount"] == 1

    second, first = await waiting(ann)
    assert (first["user"]["username"], first["post"]["postId"]) == ("bob", made[0]["postId"])
    assert first["quoted"]["postId"] == original["postId"] and await waiting(bob) == []
    page = (await ann.browser().get("/requests/quotes")).text
    assert "RE:" not in page and "So true" in page and "So false" in page and "would like to quote you" in page
    for liar in (bob, eve):
        for verb in ("accept", "reject"):
            await liar.refused(404, "PUT", f"/quote-requests/{first['requestId']}/{verb}")
    assert await press(ann, f"/requests/quotes/{first['requestId']}/accept") == 303
    assert await press(ann, f"/requests/quotes/{second['requestId']}/reject") == 303
    seen = await anon.get(f"/posts/{made[0]['postId']}")
    assert seen["quote"]["uri"] == original["uri"] and "RE:" not in seen["content"] and seen["editedAt"] is None
    assert (await bob.get(f"/posts/{made[1]['postId']}"))["quote"]["state"] == "refused"
    assert (await anon.get(f"/posts/{made[1]['postId']}"))["quote"] is None
    assert (await anon.get(f"/posts/{original['postId']}"))["quotesCount"] == 2
    await ann.refused(404, "PUT", f"/quote-requests/{first['requestId']}/accept")


async def test_what_is_gone_waits_no_longer_nor_do_those_one_has_nothing_to_do_with(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    originals = [await ann.publish(f"Words {number}", quotePolicy="ask") for number in range(3)]
    quotes = [await bob.publish("So true", quote=one["postId"]) for one in originals]
    await eve.publish("Me too", quote=originals[2]["postId"])
    await bob.delete(f"/posts/{quotes[0]['postId']}")
    await ann.delete(f"/posts/{originals[1]['postId']}")
    assert [one["user"]["username"] for one in await waiting(ann)] == ["eve", "bob"]
    await ann.post(f"/users/{bob.id}/block")
    assert [one["user"]["username"] for one in await waiting(ann)] == ["eve"]


async def two_who_follow(alpha: TestInstance, beta: TestInstance) -> tuple[Person, Person]:
    ann, bea = await alpha.user("ann"), await beta.user("bea")
    await bea.follow(ann.address)
    await settle(alpha, beta)
    await ann.follow(bea.address)
    await settle(alpha, beta)
    return ann, bea


@pytest.mark.parametrize("agrees", [True, False])
async def test_between_two_servers_an_author_is_asked_and_what_they_say_holds(
    alpha_and_beta: tuple[TestInstance, TestInstance], agrees: bool
) -> None:
    alpha, beta = alpha_and_beta
    ann, bea = await two_who_follow(alpha, beta)
    original = await ann.publish("The original", quotePolicy="ask")
    await settle(alpha, beta)
    (there,) = [post for post in await bea.feed() if post["uri"] == original["uri"]]
    assert (there["quotePolicy"], there["canQuote"]) == ("ask", True)
    quote = await bea.publish("So true", quote=there["postId"])
    await settle(alpha, beta)
    assert (await bea.get(f"/posts/{quote['postId']}"))["quote"]["state"] == "pending"
    (asked,) = await waiting(ann)
    assert (asked["user"]["acct"], asked["uri"]) == ("bea@beta.test", quote["uri"])
    assert asked["post"]["uri"] == quote["uri"] and asked["post"]["quote"] is None
    await ann.put(f"/quote-requests/{asked['requestId']}/{'accept' if agrees else 'reject'}")
    await settle(alpha, beta)
    expected = "accepted" if agrees else "refused"
    assert (await bea.get(f"/posts/{quote['postId']}"))["quote"]["state"] == expected
    seen = await ann.get(f"/posts/{asked['post']['postId']}")
    assert (seen["quote"] is not None) is agrees
    assert (await ann.get(f"/posts/{original['postId']}"))["quotesCount"] == int(agrees)
    assert await waiting(ann) == []


@pytest.fixture
def zoe(foreign: Foreign) -> ForeignActor:
    return foreign.person("zoe")


async def ask(alpha: TestInstance, who: ForeignActor, quoted: str, quoting: Any) -> tuple[str, list[str]]:
    """Ask as another server does; what became of it, and the types of what was answered at once."""
    who.server.inbox.clear()
    outcome = await arrive(alpha, who, who.activity("QuoteRequest", quoted, instrument=quoting))
    return outcome, [one["type"] for one in who.server.activities() if one["type"] in ("Accept", "Reject")]


async def test_another_server_waits_for_a_stamp_asks_again_and_takes_it_back(
    alpha: TestInstance, ann: Person, foreign: Foreign, zoe: ForeignActor
) -> None:
    post = await ann.publish("Quote me", quotePolicy="ask")
    policy = (await alpha.client.get(post["uri"], headers=AP)).json()["interactionPolicy"]["canQuote"]
    assert policy == {"automaticApproval": [ann.uri], "manualApproval": [PUBLIC]}
    note = zoe.note("<p>look</p>", quote=post["uri"])
    foreign.documents[note["id"].removeprefix(foreign.base_url)] = note
    hidden = f"{foreign.base_url}/notes/hidden"  # is for zoe's followers, and not to be had
    for quoting in (note, note["id"], hidden, hidden):
        assert await ask(alpha, zoe, post["uri"], quoting) == ("done", [])
    about_hidden, about_note = await waiting(ann)
    assert (about_note["post"]["content"], about_note["uri"]) == (about_note["post"]["content"], note["id"])
    assert "look" in about_note["post"]["content"] and about_hidden["post"] is None
    assert "not for you to see" in (await ann.browser().get("/requests/quotes")).text
    await ann.put(f"/quote-requests/{about_note['requestId']}/accept")
    await ann.put(f"/quote-requests/{about_hidden['requestId']}/reject")
    await settle(alpha)
    accept, reject = foreign.activities("Accept")[-1], foreign.activities("Reject")[-1]
    stamp = (await alpha.client.get(accept["result"], headers=AP)).json()
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (note["id"], post["uri"])
    assert (reject["object"]["instrument"], "result" in reject) == (hidden, False)
    assert await ask(alpha, zoe, post["uri"], note["id"]) == ("done", ["Accept"])
    assert await ask(alpha, zoe, post["uri"], hidden) == ("ignored", ["Reject"])
    other = f"{foreign.base_url}/notes/other"
    request = zoe.activity("QuoteRequest", post["uri"], instrument=other)
    assert await arrive(alpha, zoe, request) == "done" and len(await waiting(ann)) == 1
    assert await arrive(alpha, zoe, zoe.activity("Undo", request)) == "done" and await waiting(ann) == []


async def test_liars_and_floods_wait_for_nothing(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign, zoe: ForeignActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "PENDING_OF_ONE", 3)
    mallory, max_ = Foreign("evil.test").join(alpha).person("mallory"), foreign.person("max")
    post = await ann.publish("Quote me", quotePolicy="ask")
    secret = await ann.publish("Not for all", quotePolicy="ask", visibility="followers")
    note = zoe.note("<p>look</p>", quote=post["uri"])
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    assert await ask(alpha, mallory, post["uri"], note["id"]) == ("refused", [])
    assert await ask(alpha, max_, post["uri"], note["id"]) == ("refused", [])
    assert await ask(alpha, mallory, secret["uri"], f"{mallory.server.base_url}/n/1") == ("ignored", [])
    assert await waiting(ann) == []
    outcomes = [await ask(alpha, mallory, post["uri"], f"{mallory.server.base_url}/n/{n}") for n in range(5)]
    assert [outcome for outcome, _ in outcomes] == ["done"] * 3 + ["refused"] * 2
    request_id = (await waiting(ann))[0]["requestId"]
    await bob.refused(404, "PUT", f"/quote-requests/{request_id}/accept")
    for nonsense in ("x", post["postId"]):
        await ann.refused(404, "PUT", f"/quote-requests/{nonsense}/accept")
    accept = mallory.activity("Accept", {"type": "QuoteRequest", "object": post["uri"], "instrument": note["id"]})
    await arrive(alpha, mallory, accept)
    with alpha.inside():
        assert await Stamp.all().count() == 0 and await QuoteAsked.all().count() == 3
        assert (await Entry.get(uri=note["id"])).quote_id is None
    await ann.post(f"/users/{(await ann.get(f'/users/{mallory.address}'))['userId']}/block")
    assert await waiting(ann) == []
