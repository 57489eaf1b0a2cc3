"""What is for a few is seen by them and by nobody else, wherever it comes from and whoever asks."""

from __future__ import annotations

import orjson
import pytest

from core.database import now
from core.federation.keys import SigningKey
from core.federation.models import Received
from core.federation.signatures import sign_cavage
from core.federation.synchronization import digest_of
from core.models import Actor, Entry, Follow, Mention
from core.reading import visibility_of
from core.testing import Foreign, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


async def follow_elsewhere(alpha, person, zoe):
    """Have somebody here follow somebody elsewhere, accepted."""
    await person.follow(zoe.address)
    await settle(alpha)
    request = zoe.server.activities("Follow")[-1]
    assert await arrive(alpha, zoe, zoe.activity("Accept", request)) == "done"


async def publish_there(alpha, zoe, to, cc=(), path="/inbox", **more):
    note = zoe.note("<p>psst</p>", to=list(to), cc=list(cc), **more)
    assert await arrive(alpha, zoe, zoe.activity("Create", note, to=list(to), cc=list(cc)), path=path) == "done"
    return await stored(alpha, note["id"])


async def is_hidden(visitor, entry_id):
    return (await visitor.call("GET", f"/posts/{entry_id}")).status_code == 404


FOLLOWERS = "https://a.test/users/zoe/followers"


@pytest.mark.parametrize(
    ("to", "cc", "expected"),
    [
        (PUBLIC, [FOLLOWERS], "public"),
        ("as:Public", None, "public"),
        (["Public"], [], "public"),
        ([{"id": PUBLIC}], [], "public"),
        ([FOLLOWERS], PUBLIC, "unlisted"),
        ([], ["as:Public"], "unlisted"),
        ([FOLLOWERS, PUBLIC], [PUBLIC], "public"),
        ([FOLLOWERS], [], "followers"),
        ([], FOLLOWERS, "followers"),
        (["https://b.test/users/ann"], [FOLLOWERS], "followers"),
        (["https://b.test/users/ann"], [], "direct"),
        (["https://a.test/users/eve/followers"], [], "direct"),
        ([], [], "direct"),
        (None, None, "direct"),
        ("public", "PUBLIC", "direct"),
        ([f"{PUBLIC}#"], [f"{PUBLIC}/"], "direct"),
        (7, {"a": 1}, "direct"),
        ([[PUBLIC, FOLLOWERS]], [], "direct"),
    ],
    ids=str,
)
def test_who_may_see_it_is_read_from_its_addressees(to, cc, expected):
    author = Actor(uri="https://a.test/users/zoe", followers_url=FOLLOWERS)
    assert visibility_of({"to": to, "cc": cc}, author) == expected


def test_without_a_followers_address_nothing_is_for_followers():
    assert visibility_of({"to": [""], "cc": ""}, Actor(uri="https://a.test/users/zoe")) == "direct"


async def test_what_is_for_followers_is_for_those_who_were_accepted(alpha, foreign, ann, bob, eve, anon, zoe):
    await follow_elsewhere(alpha, ann, zoe)
    await eve.follow(zoe.address)
    entry = await publish_there(alpha, zoe, [f"{zoe.id}/followers"])
    assert entry.visibility == "followers"
    assert await ann.sees(entry.id)
    for other in (bob, eve, anon):
        assert await is_hidden(other, entry.id)
    assert [post["postId"] for post in await ann.feed()] == [entry.id]
    for other in (bob, eve):
        assert await other.feed() == []
        assert await other.feed("global") == []


async def test_what_came_to_the_shared_inbox_for_nobody_is_shown_to_nobody(alpha, ann, anon, zoe):
    await follow_elsewhere(alpha, ann, zoe)
    entry = await publish_there(alpha, zoe, [])
    assert entry.visibility == "direct"
    assert not await ann.sees(entry.id) and await is_hidden(anon, entry.id)


async def test_a_message_is_for_those_it_names_and_for_those_it_is_only_addressed_to(alpha, ann, bob, eve, zoe):
    named = [{"type": "Mention", "href": ann.uri, "name": ann.address}]
    entry = await publish_there(alpha, zoe, [ann.uri], [bob.uri], tag=named)
    assert await ann.sees(entry.id) and await bob.sees(entry.id)
    assert not await eve.sees(entry.id)
    with alpha.inside():
        mentions = {mention.actor_id: mention.silent for mention in await Mention.filter(entry_id=entry.id)}
    assert mentions == {ann.id: False, bob.id: True}


