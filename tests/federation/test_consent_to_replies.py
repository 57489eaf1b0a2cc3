"""Answers of others: those who ask are answered, and what needs consent is an answer only with a stamp that holds."""

from __future__ import annotations

from typing import Any

import pytest

from core import entries, replies
from core.federation.models import Stamp
from core.models import Actor, Entry
from core.testing import Foreign, ForeignActor, Person, TestInstance, Visitor, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive
from tests.federation.test_asking_to_reply import AP, asking, entry_at, stamp_by


@pytest.fixture
def zoe(foreign: Foreign) -> ForeignActor:
    return foreign.person("zoe")


@pytest.fixture
def max_(alpha: TestInstance) -> ForeignActor:
    """Somebody on a third server, whom others answer."""
    return Foreign("third.test").join(alpha).person("max")


@pytest.fixture
def mallory(alpha: TestInstance) -> ForeignActor:
    return Foreign("evil.test").join(alpha).person("mallory")


async def ask(alpha: TestInstance, who: ForeignActor, target: str, instrument: Any) -> tuple[str, list[dict[str, Any]]]:
    """Ask as GoToSocial does; what became of it, and what was answered."""
    who.server.inbox.clear()
    request = who.activity("ReplyRequest", target, instrument=instrument, to="https://alpha.test/somebody")
    outcome = await arrive(alpha, who, request)
    return outcome, [one for one in who.server.activities() if one["type"] in ("Accept", "Reject")]


async def place_of(alpha: TestInstance, note: dict[str, Any]) -> str | None:
    return (await entry_at(alpha, note["id"])).reply_to_id


# -- Answers to what is ours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "follows", "may"),
    [("everyone", False, True), ("followers", True, True), ("followers", False, False), ("nobody", True, False)],
)
async def test_who_asks_to_answer_is_told_at_once_and_the_stamp_is_where_it_says(
    alpha: TestInstance, ann: Person, zoe: ForeignActor, policy: str, follows: bool, may: bool
) -> None:
    if follows:
        await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    post = await ann.publish("Listen", replyPolicy=policy)
    note = zoe.note("<p>Well</p>", inReplyTo=post["uri"])
    outcome, (said,) = await ask(alpha, zoe, post["uri"], note)
    assert (outcome, said["type"]) == (("done", "Accept") if may else ("ignored", "Reject"))
    assert said["to"] == [zoe.id] and said["object"]["type"] == "ReplyRequest"
    assert (said["object"]["object"], said["object"]["instrument"]) == (post["uri"], note["id"])
    if may:
        stamp = (await alpha.client.get(said["result"], headers=AP)).json()
        assert (stamp["id"], stamp["type"], stamp["attributedTo"]) == (said["result"], "ReplyAuthorization", ann.uri)
        assert (stamp["interactingObject"], stamp["interactionTarget"]) == (note["id"], post["uri"])
        other = said["result"].replace("reply_auth", "quote_auth")
        assert (await alpha.client.get(other, headers=AP)).status_code == 404
    again, (repeated,) = await ask(alpha, zoe, post["uri"], note["id"])
    assert (again, repeated.get("result")) == (outcome, said.get("result"))
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    assert (await place_of(alpha, note) == post["postId"]) is may


async def test_a_stamp_of_ours_holds_when_its_author_changes_their_mind_and_for_nothing_else(
    alpha: TestInstance, ann: Person, zoe: ForeignActor, mallory: ForeignActor
) -> None:
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    post, other = [await ann.publish(words, replyPolicy="followers") for words in ("Listen", "And here")]
    note = zoe.note("<p>Well</p>", inReplyTo=post["uri"])
    _, (said,) = await ask(alpha, zoe, post["uri"], note)
    for one in (post, other):
        await ann.put(f"/posts/{one['postId']}", {"content": "Listen", "replyPolicy": "nobody"})
    for name in ("replyAuthorization", "approvedBy"):
        stolen = mallory.note("<p>Me too</p>", inReplyTo=post["uri"], **{name: said["result"]})
        elsewhere = zoe.note("<p>Well</p>", inReplyTo=other["uri"], **{name: said["result"]})
        for who, lie in ((mallory, stolen), (zoe, elsewhere)):
            await arrive(alpha, who, who.activity("Create", lie, to=[PUBLIC]))
            assert await place_of(alpha, lie) is None
    note["replyAuthorization"] = said["result"]
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    assert await place_of(alpha, note) == post["postId"]


