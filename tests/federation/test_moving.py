"""Moving to another account, from here and to here; who lies about it moves nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.database import now
from core.graph_models import Move
from core.models import Actor
from core.testing import settle
from core.testing.people import befriend, fields_of
from tests.federation.arrivals import arrive
from tests.federation.test_outbox_reading import follow

PROOF = {"password": "Quiet-Harbour-47"}


async def follows(person, address):
    return (await person.get(f"/users/{address}"))["isFollowing"]


async def test_who_moves_takes_followers_here_and_there_along(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, eve = await alpha.users("ann", "eve")
    bob, new = await beta.users("bob", "ann2")
    await eve.follow(ann)
    await bob.follow(ann.address)
    post = await ann.publish("from before")
    await settle(alpha, beta)
    await new.post("/users/me/aliases", {"address": ann.address})
    moved = await ann.post("/users/me/move", {"address": new.address, **PROOF})
    assert moved["movedTo"] == new.uri
    await settle(alpha, beta)
    assert await follows(bob, new.id) and not await follows(bob, ann.address)
    assert await follows(eve, new.address) and not await follows(eve, ann.id)
    assert (await new.get("/users/me"))["followersCount"] == 2
    assert (await bob.get(f"/users/{ann.address}"))["movedTo"] == new.uri
    assert await bob.sees((await bob.get(f"/users/{ann.address}/posts"))["posts"][0]["postId"])
    page = (await alpha.anon.page("/@ann")).text
    assert "Now at @ann2@beta.test" in page and "from before" in page
    assert (await ann.refused(422, "POST", "/posts", {"content": "one more"}))["code"] == "rejected"
    await ann.refused(422, "POST", f"/posts/{post['postId']}/share")
    await eve.refused(409, "POST", f"/users/{ann.id}/follow")


async def test_coming_back_lets_one_write_and_not_move_again_at_once(alpha):
    ann, new, other = await alpha.users("ann", "ann2", "ann3")
    for target in (new, other):
        await target.post("/users/me/aliases", {"address": ann.name})
    await ann.post("/users/me/move", {"address": new.name, **PROOF})
    await ann.refused(409, "POST", "/users/me/move", {"address": other.name, **PROOF})
    assert (await ann.delete("/users/me/move"))["movedTo"] is None
    await ann.publish("here again")
    await ann.refused(404, "DELETE", "/users/me/move")
    problem = await ann.refused(422, "POST", "/users/me/move", {"address": other.name, **PROOF})
    assert "seven days" in problem["errors"][0]["message"]
    with alpha.inside():
        await Move.filter(actor_id=ann.id).update(moved_at=now() - timedelta(days=8))
    assert (await ann.post("/users/me/move", {"address": other.name, **PROOF}))["movedTo"] == other.uri


async def test_one_moves_only_to_who_says_so_and_only_oneself(alpha, ann, bob):
    for address in (bob.name, ann.name, "nobody", "@nobody@nowhere.test", "", "@"):
        problem = await ann.refused(422, "POST", "/users/me/move", {"address": address, **PROOF})
        assert fields_of(problem) == ["address"], address
    await bob.post("/users/me/aliases", {"address": ann.name})
    wrong = {"address": bob.name, "password": "Not-The-One-99"}
    assert fields_of(await ann.refused(422, "POST", "/users/me/move", wrong)) == ["password"]
    assert (await ann.get("/users/me"))["movedTo"] is None


async def test_aliases_are_named_and_taken_away(alpha, ann, bob, foreign):
    zoe = foreign.person("zoe")
    for address in (bob.name, zoe.address):
        await ann.post("/users/me/aliases", {"address": address})
    assert [one["acct"] for one in (await ann.get("/users/me/aliases"))["users"]] == ["bob", "zoe@foreign.test"]
    await ann.refused(409, "POST", "/users/me/aliases", {"address": "bob"})
    assert fields_of(await ann.refused(422, "POST", "/users/me/aliases", {"address": "ann"})) == ["address"]
    document = (await alpha.anon.page(f"/actors/{ann.id}", headers={"Accept": "application/activity+json"})).json()
    assert document["alsoKnownAs"] == [bob.uri, zoe.id]
    assert len((await ann.delete(f"/users/me/aliases/{bob.id}"))["users"]) == 1
    await ann.refused(404, "DELETE", f"/users/me/aliases/{bob.id}")


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


def says(zoe, **document):
    """Another account of Zoe's, on the same server."""
    return zoe.server.person("zoe2", **document)


def move(zoe, target, **more):
    return zoe.activity("Move", zoe.id, target=target.id, **more)


async def test_who_moves_elsewhere_is_followed_there(alpha, ann, bob, zoe):
    new = says(zoe, alsoKnownAs=[zoe.id])
    await follow(alpha, ann, zoe)
    await bob.post(f"/users/{zoe.address}/block")
    assert await arrive(alpha, zoe, move(zoe, new)) == "done"
    requests = [activity["object"] for activity in zoe.server.activities("Follow")]
    assert requests == [zoe.id, new.id]
    assert [undo["object"]["object"] for undo in zoe.server.activities("Undo")] == [zoe.id]
    assert (await ann.get(f"/users/{new.address}"))["isRequested"] is True
    assert [one["acct"] for one in (await bob.get("/blocks"))["users"]] == [new.address[1:], zoe.address[1:]]
    assert await arrive(alpha, zoe, move(zoe, new)) == "ignored"