async def test_who_is_only_named_is_not_told(alpha, ann, zoe):
    named = [{"type": "Mention", "href": ann.uri, "name": ann.address}]
    entry = await publish_there(alpha, zoe, [PUBLIC], tag=named)
    with alpha.inside():
        assert await Mention.filter(entry_id=entry.id).count() == 0


async def test_a_message_that_names_nobody_is_for_whose_inbox_it_came_to(alpha, ann, bob, zoe):
    entry = await publish_there(alpha, zoe, [], path=f"/actors/{ann.id}/inbox")
    assert await ann.sees(entry.id) and not await bob.sees(entry.id)


async def test_hidden_addressees_that_somebody_wrote_down_count_for_nothing(alpha, ann, bob, zoe):
    note = zoe.note("<p>psst</p>", to=[], bto=[bob.uri], bcc=[bob.uri])
    activity = zoe.activity("Create", note, bto=[bob.uri], bcc=[bob.uri])
    assert await arrive(alpha, zoe, activity, path=f"/actors/{ann.id}/inbox") == "done"
    entry = await stored(alpha, note["id"])
    assert await ann.sees(entry.id) and not await bob.sees(entry.id)


async def test_a_followers_post_in_a_personal_inbox_is_still_for_followers_alone(alpha, ann, zoe):
    entry = await publish_there(alpha, zoe, [f"{zoe.id}/followers"], path=f"/actors/{ann.id}/inbox")
    assert entry.visibility == "followers" and not await ann.sees(entry.id)


async def test_an_edit_does_not_make_public_what_was_for_a_few(alpha, ann, anon, zoe):
    entry = await publish_there(alpha, zoe, [ann.uri])
    note = zoe.server.documents[entry.uri.removeprefix("https://foreign.test")]
    wider = note | {"to": [PUBLIC], "content": "<p>all of it</p>", "updated": now().isoformat()}
    assert await arrive(alpha, zoe, zoe.activity("Update", wider, to=[PUBLIC])) == "done"
    changed = await stored(alpha, entry.uri)
    assert (changed.visibility, changed.content) == ("direct", "<p>all of it</p>")
    assert await is_hidden(anon, entry.id)


async def test_what_is_read_cannot_be_found_out_by_answering_it(alpha, ann, bob, zoe):
    private = await ann.publish("for friends", visibility="followers")
    note = zoe.note("<p>what is there?</p>", inReplyTo=private["uri"])
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    entry = await stored(alpha, note["id"])
    assert entry.reply_to_id is None and entry.root_id is None
    assert (await ann.get(f"/posts/{private['postId']}"))["commentsCount"] == 0


async def test_what_one_cannot_see_one_cannot_like(alpha, ann, zoe):
    private = await ann.publish("for friends", visibility="followers")
    assert await arrive(alpha, zoe, zoe.activity("Like", private["uri"])) == "refused"
    assert (await ann.get(f"/posts/{private['postId']}"))["likesCount"] == 0


async def test_a_private_answer_from_here_goes_to_those_it_is_for_and_nowhere_else(alpha_and_beta):
    alpha, beta = alpha_and_beta
    third = Foreign("third.test").join(alpha, beta)
    max_ = third.person("max")
    ann, bob, eve = await alpha.user("ann"), await beta.user("bob"), await beta.user("eve")
    for person in (bob, eve):
        await person.follow(ann.address)
    await settle(alpha, beta)
    await max_.send(alpha, max_.activity("Follow", ann.uri))
    await settle(alpha, beta)
    message = await ann.publish(f"{bob.address} a secret", visibility="direct")
    await settle(alpha, beta)
    with beta.inside():
        there = await Entry.get(uri=message["uri"])
    assert await bob.sees(there.id) and not await eve.sees(there.id)
    await bob.post(f"/posts/{there.id}/comments", {"content": "and another one"})
    await settle(alpha, beta)
    with alpha.inside():
        answer = await Entry.get(content__contains="another one")
    assert answer.visibility == "direct" and await ann.sees(answer.id)
    assert not any(b"secret" in request.body or b"another one" in request.body for request in third.inbox)
    for visitor in (alpha.anon, beta.anon):
        for entry in (answer, there):
            assert await is_hidden(visitor, entry.id)
    for uri in (message["uri"], answer.uri):
        home = alpha if "alpha" in uri else beta
        path = uri.removeprefix(home.base_url)
        for asks in (await max_.fetch(home, path), await home.anon.page(path)):
            assert asks.status_code in (404, 302, 303) and b"secret" not in asks.content


