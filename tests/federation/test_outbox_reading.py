"""What was published elsewhere before anybody here followed comes with the first follow, each in its own time."""

from __future__ import annotations

import pytest

from core.models import Entry
from core.reaction_models import Boost
from core.testing import settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive

SHAPES = ("mastodon", "gotosocial", "pixelfed", "kith")


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe", featured="https://foreign.test/users/zoe/featured")


def serve(server, path, items, **more):
    """A collection at a path of the foreign server."""
    uri = server.base_url + path
    members = {"orderedItems": items} if items else {}
    server.documents[path] = {"id": uri, "type": "OrderedCollection", **more, **members}
    return uri


def old(zoe, day, **more):
    return zoe.note(f"<p>Day {day}</p>", published=f"2026-10-{day:02}T08:00:00Z", **more)


def outbox(zoe, notes, shape="mastodon"):
    """An outbox as different software has it: pages, whole or named objects, activities or not."""
    items = []
    for note in notes:
        create = zoe.activity("Create", note["id"] if shape == "gotosocial" else note, to=note["to"], cc=note["cc"])
        items.append(note if shape == "pixelfed" else {**create, "published": note["published"]})
    path = "/users/zoe/outbox"
    if shape == "pixelfed":
        serve(zoe.server, path, items)
    else:
        first = f"{zoe.server.base_url}{path}/1"
        page = {"id": first, "type": "OrderedCollectionPage", "partOf": zoe.server.base_url + path}
        zoe.server.documents[f"{path}/1"] = {**page, "orderedItems": items}
        serve(zoe.server, path, [], first=page if shape == "kith" and not items else first)


async def follow(instance, person, zoe):
    await person.follow(zoe.address)
    await settle(instance)
    assert await arrive(instance, zoe, zoe.activity("Accept", zoe.server.activities("Follow")[-1])) == "done"
    await settle(instance)


def words(posts):
    return [post["content"] for post in posts]


@pytest.mark.parametrize("shape", SHAPES)
async def test_recent_posts_come_with_the_first_follow_each_in_its_own_time(alpha, ann, zoe, shape):
    outbox(zoe, [old(zoe, 20), old(zoe, 10)], shape)
    await ann.publish("today")
    await follow(alpha, ann, zoe)
    feed = await ann.feed()
    assert words(feed) == ["<p>today</p>", "<p>Day 20</p>", "<p>Day 10</p>"]
    assert feed[1]["createdAt"] == "2026-10-20T08:00:00.000Z"
    profile = await ann.get(f"/users/{zoe.address}/posts")
    assert words(profile["posts"]) == ["<p>Day 20</p>", "<p>Day 10</p>"]


async def test_pinned_posts_come_too_however_old(alpha, ann, zoe):
    pinned, embedded = old(zoe, 1), old(zoe, 2)
    serve(zoe.server, "/users/zoe/featured", [pinned["id"], embedded])
    await follow(alpha, ann, zoe)
    assert words(await ann.feed()) == ["<p>Day 2</p>", "<p>Day 1</p>"]


async def test_who_has_the_page_open_is_not_told_of_old_posts(alpha, ann, zoe):
    outbox(zoe, [old(zoe, 20)])
    async with ann.socket() as socket:
        await socket.send({"type": "auth", "token": ann.access_token})
        await socket.receive()
        await socket.send({"type": "subscribe", "channel": "home"})
        await follow(alpha, ann, zoe)
        await zoe.send(alpha, zoe.activity("Create", zoe.note("<p>new</p>"), to=[PUBLIC]))
        await settle(alpha)
        event = await socket.receive()
    assert event["data"]["content"] == "<p>new</p>"
    assert words(await ann.feed()) == ["<p>new</p>", "<p>Day 20</p>"]


