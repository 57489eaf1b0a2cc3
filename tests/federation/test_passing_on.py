"""Answers to what somebody here wrote are passed on to their followers elsewhere, where their authors prove them."""

from __future__ import annotations

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.database import now
from core.federation import forwarding, recipients
from core.federation.keys import SigningKey, encode_multikey
from core.federation.proofs import proved
from core.models import Actor, Entry
from core.testing import Foreign, Person, TestInstance, settle, world
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive
from tests.federation.crowd import Crowd


async def words(instance: TestInstance, uri: str) -> str | None:
    """The words of a post on a server; empty where it is gone, None where it never came."""
    with instance.inside():
        entry = await Entry.get_or_none(uri=uri)
    return None if entry is None else "" if entry.deleted_at else entry.content


async def test_on_three_servers_an_answer_reaches_those_who_follow_whom_it_answers_and_changes_and_goes() -> None:
    async with world("alpha.test", "beta.test", "gamma.test") as servers:
        alpha, beta, gamma = servers
        ann, bea, carl = await alpha.user("ann"), await beta.user("bea"), await gamma.user("carl")
        for person in (bea, carl):
            await person.follow(ann.address)
        await settle(*servers)
        post = await ann.publish("What do you think?")
        await settle(*servers)
        (there,) = await bea.feed()
        answer = await bea.publish("I like it", inReplyTo=there["postId"])
        secret = await bea.publish("But not this", inReplyTo=there["postId"], visibility="followers")
        await settle(*servers)
        assert await words(gamma, answer["uri"]) == await words(alpha, answer["uri"])
        assert "I like it" in str(await words(gamma, answer["uri"]))
        assert await words(gamma, secret["uri"]) is None
        (seen,) = await carl.feed()
        thread = await carl.get(f"/posts/{seen['postId']}/thread")
        assert "I like it" in str(thread["replies"]) and seen["uri"] == post["uri"]
        await bea.put(f"/posts/{answer['postId']}", {"content": "I love it"})
        await settle(*servers)
        assert "I love it" in str(await words(gamma, answer["uri"]))
        await bea.delete(f"/posts/{answer['postId']}")
        await settle(*servers)
        assert await words(gamma, answer["uri"]) == ""


async def test_it_goes_as_it_came_to_followers_alone_and_nothing_unproved_or_beyond_measure_does(
    alpha: TestInstance, ann: Person, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "PASSED_ON_PER_HOUR", 3)
    crowd, private, zoe = Crowd(alpha), Ed25519PrivateKey.generate(), foreign.person("zoe")
    key = {"id": f"{zoe.id}#proofs", "type": "Multikey", "controller": zoe.id}
    zoe.more["assertionMethod"] = [key | {"publicKeyMultibase": encode_multikey(private.public_key())}]
    await crowd.follower(ann, "one.test")
    await crowd.person("stranger.test")
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    public, quiet = await ann.publish("Well?"), await ann.publish("Well?", visibility="followers")
    elsewhere = zoe.note("<p>mine</p>")
    await arrive(alpha, zoe, zoe.activity("Create", elsewhere, to=[PUBLIC]))
    await settle(alpha)
    crowd.came.clear()
    foreign.inbox.clear()

    async def said(parent: str, *, signer: Ed25519PrivateKey | None = private, to: str = PUBLIC) -> dict[str, object]:
        note = zoe.note("<p>hm</p>", inReplyTo=parent, to=[to, ann.uri], cc=[])
        activity = zoe.activity("Create", note, to=note["to"])
        if signer is not None:
            activity = proved(activity, SigningKey(f"{zoe.id}#proofs", signer), now())
        assert await arrive(alpha, zoe, activity) == "done"
        await settle(alpha)
        return activity

    for parent, more in (
        (public["uri"], {"signer": None}),
        (public["uri"], {"signer": Ed25519PrivateKey.generate()}),
        (public["uri"], {"to": f"{zoe.id}/followers"}),
        (quiet["uri"], {}),
        (elsewhere["id"], {}),
    ):
        await said(parent, **more)  # type: ignore[arg-type]
    assert crowd.came == []
    with alpha.inside():
        await Actor.filter(uri=zoe.id).update(silenced_at=now())
    await said(public["uri"])
    assert crowd.came == []
    with alpha.inside():
        await Actor.filter(uri=zoe.id).update(silenced_at=None)
    first = await said(public["uri"])
    (post,) = crowd.came
    assert (post.host, orjson.loads(post.body)) == ("one.test", first)
    assert f'keyId="{ann.uri}#main-key"' in post.headers["signature"]
    monkeypatch.setattr(recipients, "AT_ONCE", 0)  # so many follow that a job finds them
    for _ in range(4):
        await said(public["uri"])
    assert crowd.hosts == ["one.test"] and len(crowd.came) == 3
    assert [one for one in foreign.activities() if one["actor"] == zoe.id] == []