async def test_what_is_for_followers_leaves_only_for_servers_of_followers(alpha_and_beta):
    alpha, beta = alpha_and_beta
    third = Foreign("third.test").join(alpha, beta)
    third.person("max")
    ann, bob, eve = await alpha.user("ann"), await beta.user("bob"), await beta.user("eve")
    await ann.follow("@max@third.test")
    await bob.follow(ann.address)
    await settle(alpha, beta)
    third.inbox.clear()
    post = await ann.publish("for followers", visibility="followers")
    await settle(alpha, beta)
    with beta.inside():
        there = await Entry.get(uri=post["uri"])
    assert await bob.sees(there.id) and not await eve.sees(there.id) and await is_hidden(beta.anon, there.id)
    assert third.activities() == []
    await bob.delete(f"/users/{ann.address}/follow")
    await settle(alpha, beta)
    assert not await bob.sees(there.id)


# -- For friends, between servers of ours ------------------------------------------------------------------------------


async def befriended(alpha_and_beta):
    """Ann here; there Bob, her friend, and Eve, who only follows her."""
    alpha, beta = alpha_and_beta
    ann, bob, eve = await alpha.user("ann"), await beta.user("bob"), await beta.user("eve")
    for person in (bob, eve):
        await person.follow(ann.address)
    await ann.follow(bob.address)
    await settle(alpha, beta)
    return ann, bob, eve


async def test_what_is_for_friends_is_for_friends_on_the_other_server_too(alpha_and_beta):
    ann, bob, eve = await befriended(alpha_and_beta)
    post = await ann.publish("for friends", visibility="friends")
    await settle(*alpha_and_beta)
    (there,) = await bob.feed("home")
    assert (there["uri"], there["visibility"]) == (post["uri"], "friends")
    assert await eve.feed("home") == [] and not await eve.sees(there["postId"])
    assert await is_hidden(alpha_and_beta[1].anon, there["postId"])
    await bob.refused(422, "POST", f"/posts/{there['postId']}/share")
    await bob.post(f"/posts/{there['postId']}/like")
    await bob.post(f"/posts/{there['postId']}/comments", {"content": "me too"})
    await settle(*alpha_and_beta)
    (answer,) = (await ann.get(f"/posts/{post['postId']}/comments"))["comments"]
    assert answer["content"] == "<p>me too</p>" and (await ann.get(f"/posts/{post['postId']}"))["likesCount"] == 1


@pytest.mark.parametrize("who", ["ann", "bob"])
async def test_who_is_a_friend_no_more_sees_it_no_more(alpha_and_beta, who):
    ann, bob, _ = await befriended(alpha_and_beta)
    await ann.publish("for friends", visibility="friends")
    await settle(*alpha_and_beta)
    (there,) = await bob.feed("home")
    one, other = (ann, bob) if who == "ann" else (bob, ann)
    await one.delete(f"/users/{other.address}/follow")
    await settle(*alpha_and_beta)
    assert not await bob.sees(there["postId"]) and await bob.feed("home") == []


async def test_who_is_named_in_what_is_for_friends_sees_it_without_being_one(alpha_and_beta):
    ann, _, eve = await befriended(alpha_and_beta)
    await ann.publish(f"{eve.address} and all friends", visibility="friends")
    await settle(*alpha_and_beta)
    (there,) = await eve.feed("home")
    assert there["visibility"] == "friends" and await eve.sees(there["postId"])


async def test_a_friend_made_later_sees_there_what_was_sent_later(alpha_and_beta):
    ann, bob, eve = await befriended(alpha_and_beta)
    await ann.publish("before", visibility="friends")
    await ann.follow(eve.address)
    await settle(*alpha_and_beta)
    await ann.publish("after", visibility="friends")
    await settle(*alpha_and_beta)
    assert [post["content"] for post in await eve.feed("home")] == ["<p>after</p>"]
    assert len(await bob.feed("home")) == 2


