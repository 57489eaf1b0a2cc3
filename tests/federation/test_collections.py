"""Collections: what ours show and hide, and how much of a foreign one is read."""

from __future__ import annotations

import pytest

from core import actors
from core.federation.collections import read_collection
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import FetchError, Refused
from core.testing import Foreign
from tests.federation.odd_server import OddServer, actor

AP = {"accept": "application/activity+json"}


async def whole(instance, path: str) -> list:
    """Every item of one of our collections, page after page."""
    found, address = [], (await instance.client.get(path, headers=AP)).json()["first"]
    while address:
        page = (await instance.client.get(address, headers=AP)).json()
        assert page["id"] == address and page["type"].endswith("Page")
        found += page.get("orderedItems", page.get("items"))
        address = page.get("next")
    return found


async def test_the_outbox_has_what_is_for_everybody_newest_first(alpha, ann):
    posts = [await ann.publish(f"post {number}") for number in range(25)]
    await ann.publish("not for everybody", visibility="followers")
    deleted = await ann.publish("gone")
    await ann.delete(f"/posts/{deleted['postId']}")
    path = f"/actors/{ann.id}/outbox"
    assert (await alpha.client.get(path, headers=AP)).json()["totalItems"] == 25
    items = await whole(alpha, path)
    assert [item["object"]["id"] for item in items] == [post["uri"] for post in reversed(posts)]
    assert {(item["type"], item["actor"]) for item in items} == {("Create", ann.uri)}
    assert all(item["to"] == item["object"]["to"] for item in items)


async def test_where_nothing_is_pinned_the_list_is_there_and_empty(alpha, ann):
    address = (await alpha.client.get(f"/actors/{ann.id}", headers=AP)).json()["featured"]
    answer = await alpha.client.get(address, headers=AP)
    assert answer.headers["content-type"] == AP["accept"]
    assert answer.json() == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": address,
        "type": "OrderedCollection",
        "totalItems": 0,
        "orderedItems": [],
    }


async def test_followers_and_followed_are_listed_by_their_ids(alpha, ann, bob, foreign):
    carol = foreign.person("carol")
    with alpha.inside():
        stored = await actor_by_uri(carol.id)
        assert stored is not None
        await actors.follow(stored, ann.actor)
    await bob.follow(ann)
    assert await whole(alpha, f"/actors/{ann.id}/followers") == [bob.uri, carol.id]
    assert await whole(alpha, f"/actors/{bob.id}/following") == [ann.uri]


async def test_more_followers_than_fit_on_a_page_are_all_there_once(alpha, ann, odd):
    with alpha.inside():
        for number in range(120):
            stored = await store_actor(actor(odd, f"p{number}"), odd.url)
            await actors.follow(stored, ann.actor)
    items = await whole(alpha, f"/actors/{ann.id}/followers")
    assert len(items) == len(set(items)) == 120


async def test_replies_and_conversations_show_what_is_public_oldest_first(alpha, ann, bob):
    root = await ann.publish("root")
    answers = [
        await bob.post("/posts", {"content": f"re {number}", "inReplyTo": root["postId"]}) for number in range(3)
    ]
    nested = await ann.post("/posts", {"content": "re re", "inReplyTo": answers[0]["postId"]})
    await bob.post("/posts", {"content": "whispered", "inReplyTo": root["postId"], "visibility": "followers"})
    replies = [answer["uri"] for answer in answers]
    assert await whole(alpha, f"/objects/{root['postId']}/replies") == replies
    context = (await alpha.client.get(f"/contexts/{root['postId']}", headers=AP)).json()
    assert context["type"] == "OrderedCollection" and context["attributedTo"] == ann.uri
    assert await whole(alpha, f"/contexts/{root['postId']}") == [root["uri"], *replies, nested["uri"]]


async def test_likes_and_shares_say_how_many_and_not_who(alpha, ann, bob):
    post = await ann.publish()
    await bob.post(f"/posts/{post['postId']}/like")
    for part, count in (("likes", 1), ("shares", 0)):
        found = (await alpha.client.get(f"/objects/{post['postId']}/{part}", headers=AP)).json()
        assert found["totalItems"] == count and not found.keys() & {"first", "items", "orderedItems"}


