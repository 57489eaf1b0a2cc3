"""Our answers to people elsewhere who have a say in it: they are asked, and until they agree nobody else sees it."""

from __future__ import annotations

from typing import Any

import pytest

from core import entries, replies
from core.federation.models import Stamp
from core.models import Actor, Entry
from core.quote_models import ReplyRequest
from core.testing import Foreign, ForeignActor, Person, TestInstance, Visitor, settle
from core.testing.foreign import PUBLIC
from core.testing.people import PASSWORD
from tests.federation.arrivals import arrive, stored

AP = {"accept": "application/activity+json"}
GOTOSOCIAL = ["https://gotosocial.org/ns", "https://www.w3.org/ns/activitystreams"]


@pytest.fixture
def zoe(foreign: Foreign) -> ForeignActor:
    return foreign.person("zoe")


@pytest.fixture
def mallory(alpha: TestInstance) -> ForeignActor:
    return Foreign("evil.test").join(alpha).person("mallory")


def asking(author: ForeignActor) -> dict[str, Any]:
    """The policy of an author who wants to be asked by all but themselves, as GoToSocial writes it."""
    by_hand = {
        "always": author.id,
        "approvalRequired": PUBLIC,
        "automaticApproval": author.id,
        "manualApproval": PUBLIC,
    }
    everybody = {"always": PUBLIC, "automaticApproval": PUBLIC}
    return {"canReply": by_hand, "canLike": everybody, "canAnnounce": everybody}


async def of_zoe(alpha: TestInstance, zoe: ForeignActor, **more: Any) -> tuple[dict[str, Any], Entry]:
    """A note of zoe's, who wants to be asked, and what it is here."""
    note = zoe.note("<p>Ask me</p>", **{"to": PUBLIC, "interactionPolicy": asking(zoe), **more})
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    return note, await entry_at(alpha, note["id"])


async def entry_at(alpha: TestInstance, uri: str) -> Entry:
    found = await stored(alpha, uri)
    assert found is not None
    return found