async def test_liars_get_no_stamp(
    alpha: TestInstance, ann: Person, foreign: Foreign, zoe: ForeignActor, mallory: ForeignActor
) -> None:
    post = await ann.publish("Listen")
    secret = await ann.publish("Not for all", visibility="followers")
    note = zoe.note("<p>Well</p>", inReplyTo=post["uri"])
    mine = mallory.note("<p>Well</p>", inReplyTo=secret["uri"])
    assert await ask(alpha, mallory, post["uri"], note["id"]) == ("refused", [])
    assert await ask(alpha, mallory, post["uri"], {**mine, "attributedTo": zoe.id}) == ("refused", [])
    assert await ask(alpha, mallory, post["uri"], mine) == ("refused", [])  # it answers something else
    assert await ask(alpha, mallory, secret["uri"], mine) == ("ignored", [])
    await ann.post(f"/users/{(await ann.get(f'/users/{mallory.address}'))['userId']}/block")
    fine = mallory.note("<p>Well</p>", inReplyTo=post["uri"])
    assert (await ask(alpha, mallory, post["uri"], fine))[0] == "ignored"
    with alpha.inside():
        assert await Stamp.all().count() == 0


async def test_an_answer_among_members_bears_a_stamp_for_other_servers(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign, zoe: ForeignActor
) -> None:
    await arrive(alpha, zoe, zoe.activity("Follow", bob.uri))
    await bob.follow(ann)
    post = await ann.publish("For my people", replyPolicy="followers")
    answer = await bob.publish("Yes", inReplyTo=post["postId"])
    assert answer["replyState"] is None
    await settle(alpha)
    (create,) = foreign.activities("Create")
    stamp = (await alpha.client.get(create["object"]["replyAuthorization"], headers=AP)).json()
    assert (stamp["attributedTo"], stamp["interactingObject"]) == (ann.uri, answer["uri"])
    await ann.delete(f"/posts/{post['postId']}")
    assert (await alpha.client.get(stamp["id"], headers=AP)).status_code == 404


# -- Answers of others to others ---------------------------------------------------------------------------------------


FAULTS = ["", "no stamp", "not there", "type", "target", "object", "owner", "its own", "another server"]


async def test_in_a_thread_of_others_an_answer_that_needs_consent_is_one_where_the_stamp_holds(
    alpha: TestInstance, anon: Visitor, zoe: ForeignActor, max_: ForeignActor, mallory: ForeignActor
) -> None:
    original = max_.note("<p>Ask me</p>", interactionPolicy=asking(max_))
    await arrive(alpha, max_, max_.activity("Create", original, to=[PUBLIC]))
    parent = await entry_at(alpha, original["id"])
    for fault in FAULTS:
        note = zoe.note("<p>Well</p>", inReplyTo=original["id"])
        wrong = {
            "type": {"type": "QuoteAuthorization"},
            "target": {"interactionTarget": f"{original['id']}0"},
            "object": {"interactingObject": f"{note['id']}0"},
            "owner": {"attributedTo": zoe.id},
        }.get(fault, {})
        signer = {"its own": zoe, "another server": mallory}.get(fault, max_)
        wrong = {"attributedTo": max_.id} if signer is not max_ else wrong
        stamp = stamp_by(signer, original["id"], note["id"], **wrong)
        note["replyAuthorization"] = f"{max_.server.base_url}/nowhere" if fault == "not there" else stamp
        if fault == "no stamp":
            del note["replyAuthorization"]
        assert await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC])) == "done"
        assert await place_of(alpha, note) == (None if fault else parent.id), fault
    own = max_.note("<p>As I said</p>", inReplyTo=original["id"])
    await arrive(alpha, max_, max_.activity("Create", own, to=[PUBLIC]))
    thread = await anon.get(f"/posts/{parent.id}/thread")
    assert thread["post"]["commentsCount"] == 2 and len(thread["replies"]) == 2


