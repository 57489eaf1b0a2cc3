"""What follows, answers, blocks, changes of profiles and farewells of people elsewhere do here."""

from __future__ import annotations

import pytest

from core.models import Actor, Follow
from core.testing import settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


async def follows(instance, follower_uri, target_uri):
    with instance.inside():
        follower, target = await Actor.get(uri=follower_uri), await Actor.get(uri=target_uri)
        follow = await Follow.get_or_none(follower_id=follower.id, target_id=target.id)
    return follow.state if follow else None


async def test_a_follow_is_accepted_with_the_whole_request_in_the_answer(alpha, foreign, ann, zoe):
    follow = zoe.activity("Follow", ann.uri)
    assert await arrive(alpha, zoe, follow) == "done"
    assert await follows(alpha, zoe.id, ann.uri) == "accepted"
    (accept,) = foreign.activities("Accept")
    assert accept["object"]["id"] == follow["id"]
    assert (await ann.get("/users/me"))["followersCount"] == 1


async def test_a_follow_that_is_sent_again_is_answered_again_and_counted_once(alpha, foreign, ann, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    again = zoe.activity("Follow", ann.uri)
    assert await arrive(alpha, zoe, again) == "done"
    assert [one["object"]["id"] for one in foreign.activities("Accept")][1] == again["id"]
    assert (await ann.get("/users/me"))["followersCount"] == 1


async def test_who_is_blocked_is_turned_down(alpha, foreign, ann, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    with alpha.inside():
        actor = await Actor.get(uri=zoe.id)
    await ann.post(f"/users/{actor.id}/block")
    await settle(alpha)
    foreign.inbox.clear()
    assert await arrive(alpha, zoe, zoe.activity("Follow", ann.uri)) == "ignored"
    assert [one["type"] for one in foreign.activities()] == ["Reject"]
    assert await follows(alpha, zoe.id, ann.uri) is None


async def test_nobody_is_followed_who_is_not_here(alpha, ann, zoe):
    assert await arrive(alpha, zoe, zoe.activity("Follow", "https://alpha.test/actors/none")) == "refused"
    assert await arrive(alpha, zoe, zoe.activity("Follow", zoe.id)) == "refused"


async def test_a_follow_is_taken_back_by_its_name_and_by_its_target(alpha, ann, zoe):
    for how in ("whole", "id"):
        follow = zoe.activity("Follow", ann.uri)
        await arrive(alpha, zoe, follow)
        assert await arrive(alpha, zoe, zoe.activity("Undo", follow if how == "whole" else follow["id"])) == "done"
        assert await follows(alpha, zoe.id, ann.uri) is None
    follow = zoe.activity("Follow", ann.uri)
    await arrive(alpha, zoe, follow)
    nameless = {"type": "Follow", "actor": zoe.id, "object": ann.uri}
    assert await arrive(alpha, zoe, zoe.activity("Undo", nameless)) == "done"
    assert (await ann.get("/users/me"))["followersCount"] == 0


async def followed_elsewhere(alpha, foreign, ann, zoe):
    """Ann asks to follow Zoe; the request as it was sent."""
    await ann.follow(zoe.address)
    await settle(alpha)
    return foreign.activities("Follow")[-1]


async def test_a_follow_counts_only_once_it_was_accepted(alpha, foreign, ann, zoe):
    request = await followed_elsewhere(alpha, foreign, ann, zoe)
    assert await follows(alpha, ann.uri, zoe.id) == "requested"
    assert await arrive(alpha, zoe, zoe.activity("Accept", request)) == "done"
    assert await follows(alpha, ann.uri, zoe.id) == "accepted"
    assert await arrive(alpha, zoe, zoe.activity("Accept", request)) == "ignored"


@pytest.mark.parametrize("how", ["id", "nameless"])
async def test_an_acceptance_is_matched_by_the_requests_id_or_by_who_it_is_about(alpha, foreign, ann, zoe, how):
    request = await followed_elsewhere(alpha, foreign, ann, zoe)
    named = request["id"] if how == "id" else {"type": "Follow", "actor": ann.uri, "object": zoe.id}
    assert await arrive(alpha, zoe, zoe.activity("Accept", named)) == "done"
    assert await follows(alpha, ann.uri, zoe.id) == "accepted"


async def test_nobody_accepts_for_somebody_else(alpha, foreign, ann, zoe):
    request = await followed_elsewhere(alpha, foreign, ann, zoe)
    eve = foreign.person("eve")
    for named in (request, request["id"], request | {"id": "https://foreign.test/made-up"}):
        assert await arrive(alpha, eve, eve.activity("Accept", named)) in ("ignored", "refused")
    assert await follows(alpha, ann.uri, zoe.id) == "requested"


async def test_a_rejection_ends_a_request_and_a_follow(alpha, foreign, ann, zoe):
    request = await followed_elsewhere(alpha, foreign, ann, zoe)
    assert await arrive(alpha, zoe, zoe.activity("Reject", request)) == "done"
    assert await follows(alpha, ann.uri, zoe.id) is None
    request = await followed_elsewhere(alpha, foreign, ann, zoe)
    await arrive(alpha, zoe, zoe.activity("Accept", request))
    assert await arrive(alpha, zoe, zoe.activity("Reject", request)) == "done"
    assert await follows(alpha, ann.uri, zoe.id) is None
    assert (await ann.get("/users/me"))["followingCount"] == 0


async def test_an_acceptance_that_is_undone_ends_the_follow(alpha, foreign, ann, zoe):
    request = await followed_elsewhere(alpha, foreign, ann, zoe)
    accept = zoe.activity("Accept", request)
    await arrive(alpha, zoe, accept)
    assert await arrive(alpha, zoe, zoe.activity("Undo", accept)) == "done"
    assert await follows(alpha, ann.uri, zoe.id) is None


async def test_a_block_ends_the_follows_both_ways_and_is_told_to_nobody(alpha, foreign, ann, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    request = await followed_elsewhere(alpha, foreign, ann, zoe)
    await arrive(alpha, zoe, zoe.activity("Accept", request))
    foreign.inbox.clear()
    block = zoe.activity("Block", ann.uri)
    assert await arrive(alpha, zoe, block) == "done"
    assert await follows(alpha, ann.uri, zoe.id) is None and await follows(alpha, zoe.id, ann.uri) is None
    assert foreign.activities() == []
    await ann.refused(404, "POST", f"/users/{zoe.address}/follow")
    assert await arrive(alpha, zoe, zoe.activity("Undo", block)) == "done"
    await ann.follow(zoe.address)


# -- Actors ------------------------------------------------------------------------------------------------------------


async def test_a_profile_that_was_changed_is_changed_here(alpha, zoe):
    await arrive(alpha, zoe, zoe.activity("Like", "https://alpha.test/objects/1"))
    document = zoe.document() | {"name": "Zoe the Great", "summary": "<p>hi<script>x</script></p>"}
    assert await arrive(alpha, zoe, zoe.activity("Update", document)) == "done"
    with alpha.inside():
        actor = await Actor.get(uri=zoe.id)
    assert (actor.name, actor.summary) == ("Zoe the Great", "<p>hi</p>")


async def test_a_profile_is_fetched_where_only_its_id_is_given(alpha, zoe):
    await arrive(alpha, zoe, zoe.activity("Like", "https://alpha.test/objects/1"))
    zoe.more["name"] = "Zoe the Second"
    assert await arrive(alpha, zoe, zoe.activity("Update", zoe.id)) == "done"
    with alpha.inside():
        assert (await Actor.get(uri=zoe.id)).name == "Zoe the Second"


async def test_nobody_changes_the_profile_of_a_neighbour(alpha, foreign, zoe):
    eve = foreign.person("eve")
    await arrive(alpha, zoe, zoe.activity("Like", "https://alpha.test/objects/1"))
    document = zoe.document() | {"name": "Owned"}
    assert await arrive(alpha, eve, eve.activity("Update", document)) == "refused"
    with alpha.inside():
        assert (await Actor.get(uri=zoe.id)).name == "Zoe"


async def test_who_leaves_takes_everything_along(alpha, ann, zoe):
    note = zoe.note("soon gone")
    post = await ann.publish()
    for activity in (
        zoe.activity("Create", note),
        zoe.activity("Like", post["uri"]),
        zoe.activity("Announce", post["uri"], to=[PUBLIC]),
        zoe.activity("Follow", ann.uri),
    ):
        assert await arrive(alpha, zoe, activity) == "done"
    assert await arrive(alpha, zoe, zoe.activity("Delete", zoe.id, to=[PUBLIC])) == "done"
    assert (await stored(alpha, note["id"])).deleted_at is not None
    found = await ann.get(f"/posts/{post['postId']}")
    assert (found["likesCount"], found["sharesCount"]) == (0, 0)
    assert (await ann.get("/users/me"))["followersCount"] == 0
    with alpha.inside():
        assert (await Actor.get(uri=zoe.id)).removed_at is not None


async def test_nobody_deletes_a_neighbour(alpha, foreign, zoe):
    eve = foreign.person("eve")
    await arrive(alpha, zoe, zoe.activity("Like", "https://alpha.test/objects/1"))
    assert await arrive(alpha, eve, eve.activity("Delete", zoe.id)) in ("refused", "ignored")
    with alpha.inside():
        assert (await Actor.get(uri=zoe.id)).removed_at is None