async def test_who_moves_here_brings_followers(alpha, ann, bob, zoe):
    await follow(alpha, ann, zoe)
    await bob.post("/users/me/aliases", {"address": zoe.address})
    assert await arrive(alpha, zoe, zoe.activity("Move", zoe.id, target=bob.uri)) == "done"
    assert await follows(ann, bob.id) and not await follows(ann, zoe.address)
    assert (await ann.get(f"/users/{zoe.address}"))["movedTo"] == bob.uri


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"alsoKnownAs": ["https://foreign.test/users/somebody"]},
        {"alsoKnownAs": ["https://foreign.test/users/zoe"], "movedTo": "https://foreign.test/users/zoe"},
        {"alsoKnownAs": ["https://foreign.test/users/zoe"], "movedTo": "https://foreign.test/users/zoe3"},
        {"alsoKnownAs": ["https://foreign.test/users/zoe"], "type": "Application"},
    ],
    ids=["no alias", "somebody else's alias", "a loop", "moved on", "a server"],
)
async def test_where_the_other_account_does_not_agree_nobody_moves(alpha, ann, zoe, document):
    new = says(zoe, **document)
    await follow(alpha, ann, zoe)
    assert await arrive(alpha, zoe, move(zoe, new)) == "refused"
    assert len(zoe.server.activities("Follow")) == 1
    assert (await ann.get(f"/users/{zoe.address}"))["movedTo"] is None


async def test_an_alias_counts_as_it_is_now_and_not_as_it_was(alpha, ann, zoe):
    new = says(zoe, alsoKnownAs=[zoe.id])
    await follow(alpha, ann, zoe)
    await ann.get(f"/users/{new.address}")
    del new.more["alsoKnownAs"]
    assert await arrive(alpha, zoe, move(zoe, new)) == "refused"


async def test_nobody_moves_somebody_else(alpha, ann, zoe):
    eve = zoe.server.person("eve", alsoKnownAs=[zoe.id])
    await follow(alpha, ann, zoe)
    assert await arrive(alpha, eve, eve.activity("Move", zoe.id, target=eve.id)) == "refused"
    forged = {**zoe.activity("Move", zoe.id, target=eve.id)}
    assert (await eve.send(alpha, forged)).status_code == 401
    assert (await zoe.send(alpha, move(zoe, eve), signer=eve)).status_code == 401
    assert await arrive(alpha, zoe, zoe.activity("Move", zoe.id, target=zoe.id)) == "refused"
    assert await arrive(alpha, zoe, zoe.activity("Move", zoe.id)) == "refused"
    assert len(zoe.server.activities("Follow")) == 1


async def test_within_seven_days_nobody_moves_twice(alpha, ann, zoe):
    first, second = says(zoe, alsoKnownAs=[zoe.id]), zoe.server.person("zoe3", alsoKnownAs=[zoe.id])
    await follow(alpha, ann, zoe)
    assert await arrive(alpha, zoe, move(zoe, first)) == "done"
    assert await arrive(alpha, zoe, move(zoe, second)) == "refused"
    with alpha.inside():
        actor = await Actor.get(uri=zoe.id)
        await Move.filter(actor_id=actor.id).update(moved_at=now() - timedelta(days=8))
    assert await arrive(alpha, zoe, move(zoe, second)) == "done"


async def test_who_came_along_is_not_taken_on_again_within_seven_days(alpha, ann, zoe):
    names = [zoe.name, "zoe2", "zoe3"]
    known_as = {name: [f"{zoe.server.base_url}/users/{other}" for other in names] for name in names}
    zoe.more["alsoKnownAs"] = known_as[zoe.name]
    second, third = (zoe.server.person(name, alsoKnownAs=known_as[name]) for name in names[1:])
    await follow(alpha, ann, zoe)
    assert await arrive(alpha, zoe, move(zoe, second)) == "done"
    asked = len(zoe.server.activities("Follow"))
    for target in (third, zoe):  # a chain without end, or a circle, would have everybody follow anew for ever
        assert await arrive(alpha, second, move(second, target)) == "refused"
    assert len(zoe.server.activities("Follow")) == asked
    with alpha.inside():
        await Move.all().update(moved_at=now() - timedelta(days=8))
    assert await arrive(alpha, second, move(second, third)) == "done"


async def test_places_in_circles_on_lists_and_mutes_stand_for_the_new_account(alpha, ann, bob):
    new = await alpha.user("bob2")
    await befriend(ann, bob)
    circle = (await ann.post("/circles", {"name": "Choir", "userIds": [bob.id]}))["circleId"]
    eve = await alpha.user("eve")
    await eve.post(f"/users/{bob.id}/mute")
    listed = (await ann.post("/lists", {"title": "Singers"}))["listId"]
    await ann.post(f"/lists/{listed}/members", {"userIds": [bob.id]})
    await new.post("/users/me/aliases", {"address": bob.name})
    await bob.post("/users/me/move", {"address": new.name, **PROOF})
    await settle(alpha)
    members = (await ann.get(f"/circles/{circle}/members"))["users"]
    assert {one["username"] for one in members} == {"bob", "bob2"}
    assert {one["username"] for one in (await eve.get("/mutes"))["users"]} == {"bob", "bob2"}
    assert [one["username"] for one in (await ann.get(f"/lists/{listed}/members"))["users"]] == ["bob2"]
