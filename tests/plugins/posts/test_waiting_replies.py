"""Answers to people here who want to be asked: between the two of them until they agree, and not before."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core import consent, entries
from core.models import Entry
from core.testing import Person, TestInstance, Visitor, counted_queries, settle
from core.testing.people import PASSWORD


async def waiting(person: Person) -> list[dict[str, Any]]:
    return list((await person.get("/reply-requests"))["requests"])


async def test_an_answer_waits_until_its_author_agrees(ann: Person, bob: Person, eve: Person, anon: Visitor) -> None:
    post = await ann.publish("Ask me, @eve", replyPolicy="ask")
    assert post["replyPolicy"] == "ask"
    assert (await bob.get(f"/posts/{post['postId']}"))["canReply"] is True
    answer = await bob.publish("May I?", inReplyTo=post["postId"])
    assert (answer["replyState"], answer["visibility"]) == ("pending", "private")
    for other in (eve, anon):
        await other.refused(404, "GET", f"/posts/{answer['postId']}")
    seen = await ann.get(f"/posts/{answer['postId']}")
    assert (seen["replyState"], seen["canReply"]) == ("pending", False)
    (asked,) = await waiting(ann)
    assert (asked["user"]["username"], asked["post"]["postId"]) == ("bob", answer["postId"])
    assert asked["answered"]["postId"] == post["postId"]
    for other in (bob, eve):
        assert await waiting(other) == []
    await ann.put(f"/reply-requests/{asked['requestId']}/accept")
    seen = await anon.get(f"/posts/{answer['postId']}")
    assert (seen["replyState"], seen["visibility"]) == (None, "public")
    assert (await anon.get(f"/posts/{post['postId']}"))["commentsCount"] == 1


async def test_an_answer_that_is_refused_is_for_its_author_alone(ann: Person, bob: Person, anon: Visitor) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    answer = await bob.post(f"/posts/{post['postId']}/comments", {"content": "May I?"})
    (asked,) = await waiting(ann)
    await ann.put(f"/reply-requests/{asked['requestId']}/reject")
    assert (await bob.get(f"/posts/{answer['commentId']}"))["replyState"] == "refused"
    for other in (ann, anon):
        await other.refused(404, "GET", f"/posts/{answer['commentId']}")
    await ann.refused(404, "PUT", f"/reply-requests/{asked['requestId']}/accept")
    assert (await ann.get(f"/posts/{post['postId']}"))["commentsCount"] == 0


async def test_its_author_those_it_mentions_and_what_is_for_oneself_wait_for_nobody(
    ann: Person, bob: Person, eve: Person
) -> None:
    post = await ann.publish("Ask me, @eve", replyPolicy="ask")
    for person, more in ((ann, {}), (eve, {}), (bob, {"visibility": "private"})):
        assert (await person.publish("Well", inReplyTo=post["postId"], **more))["replyState"] is None
    assert await waiting(ann) == []


async def test_what_waits_is_not_answered_shared_or_pinned_and_may_be_reported(
    ann: Person, bob: Person, admin: Person
) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    answer = await bob.publish("You fool", inReplyTo=post["postId"])
    await ann.refused(403, "POST", "/posts", {"content": "What?", "inReplyTo": answer["postId"]})
    await ann.refused(422, "POST", f"/posts/{answer['postId']}/share")
    report = {"targetType": "post", "targetId": answer["postId"], "reason": "Insults me"}
    await ann.post("/reports", report)
    (seen,) = (await admin.get("/admin/reports"))["reports"]
    assert "fool" in str(seen)


@pytest.mark.parametrize("how", ["delete", "take back", "block", "leave"])
async def test_what_is_gone_waits_no_longer(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, how: str
) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    answer = await bob.publish("May I?", inReplyTo=post["postId"])
    await eve.publish("May I too?", inReplyTo=(await ann.publish("Ask", replyPolicy="ask"))["postId"])
    assert [one["user"]["username"] for one in await waiting(ann)] == ["eve", "bob"]
    match how:
        case "delete":
            await ann.delete(f"/posts/{post['postId']}")
            assert (await bob.get(f"/posts/{answer['postId']}"))["replyState"] == "gone"
            assert "is gone" in (await bob.browser().get(f"/@bob/{answer['postId']}")).text
        case "take back":
            await bob.delete(f"/posts/{answer['postId']}")
        case "block":
            await ann.post(f"/users/{bob.id}/block")
            assert (await bob.get(f"/posts/{answer['postId']}"))["replyState"] == "refused"
            await ann.delete(f"/users/{bob.id}/block")
        case "leave":
            await bob.delete("/users/me", {"password": PASSWORD})
            await settle(alpha)
    assert [one["user"]["username"] for one in await waiting(ann)] == ["eve"]


async def test_what_was_refused_is_told_to_answer_nobody_once_that_is_gone(ann: Person, bob: Person) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    answer = await bob.publish("May I?", inReplyTo=post["postId"])
    (asked,) = await waiting(ann)
    await ann.put(f"/reply-requests/{asked['requestId']}/reject")
    browser = bob.browser()
    assert "@ann does not want this answer" in (await browser.get(f"/@bob/{answer['postId']}")).text
    await ann.delete(f"/posts/{post['postId']}")
    page = (await browser.get(f"/@bob/{answer['postId']}")).text
    assert "What this was to answer is gone" in page and "does not want" not in page


async def test_deleting_costs_the_same_however_many_answers_wait(alpha: TestInstance, ann: Person, bob: Person) -> None:
    costs = []
    for number in (1, 1, 12):  # the first time more is looked up
        post = await ann.publish("Ask me", replyPolicy="ask")
        answers = [await bob.publish("May I?", inReplyTo=post["postId"]) for _ in range(number)]
        assert len(await waiting(ann)) == number
        with counted_queries(alpha) as asked:
            await ann.delete(f"/posts/{post['postId']}")
        assert [(await bob.get(f"/posts/{one['postId']}"))["replyState"] for one in answers] == ["gone"] * number
        costs.append(len(asked))
    assert costs[1] == costs[2]


async def test_whoever_agrees_while_they_delete_is_not_in_their_own_way(ann: Person, bob: Person) -> None:
    for _ in range(20):
        post = await ann.publish("Ask me", replyPolicy="ask")
        for _ in range(4):
            await bob.publish("May I?", inReplyTo=post["postId"])
        acts = [ann.call("PUT", f"/reply-requests/{one['requestId']}/accept") for one in await waiting(ann)]
        done = await asyncio.gather(*acts[:2], ann.call("DELETE", f"/posts/{post['postId']}"), *acts[2:])
        assert {answer.status_code for answer in done} <= {200, 404}
        assert await waiting(ann) == []


async def test_whoever_agrees_while_they_block_is_not_in_their_own_way(ann: Person, bob: Person) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    for _ in range(20):
        for _ in range(4):
            await bob.publish("May I?", inReplyTo=post["postId"])
        acts = [ann.call("PUT", f"/reply-requests/{one['requestId']}/accept") for one in await waiting(ann)]
        done = await asyncio.gather(*acts[:2], ann.call("POST", f"/users/{bob.id}/block"), *acts[2:])
        assert {answer.status_code for answer in done} <= {200, 201, 404}
        await ann.delete(f"/users/{bob.id}/block")
        assert await waiting(ann) == []


@pytest.mark.parametrize("how", ["delete", "block"])
async def test_an_answer_that_is_being_written_meanwhile_waits_no_longer_either(
    ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    count, is_written = entries.count, asyncio.Event()

    async def counted(entry: Entry, step: int) -> None:
        await count(entry, step)
        if entry.reply_to_id and not is_written.is_set():
            is_written.set()  # it is there, and nobody else sees it yet
            await asyncio.sleep(0.3)

    monkeypatch.setattr(entries, "count", counted)
    answering = asyncio.ensure_future(bob.publish("May I?", inReplyTo=post["postId"]))
    await is_written.wait()
    if how == "delete":
        await ann.delete(f"/posts/{post['postId']}")
    else:
        await ann.post(f"/users/{bob.id}/block")
    answer = await answering
    shown = await bob.get(f"/posts/{answer['postId']}")
    assert shown["replyState"] == {"delete": "gone", "block": "refused"}[how]
    assert (await ann.get("/reply-requests"))["requests"] == []


async def test_one_person_does_not_flood_another(ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "PENDING_OF_ONE", 2)
    post = await ann.publish("Ask me", replyPolicy="ask")
    for _ in range(2):
        await bob.publish("May I?", inReplyTo=post["postId"])
    problem = await bob.refused(422, "POST", "/posts", {"content": "And?", "inReplyTo": post["postId"]})
    assert "Too many wait" in problem["detail"]
    assert len(await waiting(ann)) == 2


async def test_on_pages_the_composer_says_so_the_author_decides_and_both_see_how_it_stands(
    ann: Person, bob: Person, anon: Visitor
) -> None:
    browser, of_bob = ann.browser(), bob.browser()
    page = (await browser.get("/compose")).text
    assert 'name="replyPolicy" value="ask"' in page
    token = page.partition('name="csrfToken" value="')[2].partition('"')[0]
    form = {"csrfToken": token, "content": "Ask me", "visibility": "public", "replyPolicy": "ask"}
    assert (await browser.post("/compose", data=form)).status_code == 303
    (post,) = await ann.feed()
    composing = (await of_bob.get("/compose", params={"reply": post["postId"]})).text
    assert "@ann is asked first" in composing
    first, second = [await bob.publish(words, inReplyTo=post["postId"]) for words in ("So true", "So false")]
    assert "Waiting for @ann to agree" in (await of_bob.get(f"/@bob/{first['postId']}")).text
    page = (await browser.get(f"/@bob/{first['postId']}")).text
    assert "waits for your word" in page and 'href="/requests/replies"' in page
    assert "So true" not in (await browser.get(f"/@ann/{post['postId']}")).text
    page = (await browser.get("/requests/replies")).text
    assert "So true" in page and "So false" in page and "would like to reply to you" in page
    latest, oldest = await waiting(ann)
    for one, verb in ((oldest, "accept"), (latest, "reject")):
        path = f"/requests/replies/{one['requestId']}/{verb}"
        assert f'formaction="{path}"' in page
        assert (await browser.post(path, data={"csrfToken": token})).status_code == 303
    assert "Nobody is waiting" in (await browser.get("/requests/replies")).text
    shown = (await anon.page(f"/@ann/{post['postId']}")).text
    assert "So true" in shown and "So false" not in shown
    assert "does not want this answer" in (await of_bob.get(f"/@bob/{second['postId']}")).text


async def test_a_count_says_how_many_wait(ann: Person, bob: Person) -> None:
    post = await ann.publish("Ask me", replyPolicy="ask")
    before = (await ann.browser().get("/")).text
    await bob.publish("May I?", inReplyTo=post["postId"])
    after = (await ann.browser().get("/")).text
    assert before != after and 'href="/requests' in after
