"""Whoever here wants to be asked decides about each answer from elsewhere; until then nobody else learns of it."""

from __future__ import annotations

from typing import Any

import pytest

from core import consent
from core.federation.models import Stamp
from core.models import Entry
from core.quote_models import ReplyRequest
from core.testing import Foreign, ForeignActor, Person, TestInstance, Visitor, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive
from tests.federation.test_asking_to_reply import AP, entry_at


@pytest.fixture
def zoe(foreign: Foreign) -> ForeignActor:
    return foreign.person("zoe")


@pytest.fixture
def max_(alpha: TestInstance) -> ForeignActor:
    """Somebody on a third server who follows ann."""
    return Foreign("third.test").join(alpha).person("max")


async def waiting(person: Person) -> list[dict[str, Any]]:
    return list((await person.get("/reply-requests"))["requests"])


async def decide(alpha: TestInstance, person: Person, verb: str) -> None:
    """Answer the only one who waits."""
    (asked,) = await waiting(person)
    await person.put(f"/reply-requests/{asked['requestId']}/{verb}")
    await settle(alpha)


async def ask(alpha: TestInstance, who: ForeignActor, target: str, instrument: Any) -> tuple[str, list[dict[str, Any]]]:
    """Ask as GoToSocial does; what became of it, and what was answered at once."""
    who.server.inbox.clear()
    request = who.activity("ReplyRequest", target, instrument=instrument)
    outcome = await arrive(alpha, who, request)
    return outcome, said(who)


def said(who: ForeignActor) -> list[dict[str, Any]]:
    """What somebody was told of answers, and not of follows."""
    answers = [one for one in who.server.activities() if one["type"] in ("Accept", "Reject")]
    return [one for one in answers if not isinstance(one["object"], dict) or one["object"]["type"] != "Follow"]


async def in_thread(visitor: Visitor, post: dict[str, Any]) -> list[str]:
    thread = await visitor.get(f"/posts/{post['postId']}/thread")
    return [one["uri"] for one in thread["replies"]]


async def answers_of(visitor: Visitor, who: ForeignActor) -> list[str]:
    """What stands among the answers on a profile."""
    return [one["uri"] for one in (await visitor.get(f"/users/{who.address}/posts?replies=true"))["posts"]]


async def test_what_the_document_says(alpha: TestInstance, ann: Person) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    said = (await alpha.client.get(post["uri"], headers=AP)).json()["interactionPolicy"]["canReply"]
    approval = {"automaticApproval": [ann.uri], "manualApproval": [PUBLIC]}
    assert said == approval | {"always": [ann.uri], "approvalRequired": [PUBLIC]}


async def test_an_answer_of_a_server_that_does_not_ask_waits_and_its_followers_learn_of_the_yes(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, zoe: ForeignActor, max_: ForeignActor
) -> None:
    await arrive(alpha, max_, max_.activity("Follow", ann.uri))
    await bob.follow(zoe.address)
    await settle(alpha)
    await arrive(alpha, zoe, zoe.activity("Accept", zoe.server.activities("Follow")[-1]))
    post = await ann.publish("Ask me", replyPolicy="ask")
    note = zoe.note("<p>May I?</p>", inReplyTo=post["uri"])
    assert await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC])) == "done"
    entry = await entry_at(alpha, note["id"])
    assert entry.visibility == "private" and await in_thread(ann, post) == []
    for other in (bob, anon):
        await other.refused(404, "GET", f"/posts/{entry.id}")
    for visitor in (ann, bob, anon):
        assert await answers_of(visitor, zoe) == []
    assert (await ann.get(f"/posts/{post['postId']}"))["commentsCount"] == 0
    assert (await alpha.client.get(f"{post['uri']}/replies", headers=AP)).json()["totalItems"] == 0
    (asked,) = await waiting(ann)
    assert (asked["user"]["acct"], asked["post"]["uri"]) == (zoe.address.lstrip("@"), note["id"])

    await decide(alpha, ann, "accept")
    assert await in_thread(anon, post) == [note["id"]]
    assert (await anon.get(f"/posts/{post['postId']}"))["commentsCount"] == 1
    assert note["id"] in await answers_of(bob, zoe)
    (told,) = said(zoe)
    assert said(max_) == [told]
    assert (told["object"], told["target"], told["to"]) == (note["id"], post["uri"], [zoe.id])
    assert set(told["cc"]) == {PUBLIC, f"{ann.uri}/followers"} and "proof" in told
    stamp = (await alpha.client.get(told["result"], headers=AP)).json()
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (note["id"], post["uri"])
    assert stamp["attributedTo"] == ann.uri and await waiting(ann) == []