async def test_a_share_of_what_is_for_friends_is_refused(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bob, _ = await befriended(alpha_and_beta)
    post = await ann.publish("for friends", visibility="friends")
    await settle(alpha, beta)
    zoe = Foreign("third.test").join(alpha, beta).person("zoe")
    for server in (alpha, beta):
        assert await arrive(server, zoe, zoe.activity("Announce", post["uri"])) in ("refused", "ignored")
    with beta.inside():
        assert (await Entry.get(uri=post["uri"])).boosts_count == 0
    assert len(await bob.feed("home")) == 1


async def zoe_befriended(alpha, zoe, *people):
    for person in people:
        await follow_elsewhere(alpha, person, zoe)
        await arrive(alpha, zoe, zoe.activity("Follow", person.uri))


async def test_the_word_for_friends_opens_nothing_that_its_addressees_do_not_open(alpha, ann, bob, eve, zoe):
    await zoe_befriended(alpha, zoe, ann, bob)
    entry = await publish_there(alpha, zoe, [ann.uri, eve.uri], visibleTo="friends")
    assert entry.visibility == "friends"
    assert await ann.sees(entry.id)  # a friend it was sent to
    assert not await bob.sees(entry.id)  # a friend it was not sent to
    assert not await eve.sees(entry.id)  # somebody it was sent to, who is none


@pytest.mark.parametrize(
    ("to", "more", "expected"),
    [
        ([FOLLOWERS], {"visibleTo": "friends"}, "followers"),
        ([PUBLIC], {"visibleTo": "friends"}, "public"),
        (["https://b.test/users/ann"], {"visibleTo": "friends"}, "friends"),
        (["https://b.test/users/ann"], {"visibleTo": "friends", "directMessage": True}, "direct"),
        (["https://b.test/users/ann"], {"visibleTo": "public"}, "direct"),
        (["https://b.test/users/ann"], {"visibleTo": ["friends", "public"]}, "direct"),
        ([], {"visibleTo": "friends"}, "friends"),
    ],
)
def test_the_word_for_friends_is_read_where_it_is_for_a_few(to, more, expected):
    author = Actor(uri="https://a.test/users/zoe", followers_url=FOLLOWERS)
    assert visibility_of({"to": to, "cc": [], **more}, author) == expected


async def test_a_private_message_does_not_become_one_for_friends_by_an_edit(alpha, ann, bob, zoe):
    await zoe_befriended(alpha, zoe, ann, bob)
    entry = await publish_there(alpha, zoe, [ann.uri])
    document = {**zoe.server.documents[entry.uri.removeprefix(zoe.server.base_url)]}
    document |= {"to": [ann.uri, bob.uri], "visibleTo": "friends", "content": "<p>new</p>"}
    document["updated"] = "2099-01-01T00:00:00Z"
    await arrive(alpha, zoe, zoe.activity("Update", document, to=[ann.uri, bob.uri]))
    assert (await stored(alpha, entry.uri)).visibility == "direct"


# -- Followers synchronisation (FEP-8fcf) ------------------------------------------------------------------------------


async def tell_followers(alpha, zoe, uris, *, served=None, path="/users/zoe/followers_synchronization", **wrong):
    """Have Zoe send something with a header that says who of alpha follows her."""
    listed = uris if served is None else served
    zoe.server.documents[path] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": zoe.server.base_url + path,
        "type": "OrderedCollection",
        "orderedItems": listed,
    }
    parameters = {
        "collectionId": f"{zoe.id}/followers",
        "url": zoe.server.base_url + path,
        "digest": digest_of(uris),
    } | wrong
    header = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    headers = {"Content-Type": "application/activity+json", "Collection-Synchronization": header}
    body = orjson.dumps(zoe.activity("Create", zoe.note("hello", to=[f"{zoe.id}/followers"])))
    url = f"{alpha.base_url}/inbox"
    signed = headers | sign_cavage("POST", url, headers, body, SigningKey(zoe.key_id, zoe.key), now=now())
    assert (await alpha.client.post("/inbox", content=body, headers=signed)).status_code == 202
    await settle(alpha)