async def test_it_is_read_once_and_not_for_the_second_who_follows(alpha, ann, bob, zoe):
    outbox(zoe, [old(zoe, 20)])
    await follow(alpha, ann, zoe)
    await follow(alpha, bob, zoe)
    await ann.delete(f"/users/{zoe.address}/follow")
    await bob.delete(f"/users/{zoe.address}/follow")
    await settle(alpha)
    await follow(alpha, ann, zoe)
    assert [request.path for request in zoe.server.asked].count("/users/zoe/outbox") == 1
    assert words(await bob.feed()) == [] and words(await ann.feed()) == ["<p>Day 20</p>"]


async def test_only_what_everybody_may_see_is_taken_and_only_what_is_hers(alpha, ann, zoe):
    eve = zoe.server.person("eve")
    private = old(zoe, 3, to=[f"{zoe.id}/followers"])
    forged = {**old(zoe, 4), "attributedTo": "https://elsewhere.test/users/bob"}
    elsewhere = {**old(zoe, 5), "id": "https://elsewhere.test/notes/1"}
    theirs = eve.activity("Create", eve.note("<p>by eve</p>", published="2026-10-06T08:00:00Z"))
    share = zoe.activity("Announce", "https://elsewhere.test/notes/2")
    items = [zoe.activity("Create", note) for note in (private, forged, elsewhere)]
    serve(zoe.server, "/users/zoe/outbox", [*items, theirs, share, 7, None, {}, "nonsense", {"type": "Create"}])
    await follow(alpha, ann, zoe)
    assert words(await ann.feed()) == []
    with alpha.inside():
        assert await Entry.all().count() == 0


async def test_a_collection_without_end_is_not_followed_for_ever(alpha, ann, zoe):
    for number in range(60):
        path = f"/users/zoe/outbox/{number}"
        page = {"id": zoe.server.base_url + path, "type": "OrderedCollectionPage"}
        note = old(zoe, 20)
        zoe.server.documents[path] = {
            **page,
            "orderedItems": [zoe.activity("Create", note["id"])],
            "next": f"{zoe.server.base_url}/users/zoe/outbox/{number + 1}",
        }
    serve(zoe.server, "/users/zoe/outbox", [], first=f"{zoe.server.base_url}/users/zoe/outbox/0")
    await follow(alpha, ann, zoe)
    pages = [request.path for request in zoe.server.asked if request.path.startswith("/users/zoe/outbox/")]
    assert len(pages) == 2


async def test_the_first_follow_of_a_group_brings_what_it_passed_on(alpha, ann, foreign):
    lena = foreign.person("lena")
    group = foreign.person("bread", type="Group")
    page = lena.note("<p>Ask a baker</p>", published="2026-10-20T08:00:00Z", type="Page", name="The best flour")
    vote = group.activity("Announce", lena.activity("Like", page["id"]))
    create = group.activity("Announce", lena.activity("Create", page), published="2026-10-20T08:00:01Z")
    serve(foreign, "/users/bread/outbox", [vote, create])
    await follow(alpha, ann, group)
    [post] = await ann.feed()
    assert (post["title"], post["sharedBy"]["username"]) == ("The best flour", "bread")
    assert post["createdAt"] == "2026-10-20T08:00:00.000Z"


async def test_a_group_claims_no_address_of_what_others_do(alpha, ann, foreign):
    group = foreign.person("bread", type="Group")
    page = foreign.person("lena").note(
        "<p>Ask a baker</p>", published="2026-10-20T08:00:00Z", type="Page", name="Flour"
    )
    taken = {**group.activity("Announce", page), "id": "https://elsewhere.test/shares/1"}
    serve(foreign, "/users/bread/outbox", [taken])
    await follow(alpha, ann, group)
    with alpha.inside():
        assert await Boost.all().count() == 0


async def test_two_servers_of_ours_bring_what_was_written_before(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bob = await alpha.user("ann"), await beta.user("bob")
    for visibility in ("public", "unlisted", "followers", "private"):
        await ann.publish(visibility, visibility=visibility)
    await bob.follow(ann.address)
    await settle(alpha, beta)
    assert words(await bob.feed()) == ["<p>unlisted</p>", "<p>public</p>"]