async def answering(
    alpha: TestInstance, ann: Person, zoe: ForeignActor, **more: Any
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A note of zoe's, ann's answer to it, and what zoe was asked."""
    note, entry = await of_zoe(alpha, zoe)
    post = await ann.publish("My answer", inReplyTo=entry.id, **more)
    await settle(alpha)
    (asked,) = zoe.server.activities("ReplyRequest")
    return note, post, asked


def stamp_by(author: ForeignActor, target: str, interacting: str, **wrong: Any) -> str:
    """The address of a stamp, served where it says it is, as GoToSocial writes it."""
    path = f"/users/{author.name}/authorizations/{len(author.server.documents)}"
    author.server.documents[path] = {
        "@context": GOTOSOCIAL,
        "attributedTo": author.id,
        "id": author.server.base_url + path,
        "interactingObject": interacting,
        "interactionTarget": target,
        "type": "ReplyAuthorization",
    } | wrong
    return author.server.base_url + path


def accept_of(author: ForeignActor, asked: dict[str, Any], stamp: str | None) -> dict[str, Any]:
    """The yes of an author as GoToSocial writes it: the request is repeated, what is to answer is named."""
    inner = {key: asked[key] for key in ("actor", "id", "object", "type")} | {"instrument": asked["instrument"]["id"]}
    more = {"to": asked["actor"]} | ({"result": stamp} if stamp else {})
    return author.activity("Accept", inner, **more) | {"@context": GOTOSOCIAL}


async def at(alpha: TestInstance, post: dict[str, Any]) -> Any:
    return await alpha.client.get(post["uri"], headers=AP)


async def test_whoever_wants_to_be_asked_is_and_nobody_else_learns_of_the_answer_until_then(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, foreign: Foreign, zoe: ForeignActor
) -> None:
    await bob.follow(ann)
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    note, post, asked = await answering(alpha, ann, zoe)
    assert (asked["actor"], asked["object"], asked["to"]) == (ann.uri, note["id"], [zoe.id])
    shown = asked["instrument"]
    assert (shown["id"], shown["inReplyTo"], shown["to"]) == (post["uri"], note["id"], [PUBLIC])
    assert "My answer" in shown["content"] and "replyAuthorization" not in shown
    assert foreign.activities("Create") == []
    assert (post["replyState"], post["visibility"]) == ("pending", "private")
    assert post["inReplyTo"] == (await entry_at(alpha, note["id"])).id
    await bob.refused(404, "GET", f"/posts/{post['postId']}")
    await anon.refused(404, "GET", f"/posts/{post['postId']}")
    assert [one["uri"] for one in await bob.feed()] == [] and (await at(alpha, post)).status_code == 404
    parent = await anon.get(f"/posts/{post['inReplyTo']}")
    assert (parent["replyPolicy"], parent["commentsCount"]) == ("ask", 0)
    browser = ann.browser()
    assert "Waiting for @zoe@" in (await browser.get(f"/@ann/{post['postId']}")).text
    assert "is asked first" in (await browser.get("/compose", params={"reply": post["inReplyTo"]})).text
    # What answers what waits is for nobody else either.
    assert (await ann.publish("And", inReplyTo=post["postId"]))["visibility"] == "private"


@pytest.mark.parametrize("embeds", [True, False])
async def test_when_they_agree_it_is_published_with_their_stamp(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, foreign: Foreign, zoe: ForeignActor, embeds: bool
) -> None:
    await bob.follow(ann)
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    note, post, asked = await answering(alpha, ann, zoe, visibility="unlisted")
    edited = await ann.put(f"/posts/{post['postId']}", {"content": "My better answer"})
    assert edited["replyState"] == "pending"
    stamp = stamp_by(zoe, note["id"], post["uri"])
    accept = accept_of(zoe, asked, stamp) if embeds else zoe.activity("Accept", asked["id"], result=stamp)
    assert await arrive(alpha, zoe, accept) == "done"
    seen = await anon.get(f"/posts/{post['postId']}")
    assert (seen["replyState"], seen["visibility"]) == (None, "unlisted") and "better" in seen["content"]
    assert (await anon.get(f"/posts/{post['inReplyTo']}"))["commentsCount"] == 1
    assert (await bob.get(f"/users/{ann.id}"))["postsCount"] == 1
    (create,) = foreign.activities("Create")
    (update,) = foreign.activities("Update")
    for sent in (create, update):
        assert (sent["object"]["replyAuthorization"], sent["object"]["approvedBy"]) == (stamp, stamp)
    assert create["object"]["inReplyTo"] == note["id"]
    assert (await at(alpha, post)).json()["replyAuthorization"] == stamp
    with alpha.inside():
        assert await ReplyRequest.all().count() == 0
    again = zoe.activity("Accept", asked["id"], result=stamp)
    assert await arrive(alpha, zoe, again) == "ignored" and len(foreign.activities("Create")) == 1


@pytest.mark.parametrize("left", ["suspended", "leaving"])
async def test_a_yes_while_its_author_is_out_of_sight_counts_once_they_are_back(
    alpha: TestInstance, ann: Person, admin: Person, anon: Visitor, foreign: Foreign, zoe: ForeignActor, left: str
) -> None:
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    note, post, asked = await answering(alpha, ann, zoe)
    if left == "suspended":
        await admin.post(f"/admin/users/{ann.id}/suspend")
    else:
        await ann.delete("/users/me", {"password": PASSWORD})
    accept = accept_of(zoe, asked, stamp_by(zoe, note["id"], post["uri"]))
    assert await arrive(alpha, zoe, accept) == "done"
    assert foreign.activities("Create") == []
    if left == "suspended":
        await admin.post(f"/admin/users/{ann.id}/unsuspend")
    else:
        await anon.post("/auth/stay", {"username": "ann", "password": PASSWORD})
    await settle(alpha)
    assert (await anon.get(f"/posts/{post['postId']}"))["visibility"] == "public"
    assert (await anon.get(f"/posts/{post['inReplyTo']}"))["commentsCount"] == 1
    (create,) = foreign.activities("Create")
    assert create["object"]["id"] == post["uri"]
    with alpha.inside():
        assert await ReplyRequest.all().count() == 0


async def test_a_yes_is_worth_nothing_where_its_author_never_comes_back_or_it_is_taken_back_meanwhile(
    alpha: TestInstance, ann: Person, admin: Person, anon: Visitor, foreign: Foreign, zoe: ForeignActor
) -> None:
    note, post, asked = await answering(alpha, ann, zoe)
    await admin.post(f"/admin/users/{ann.id}/suspend")
    accept = accept_of(zoe, asked, stamp_by(zoe, note["id"], post["uri"]))
    assert await arrive(alpha, zoe, accept) == "done"
    assert await arrive(alpha, zoe, zoe.activity("Reject", asked["id"])) == "done"
    await admin.post(f"/admin/users/{ann.id}/unsuspend")
    await settle(alpha)
    await anon.refused(404, "GET", f"/posts/{post['postId']}")
    assert foreign.activities("Create") == []


FAULTS = ["stranger", "no result", "not there", "type", "target", "object", "owner", "another server"]


async def test_a_lie_is_no_consent(
    alpha: TestInstance, ann: Person, anon: Visitor, zoe: ForeignActor, mallory: ForeignActor
) -> None:
    note, post, asked = await answering(alpha, ann, zoe)
    for fault in FAULTS:
        wrong = {
            "type": {"type": "QuoteAuthorization"},
            "target": {"interactionTarget": f"{note['id']}0"},
            "object": {"interactingObject": f"{post['uri']}0"},
            "owner": {"attributedTo": mallory.id},
        }.get(fault, {})
        signer = mallory if fault == "another server" else zoe
        stamp = stamp_by(signer, note["id"], post["uri"], **({"attributedTo": zoe.id} | wrong))
        result = {"no result": None, "not there": f"{zoe.server.base_url}/nowhere"}.get(fault, stamp)
        sender = mallory if fault == "stranger" else zoe
        assert await arrive(alpha, sender, accept_of(sender, asked, result)) == "refused", fault
    assert await arrive(alpha, mallory, mallory.activity("Reject", asked)) == "refused"
    await anon.refused(404, "GET", f"/posts/{post['postId']}")
    assert (await ann.get(f"/posts/{post['postId']}"))["replyState"] == "pending"
    with alpha.inside():
        assert await Stamp.all().count() == 0


async def test_when_they_say_no_its_author_alone_keeps_it_and_can_write_it_anew(
    alpha: TestInstance, ann: Person, anon: Visitor, foreign: Foreign, zoe: ForeignActor
) -> None:
    _note, post, asked = await answering(alpha, ann, zoe)
    assert await arrive(alpha, zoe, zoe.activity("Reject", asked["id"])) == "done"
    assert (await ann.get(f"/posts/{post['postId']}"))["replyState"] == "refused"
    assert "does not want this answer" in (await ann.browser().get(f"/@ann/{post['postId']}")).text
    await anon.refused(404, "GET", f"/posts/{post['postId']}")
    draft = await ann.post(f"/posts/{post['postId']}/redraft")
    assert (draft["visibility"], draft["inReplyTo"]) == ("public", post["inReplyTo"])
    await settle(alpha)
    assert foreign.activities("Delete") == []


async def test_what_waits_can_be_taken_back_and_they_are_told(
    alpha: TestInstance, ann: Person, foreign: Foreign, zoe: ForeignActor
) -> None:
    note, post, asked = await answering(alpha, ann, zoe)
    await ann.delete(f"/posts/{post['postId']}")
    await settle(alpha)
    (gone,) = foreign.activities("Delete")
    assert (gone["object"]["id"], gone["to"]) == (post["uri"], [zoe.id])
    stamp = stamp_by(zoe, note["id"], post["uri"])
    assert await arrive(alpha, zoe, accept_of(zoe, asked, stamp)) == "ignored"
    assert (await at(alpha, post)).status_code in (404, 410) and foreign.activities("Create") == []


async def test_what_waits_for_what_is_gone_waits_no_longer(
    alpha: TestInstance, ann: Person, anon: Visitor, zoe: ForeignActor
) -> None:
    note, post, asked = await answering(alpha, ann, zoe)
    assert await arrive(alpha, zoe, zoe.activity("Delete", note["id"])) == "done"
    assert (await ann.get(f"/posts/{post['postId']}"))["replyState"] == "gone"
    assert "What this was to answer is gone" in (await ann.browser().get(f"/@ann/{post['postId']}")).text
    late = accept_of(zoe, asked, stamp_by(zoe, note["id"], post["uri"]))
    assert await arrive(alpha, zoe, late) == "ignored"
    await anon.refused(404, "GET", f"/posts/{post['postId']}")


@pytest.mark.parametrize("how", ["Delete", "Reject"])
async def test_consent_is_taken_back_and_everybody_is_told_that_it_is_gone(
    alpha: TestInstance,
    ann: Person,
    anon: Visitor,
    foreign: Foreign,
    zoe: ForeignActor,
    mallory: ForeignActor,
    how: str,
) -> None:
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    note, post, asked = await answering(alpha, ann, zoe)
    stamp = stamp_by(zoe, note["id"], post["uri"])
    await arrive(alpha, zoe, accept_of(zoe, asked, stamp))
    thing = stamp if how == "Delete" else asked
    await arrive(alpha, mallory, mallory.activity(how, thing))
    assert (await anon.get(f"/posts/{post['inReplyTo']}"))["commentsCount"] == 1
    assert await arrive(alpha, zoe, zoe.activity(how, thing)) == "done"
    await anon.refused(404, "GET", f"/posts/{post['postId']}")
    assert (await ann.get(f"/posts/{post['postId']}"))["replyState"] == "refused"
    assert (await anon.get(f"/posts/{post['inReplyTo']}"))["commentsCount"] == 0
    assert [one["object"]["id"] for one in foreign.activities("Delete")] == [post["uri"]]


async def test_who_need_not_be_asked_is_not_and_what_stays_here_cannot_ask(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign, zoe: ForeignActor
) -> None:
    mention = {"type": "Mention", "href": ann.uri, "name": "@ann"}
    _note, entry = await of_zoe(alpha, zoe, tag=mention, cc=ann.uri)
    assert (await ann.publish("For me", inReplyTo=entry.id, visibility="private"))["replyState"] is None
    post = await ann.publish("You named me", inReplyTo=entry.id)
    assert (post["replyState"], post["visibility"]) == (None, "public")
    problem = await bob.refused(422, "POST", "/posts", {"content": "x", "inReplyTo": entry.id, "localOnly": True})
    assert "inReplyTo" in str(problem)
    await settle(alpha)
    assert foreign.activities("ReplyRequest") == [] and len(foreign.activities("Create")) == 1


async def test_an_answer_that_also_quotes_asks_to_quote_once_it_may_answer(
    alpha: TestInstance, ann: Person, foreign: Foreign, zoe: ForeignActor
) -> None:
    original = zoe.note("<p>Quote me</p>")
    await arrive(alpha, zoe, zoe.activity("Create", original, to=[PUBLIC]))
    quoted = await entry_at(alpha, original["id"])
    note, post, asked = await answering(alpha, ann, zoe, quote=quoted.id)
    assert foreign.activities("QuoteRequest") == [] and post["quote"]["state"] == "pending"
    await arrive(alpha, zoe, accept_of(zoe, asked, stamp_by(zoe, note["id"], post["uri"])))
    (to_quote,) = foreign.activities("QuoteRequest")
    assert to_quote["instrument"]["replyAuthorization"] and to_quote["object"] == original["id"]


async def test_a_yes_that_comes_while_it_is_taken_away_or_refused_leaves_nothing_anywhere(
    alpha: TestInstance, ann: Person, anon: Visitor, foreign: Foreign, zoe: ForeignActor
) -> None:
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    for ending in ("taken away", "refused"):
        zoe.server.inbox.clear()
        note, post, asked = await answering(alpha, ann, zoe)
        parent = await entry_at(alpha, note["id"])
        before = await entry_at(alpha, post["uri"])  # as whoever ends it read it, a moment too early
        await arrive(alpha, zoe, accept_of(zoe, asked, stamp_by(zoe, note["id"], post["uri"])))
        assert (await anon.get(f"/posts/{parent.id}"))["commentsCount"] == 1, ending
        with alpha.inside():
            if ending == "refused":
                await replies.refuse(before, parent)
            else:
                await entries.remove(before, by=await Actor.get(id=ann.id))
        await settle(alpha)
        await anon.refused(404, "GET", f"/posts/{post['postId']}")
        assert [one["object"]["id"] for one in foreign.activities("Delete")] == [post["uri"]], ending
        assert (await anon.get(f"/posts/{parent.id}"))["commentsCount"] == 0, ending
        assert (await anon.get(f"/users/{ann.id}"))["postsCount"] == 0, ending
