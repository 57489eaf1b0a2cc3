"""Who may reply and quote, between servers: said in documents, read from them, and held to by the inbox."""

from __future__ import annotations

import pytest

from core.models import Entry
from core.testing import settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored

AP = {"accept": "application/activity+json"}


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


async def policies_of(alpha, post):
    return (await alpha.client.get(post["uri"], headers=AP)).json()["interactionPolicy"]


async def test_documents_say_who_may(alpha, ann):
    await alpha.user("mia")
    followers = f"{ann.uri}/followers"
    mia = (await ann.get("/users/mia"))["userId"]
    named = [f"{alpha.base_url}/actors/{mia}"]
    expected = {
        "everyone": [PUBLIC],
        "ask": [ann.uri, *named],
        "followers": [followers, *named],
        "friends": [ann.uri, *named],
        "mentioned": [ann.uri, *named],
        "nobody": [ann.uri],
    }
    for policy, automatic in expected.items():
        found = await policies_of(alpha, await ann.publish("@mia", replyPolicy=policy, quotePolicy=policy))
        manual = {"friends": [followers], "ask": [PUBLIC]}.get(policy, [])
        approval = {"automaticApproval": automatic, "manualApproval": manual}
        assert found["canQuote"] == approval | ({"automaticApproval": [ann.uri]} if policy == "ask" else {})
        # GoToSocial before 0.20 knows these names alone, and before 0.19.2 takes what is not said for nobody.
        assert found["canReply"] == approval | {"always": automatic, "approvalRequired": manual}
        assert found["canLike"] == found["canAnnounce"] == everybody_in_all_spellings()


def everybody_in_all_spellings():
    return {"automaticApproval": [PUBLIC], "manualApproval": [], "always": [PUBLIC], "approvalRequired": []}


async def test_only_what_everybody_may_see_may_be_shared_elsewhere(alpha, ann, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    await ann.publish("For my people", visibility="followers")
    await settle(alpha)
    (create,) = zoe.server.activities("Create")
    said = create["object"]["interactionPolicy"]
    assert said["canAnnounce"]["automaticApproval"] == said["canAnnounce"]["always"] == [ann.uri]
    assert said["canLike"] == said["canReply"] == everybody_in_all_spellings()


@pytest.mark.parametrize(("policy", "is_answer"), [("everyone", True), ("followers", False), ("nobody", False)])
async def test_a_reply_that_is_not_allowed_is_not_shown_as_an_answer(alpha, ann, zoe, policy, is_answer):
    post = await ann.publish("Listen", replyPolicy=policy)
    reply = zoe.note("<p>No!</p>", inReplyTo=post["uri"])
    await arrive(alpha, zoe, zoe.activity("Create", reply, to=[PUBLIC]))
    entry = await stored(alpha, reply["id"])
    assert (entry.reply_to_id == post["postId"]) is is_answer
    assert (await ann.get(f"/posts/{post['postId']}"))["commentsCount"] == int(is_answer)
    thread = await ann.get(f"/posts/{post['postId']}/thread")
    assert len(thread["replies"]) == int(is_answer)
    answers = (await alpha.client.get(f"{post['uri']}/replies", headers=AP)).json()
    assert answers["totalItems"] == int(is_answer)


async def test_followers_elsewhere_may_where_followers_may(alpha, ann, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    post = await ann.publish("For my people", replyPolicy="followers", quotePolicy="followers")
    reply = zoe.note("<p>Yes!</p>", inReplyTo=post["uri"])
    await arrive(alpha, zoe, zoe.activity("Create", reply, to=[PUBLIC]))
    assert (await stored(alpha, reply["id"])).reply_to_id == post["postId"]


@pytest.mark.parametrize("policy", ["everyone", "followers", "nobody"])
async def test_who_asks_to_quote_is_answered_as_the_policy_says(alpha, ann, foreign, zoe, policy):
    answered = "Accept" if policy == "everyone" else "Reject"
    post = await ann.publish("Quote me", quotePolicy=policy)
    note = zoe.note("<p>look</p>", quote=post["uri"])
    await arrive(alpha, zoe, zoe.activity("QuoteRequest", post["uri"], instrument=note["id"]))
    assert [one["type"] for one in foreign.activities() if one["type"] in ("Accept", "Reject")] == [answered]


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        (None, "everyone"),
        ({"canReply": {"automaticApproval": [PUBLIC]}}, "everyone"),
        ({"canReply": {"automaticApproval": PUBLIC, "manualApproval": []}}, "everyone"),
        ({"canReply": {"always": ["as:Public"]}}, "everyone"),
        ({"canReply": {"automaticApproval": ["FOLLOWERS", "ME"]}}, "followers"),
        ({"canReply": {"automaticApproval": ["ME"], "manualApproval": ["FOLLOWERS"]}}, "followers"),
        ({"canReply": {"automaticApproval": ["FOLLOWING"]}}, "friends"),
        ({"canReply": {"automaticApproval": ["https://elsewhere.test/users/max"]}}, "mentioned"),
        ({"canReply": {"automaticApproval": ["ME"], "manualApproval": []}}, "nobody"),
        ({"canReply": {}}, "nobody"),
        ({"canReply": 7}, "everyone"),
        (["nonsense"], "everyone"),
    ],
)
async def test_what_others_say_is_read(alpha, bob, zoe, said, policy):
    text = {"FOLLOWERS": f"{zoe.id}/followers", "FOLLOWING": f"{zoe.id}/following", "ME": zoe.id}
    if isinstance(said, dict) and isinstance(said["canReply"], dict):
        lists = said["canReply"].items()
        said = {"canReply": {k: [text.get(x, x) for x in v] if isinstance(v, list) else v for k, v in lists}}
    note = zoe.note("<p>Hello</p>", **({"interactionPolicy": said} if said is not None else {}))
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    entry = await stored(alpha, note["id"])
    assert (entry.reply_policy, entry.quote_policy) == (policy, "everyone")
    refused = policy in ("followers", "friends", "mentioned", "nobody")
    answer = await bob.call("POST", f"/posts/{entry.id}/comments", json={"content": "hi"})
    assert answer.status_code == (403 if refused else 201)


async def test_a_change_of_mind_crosses_over_without_an_edit(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bea = await alpha.user("ann"), await beta.user("bea")
    await bea.follow(ann.address)
    await settle(alpha, beta)
    post = await ann.publish("Hello")
    await settle(alpha, beta)
    await ann.put(f"/posts/{post['postId']}", {"content": "Hello", "replyPolicy": "nobody", "quotePolicy": "followers"})
    await settle(alpha, beta)
    with beta.inside():
        there = await Entry.get(uri=post["uri"])
    assert (there.reply_policy, there.quote_policy, there.edited_at) == ("nobody", "followers", None)
    seen = await bea.get(f"/posts/{there.id}")
    assert (seen["canReply"], seen["canQuote"]) == (False, True)
