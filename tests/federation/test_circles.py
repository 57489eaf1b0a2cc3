"""What is for a circle crosses to other servers, for those who were in it and for nobody else."""

from __future__ import annotations

import pytest

from core.models import Actor, Mention
from core.reading import visibility_of
from core.testing import settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored
from tests.federation.test_stories import id_there


async def friends_across(one, other, *instances):
    for a, b in ((one, other), (other, one)):
        await a.follow(b.address)
        await settle(*instances)


@pytest.fixture
async def apart(alpha_and_beta):
    """Ann on alpha with her friends Bob and Dan on beta; Eve follows her there."""
    alpha, beta = alpha_and_beta
    ann, cleo = await alpha.users("ann", "cleo")
    bob, dan, eve = await beta.users("bob", "dan", "eve")
    for friend in (bob, dan):
        await friends_across(ann, friend, alpha, beta)
    await cleo.follow(ann)
    await ann.follow(cleo)
    await eve.follow(ann.address)
    await settle(alpha, beta)
    circle = await ann.post("/circles", {"name": "Surprise", "userIds": [cleo.id, bob.address]})
    return alpha, beta, ann, cleo, bob, dan, eve, circle["circleId"]


async def test_members_on_other_servers_see_it_and_others_there_do_not(apart):
    alpha, beta, ann, _cleo, bob, dan, eve, circle = apart
    post = await ann.publish("for you two", circleId=circle)
    await settle(alpha, beta)
    [seen] = await bob.feed()
    assert (seen["content"], seen["visibility"], seen["mentions"]) == ("<p>for you two</p>", "circle", [])
    for other in (dan, eve, beta.anon):
        assert (await other.call("GET", f"/posts/{seen['postId']}")).status_code == 404
    assert await dan.feed() == await eve.feed() == []
    await ann.delete(f"/posts/{post['postId']}")
    await settle(alpha, beta)
    assert await bob.feed() == []


async def test_answers_and_edits_reach_the_same_people(apart):
    alpha, beta, ann, cleo, bob, dan, _eve, circle = apart
    post = await ann.publish("psst", circleId=circle)
    await settle(alpha, beta)
    there = await id_there(beta, post["uri"])
    answer = await bob.publish("I know nothing", inReplyTo=there)
    await settle(alpha, beta)
    here = await id_there(alpha, answer["uri"])
    assert (await cleo.get(f"/posts/{here}"))["visibility"] == "circle" and await ann.sees(here)
    assert not await dan.sees(answer["postId"])
    await ann.put(f"/posts/{post['postId']}", {"content": "psst, all"})
    await settle(alpha, beta)
    assert (await bob.get(f"/posts/{there}"))["content"] == "<p>psst, all</p>"


async def test_it_is_addressed_to_each_and_says_nothing_of_the_circle(apart, foreign):
    alpha, beta, ann, cleo, bob, *_, circle = apart
    foreign.join(alpha)
    zoe = foreign.person("zoe")
    await ann.follow(zoe.address)
    await settle(alpha, beta)
    await arrive(alpha, zoe, zoe.activity("Accept", foreign.activities("Follow")[-1]))
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    await ann.post(f"/circles/{circle}/members", {"userId": zoe.address})
    await ann.publish("psst", circleId=circle)
    await settle(alpha, beta)
    [create] = foreign.activities("Create")
    note = create["object"]
    assert set(note["to"]) == {cleo.uri, bob.uri, zoe.id} and note["cc"] == []
    assert (create["to"], create["cc"]) == (note["to"], note["cc"])
    assert note["directMessage"] is False and note["tag"] == [] and "proof" not in create
    assert "Surprise" not in str(create) and f"{ann.uri}/followers" not in str(create["to"])


@pytest.mark.parametrize(
    ("said", "expected"), [(False, "circle"), (True, "direct"), (None, "direct"), ("no", "direct")]
)
def test_what_is_no_message_and_for_a_few_is_for_a_circle(said, expected):
    author = Actor(uri="https://a.test/users/zoe", followers_url="https://a.test/users/zoe/followers")
    document = {"to": ["https://b.test/users/ann"], "directMessage": said}
    assert visibility_of(document, author) == expected
    assert visibility_of({**document, "cc": PUBLIC}, author) == "unlisted"


async def test_of_what_came_only_addressees_see_anything(alpha, foreign, ann, bob, anon):
    zoe = foreign.person("zoe")
    note = zoe.note("<p>psst</p>", to=[ann.uri], directMessage=False)
    assert await arrive(alpha, zoe, zoe.activity("Create", note, to=[ann.uri])) == "done"
    entry = await stored(alpha, note["id"])
    assert entry.visibility == "circle" and await ann.sees(entry.id)
    assert not await bob.sees(entry.id)
    with alpha.inside():
        assert [mention.silent for mention in await Mention.filter(entry_id=entry.id)] == [True]
    listed = await anon.get(f"/users/{entry.author_id}/posts")
    assert listed["posts"] == []
