"""What goes out, and to whom: written with the act, addressed as the post is, and to nobody else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from core import actors, entries, reactions
from core.accounts import profile
from core.database import transaction
from core.entries import Act
from core.federation import domains, entry_activities, recipients
from core.federation.models import Delivery, Outgoing
from core.federation.outbox import body_of, send
from core.instance import here
from core.models import Actor, Entry
from core.outbound import PUBLIC, Outbound
from core.testing import Person, TestInstance, settle, world
from core.upkeep_models import Job
from tests.federation.crowd import Crowd, follow, waiting


@pytest.fixture
def crowd(alpha: TestInstance) -> Crowd:
    return Crowd(alpha)


def meanings(context: Any) -> dict[str, str]:
    """What the own words of a document stand for, as processors of JSON-LD expand them: prefixes spelled out."""
    terms = {name: meant for part in context if isinstance(part, dict) for name, meant in part.items()}
    addresses = {name: meant["@id"] if isinstance(meant, dict) else meant for name, meant in terms.items()}

    def expanded(address: str) -> str:
        prefix, _, rest = address.partition(":")
        return addresses[prefix] + rest if prefix in addresses else address

    return {name: expanded(address) for name, address in addresses.items() if not name.startswith("@")}


async def entry_of(instance: TestInstance, post: dict[str, Any]) -> Entry:
    with instance.inside():
        return await Entry.get(id=post["postId"])


async def test_what_must_go_out_stands_in_the_database_before_the_answer(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    await ann.publish("hello")
    (row,) = await waiting(alpha)
    assert (row.inbox, row.host, row.state, row.sender_id) == ("https://one.test/inbox", "one.test", "waiting", ann.id)
    assert crowd.came == []


async def test_what_is_taken_back_never_goes_out(alpha, crowd, ann):
    zoe = await crowd.follower(ann, "one.test")
    entry = await crowd.entry(zoe)
    with alpha.inside(), pytest.raises(ZeroDivisionError):
        async with transaction():
            await reactions.like(ann.actor, entry)
            raise ZeroDivisionError
    assert await waiting(alpha) == []
    with alpha.inside():
        assert await Outgoing.all().count() == 0


ALL = ("follower.test", "friend.test", "named.test")
TABLE = {
    "public": ([PUBLIC], ["FOLLOWERS", "NAMED"], ALL),
    "unlisted": (["FOLLOWERS"], [PUBLIC, "NAMED"], ALL),
    "followers": (["FOLLOWERS"], ["NAMED"], ALL),
    "friends": (["NAMED", "FRIEND"], [], ("friend.test", "named.test")),
    "direct": (["NAMED"], [], ("named.test",)),
}


@pytest.mark.parametrize("visibility", TABLE)
async def test_a_post_is_addressed_by_whom_it_is_for_and_reaches_nobody_else(alpha, crowd, ann, visibility):
    await crowd.follower(ann, "follower.test")
    friend = await crowd.friend(ann, "friend.test")
    named = await crowd.person("named.test")
    await crowd.person("stranger.test")
    await ann.publish("hello @zoe@named.test", visibility=visibility)
    await settle(alpha)
    words = {"FOLLOWERS": ann.actor.followers_url, "NAMED": named.uri, "FRIEND": friend.uri}
    to, cc, hosts = TABLE[visibility]
    create = crowd.only("Create")
    for document in (create, create["object"]):
        assert document["to"] == [words.get(one, one) for one in to]
        assert document["cc"] == [words.get(one, one) for one in cc]
    assert crowd.hosts == list(hosts)


@pytest.mark.parametrize("more", [{"visibility": "private"}, {"local_only": True}])
async def test_what_is_private_or_stays_here_never_leaves_nor_does_anything_about_it(alpha, crowd, ann, bob, more):
    zoe = await crowd.follower(ann, "one.test")
    await crowd.follower(bob, "two.test")
    with alpha.inside():
        entry = await _published(ann, f"hello {zoe.uri} @zoe@one.test", **more)
        if more.get("local_only"):
            await reactions.like(bob.actor, entry)
            await reactions.boost(bob.actor, entry)
            await reactions.unboost(bob.actor, entry)
    await ann.put(f"/posts/{entry.id}", {"content": "changed"})
    await ann.delete(f"/posts/{entry.id}")
    await settle(alpha)
    assert crowd.came == []
    with alpha.inside():
        assert await Outgoing.all().count() == 0


async def _published(author: Person, content: str, *, visibility: str = "public", local_only: bool = False) -> Entry:
    draft = entries.Draft(kind="post", author=author.actor, content=f"<p>{content}</p>", visibility=visibility)
    draft.local_only = local_only
    async with entries.publishing(draft) as entry:
        pass
    return entry


async def test_a_host_with_a_shared_inbox_gets_it_once_and_every_inbox_the_same_bytes(alpha, crowd, ann):
    for name in ("zoe", "yan", "xia"):
        await crowd.follower(ann, "shared.test", name)
    for name in ("zoe", "yan"):
        await crowd.follower(ann, "single.test", name, shared=False)
    await ann.publish("hello")
    await settle(alpha)
    paths = sorted(f"{post.host}{post.path}" for post in crowd.came)
    assert paths == ["shared.test/inbox", "single.test/users/yan/inbox", "single.test/users/zoe/inbox"]
    assert len({post.body for post in crowd.came}) == 1


async def test_an_answer_reaches_whom_it_answers_and_a_quote_whom_it_quotes(alpha, crowd, ann):
    zoe, yan = await crowd.person("one.test"), await crowd.person("two.test", "yan")
    answered, quoted = await crowd.entry(zoe), await crowd.entry(yan)
    await ann.publish("I agree", inReplyTo=answered.id)
    await ann.publish("Look", quote=quoted.id)
    await settle(alpha)
    assert crowd.hosts == ["one.test", "two.test"]
    answer, quote = crowd.to("one.test")[0].activity, crowd.to("two.test")[0].activity
    assert zoe.uri in answer["cc"] and answer["object"]["inReplyTo"] == answered.uri
    assert {"type": "Mention", "href": zoe.uri, "name": "@zoe@one.test"} in answer["object"]["tag"]
    assert yan.uri in quote["cc"] and quote["object"]["quote"] == quoted.uri


async def test_a_like_is_for_the_author_alone_and_a_share_for_the_followers_as_well(alpha, crowd, ann):
    await crowd.follower(ann, "follower.test")
    entry = await crowd.entry(await crowd.person("author.test"))
    for verb, back in ((reactions.like, reactions.unlike), (reactions.boost, reactions.unboost)):
        with alpha.inside():
            await verb(ann.actor, entry)
            await back(ann.actor, entry)
    await settle(alpha)
    assert crowd.types("author.test") == ["Like", "Undo", "Announce", "Undo"]
    assert crowd.types("follower.test") == ["Announce", "Undo"]


async def test_what_is_done_to_something_from_here_concerns_no_other_server(alpha, crowd, ann, bob):
    await crowd.follower(ann, "follower.test")
    post = await entry_of(alpha, await ann.publish("hello"))
    await settle(alpha)
    with alpha.inside():
        await reactions.like(bob.actor, post)
    await settle(alpha)
    assert crowd.types() == ["Create"]


async def test_a_change_and_a_deletion_reach_whoever_had_to_do_with_it(alpha, crowd, ann):
    liker, sharer, answerer = [await crowd.person(f"{what}.test") for what in ("liker", "sharer", "answerer")]
    post = await entry_of(alpha, await ann.publish("hello"))
    with alpha.inside():
        await reactions.like(liker, post, uri=f"{liker.uri}/likes/1")
        await reactions.boost(sharer, post, uri=f"{sharer.uri}/shares/1")
        draft = entries.Draft(kind="post", author=answerer, content="<p>no</p>", reply_to=post)
        draft.uri = draft.url = f"{answerer.uri}/notes/1"
        async with entries.publishing(draft):
            pass
    await ann.put(f"/posts/{post.id}", {"content": "hello there"})
    await settle(alpha)
    await ann.delete(f"/posts/{post.id}")
    await settle(alpha)
    everyone = {f"{what}.test": ["Update", "Delete"] for what in ("liker", "sharer", "answerer")}
    assert crowd.by_host() == everyone


async def test_new_words_for_followers_do_not_reach_somebody_who_liked_it_and_follows_no_longer(alpha, crowd, ann):
    zoe = await crowd.follower(ann, "left.test")
    post = await entry_of(alpha, await ann.publish("for you", visibility="followers"))
    with alpha.inside():
        await reactions.like(zoe, post, uri=f"{zoe.uri}/likes/1")
        await actors.unfollow(zoe, ann.actor)
    await settle(alpha)
    await ann.put(f"/posts/{post.id}", {"content": "not for you"})
    await settle(alpha)
    assert crowd.types("left.test") == ["Create"]
    await ann.delete(f"/posts/{post.id}")
    await settle(alpha)
    assert crowd.types("left.test") == ["Create", "Delete"]


async def test_a_deletion_drops_what_was_still_waiting_to_be_said(alpha, crowd, ann):
    await crowd.follower(ann, "one.test")
    post = await ann.publish("hello")
    await ann.put(f"/posts/{post['postId']}", {"content": "hello there"})
    await ann.delete(f"/posts/{post['postId']}")
    await settle(alpha)
    assert crowd.types() == ["Delete"]


async def test_nothing_goes_to_blocked_servers_to_suspended_or_removed_people_or_to_ourselves(alpha, crowd, ann):
    for host in ("blocked.test", "under.blocked.test", "suspended.test", "removed.test", "good.test"):
        await crowd.follower(ann, host)
    odd = await crowd.follower(ann, "odd.test")
    with alpha.inside():
        await domains.decide("blocked.test", "block")
        await Actor.filter(domain="suspended.test").update(suspended_at=ann.actor.created_at)
        await Actor.filter(domain="removed.test").update(removed_at=ann.actor.created_at)
        await Actor.filter(id=odd.id).update(shared_inbox_url="https://alpha.test/inbox")
    await settle(alpha)
    crowd.came.clear()
    await ann.publish("hello")
    await settle(alpha)
    assert crowd.hosts == ["good.test"]


async def test_a_block_ends_follows_but_is_not_told_and_nothing_is_sent_across_it(alpha, crowd, ann):
    zoe = await crowd.friend(ann, "one.test")
    post = await ann.publish("hello @zoe@one.test")
    await settle(alpha)
    with alpha.inside():
        await actors.block(ann.actor, zoe)
    await ann.put(f"/posts/{post['postId']}", {"content": "hello @zoe@one.test again"})
    await settle(alpha)
    assert sorted(crowd.types()) == ["Create", "Reject", "Undo"]


async def test_a_closed_community_sends_nothing(crowd):
    async with world("closed.test", federation__enabled=False) as (closed,):
        elsewhere = Crowd(closed)
        ann = await closed.user("ann")
        await elsewhere.follower(ann, "one.test")
        await ann.publish("hello")
        await settle(closed)
        assert elsewhere.came == [] and await waiting(closed) == []


async def test_people_are_followed_accepted_and_let_go_across_servers(alpha, crowd, ann):
    zoe, yan = await crowd.person("one.test"), await crowd.person("two.test", "yan")
    await follow(alpha, zoe, ann, "https://one.test/follows/1")
    with alpha.inside():
        await actors.reject(ann.actor, zoe)
        await actors.befriend(ann.actor, yan)
        await actors.unfollow(ann.actor, yan)
    await settle(alpha)
    accept, reject = (post.activity for post in crowd.to("one.test"))
    follow_, undo = (post.activity for post in crowd.to("two.test"))
    theirs = {"id": "https://one.test/follows/1", "type": "Follow", "actor": zoe.uri, "object": ann.uri}
    assert (accept["type"], reject["type"]) == ("Accept", "Reject")
    assert accept["object"] == reject["object"] == {**theirs, "to": [ann.uri]}
    assert (follow_["type"], follow_["object"], follow_["to"]) == ("Follow", yan.uri, [yan.uri])
    assert follow_["wantsBack"] is True
    assert meanings(follow_["@context"])["wantsBack"] == "urn:kith:ns:wantsBack"
    assert undo["type"] == "Undo" and undo["object"]["id"] == follow_["id"]


async def test_followers_learn_of_a_new_profile_and_every_known_server_of_a_departure(alpha, crowd, ann):
    await crowd.follower(ann, "follower.test")
    await crowd.person("other.test")
    with alpha.inside():
        await profile.change_profile(ann.actor, full_name="Ann Other")
        async with transaction():
            await here().hooks.outgoing(act=Act("delete_actor", ann.actor))
    await settle(alpha)
    update = crowd.only("Update")
    assert update["object"]["name"] == "Ann Other" and "@context" not in update["object"]
    assert crowd.by_host() == {"follower.test": ["Update", "Delete"], "other.test": ["Delete"]}
    assert crowd.only("Delete")["object"] == ann.uri


async def test_a_post_to_very_many_is_answered_at_once_and_a_job_finds_the_rest(alpha, crowd, ann, monkeypatch):
    monkeypatch.setattr(recipients, "AT_ONCE", 3)
    monkeypatch.setattr(recipients, "BATCH", 4)
    hosts = [f"h{number:02}.test" for number in range(11)]
    for host in hosts:
        await crowd.follower(ann, host)
        await crowd.follower(ann, host, "yan")
    post = await ann.publish("hello")
    assert await waiting(alpha) == []
    with alpha.inside():
        assert await Job.filter(name="core.federation.recipients.expand").count() == 1
    await settle(alpha)
    assert crowd.by_host() == {host: ["Create"] for host in hosts}
    await ann.put(f"/posts/{post['postId']}", {"content": "hello there"})
    await ann.delete(f"/posts/{post['postId']}")
    await settle(alpha)
    assert crowd.by_host() == {host: ["Create", "Delete"] for host in hosts}


async def test_somebody_elsewhere_is_found_behind_however_many_followers_here(alpha, crowd, ann, monkeypatch):
    for module in (recipients, entry_activities):
        monkeypatch.setattr(module, "LOOKED_AT", 2)
    await crowd.follower(ann, "one.test")
    people = [await alpha.user(name) for name in ("bea", "cil", "dan")]
    with alpha.inside():
        for person in people:
            await actors.follow(person.actor, ann.actor)
    await ann.publish("hello")
    await settle(alpha)
    assert crowd.by_host() == {"one.test": ["Create"]}


async def test_a_job_that_runs_again_writes_nothing_twice_and_changes_wait_for_it(alpha, crowd, ann, monkeypatch):
    monkeypatch.setattr(recipients, "AT_ONCE", 1)
    for host in ("one.test", "two.test"):
        await crowd.follower(ann, host)
    post = await ann.publish("hello")
    await ann.put(f"/posts/{post['postId']}", {"content": "hello there"})
    with alpha.inside():
        create, update = await Outgoing.all().order_by("id")
        later = await Job.filter(key=f"outgoing:{update.id}").get()
        await recipients.expand(**later.arguments)
        assert await Delivery.all().count() == 0
        first = await Job.filter(key=f"outgoing:{create.id}").get()
        await recipients.expand(**first.arguments)
        await recipients.expand(**first.arguments)
        assert await Delivery.filter(outgoing_id=create.id).count() == 2


async def test_a_large_activity_goes_without_what_can_be_done_without(alpha, ann):
    with alpha.inside():
        note = {"type": "Note", "content": "x" * 40_000, "source": {"content": "x" * 40_000}, "replies": {}, "tag": []}
        small = body_of("1", ann.actor, {"type": "Create", "object": {**note, "source": {}}})
        large = body_of("1", ann.actor, {"type": "Create", "object": note})
    assert "source" in orjson.loads(small)["object"]
    assert len(large) < 65_536 and orjson.loads(large)["object"].keys() == {"type", "content", "tag"}


async def test_plugins_can_send_what_they_like_and_learn_whether_it_reaches_anybody(alpha, crowd, ann):
    zoe = await crowd.person("one.test")
    with alpha.inside():
        nobody = await send(ann.actor, "wave", Outbound({"type": "Wave", "to": [ann.uri], "cc": []}))
        somebody = await send(ann.actor, "wave", Outbound({"type": "Wave", "to": [zoe.uri], "cc": []}))
    await settle(alpha)
    assert nobody is None and crowd.only("Wave")["id"] == f"https://alpha.test/activities/{somebody}"
