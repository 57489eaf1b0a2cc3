"""Deliveries: signed, in order, tried again as hosts bear it, and lost in no case."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from core import actors
from core.database import now
from core.federation import hosts
from core.federation.bookkeeping import forget_outgoing
from core.federation.documents import actor_document
from core.federation.keys import load_public
from core.federation.models import Delivery, Host, Outgoing
from core.federation.own_keys import own_keys
from core.federation.signatures import BadSignature
from core.federation.synchronization import digest_of
from core.models import Actor
from core.testing import Person, TestInstance, settle
from tests.federation.crowd import Crowd, Post, make_due, waiting
from tests.federation.verifying import KnownKey, Verified, verify_request


@pytest.fixture
def crowd(alpha: TestInstance) -> Crowd:
    return Crowd(alpha)


async def check_signature(sender: Person, post: Post) -> Verified:
    """Who signed a delivery, as its receiver finds out."""
    with sender.instance.inside():
        keys = await own_keys(sender.actor)

    async def find_key(key_id: str) -> KnownKey | None:
        return KnownKey(load_public(keys.rsa_pem), sender.uri) if key_id == f"{sender.uri}#main-key" else None

    return await verify_request(
        "POST", post.path, post.headers, post.body, host=post.host, find_key=find_key, now=now()
    )


async def host_of(instance: TestInstance, name: str) -> Host:
    with instance.inside():
        return await Host.get(name=name)


# -- The request -------------------------------------------------------------------------------------------------------


async def test_a_delivery_is_signed_so_that_every_peer_can_verify_it(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    await ann.publish("hello")
    await settle(alpha)
    (post,) = crowd.came
    assert (await check_signature(ann, post)).actor_uri == ann.uri
    assert post.headers["content-type"] == "application/activity+json"
    assert post.headers["digest"].startswith("SHA-256=")
    assert 'headers="(request-target) host date digest content-type"' in post.headers["signature"]
    assert post.headers["signature"].startswith(f'keyId="{ann.uri}#main-key",algorithm="rsa-sha256",')


async def test_a_host_that_wants_the_newer_signature_gets_it_at_the_second_knock_and_at_once_from_then_on(
    alpha, crowd, ann
):
    await crowd.follower(ann, "new.test")
    crowd.answer = lambda post: 202 if "signature-input" in post.headers else 401
    await ann.publish("one")
    await settle(alpha)
    assert ["signature-input" in post.headers for post in crowd.came] == [False, True]
    assert (await check_signature(ann, crowd.came[1])).actor_uri == ann.uri
    host = await host_of(alpha, "new.test")
    assert host.knock == "rfc9421" and timedelta(days=29) < host.knock_until - now() < timedelta(days=31)
    await ann.publish("two")
    await settle(alpha)
    assert len(crowd.came) == 3 and "signature-input" in crowd.came[2].headers

    crowd.answer = lambda post: 400 if "signature-input" in post.headers else 202
    await ann.publish("three")
    await settle(alpha)
    assert (await host_of(alpha, "new.test")).knock == "cavage" and await waiting(alpha) == []


async def test_a_remembered_signature_is_asked_about_anew_when_its_time_is_over(alpha, crowd, ann):
    await crowd.follower(ann, "new.test")
    with alpha.inside():
        await Host.create(name="new.test", knock="rfc9421", knock_until=now() - timedelta(minutes=1))
    await ann.publish("hello")
    await settle(alpha)
    assert "digest" in crowd.came[0].headers


async def test_what_is_for_followers_says_which_of_them_are_known_and_signs_it(alpha, crowd, ann):
    names = [await crowd.follower(ann, "one.test", name) for name in ("zoe", "yan")]
    await crowd.follower(ann, "two.test")
    await ann.publish("for you", visibility="followers")
    await settle(alpha)
    (post,) = crowd.to("one.test")
    followers = ann.actor.followers_url
    assert post.headers["collection-synchronization"] == (
        f'collectionId="{followers}", url="{ann.uri}/followers_synchronization",'
        f' digest="{digest_of(actor.uri for actor in names)}"'
    )
    await check_signature(ann, post)
    post.headers["collection-synchronization"] += "x"
    with pytest.raises(BadSignature):
        await check_signature(ann, post)
    (other,) = crowd.to("two.test")
    assert digest_of(["https://two.test/users/zoe"]) in other.headers["collection-synchronization"]


async def test_what_is_for_everybody_says_nothing_about_followers(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    await ann.publish("hello")
    await settle(alpha)
    assert "collection-synchronization" not in crowd.came[0].headers


# -- What the answer means ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_over"),
    [(200, True), (202, True), (204, True), (301, True), (400, True), (403, True), (404, True), (405, True)]
    + [(406, True), (410, True), (413, True), (415, True), (422, True), (501, True)]
    + [(401, False), (408, False), (429, False), (500, False), (502, False), (503, False), (504, False)],
)
async def test_some_answers_end_a_delivery_and_others_put_it_off(alpha, crowd, ann, status, is_over):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: status
    await ann.publish("hello")
    await settle(alpha)
    assert [row.error for row in await waiting(alpha)] == ([] if is_over else [str(status)])


async def test_a_host_that_cannot_be_reached_gets_it_when_it_is_back(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    del alpha.neighbours["one.test"]
    await ann.publish("hello")
    await settle(alpha)
    (row,) = await waiting(alpha)
    assert row.attempts == 1 and row.state == "waiting"
    alpha.neighbours["one.test"] = crowd
    await make_due(alpha)
    await settle(alpha)
    assert crowd.types() == ["Create"] and await waiting(alpha) == []


async def test_attempts_are_ever_farther_apart_and_end_after_the_sixteenth(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 429
    await ann.publish("hello")
    for attempt in range(1, 16):
        await settle(alpha)
        (row,) = await waiting(alpha)
        delay = (row.due_at - now()).total_seconds()
        assert row.attempts == attempt
        assert attempt**4 + 10 < delay < attempt**4 + 16 + 10 * attempt
        await make_due(alpha)
    await settle(alpha)
    assert await waiting(alpha) == [] and len(crowd.came) == 16


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_host_that_asks_to_be_left_alone_is_left_alone(alpha, crowd, ann, bob, as_date):
    await crowd.follower(ann, "one.test")
    await crowd.follower(bob, "one.test", "yan")
    later = now() + timedelta(hours=2)
    crowd.answer = lambda post: (429, {"retry-after": format_datetime(later, usegmt=True) if as_date else "7200"})
    await ann.publish("hello")
    await settle(alpha)
    await bob.publish("hello as well")
    await settle(alpha)
    rows = await waiting(alpha)
    assert len(crowd.came) == 1
    assert [abs(row.due_at - later) < timedelta(seconds=30) for row in rows] == [True, True]


@pytest.mark.parametrize("until", ["soon", f"Mon, 30 Nov 2026 08:00:00 +{'9' * 20}"])
async def test_a_host_that_asks_to_be_left_alone_until_no_date_is_asked_again_as_any_other(alpha, crowd, ann, until):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: (429, {"retry-after": until})
    await ann.publish("hello")
    await settle(alpha)
    (row,) = await waiting(alpha)
    assert (row.error, row.attempts) == ("429", 1)


async def test_who_answers_401_for_ever_is_not_asked_for_ever(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 401
    await ann.publish("hello")
    for _ in range(3):
        await settle(alpha)
        await make_due(alpha)
    assert await waiting(alpha) == [] and len(crowd.came) == 6


async def test_somebody_whose_inbox_and_account_are_gone_is_gone_here_too(alpha, crowd, ann):
    zoe = await crowd.follower(ann, "one.test", shared=False)
    crowd.answer = lambda post: 410
    crowd.documents[zoe.uri] = 410
    await ann.publish("hello")
    await settle(alpha)
    with alpha.inside():
        assert (await Actor.get(id=zoe.id)).removed_at is not None
        assert not await actors.is_following(zoe.id, ann.id)
    crowd.came.clear()
    await ann.publish("hello?")
    await settle(alpha)
    assert crowd.came == []


async def test_who_has_a_new_inbox_gets_what_went_to_the_old_one(alpha, crowd, ann):
    zoe = await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 404 if post.path == "/inbox" else 202
    with alpha.inside():
        document = await actor_document(ann.actor)
    document |= {part: f"{zoe.uri}/{part}" for part in ("outbox", "followers", "following")}
    document |= {"id": zoe.uri, "preferredUsername": "zoe", "inbox": f"{zoe.uri}/inbox", "url": zoe.uri}
    document["endpoints"] = {"sharedInbox": "https://one.test/new/inbox"}
    document["publicKey"] = {**document["publicKey"], "id": f"{zoe.uri}#main-key", "owner": zoe.uri}
    del document["assertionMethod"]
    crowd.documents[zoe.uri] = document
    await ann.publish("hello")
    await settle(alpha)
    assert [post.path for post in crowd.came] == ["/inbox", "/new/inbox"]
    assert len({post.body for post in crowd.came}) == 1


# -- How a host is doing -----------------------------------------------------------------------------------------------


async def closed(alpha: TestInstance, crowd: Crowd, ann: Person) -> None:
    """Have one.test fail until it is left in peace."""
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 500
    await ann.publish("first")
    for _ in range(5):
        await make_due(alpha)
        await settle(alpha)


async def test_a_host_that_fails_five_times_is_left_in_peace_and_then_knocked_at_once(alpha, crowd, ann, bob):
    await closed(alpha, crowd, ann)
    assert len(crowd.came) == 5
    host = await host_of(alpha, "one.test")
    assert timedelta(minutes=29) < host.closed_until - now() < timedelta(minutes=31)
    for number in range(3):
        await crowd.follower(bob, "one.test", f"other{number}", shared=False)
    await bob.publish("second")
    await settle(alpha)
    assert len(crowd.came) == 5
    assert all(row.due_at > now() + timedelta(minutes=29) for row in await waiting(alpha))

    await make_due(alpha)
    await settle(alpha)
    assert len(crowd.came) == 6
    attempts = sorted(row.attempts for row in await waiting(alpha))
    assert attempts == [0, 0, 0, 5]


async def test_a_closed_host_that_answers_a_knock_gets_all_that_waited(alpha, crowd, ann, bob):
    await closed(alpha, crowd, ann)
    await crowd.follower(bob, "one.test", "yan")
    await bob.publish("second")
    crowd.answer = lambda post: 202
    await make_due(alpha)
    await settle(alpha)
    assert await waiting(alpha) == [] and len(crowd.came) == 7
    host = await host_of(alpha, "one.test")
    assert (host.failures, host.closed_until, host.first_failure_at) == (0, None, None)


async def test_a_closed_host_that_is_heard_from_gets_all_that_waited(alpha, crowd, ann):
    await closed(alpha, crowd, ann)
    crowd.answer = lambda post: 202
    with alpha.inside():
        await hosts.heard_from("two.test")
        await settle(alpha)
        assert len(crowd.came) == 5
        await hosts.heard_from("one.test")
    await settle(alpha)
    assert crowd.types() == ["Create"] * 6 and await waiting(alpha) == []


async def test_failures_that_lie_far_apart_do_not_close_a_host(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    crowd.answer = lambda post: 500
    await ann.publish("hello")
    for _ in range(6):
        await make_due(alpha)
        with alpha.inside():
            await Host.all().update(first_failure_at=now() - timedelta(minutes=11))
        await settle(alpha)
    assert (await host_of(alpha, "one.test")).closed_until is None and len(crowd.came) == 6


async def test_a_host_that_has_failed_for_a_week_gets_no_more_posts_but_is_still_written_to(alpha, crowd, ann):
    await closed(alpha, crowd, ann)
    with alpha.inside():
        await Host.all().update(first_failure_at=now() - timedelta(days=8))
        await Delivery.all().delete()
        alpha.instance.cache.drop_prefix("federation:")
    await ann.publish("to all")
    assert await waiting(alpha) == []
    await ann.publish("to @zoe@one.test")
    assert len(await waiting(alpha)) == 1


async def test_what_has_waited_for_a_week_is_given_up_and_what_is_done_is_forgotten_in_time(alpha, crowd, ann):
    await closed(alpha, crowd, ann)
    with alpha.inside():
        await forget_outgoing()
        assert await Delivery.all().count() == 1
        old = "00000000-0000-7000-8000-000000000000"
        sender, body = ann.id, "{}"
        await Outgoing.create(id=old, sender_id=sender, verb="x", body=body, created_at=now() - timedelta(days=31))
        await Delivery.create(outgoing_id=old, sender_id=sender, inbox="https://one.test/inbox", host="one.test")
        await forget_outgoing()
        assert await Delivery.filter(outgoing_id=old).count() == 0 == await Outgoing.filter(id=old).count()
        assert await Outgoing.all().count() == 1