async def test_a_server_learns_which_of_its_own_people_follow_and_no_others(alpha, ann, foreign):
    other = Foreign("foreign.test.evil.test").join(alpha)
    path = f"/actors/{ann.id}/followers_synchronization"
    with alpha.inside():
        for person in (foreign.person("one"), foreign.person("two"), other.person("three")):
            stored = await actor_by_uri(person.id)
            assert stored is not None
            await actors.follow(stored, ann.actor)
    answer = await foreign.people["one"].fetch(alpha, path)
    assert sorted(answer.json()["orderedItems"]) == [foreign.people["one"].id, foreign.people["two"].id]
    assert "no-store" in answer.headers["cache-control"]
    assert (await other.people["three"].fetch(alpha, path)).json()["orderedItems"] == [other.people["three"].id]
    assert (await alpha.client.get(path, headers=AP)).status_code == 401
    forged = foreign.people["one"].signed("GET", alpha.base_url + path, signer=foreign.people["two"])
    assert (await alpha.client.get(path, headers={**forged, **AP})).status_code == 401


@pytest.mark.parametrize("position", ["x", "", "0", "'; DROP TABLE core_actor; --", "\x00"])
async def test_a_page_that_cannot_be_is_404(alpha, ann, position):
    for part in ("outbox", "followers"):
        answer = await alpha.client.get(f"/actors/{ann.id}/{part}", params={"before": position}, headers=AP)
        assert answer.status_code == 404


# -- Reading foreign ones ---------------------------------------------------------------------------------------------


async def read(instance, source: object, **bounds) -> list:
    with instance.inside():
        return [item async for item in read_collection(source, **bounds)]


async def test_items_of_every_spelling_are_read(alpha, odd):
    base = odd.url
    embedded = {"type": "CollectionPage", "items": "a"}
    odd.answer("/1", {"id": f"{base}/1", "type": "OrderedCollection", "items": ["a", {"id": "b"}]})
    odd.answer("/2", {"id": f"{base}/2", "type": ["X", "Collection"], "orderedItems": "a"})
    odd.answer("/3", {"id": f"{base}/3", "type": "Collection", "first": embedded | {"next": f"{base}/3b"}})
    odd.answer("/3b", {"type": "CollectionPage", "partOf": f"{base}/3", "orderedItems": ["b"]})
    odd.answer("/4", {"id": f"{base}/4", "type": "Collection"})
    assert await read(alpha, f"{base}/1") == ["a", {"id": "b"}]
    assert await read(alpha, f"{base}/2") == ["a"]
    assert await read(alpha, f"{base}/3") == ["a", "b"]
    assert await read(alpha, f"{base}/4") == []
    whole_thing = {"type": "Collection", "id": f"{base}/5", "first": {"type": "CollectionPage", "items": ["c"]}}
    assert await read(alpha, whole_thing) == ["c"]


async def test_endless_pages_and_pages_in_a_circle_end(alpha, odd):
    for number in range(50):
        page = {
            "id": f"{odd.url}/{number}",
            "type": "CollectionPage",
            "items": [number],
            "next": f"{odd.url}/{number + 1}",
        }
        odd.answer(f"/{number}", page)
    odd.answer("/c", {"id": f"{odd.url}/c", "type": "Collection", "first": f"{odd.url}/0"})
    assert await read(alpha, f"{odd.url}/c", pages=7) == list(range(7))
    odd.answer("/3", {"id": f"{odd.url}/3", "type": "CollectionPage", "items": [3], "next": f"{odd.url}/1"})
    assert await read(alpha, f"{odd.url}/c") == [0, 1, 2, 3]
    nested: dict = {"type": "CollectionPage", "items": ["x"]}
    for _ in range(12):
        nested = {"type": "CollectionPage", "items": ["x"], "next": nested}
    assert len(await read(alpha, {"type": "Collection", "id": f"{odd.url}/n", "first": nested}, pages=5)) == 5


async def test_of_a_huge_list_only_so_much_is_taken(alpha, odd):
    odd.answer("/c", {"id": f"{odd.url}/c", "type": "Collection", "items": list(range(100_000))})
    assert len(await read(alpha, f"{odd.url}/c")) == 1000


async def test_pages_of_another_server_are_not_read(alpha, odd):
    other = OddServer("victim.test").join(alpha)
    other.answer("/p", {"id": "https://victim.test/p", "type": "CollectionPage", "items": ["stolen"]})
    odd.answer("/c", {"id": f"{odd.url}/c", "type": "Collection", "first": "https://victim.test/p"})
    assert await read(alpha, f"{odd.url}/c") == []
    odd.answer("/go", status=302, location="https://victim.test/p")
    odd.answer("/d", {"id": f"{odd.url}/d", "type": "Collection", "first": f"{odd.url}/go"})
    with pytest.raises(Refused):
        await read(alpha, f"{odd.url}/d")
    with pytest.raises(Refused):
        await read(alpha, f"{odd.url}/c", owner="https://victim.test/users/x")


@pytest.mark.parametrize("source", [None, 7, "", "x", [], {}, {"type": "Collection"}, {"id": 3}])
async def test_what_is_no_collection_gives_nothing(alpha, source):
    with pytest.raises(FetchError):
        await read(alpha, source)
