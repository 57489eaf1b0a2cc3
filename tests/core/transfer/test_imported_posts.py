"""Posts somebody brings along are theirs, stay here, say where they came from, and prove nothing."""

from __future__ import annotations

import orjson
import pytest

from core.accounts import administration
from core.models import Actor, Entry
from core.testing import Foreign, Person, TestInstance, befriend, settle
from core.testing.people import Data
from tests.core.transfer.packing import OLD, bring, create, outbox, outcome, packed, person


def archive(*activities: Data, **actor: object) -> bytes:
    return packed({"actor.json": person(**actor), "outbox.json": outbox(*activities)})


async def posts_of(who: Person, viewer: Person | None = None) -> list[Data]:
    found: list[Data] = (await (viewer or who).get(f"/users/{who.id}/posts"))["posts"]
    return found


async def test_posts_from_another_server_stand_where_they_were_written_as_copies(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    new = await ann.publish("written here")
    transfer = await bring(
        ann, "archive", archive(create(1, "<p>spring has <strong>come</strong></p>", summary="flowers"))
    )
    await settle(alpha)
    assert (await outcome(ann, transfer))["done"] == 1
    latest, old = await posts_of(ann, bob)
    assert latest["postId"] == new["postId"]
    assert old["content"] == "<p>spring has <strong>come</strong></p>"
    assert (old["createdAt"], old["contentWarning"]) == ("2019-03-01T10:00:00.000Z", "flowers")
    assert old["imported"]["uri"] == f"{OLD}/statuses/1"
    assert (old["user"]["userId"], old["localOnly"]) == (ann.id, True)
    page = (await bob.browser().get(f"/@ann/{old['postId']}")).text
    assert "Brought along from old.example" in page
    assert (await ann.get("/users/me"))["postsCount"] == 2


async def test_nobody_elsewhere_hears_of_them_and_they_push_into_no_timeline(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign
) -> None:
    rita = foreign.person("rita")
    await rita.send(alpha, rita.activity("Follow", ann.uri))
    await befriend(ann, bob)
    await settle(alpha)
    before = len(foreign.inbox)
    await bring(ann, "archive", archive(*[create(number, f"number {number}") for number in range(1, 20)]))
    await settle(alpha)
    assert len(foreign.inbox) == before
    assert await bob.feed() == []
    (last, *_) = await posts_of(ann)
    headers = {"accept": "application/activity+json"}
    assert (await alpha.client.get(last["uri"], headers=headers)).status_code == 404
    found = (await alpha.client.get(f"{ann.uri}/outbox", headers=headers)).json()
    assert found["totalItems"] == 0
    await ann.put(f"/posts/{last['postId']}", {"content": "other words"})
    await ann.delete(f"/posts/{last['postId']}")
    await settle(alpha)
    assert len(foreign.inbox) == before


async def test_nobody_imports_in_somebody_elses_name(alpha: TestInstance, ann: Person, bob: Person) -> None:
    said_by_bob = create(1, "words put into his mouth", by=bob.uri)
    whole = packed({"actor.json": person(bob.uri), "outbox.json": outbox(said_by_bob)})
    mixed = archive(create(2, "mine"), create(3, "not mine", by=bob.uri), {**create(4, "torn"), "actor": bob.uri})
    first = await bring(ann, "archive", whole)
    await settle(alpha)
    second = await bring(ann, "archive", mixed)
    await settle(alpha)
    assert await posts_of(bob) == []
    assert {post["user"]["userId"] for post in await posts_of(ann)} == {ann.id}
    assert (await outcome(ann, first))["done"] == 1  # as words of her own, which say that they are a copy
    report = await outcome(ann, second)
    assert (report["done"], report["reasons"]["Somebody else wrote this."]) == (1, 2)
    me = await ann.get("/users/me")
    assert (me["username"], me["acct"]) == ("ann", "ann")


async def test_an_archive_of_the_same_account_restores_what_is_missing(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    kept, lost = await ann.publish("kept"), await ann.publish("**lost** #again")
    hidden = await ann.publish("for followers", visibility="followers")
    reply = await ann.publish("my own answer", inReplyTo=lost["postId"])
    taken = (await ann.call("GET", "/users/me/export")).content
    for post in (lost, hidden, reply):
        await ann.delete(f"/posts/{post['postId']}")
    transfer = await bring(ann, "archive", taken)
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert (report["done"], report["already"], report["failed"]) == (3, 1, 0)
    found = {post["source"]: post for post in await posts_of(ann)}
    assert found.keys() == {"kept", "**lost** #again", "for followers"}
    assert found["kept"]["postId"] == kept["postId"]
    assert found["**lost** #again"]["content"].startswith("<p><strong>lost</strong>")
    assert found["**lost** #again"]["tags"] == ["again"]
    assert found["for followers"]["visibility"] == "followers"
    (answer,) = (await ann.get(f"/posts/{found['**lost** #again']['postId']}/comments"))["comments"]
    assert answer["content"] == "<p>my own answer</p>"
    assert not await bob.sees(found["for followers"]["postId"])
    again = await bring(ann, "archive", taken)
    await settle(alpha)
    report = await outcome(ann, again)
    assert (report["done"], report["already"], report["failed"]) == (0, 4, 0)


async def test_what_is_strange_is_cleaned_or_refused(alpha: TestInstance, ann: Person) -> None:
    public = "https://www.w3.org/ns/activitystreams#Public"
    strange = [
        create(1, '<p onclick="x()">fine<script>alert(1)</script></p>'),
        create(2, "from tomorrow", published="2999-01-01T00:00:00Z"),
        create(3, "never", published="yesterday"),
        create(4, "", attachment=[{"type": "Document", "url": "https://old.example/cat.png"}]),
        create(5, "for one", to=["https://old.example/users/zoe"], cc=[]),
        create(6, "quiet", to=[f"{OLD}/followers"], cc=[public]),
        create(7, "x", type="Person"),
        create(8, "@bob hello", tag=[{"type": "Mention", "href": "https://alpha.test/x", "name": "@bob"}]),
        {"type": "Announce", "actor": OLD, "object": "https://x.example/1"},
        {"type": "Create", "actor": OLD, "object": f"{OLD}/statuses/9"},
        {"type": "Create"},
    ]
    transfer = await bring(ann, "archive", archive(*strange))
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert (report["done"], report["failed"]) == (4, 7)
    found = {post["imported"]["uri"].rpartition("/")[2]: post for post in await posts_of(ann)}
    assert found["1"]["content"] == "<p>fine</p>"
    assert (found["5"]["visibility"], found["6"]["visibility"]) == ("private", "unlisted")
    assert found["8"]["mentions"] == []
    assert found["5"]["attachments"] == []


async def test_an_answer_to_others_joins_no_conversation(alpha: TestInstance, ann: Person, bob: Person) -> None:
    post = await bob.publish("what do you think?")
    await bring(ann, "archive", archive(create(1, "I said so years ago", inReplyTo=post["uri"])))
    await settle(alpha)
    assert (await bob.get(f"/posts/{post['postId']}"))["commentsCount"] == 0
    with alpha.inside():
        copy = await Entry.get(author_id=ann.id)
    assert (copy.reply_to_id, copy.root_id, copy.reply_to_uri) == (None, None, post["uri"])


async def test_an_archive_of_another_make_fills_in_the_profile_and_never_who_one_is(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    note = await bob.publish("keep me")
    files = {
        "actor.json": person(name="Ann of Old", preferredUsername="root", source={"content": "I *write*."}),
        "outbox.json": outbox(),
        "bookmarks.json": {"type": "OrderedCollection", "orderedItems": [note["uri"]]},
        "account.json": {"settings": {"theme": "dark", "language": 7, "role": "admin"}, "role": "admin"},
        "avatar.png": b"this is no picture",
    }
    transfer = await bring(ann, "archive", packed(files))
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert report["lines"][0]["line"] == "avatar.png"
    me = await ann.get("/users/me")
    assert (me["username"], me["role"], me["fullName"]) == ("ann", "user", "Ann of Old")
    assert me["bio"] == "<p>I <em>write</em>.</p>"
    assert me["settings"]["theme"] == "dark"
    assert [one["postId"] for one in (await ann.get("/bookmarks"))["posts"]] == [note["postId"]]


@pytest.mark.parametrize(
    "scheduled",
    [
        [{"publishAt": "2035-01-01T00:00:00+00:00", "body": {"content": 7}}],
        [{"publishAt": 1, "body": {"content": "x"}}, 5, None, {"body": "x"}, {}],
        {"not": "a list"},
        "text",
    ],
)
async def test_scheduled_posts_of_a_liar_harm_nobody(alpha: TestInstance, ann: Person, scheduled: object) -> None:
    good = {
        "publishAt": "2035-01-01T00:00:00+00:00",
        "body": {"content": "later", "visibility": "bogus", "reply_to_id": "x", "entry_id": "x", "local_only": 7},
    }
    await bring(ann, "archive", packed({"actor.json": person(), "posts/scheduled.json": orjson.dumps(scheduled)}))
    await settle(alpha)
    await bring(ann, "archive", packed({"actor.json": person(), "posts/scheduled.json": [good]}))
    await settle(alpha)
    taken = await ann.call("GET", "/users/me/export")
    assert taken.content.count(b"scheduled.json") >= 1


async def test_brought_posts_go_with_the_account(alpha: TestInstance, ann: Person) -> None:
    await bring(ann, "archive", archive(create(1, "old"), create(2, "older")))
    await settle(alpha)
    with alpha.inside():
        assert await Entry.filter(author_id=ann.id).count() == 2
        await administration.remove(await Actor.get(id=ann.id))
    await settle(alpha)
    with alpha.inside():
        assert not await Entry.exists(author_id=ann.id)