async def follows(alpha, person, zoe):
    with alpha.inside():
        actor = await Actor.get(uri=zoe.id)
        follow = await Follow.get_or_none(follower_id=person.id, target_id=actor.id)
    return follow.state if follow else None


async def test_who_is_not_on_the_other_sides_list_follows_no_more(alpha, ann, bob, zoe):
    for person in (ann, bob):
        await follow_elsewhere(alpha, person, zoe)
    await tell_followers(alpha, zoe, [bob.uri])
    assert (await follows(alpha, ann, zoe), await follows(alpha, bob, zoe)) == (None, "accepted")
    entry = await publish_there(alpha, zoe, [f"{zoe.id}/followers"])
    assert await bob.sees(entry.id) and not await ann.sees(entry.id)


async def test_who_is_on_the_list_and_does_not_follow_says_so(alpha, foreign, ann, bob, zoe):
    await follow_elsewhere(alpha, ann, zoe)
    foreign.inbox.clear()
    await tell_followers(alpha, zoe, [ann.uri, bob.uri])
    (undo,) = foreign.activities("Undo")
    assert (undo["actor"], undo["object"]["type"], undo["object"]["object"]) == (bob.uri, "Follow", zoe.id)


async def test_who_is_on_the_list_and_has_asked_was_accepted(alpha, ann, zoe):
    await ann.follow(zoe.address)
    await settle(alpha)
    await tell_followers(alpha, zoe, [ann.uri])
    assert await follows(alpha, ann, zoe) == "accepted"


async def test_where_the_lists_agree_nothing_is_fetched(alpha, foreign, ann, zoe):
    await follow_elsewhere(alpha, ann, zoe)
    foreign.asked.clear()
    await tell_followers(alpha, zoe, [ann.uri])
    assert not any("synchronization" in request.path for request in foreign.asked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"collectionId": "https://foreign.test/users/eve/followers"},
        {"url": "https://other.test/followers_synchronization"},
        {"digest": "0" * 63},
        {"digest": "x" * 64},
    ],
    ids=str,
)
async def test_a_header_about_somebody_else_or_elsewhere_is_passed_over(alpha, foreign, ann, zoe, wrong):
    await follow_elsewhere(alpha, ann, zoe)
    other = Foreign("other.test").join(alpha)
    await tell_followers(alpha, zoe, [], **wrong)
    assert await follows(alpha, ann, zoe) == "accepted"
    assert other.asked == []


async def test_a_list_that_is_not_the_one_that_was_announced_is_passed_over(alpha, ann, bob, zoe):
    await follow_elsewhere(alpha, ann, zoe)
    await tell_followers(alpha, zoe, [bob.uri], served=[])
    assert await follows(alpha, ann, zoe) == "accepted"


async def test_a_header_that_is_not_signed_is_passed_over(alpha, foreign, ann, zoe):
    await follow_elsewhere(alpha, ann, zoe)
    activity = zoe.activity("Create", zoe.note("hello", to=[f"{zoe.id}/followers"]))
    body = orjson.dumps(activity)
    headers = zoe.signed("POST", f"{alpha.base_url}/inbox", body)
    headers["Collection-Synchronization"] = (
        f'collectionId="{zoe.id}/followers", url="{zoe.id}/followers", digest="{digest_of([])}"'
    )
    assert (await alpha.client.post("/inbox", content=body, headers=headers)).status_code == 202
    await settle(alpha)
    assert await follows(alpha, ann, zoe) == "accepted"


async def test_two_servers_of_ours_notice_that_a_follow_is_gone(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bob, eve = await alpha.user("ann"), await beta.user("bob"), await beta.user("eve")
    for person in (bob, eve):
        await person.follow(ann.address)
    await settle(alpha, beta)
    with alpha.inside():
        actor = await Actor.get(uri=bob.uri)
        await Follow.filter(follower_id=actor.id).delete()
        alpha.instance.cache.drop_prefix("followers-digests:")
    post = await ann.publish("for followers", visibility="followers")
    await settle(alpha, beta)
    with beta.inside():
        there = await Entry.get(uri=post["uri"])
    assert await eve.sees(there.id) and not await bob.sees(there.id)
    with beta.inside():
        assert {received.state for received in await Received.all()} == {"done"}

