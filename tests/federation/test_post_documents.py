"""What our activities look like, and that every server we know of takes them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from core import actors, entries, reactions
from core.accounts import profile
from core.database import transaction
from core.entries import Act, AttachmentDraft
from core.instance import here
from core.models import Entry
from core.outbound import PUBLIC
from core.testing import Person, TestInstance, settle
from plugins.posts.federation import to_document
from tests.federation.crowd import Crowd, follow
from tests.federation.demands import DEMANDS, bookwyrm, gotosocial, lemmy, mastodon, pixelfed
from tests.federation.kin_demands import KIN

MUST = (
    "id type attributedTo to cc published url content contentMap summary sensitive inReplyTo tag attachment replies"
    " likes shares source conversation context interactionPolicy"
).split()


@pytest.fixture
def crowd(alpha: TestInstance) -> Crowd:
    return Crowd(alpha)


async def document_of(instance: TestInstance, post: dict[str, Any]) -> dict[str, Any]:
    with instance.inside():
        return await to_document(await Entry.get(id=post["postId"]))


async def everything(alpha: TestInstance, crowd: Crowd, ann: Person) -> None:
    """Do everything that other servers learn of, in every form."""
    zoe = await crowd.friend(ann, "one.test")
    other = await crowd.person("two.test", "yan")
    theirs = await crowd.entry(zoe)
    await follow(alpha, other, ann, "https://two.test/follows/1")
    await ann.publish("**Hello** @zoe@one.test and @yan@two.test #Tag https://example.org/a?b=c&d=e")
    for visibility in ("unlisted", "followers", "friends", "direct"):
        await ann.publish("for @zoe@one.test", visibility=visibility)
    await ann.publish("for @zoe@one.test and @yan@two.test", visibility="direct")
    changed = await ann.publish("beware", contentWarning="spoiler", language="de")
    await ann.put(f"/posts/{changed['postId']}", {"content": "beware of dogs"})
    await ann.publish("an answer", inReplyTo=theirs.id)
    await ann.publish("a quote", quote=theirs.id)
    with alpha.inside():
        await pictures(ann)
        await profile.change_profile(ann.actor, full_name="Ann Other")
        for verb in (reactions.like, reactions.unlike, reactions.boost, reactions.unboost):
            await verb(ann.actor, theirs)
        await settle(alpha)
        await actors.reject(ann.actor, other)
        await actors.follow(ann.actor, other)
        await actors.unfollow(ann.actor, other)
    await settle(alpha)
    await ann.delete(f"/posts/{changed['postId']}")
    await settle(alpha)
    with alpha.inside():
        async with transaction():
            await here().hooks.outgoing(act=Act("delete_actor", ann.actor))
    await settle(alpha)


async def pictures(author: Person) -> Entry:
    draft = entries.Draft(kind="post", author=author.actor, content="<p>Look</p>", sensitive=True)
    draft.attachments = [
        AttachmentDraft("image", "/files/a.png", "image/png", "A cat", 640, 480, "L6PZfSi_.AyE_3t7t7R*", [0.0, 0.5]),
        AttachmentDraft("image", "https://cdn.test/b.jpg", width=9000, height=100),
    ]
    async with entries.publishing(draft) as entry:
        pass
    return entry


async def test_every_server_takes_everything_we_send(alpha, crowd, ann):
    await everything(alpha, crowd, ann)
    sent = {post.body for post in crowd.came}
    activities = [orjson.loads(body) for body in sent]
    kinds = {one["type"] for one in activities}
    expected = "Accept Announce Create Delete Follow Like QuoteRequest Reject Undo Update"
    assert kinds == set(expected.split())
    assert sum(one["type"] == "Create" for one in activities) == 10
    for activity in activities:
        for demand in (*DEMANDS, *KIN):
            try:
                demand(activity)
            except (AssertionError, KeyError, ValueError) as fault:
                raise AssertionError(f"{demand.__name__}: {activity['type']}: {fault!r} {activity}") from fault


def test_the_demands_are_no_mere_words() -> None:
    note = {"type": "Note", "id": "https://a.test/1", "url": "https://a.test/1", "attributedTo": "https://b.test/x"}
    common = {"id": "https://a.test/2", "actor": "https://a.test/x", "cc": []}
    create: dict[str, Any] = {"type": "Create", **common, "to": [], "object": note}
    undo = {"type": "Undo", **common, "to": ["https://a.test/y"], "object": "https://a.test/1"}
    for demand, bad in ((mastodon, create), (mastodon, undo), (lemmy, create), (lemmy, undo), (bookwyrm, undo)):
        with pytest.raises((AssertionError, KeyError)):
            demand(bad)
    for demand in (pixelfed, gotosocial):
        with pytest.raises((AssertionError, KeyError)):
            demand({**create, "@context": [[[[[[[[]]]]]]]]})


@pytest.mark.parametrize("visibility", ["public", "unlisted", "followers", "friends", "direct"])
async def test_a_post_has_every_key_that_somebody_insists_on(alpha, crowd, ann, visibility):
    await crowd.person("one.test")
    document = await document_of(alpha, await ann.publish("hello @zoe@one.test", visibility=visibility))
    assert [key for key in MUST if key not in document] == []
    assert document["type"] == "Note" and "@context" not in document
    assert document["attributedTo"] == ann.uri and document["url"].startswith("https://alpha.test/@ann/")
    assert document["summary"] is None and document["inReplyTo"] is None and document["sensitive"] is False


async def test_words_warning_language_and_source_are_those_of_the_post(alpha, ann):
    post = await ann.publish("**Hallo** #Welt", contentWarning="Begrüßung", language="de")
    document = await document_of(alpha, post)
    assert document["content"].startswith("<p><strong>Hallo</strong>")
    assert document["contentMap"] == {"de": document["content"]}
    assert document["summary"] == "Begrüßung" and document["sensitive"] is True
    assert document["source"] == {"content": "**Hallo** #Welt", "mediaType": "text/markdown"}
    assert document["tag"] == [{"type": "Hashtag", "href": "https://alpha.test/tags/welt", "name": "#Welt"}]


async def test_who_is_named_is_a_mention_and_a_message_names_everybody_it_is_for(alpha, crowd, ann, bob):
    zoe = await crowd.person("one.test")
    mention = {"type": "Mention", "href": zoe.uri, "name": "@zoe@one.test"}
    local = {"type": "Mention", "href": bob.uri, "name": "@bob@alpha.test"}
    document = await document_of(alpha, await ann.publish("hello @zoe@one.test and @bob"))
    assert document["tag"] == [mention, local] and "directMessage" not in document
    theirs = await crowd.entry(zoe, visibility="public")
    message = await document_of(alpha, await ann.publish("psst @bob", visibility="direct", inReplyTo=theirs.id))
    assert message["tag"] == [local, mention] and message["directMessage"] is True
    assert sorted(message["to"]) == sorted([zoe.uri, bob.uri]) and message["cc"] == []


async def test_what_is_for_friends_says_that_it_is_no_message(alpha, crowd, ann):
    friend = await crowd.friend(ann, "one.test")
    await crowd.follower(ann, "two.test")
    document = await document_of(alpha, await ann.publish("dear friends", visibility="friends"))
    assert (document["to"], document["cc"], document["tag"]) == ([friend.uri], [], [])
    assert document["directMessage"] is False


@pytest.mark.parametrize(("visibility", "everybody"), [("public", True), ("unlisted", True), ("followers", False)])
async def test_everybody_may_quote_what_everybody_may_see(alpha, ann, visibility, everybody):
    document = await document_of(alpha, await ann.publish("hello", visibility=visibility))
    expected = [PUBLIC] if everybody else [ann.uri]
    assert document["interactionPolicy"]["canQuote"]["automaticApproval"] == expected


async def test_pictures_come_with_words_size_and_focus_and_lie_at_whole_addresses(alpha, ann):
    with alpha.inside():
        document = await to_document(await pictures(ann))
    first, second = document["attachment"]
    assert first == {
        "type": "Document",
        "mediaType": "image/png",
        "url": "https://alpha.test/files/a.png",
        "name": "A cat",
        "blurhash": "L6PZfSi_.AyE_3t7t7R*",
        "width": 640,
        "height": 480,
        "focalPoint": [0.0, 0.5],
    }
    assert second == {"type": "Document", "mediaType": "image/jpeg", "url": "https://cdn.test/b.jpg", "name": None}
    assert document["sensitive"] is True


async def test_a_conversation_keeps_the_address_it_began_with(alpha, crowd, ann, bob):
    first = await ann.publish("hello")
    second = await bob.publish("hello to you", inReplyTo=first["postId"])
    third = await document_of(alpha, await ann.publish("and to you", inReplyTo=second["postId"]))
    ours = f"https://alpha.test/contexts/{first['postId']}"
    assert third["context"] == third["conversation"] == ours
    assert third["inReplyTo"] == f"https://alpha.test/objects/{second['postId']}"
    theirs = await crowd.entry(await crowd.person("one.test"))
    assert "context" not in await document_of(alpha, await ann.publish("hm", inReplyTo=theirs.id))
    with alpha.inside():
        await Entry.filter(id=theirs.id).update(context_uri="https://one.test/contexts/1")
    answer = await document_of(alpha, await ann.publish("aha", inReplyTo=theirs.id))
    assert answer["context"] == "https://one.test/contexts/1"


async def test_a_quote_is_said_in_every_way_in_use_and_in_words(alpha, crowd, ann):
    theirs = await crowd.entry(await crowd.person("one.test"))
    document = await document_of(alpha, await ann.publish("look", quote=theirs.id))
    assert {document[key] for key in ("quote", "quoteUri", "quoteUrl", "_misskey_quote")} == {theirs.uri}
    assert document["content"].startswith('<p>look<span class="quote-inline"><br>RE: <a href="https://one.test/')
    assert document["contentMap"]["en"] == document["content"]
    assert [tag["href"] for tag in document["tag"] if tag["type"] == "Link"] == [theirs.uri]


async def test_an_edit_says_when_it_was_made_so_that_a_second_one_at_once_is_newer(alpha, ann):
    post = await ann.publish("one")
    times = []
    for number in range(2):
        await ann.put(f"/posts/{post['postId']}", {"content": f"two {number}"})
        times.append((await document_of(alpha, post))["updated"])
    assert times[0] < times[1] and all(time.endswith("Z") for time in times)


async def test_what_is_sent_is_what_is_served(alpha, crowd, ann, anon):
    await crowd.follower(ann, "one.test")
    post = await ann.publish("hello #there")
    await settle(alpha)
    accept = {"Accept": "application/activity+json"}
    create = crowd.only("Create")
    served = (await anon.page(f"/objects/{post['postId']}", headers=accept)).json()
    context = served.pop("@context")
    assert served == create["object"] and context == create["@context"]
    path = create["id"].removeprefix("https://alpha.test")
    assert create.pop("proof")["verificationMethod"] == f"{ann.uri}#ed25519-key"  # whoever fetches it needs none
    assert (await anon.page(path, headers=accept)).json() == create
    first = served["replies"]["first"].removeprefix("https://alpha.test")
    assert (await anon.page(first, headers=accept)).json()["type"] == "CollectionPage"