async def test_a_stamp_that_comes_later_brings_an_answer_to_its_place_and_one_taken_back_takes_it_away(
    alpha: TestInstance, anon: Visitor, zoe: ForeignActor, max_: ForeignActor, mallory: ForeignActor
) -> None:
    original = max_.note("<p>Ask me</p>", interactionPolicy=asking(max_))
    await arrive(alpha, max_, max_.activity("Create", original, to=[PUBLIC]))
    parent = await entry_at(alpha, original["id"])
    note = zoe.note("<p>Well</p>", inReplyTo=original["id"])
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    below = mallory.note("<p>Hm</p>", inReplyTo=note["id"])
    await arrive(alpha, mallory, mallory.activity("Create", below, to=[PUBLIC]))
    note["approvedBy"] = stamp = stamp_by(max_, original["id"], note["id"])
    assert await arrive(alpha, zoe, zoe.activity("Update", note, to=[PUBLIC])) == "done"
    assert await place_of(alpha, note) == parent.id
    assert (await entry_at(alpha, below["id"])).root_id == parent.id
    await arrive(alpha, mallory, mallory.activity("Delete", stamp))
    assert await place_of(alpha, note) == parent.id
    assert await arrive(alpha, max_, max_.activity("Delete", stamp)) == "done"
    assert await place_of(alpha, note) is None
    (inner, middle) = (await entry_at(alpha, below["id"]), await entry_at(alpha, note["id"]))
    assert (inner.reply_to_id, inner.root_id) == (middle.id, middle.id)
    assert (await anon.get(f"/posts/{parent.id}"))["commentsCount"] == 0
    assert (await anon.get(f"/posts/{middle.id}"))["commentsCount"] == 1


