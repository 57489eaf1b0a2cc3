"""Whole conversations of other servers: looked for when somebody reads one, within bounds, and shown as they come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.database import execute, now
from core.federation import thread_walk, threads
from core.models import Entry
from core.testing import Person, TestInstance, Visitor, settle
from tests.federation.conversation import Conversation


@pytest.fixture
async def talk(alpha: TestInstance) -> Conversation:
    """Mia says something, Otto and she answer; Otto's answer is on his own server."""
    talk = Conversation(alpha)
    talk.says("root", context="https://masto.test/contexts/1-7")
    talk.says("first", "root")
    talk.says("second", "first", by="otto")
    talk.says("third", "second")
    return talk


def of_root(talk: Conversation, **changes: object) -> None:
    talk.masto.documents["/notes/root"] |= changes


async def test_on_two_servers_of_ours_the_answers_of_strangers_are_found(
    alpha_and_beta: tuple[TestInstance, TestInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha, beta = alpha_and_beta
    ann, eve = await alpha.users("ann", "eve")
    bob = await beta.user("bob")
    await bob.follow(ann.address)
    await settle(alpha, beta)
    post = await ann.publish("Who is there?")
    await settle(alpha, beta)
    (there,) = await bob.feed()
    comment = await eve.post(f"/posts/{post['postId']}/comments", {"content": "I am"})
    await eve.post(f"/comments/{comment['commentId']}/reply", {"content": "Still"})
    await settle(alpha, beta)
    path = f"/posts/{there['postId']}/thread"
    assert ((await bob.get(path))["replies"], (await bob.get(path))["isLooking"]) == ([], False)  # it is too new

    monkeypatch.setattr(threads, "NOT_BEFORE", timedelta(0))
    beta.instance.cache.drop_prefix("federation:thread:")
    assert (await bob.get(path))["isLooking"] is True
    await settle(alpha, beta)
    found = await bob.get(path)
    assert [one["content"] for one in found["replies"]] == ["<p>I am</p>", "<p>Still</p>"]
    assert found["replies"][0]["createdAt"] == comment["createdAt"]
    assert found["isLooking"] is False
    assert [one["postId"] for one in await bob.feed()] == [there["postId"]]  # nothing was pushed into a timeline


@pytest.mark.parametrize("server", ["mastodon", "lemmy"])
async def test_what_the_owner_lists_of_a_conversation_is_taken(talk: Conversation, ann: Person, server: str) -> None:
    listed = talk.shape(server, "context")
    if server == "mastodon":
        talk.shape("mastodon", "context_page")
    of_root(talk, context=listed["id"])
    root = await talk.found_by(ann)
    words = ["first", "second", "third"] if server == "mastodon" else ["first", "second"]
    assert await talk.opened_by(ann, root) == words


@pytest.mark.parametrize("server", ["mastodon", "gotosocial"])
async def test_without_such_a_list_each_post_is_asked_for_its_answers(
    talk: Conversation, ann: Person, server: str
) -> None:
    replies = talk.shape(server, "replies")
    talk.shape(server, "replies_page")
    of_root(talk, replies=replies, context=None)
    talk.other.documents["/notes/second"] |= {
        "replies": {
            "type": "Collection",
            "id": "https://other.test/notes/second/replies",
            "first": {"type": "CollectionPage", "items": ["https://masto.test/notes/third"]},
        }
    }
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == ["first", "second", "third"]


async def test_what_comes_reaches_the_open_page_and_nobodys_home(talk: Conversation, ann: Person) -> None:
    of_root(talk, context=talk.shape("lemmy", "context")["id"])
    root = await talk.found_by(ann)
    await ann.follow(talk.otto.address)
    await settle(talk.instance)
    async with ann.socket() as socket:
        await socket.send({"type": "auth", "token": ann.access_token})
        for channel in ("home", f"post:{root}"):
            await socket.send({"type": "subscribe", "channel": channel})
        await ann.get(f"/posts/{root}/thread")
        await settle(talk.instance)
        frames = [await socket.receive() for _ in range(4)]
    assert [frame["type"] for frame in frames] == ["ready", "post", "post", "thread"]
    assert [frame["data"]["content"] for frame in frames[1:3]] == ["<p>first</p>", "<p>second</p>"]
    assert frames[3]["data"] == {"postId": root, "isLooking": False, "found": 2}
    assert await ann.feed() == []


async def test_strangers_and_posts_for_a_few_set_nothing_off(talk: Conversation, ann: Person, anon: Visitor) -> None:
    of_root(talk, context=talk.shape("lemmy", "context")["id"])
    root = await talk.found_by(ann)
    assert (await anon.get(f"/posts/{root}/thread"))["isLooking"] is False
    await settle(talk.instance)
    assert await talk.read_by(ann, root) is not None
    own = await ann.publish("mine")
    assert (await ann.get(f"/posts/{own['postId']}/thread"))["isLooking"] is False


async def test_it_is_looked_for_once_in_fifteen_minutes(talk: Conversation, ann: Person) -> None:
    of_root(talk, context=talk.shape("lemmy", "context")["id"])
    root = await talk.found_by(ann)
    await talk.opened_by(ann, root)
    asked = len(talk.masto.asked)
    talk.instance.instance.cache.drop_prefix("federation:thread:")
    assert (await ann.get(f"/posts/{root}/thread"))["isLooking"] is False
    await settle(talk.instance)
    assert len(talk.masto.asked) == asked
    with talk.instance.inside():
        await execute("UPDATE federation_thread SET looked_at = $1", now() - threads.EVERY)
    talk.instance.instance.cache.drop_prefix("federation:thread:")
    assert (await ann.get(f"/posts/{root}/thread"))["isLooking"] is True
    await settle(talk.instance)
    assert len(talk.masto.asked) > asked


async def test_an_answer_that_came_first_finds_its_place(talk: Conversation, ann: Person) -> None:
    first = talk.masto.documents.pop("/notes/first")
    early = await talk.found_by(ann, "second")
    talk.masto.documents["/notes/first"] = first
    of_root(talk, context=talk.shape("lemmy", "context")["id"])
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == ["first", "second"]
    assert (await ann.get(f"/posts/{early}"))["rootId"] == root
    assert (await ann.get(f"/posts/{root}"))["commentsCount"] == 1


# -- Liars ---------------------------------------------------------------------
def lists(talk: Conversation, *items: object, **more: object) -> None:
    """Have the owner of the conversation list these."""
    address = "https://masto.test/contexts/1-7"
    talk.masto.documents["/contexts/1-7"] = {"id": address, "type": "Collection", "items": list(items), **more}


async def test_a_list_that_never_ends_is_read_so_far_and_no_further(
    talk: Conversation, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_walk, "PAGES_AT_MOST", 5)
    lists(talk, first="https://masto.test/pages?n=0")
    for number in range(20):
        talk.masto.documents[f"/pages?n={number}"] = {
            "id": f"https://masto.test/pages?n={number}",
            "type": "CollectionPage",
            "items": ["https://masto.test/notes/first"],
            "next": f"https://masto.test/pages?n={number + 1}",
        }
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == ["first"]
    assert len([one for one in talk.masto.asked if one.path == "/pages"]) <= 5


async def test_a_list_that_runs_in_a_circle_or_leads_elsewhere_ends_there(talk: Conversation, ann: Person) -> None:
    lists(talk, "https://masto.test/notes/first", next="https://masto.test/contexts/1-7")
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == ["first"]
    lists(talk, "https://masto.test/notes/first", next="https://other.test/more")
    talk.other.documents["/more"] = {"type": "CollectionPage", "items": ["https://other.test/notes/second"]}
    with talk.instance.inside():
        await execute("DELETE FROM federation_thread")
    talk.instance.instance.cache.drop_prefix("federation:thread:")
    assert await talk.opened_by(ann, root) == ["first"]
    assert "/more" not in [one.path for one in talk.other.asked]


async def test_nobody_puts_words_into_anothers_mouth(talk: Conversation, ann: Person) -> None:
    said = talk.masto.documents["/notes/first"] | {"content": "<p>I never said this</p>"}
    lists(
        talk,
        said | {"id": "https://other.test/notes/forged", "attributedTo": talk.otto.id},
        "https://masto.test/notes/posing",
        "https://masto.test/notes/elsewhere",
    )
    talk.masto.documents["/notes/posing"] = said | {
        "id": "https://masto.test/notes/posing",
        "attributedTo": talk.otto.id,
    }
    talk.masto.documents["/notes/elsewhere"] = said | {
        "id": "https://other.test/notes/elsewhere",
        "attributedTo": talk.otto.id,
    }
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == []


async def test_what_does_not_belong_to_the_conversation_is_not_stored(talk: Conversation, ann: Person) -> None:
    unrelated = talk.says("advert", by="otto")
    stray = talk.says("stray", "advert", by="otto")
    secret = talk.says("secret", "root", to=[talk.mia.id])
    lists(talk, unrelated, stray, secret, "https://alpha.test/objects/1", "no address", {"id": 5}, None)
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == []
    with talk.instance.inside():
        assert await Entry.filter(uri__in=[unrelated, stray, secret]).count() == 0


async def test_two_posts_that_answer_each_other_lead_nowhere(talk: Conversation, ann: Person) -> None:
    one = talk.says("one", "root")
    other = talk.says("other", "one")
    talk.masto.documents["/notes/one"] |= {"inReplyTo": other}
    lists(talk, one, other)
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == []


async def test_no_more_is_asked_of_servers_than_the_bounds_allow(
    talk: Conversation, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_walk, "AT_A_HOST", 3)
    lists(talk, *(talk.says(f"n{number}", "root") for number in range(8)))
    root = await talk.found_by(ann)
    assert await talk.opened_by(ann, root) == ["n0", "n1", "n2"]


async def test_a_server_that_fails_is_left_in_peace(talk: Conversation, ann: Person) -> None:
    lists(talk, *(f"https://other.test/notes/{number}" for number in range(20)), "https://masto.test/notes/first")
    root = await talk.found_by(ann)
    talk.other.status = 503
    assert await talk.opened_by(ann, root) == ["first"]
    assert len(talk.other.asked) <= thread_walk.FAILURES_AT_A_HOST + thread_walk.TOGETHER_AT_A_HOST
