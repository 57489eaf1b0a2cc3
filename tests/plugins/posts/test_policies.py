"""Who may reply and who may quote: each post says so, and the API and the pages hold to it alike."""

from __future__ import annotations

import pytest

from core.testing import befriend, counted_queries, fields_of
from plugins.posts.service import publish_due

WHO_MAY = {
    # policy: a stranger to the author, a follower, a friend, somebody mentioned
    "everyone": (True, True, True, True),
    "ask": (True, True, True, True),
    "followers": (False, True, True, True),
    "friends": (False, False, True, True),
    "mentioned": (False, False, False, True),
    "nobody": (False, False, False, False),
}


@pytest.fixture
async def people(alpha, ann):
    """A stranger, a follower, a friend and somebody who is mentioned, all of ann."""
    stranger, follower, friend, named = await alpha.users("sue", "flo", "fred", "mia")
    await follower.follow(ann)
    await befriend(ann, friend)
    return stranger, follower, friend, named


@pytest.mark.parametrize("policy", WHO_MAY)
async def test_only_those_may_reply_and_quote_whom_the_author_lets(ann, people, policy):
    post = await ann.publish("Thoughts, @mia?", replyPolicy=policy, quotePolicy=policy)
    assert (post["replyPolicy"], post["quotePolicy"]) == (policy, policy)
    assert post["canReply"] and post["canQuote"]
    path = f"/posts/{post['postId']}"
    for person, may in zip(people, WHO_MAY[policy], strict=True):
        seen = await person.get(path)
        assert (seen["canReply"], seen["canQuote"]) == (may, may)
        for body in ({"inReplyTo": post["postId"]}, {"quote": post["postId"]}):
            answer = await person.call("POST", "/posts", json={"content": "Well", **body})
            assert answer.status_code == (201 if may else 403)
        answer = await person.call("POST", f"{path}/comments", json={"content": "Hm"})
        assert answer.status_code == (201 if may else 403)
    await ann.post(f"{path}/comments", {"content": "My own"})


async def test_strangers_are_told_that_they_may_not(ann, anon):
    post = await ann.publish("Hello")
    seen = await anon.get(f"/posts/{post['postId']}")
    assert (seen["canReply"], seen["canQuote"], seen["replyPolicy"]) == (False, False, "everyone")


async def test_what_is_for_few_can_be_quoted_by_its_author_alone(ann, bob):
    await bob.follow(ann)
    post = await ann.publish("For followers", visibility="followers")
    assert not (await bob.get(f"/posts/{post['postId']}"))["canQuote"]
    await bob.refused(422, "POST", "/posts", {"content": "look", "quote": post["postId"]})
    await ann.publish("As I said", quote=post["postId"], visibility="followers")


async def test_an_author_changes_their_mind_without_an_edit(ann, bob):
    post = await ann.publish("Hello")
    path = f"/posts/{post['postId']}"
    changed = await ann.put(path, {"content": "Hello", "replyPolicy": "nobody"})
    assert (changed["replyPolicy"], changed["quotePolicy"], changed["editedAt"]) == ("nobody", "everyone", None)
    assert not (await bob.get(path))["canReply"]
    edited = await ann.put(path, {"content": "Hello all"})
    assert edited["replyPolicy"] == "nobody" and edited["editedAt"]


async def test_a_policy_that_does_not_exist_is_refused(ann):
    problem = await ann.refused(422, "POST", "/posts", {"content": "x", "replyPolicy": "cats", "quotePolicy": 3})
    assert set(fields_of(problem)) == {"replyPolicy", "quotePolicy"}
    assert await ann.feed() == []


async def test_a_scheduled_post_keeps_its_policies(alpha, ann):
    body = {"content": "Later", "replyPolicy": "friends", "publishAt": "2099-01-01T00:00:00Z"}
    waiting = await ann.post("/posts", body)
    with alpha.inside():
        await publish_due(post_id=waiting["postId"])
    assert (await ann.get(f"/posts/{waiting['postId']}"))["replyPolicy"] == "friends"


async def test_a_page_of_restricted_posts_takes_no_query_more(alpha, ann, bob):
    await bob.follow(ann)
    for policy in WHO_MAY:
        await ann.publish(policy, replyPolicy=policy)
    assert len(await bob.feed()) == 6
    with counted_queries(alpha) as first:
        await bob.feed()
    for policy in WHO_MAY:
        await ann.publish(f"{policy} too", replyPolicy=policy)
    await bob.feed()
    with counted_queries(alpha) as second:
        feed = await bob.feed()
    assert [one["canReply"] for one in feed] == [False, False, False, True, True, True] * 2
    assert len(second) == len(first)


async def test_on_pages_the_button_says_why_and_the_composer_lets_choose(ann, bob):
    browser = ann.browser()
    page = await browser.get("/compose")
    assert 'name="replyPolicy" value="nobody"' in page.text
    token = page.text.partition('name="csrfToken" value="')[2].partition('"')[0]
    form = {"csrfToken": token, "content": "Listen", "visibility": "public", "replyPolicy": "nobody"}
    answer = await browser.post("/compose", data={**form, "quotePolicy": "cats"})
    assert answer.status_code == 422 and "Choose who may reply and quote." in answer.text
    assert (await browser.post("/compose", data=form)).status_code == 303
    (post,) = await ann.feed()
    assert post["replyPolicy"] == "nobody"
    shown = (await bob.browser().get(f"/@ann/{post['postId']}")).text
    assert 'disabled title="Nobody may reply to this"' in shown and 'id="reply"' not in shown
    edit = (await browser.get(f"/posts/{post['postId']}/edit")).text
    assert 'name="replyPolicy" value="nobody" checked' in edit