async def test_an_answer_that_is_taken_out_and_deleted_at_once_is_counted_off_once(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    post = await ann.publish("Listen")
    for first in ("out", "deleted", "out again"):
        answer = await bob.publish("Well", inReplyTo=post["postId"])
        with alpha.inside():
            parent, before = [await Entry.get(id=one["postId"]) for one in (post, answer)]
            author, answerer = [await Actor.get(id=one.id) for one in (ann, bob)]
        if first == "deleted":
            await bob.delete(f"/posts/{answer['postId']}")
        else:
            await ann.delete(f"/posts/{post['postId']}/replies/{answer['postId']}")
        with alpha.inside():
            if first == "out":
                await entries.remove(before, by=answerer)
            else:
                await replies.remove_reply(author, parent, before)
        counted = await ann.get(f"/posts/{post['postId']}")
        assert counted["commentsCount"] == 0, first
        with alpha.inside():
            assert (await Entry.get(id=parent.id)).replies_count == 0, first


# -- Between two of us -------------------------------------------------------------------------------------------------


async def two_who_follow(alpha: TestInstance, beta: TestInstance) -> tuple[Person, Person]:
    ann, bea = await alpha.user("ann"), await beta.user("bea")
    await bea.follow(ann.address)
    await settle(alpha, beta)
    await ann.follow(bea.address)
    await settle(alpha, beta)
    return ann, bea


async def test_between_two_servers_an_answer_is_asked_for_published_and_refused(
    alpha_and_beta: tuple[TestInstance, TestInstance],
) -> None:
    alpha, beta = alpha_and_beta
    ann, bea = await two_who_follow(alpha, beta)
    post = await ann.publish("For my people", replyPolicy="followers")
    await settle(alpha, beta)
    (there,) = [one for one in await bea.feed() if one["uri"] == post["uri"]]
    answer = await bea.publish("Yes", inReplyTo=there["postId"])
    assert answer["replyState"] == "pending"
    await settle(alpha, beta)
    assert (await bea.get(f"/posts/{answer['postId']}"))["replyState"] is None
    thread = await ann.get(f"/posts/{post['postId']}/thread")
    assert [one["uri"] for one in thread["replies"]] == [answer["uri"]]
    document = (await beta.client.get(answer["uri"], headers=AP)).json()
    stamp = (await alpha.client.get(document["replyAuthorization"], headers=AP)).json()
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (answer["uri"], post["uri"])

    await ann.put(f"/posts/{post['postId']}", {"content": "For my people", "replyPolicy": "nobody"})
    await settle(alpha, beta)
    with beta.inside():
        await Entry.filter(id=there["postId"]).update(reply_policy="followers")  # as an older copy would have it
    second = await bea.publish("And", inReplyTo=there["postId"])
    await settle(alpha, beta)
    assert (await bea.get(f"/posts/{second['postId']}"))["replyState"] == "refused"
    assert len((await ann.get(f"/posts/{post['postId']}/thread"))["replies"]) == 1


async def test_between_two_servers_an_answer_is_taken_out_of_the_conversation_for_good(
    alpha_and_beta: tuple[TestInstance, TestInstance],
) -> None:
    alpha, beta = alpha_and_beta
    ann, bea = await two_who_follow(alpha, beta)
    eve = await alpha.user("eve")
    await eve.follow(ann)
    post = await ann.publish("For my people", replyPolicy="followers")
    await settle(alpha, beta)
    (there,) = [one for one in await bea.feed() if one["uri"] == post["uri"]]
    answer = await bea.publish("Yes", inReplyTo=there["postId"])
    await eve.publish("Me too", inReplyTo=post["postId"])
    await settle(alpha, beta)
    (stamped,) = [(await beta.client.get(answer["uri"], headers=AP)).json()["replyAuthorization"]]
    first, second = (await ann.get(f"/posts/{post['postId']}/thread"))["replies"]
    browser = ann.browser()
    for one in (first, second):
        path = f"/posts/{post['postId']}/replies/{one['postId']}"
        page = (await browser.get(f"/@{one['user']['acct']}/{one['postId']}")).text
        assert f'formaction="{path}/remove"' in page
        await eve.refused(403, "DELETE", f"{path}")
        await ann.delete(path)
        await ann.refused(404, "DELETE", path)
    await settle(alpha, beta)
    assert (await ann.get(f"/posts/{post['postId']}"))["commentsCount"] == 0
    assert (await alpha.client.get(stamped, headers=AP)).status_code == 404
    assert (await bea.get(f"/posts/{answer['postId']}"))["replyState"] == "refused"
    assert (await bea.get(f"/posts/{there['postId']}"))["commentsCount"] == 1  # for her eyes alone
    (kept,) = [one for one in await eve.feed() if one["user"]["username"] == "eve"]
    document = (await alpha.client.get(kept["uri"], headers=AP)).json()
    assert kept["inReplyTo"] is None and "replyAuthorization" not in document


# -- Answers that did not ask ------------------------------------------------------------------------------------------


async def test_in_a_thread_of_others_an_answer_that_did_not_ask_has_its_place_once_they_say_so(
    alpha: TestInstance, ann: Person, zoe: ForeignActor, max_: ForeignActor, mallory: ForeignActor
) -> None:
    original = max_.note("<p>Ask me</p>", interactionPolicy=asking(max_))
    await arrive(alpha, max_, max_.activity("Create", original, to=[PUBLIC]))
    parent = await entry_at(alpha, original["id"])
    known, fetched, other = [zoe.note("<p>Well</p>", inReplyTo=original["id"]) for _ in range(3)]
    await arrive(alpha, zoe, zoe.activity("Create", known, to=[PUBLIC]))
    for note in (known, fetched):
        said = {"to": zoe.id, "cc": [PUBLIC, f"{max_.id}/followers"], "target": original["id"]}
        stamp = stamp_by(max_, original["id"], note["id"])
        lies = [
            mallory.activity("Accept", note["id"], **said, result=stamp),
            max_.activity("Accept", note["id"], **said, result=stamp_by(max_, original["id"], other["id"])),
            max_.activity("Accept", note["id"], **said, result=stamp_by(mallory, original["id"], note["id"])),
        ]
        for lie in lies:
            assert await arrive(alpha, mallory if lie["actor"] == mallory.id else max_, lie) == "refused"
        object = note["id"] if note is known else {"type": "Note", "id": note["id"]}
        assert await arrive(alpha, max_, max_.activity("Accept", object, **said, result=stamp)) == "done"
        assert await place_of(alpha, note) == parent.id