async def test_a_no_to_a_server_that_does_not_ask_hides_its_answer_for_good(
    alpha: TestInstance, ann: Person, anon: Visitor, zoe: ForeignActor, max_: ForeignActor
) -> None:
    await arrive(alpha, max_, max_.activity("Follow", ann.uri))
    post = await ann.publish("Ask me", replyPolicy="ask")
    note = zoe.note("<p>May I?</p>", inReplyTo=post["uri"])
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    entry = await entry_at(alpha, note["id"])
    await decide(alpha, ann, "reject")
    (told,) = said(zoe)
    assert (told["type"], told["object"], told["to"]) == ("Reject", note["id"], [zoe.id])
    assert said(max_) == []
    edited = note | {"content": "<p>Please</p>", "updated": "2099-01-01T00:00:00Z"}
    await arrive(alpha, zoe, zoe.activity("Update", edited, to=[PUBLIC]))
    for visitor in (ann, anon):
        await visitor.refused(404, "GET", f"/posts/{entry.id}")
    assert await waiting(ann) == [] and await in_thread(ann, post) == []


@pytest.mark.parametrize("embeds", [True, False])
@pytest.mark.parametrize("verb", ["accept", "reject"])
async def test_who_asks_is_answered_when_the_author_has_decided(
    alpha: TestInstance, ann: Person, anon: Visitor, foreign: Foreign, zoe: ForeignActor, embeds: bool, verb: str
) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    note = zoe.note("<p>May I?</p>", inReplyTo=post["uri"])
    foreign.documents[note["id"].removeprefix(foreign.base_url)] = note
    instrument = note if embeds else note["id"]
    for _ in range(2):
        assert await ask(alpha, zoe, post["uri"], instrument) == ("done", [])
    assert await in_thread(ann, post) == []
    (asked,) = await waiting(ann)
    assert "May I?" in asked["post"]["content"]
    zoe.server.inbox.clear()
    await decide(alpha, ann, verb)
    (told,) = said(zoe)
    assert told["type"] == verb.capitalize() and told["to"] == [zoe.id] and "target" not in told
    assert (told["object"]["type"], told["object"]["instrument"]) == ("ReplyRequest", note["id"])
    if verb == "accept":
        note["replyAuthorization"] = told["result"]
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    assert await in_thread(anon, post) == ([note["id"]] if verb == "accept" else [])
    outcome, (repeated,) = await ask(alpha, zoe, post["uri"], note["id"])
    assert (repeated["type"], repeated.get("result")) == (told["type"], told.get("result"))
    assert await waiting(ann) == [] and outcome == ("done" if verb == "accept" else "ignored")


async def test_whoever_is_mentioned_need_not_ask(
    alpha: TestInstance, ann: Person, anon: Visitor, zoe: ForeignActor
) -> None:
    await ann.follow(zoe.address)
    post = await ann.publish(f"What do you say, {zoe.address}?", replyPolicy="ask")
    policy = (await alpha.client.get(post["uri"], headers=AP)).json()["interactionPolicy"]["canReply"]
    assert policy["automaticApproval"] == [ann.uri, zoe.id]
    note = zoe.note("<p>This</p>", inReplyTo=post["uri"])
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    other = zoe.note("<p>And this</p>", inReplyTo=post["uri"])
    assert [one["type"] for one in (await ask(alpha, zoe, post["uri"], other))[1]] == ["Accept"]
    assert await waiting(ann) == [] and await in_thread(anon, post) == [note["id"]]


async def test_what_is_answered_to_what_waits_or_is_passed_on_does_not_make_it_known(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, zoe: ForeignActor, max_: ForeignActor
) -> None:
    await bob.follow(max_.address)
    await settle(alpha)
    await arrive(alpha, max_, max_.activity("Accept", max_.server.activities("Follow")[-1]))
    post = await ann.publish("Ask me", replyPolicy="ask")
    note = zoe.note("<p>May I?</p>", inReplyTo=post["uri"])
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    below = zoe.note("<p>And more</p>", inReplyTo=note["id"])
    await arrive(alpha, zoe, zoe.activity("Create", below, to=[PUBLIC]))
    assert await arrive(alpha, max_, max_.activity("Announce", note["id"], to=[PUBLIC])) != "done"
    assert await in_thread(anon, post) == [] and note["id"] not in [one["uri"] for one in await bob.feed()]
    await decide(alpha, ann, "accept")
    thread = await anon.get(f"/posts/{post['postId']}/thread")
    found = {one["uri"]: one for one in thread["replies"]}  # of the same second: in any order
    assert found[note["id"]]["inReplyTo"] == post["postId"]
    assert found[below["id"]]["inReplyTo"] == found[note["id"]]["postId"]


async def test_what_is_edited_or_taken_back_while_it_waits(
    alpha: TestInstance, ann: Person, anon: Visitor, zoe: ForeignActor
) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    first, second = [zoe.note("<p>May I?</p>", inReplyTo=post["uri"]) for _ in range(2)]
    for note in (first, second):
        await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    edited = first | {"content": "<p>Please</p>", "updated": "2099-01-01T00:00:00Z"}
    assert await arrive(alpha, zoe, zoe.activity("Update", edited, to=[PUBLIC])) == "done"
    assert await arrive(alpha, zoe, zoe.activity("Delete", second["id"])) == "done"
    (asked,) = await waiting(ann)
    assert "Please" in asked["post"]["content"]
    await anon.refused(404, "GET", f"/posts/{asked['post']['postId']}")
    await ann.delete(f"/posts/{post['postId']}")
    await ann.refused(404, "PUT", f"/reply-requests/{asked['requestId']}/accept")
    assert await waiting(ann) == []


async def test_liars_and_floods_wait_for_nothing(
    alpha: TestInstance, ann: Person, bob: Person, zoe: ForeignActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "PENDING_OF_ONE", 3)
    mallory = Foreign("evil.test").join(alpha).person("mallory")
    post = await ann.publish("Ask me", replyPolicy="ask")
    secret = await ann.publish("Not for all", replyPolicy="ask", visibility="followers")
    note = zoe.note("<p>May I?</p>", inReplyTo=post["uri"])
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    assert await ask(alpha, mallory, post["uri"], note["id"]) == ("refused", [])
    mine = mallory.note("<p>May I?</p>", inReplyTo=secret["uri"])
    assert await ask(alpha, mallory, secret["uri"], mine) == ("ignored", [])
    assert await ask(alpha, mallory, post["uri"], mine) == ("refused", [])  # it answers something else
    for lie in ({"attributedTo": zoe.id}, {"id": note["id"]}):
        fake = mallory.note("<p>Well</p>", inReplyTo=post["uri"]) | lie
        assert await ask(alpha, mallory, post["uri"], fake) == ("refused", [])
    outcomes = []
    for _ in range(5):
        flood = mallory.note("<p>Me!</p>", inReplyTo=post["uri"])
        outcomes.append((await ask(alpha, mallory, post["uri"], flood))[0])
    assert outcomes == ["done"] * 3 + ["refused"] * 2
    *of_mallory, of_zoe = await waiting(ann)
    assert len(of_mallory) == 3 and of_zoe["post"]["uri"] == note["id"]
    for who, request_id in ((bob, of_zoe["requestId"]), (ann, "x"), (ann, post["postId"])):
        await who.refused(404, "PUT", f"/reply-requests/{request_id}/accept")
    await arrive(alpha, mallory, mallory.activity("Accept", note["id"], target=post["uri"], result=f"{mallory.id}/s"))
    with alpha.inside():
        assert await Stamp.all().count() == 0 and await ReplyRequest.all().count() == 4
    await ann.post(f"/users/{of_mallory[0]['user']['userId']}/block")
    assert [one["post"]["uri"] for one in await waiting(ann)] == [note["id"]]
    await ann.post("/domain-blocks", {"domain": zoe.server.host})
    assert await waiting(ann) == []


@pytest.mark.parametrize("verb", ["accept", "reject"])
async def test_between_two_servers_an_answer_waits_for_the_word_of_its_author(
    alpha_and_beta: tuple[TestInstance, TestInstance], verb: str
) -> None:
    alpha, beta = alpha_and_beta
    ann, bea = await alpha.user("ann"), await beta.user("bea")
    await bea.follow(ann.address)
    await settle(alpha, beta)
    post = await ann.publish("Ask me", replyPolicy="ask")
    await settle(alpha, beta)
    (there,) = [one for one in await bea.feed() if one["uri"] == post["uri"]]
    answer = await bea.publish("May I?", inReplyTo=there["postId"])
    assert answer["replyState"] == "pending"
    await settle(alpha, beta)
    assert (await bea.get(f"/posts/{answer['postId']}"))["replyState"] == "pending"
    (asked,) = await waiting(ann)
    assert asked["post"]["uri"] == answer["uri"]
    await ann.put(f"/reply-requests/{asked['requestId']}/{verb}")
    await settle(alpha, beta)
    agreed = verb == "accept"
    assert (await bea.get(f"/posts/{answer['postId']}"))["replyState"] == (None if agreed else "refused")
    assert await in_thread(alpha.anon, post) == ([answer["uri"]] if agreed else [])
    assert (await beta.anon.get(f"/posts/{there['postId']}"))["commentsCount"] == int(agreed)
    if agreed:
        document = (await beta.client.get(answer["uri"], headers=AP)).json()
        stamp = (await alpha.client.get(document["replyAuthorization"], headers=AP)).json()
        assert stamp["interactingObject"] == answer["uri"]
        await ann.delete(f"/posts/{post['postId']}/replies/{asked['post']['postId']}")
        await settle(alpha, beta)
        assert (await bea.get(f"/posts/{answer['postId']}"))["replyState"] == "refused"


async def test_an_answer_among_members_is_told_to_others_with_a_stamp_once_its_author_agrees(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign, zoe: ForeignActor
) -> None:
    await arrive(alpha, zoe, zoe.activity("Follow", bob.uri))
    post = await ann.publish("Ask me", replyPolicy="ask")
    answer = await bob.publish("May I?", inReplyTo=post["postId"])
    await bob.put(f"/posts/{answer['postId']}", {"content": "Please?"})
    await settle(alpha)
    assert foreign.activities("Create") == [] and foreign.activities("Update") == []
    assert (await alpha.client.get(answer["uri"], headers=AP)).status_code == 404
    await decide(alpha, ann, "accept")
    (create,) = foreign.activities("Create")
    assert "Please" in create["object"]["content"] and foreign.activities("Update") == []
    stamp = (await alpha.client.get(create["object"]["replyAuthorization"], headers=AP)).json()
    assert (stamp["attributedTo"], stamp["interactingObject"]) == (ann.uri, answer["uri"])
    with alpha.inside():
        assert (await Entry.get(id=answer["postId"])).visibility == "public"
