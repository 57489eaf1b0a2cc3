"""Albums between servers: shared by authors of both, told to those they are for, and changed by nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.database import execute, now
from core.models import Actor
from core.testing import Foreign, Person, TestInstance, settle, world
from core.testing.foreign import PUBLIC
from plugins.images import album_acts, album_items
from plugins.images.models import Album, AlbumAuthor, AlbumImage, AlbumRefusal
from tests.federation.arrivals import arrive
from tests.plugins.images.sharing import shared
from tests.plugins.images.test_albums import album_of, inside
from tests.plugins.images.test_collections import gathered, posted

DOCUMENT = {"Accept": "application/activity+json"}
Servers = tuple[TestInstance, TestInstance, Person, Person]


@pytest.fixture(autouse=True)
def told_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put in is told without waiting for more, but in tests of that."""
    if "together" not in request.node.name:
        monkeypatch.setattr(album_acts, "TOGETHER_SECONDS", 1e-6)
        monkeypatch.setattr(album_acts, "_LATE_SECONDS", 0)


@pytest.fixture
async def friends() -> AsyncIterator[Servers]:
    """Two servers, with a friend on each."""
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, bob = await alpha.user("ann"), await beta.user("bob")
        await ann.follow(bob.address)
        await bob.follow(ann.address)
        await settle(alpha, beta)
        yield alpha, beta, ann, bob


async def there(visitor: Person, owner: Person) -> list[dict[str, Any]]:
    """The albums of somebody elsewhere, as the visitor's own server has them."""
    return list((await visitor.get("/albums", user=owner.address.removeprefix("@")))["albums"])


async def known_to(person: Person, other: Person) -> str:
    return str((await person.get(f"/users/{other.address.removeprefix('@')}"))["userId"])


async def captions(visitor: Any, album: str) -> list[str]:
    return [one["caption"] for one in (await visitor.get(f"/albums/{album}/images"))["images"]]


async def test_what_is_put_in_and_ordered_within_seconds_is_told_together_and_what_is_taken_out_at_once(
    alpha: TestInstance, ann: Person
) -> None:
    masto = Foreign("masto.test").join(alpha)
    otto = masto.person("otto")
    await arrive(alpha, otto, otto.activity("Follow", ann.uri))
    album = await album_of(ann)
    images = [await shared(ann) for _ in range(3)]
    await settle(alpha)

    def told() -> list[list[str]]:
        documents = [one["object"] for one in masto.activities("Update") if isinstance(one["object"], dict)]
        return [one["orderedItems"] for one in documents if one["type"] == "OrderedCollection"]

    async def later() -> None:
        with alpha.inside():
            await execute("UPDATE core_job SET due_at = $1 WHERE name LIKE '%tell_what_is_new'", now())
        await settle(alpha)

    assert told() == [[]]
    for image in images:
        await ann.post(f"/albums/{album}/images", {"postId": image})
    await ann.put(f"/albums/{album}/images", {"postIds": images})
    await settle(alpha)
    assert told() == [[]]
    await later()
    uris = [f"https://alpha.test/objects/{image}" for image in images]
    assert 2 <= len(told()) <= 3 and told()[-1] == uris  # where the seconds were over in between, twice
    before = len(told())
    await ann.delete(f"/albums/{album}/images/{images[1]}")
    await settle(alpha)
    assert told()[before:] == [[uris[0], uris[2]]]
    await ann.post(f"/albums/{album}/images", {"postId": images[1]})
    await ann.delete(f"/albums/{album}")
    await later()  # and there is nothing left to tell of
    assert len(told()) == before + 1


async def test_an_album_for_everybody_is_known_to_followers_as_it_changes(friends: Servers) -> None:
    alpha, beta, ann, bob = friends
    album = await album_of(ann, description="Cold & <clear>")
    one, two = await shared(ann, caption="one"), await shared(ann, caption="two")
    secret = await shared(ann, caption="secret", privacy="friends")
    for image in (one, two, secret):
        await ann.post(f"/albums/{album}/images", {"postId": image})
    await settle(alpha, beta)
    (copy,) = await there(bob, ann)
    assert (copy["title"], copy["description"], copy["imagesCount"]) == ("Summer", "Cold & <clear>", 2)
    assert await captions(beta.anon, copy["albumId"]) == ["two", "one"]
    await ann.put(f"/albums/{album}/images", {"postIds": [one, two]})
    await ann.put(f"/albums/{album}", {"title": "Winter"})
    await settle(alpha, beta)
    assert await captions(bob, copy["albumId"]) == ["one", "two"]
    assert (await there(bob, ann))[0]["title"] == "Winter"
    await bob.refused(403, "PUT", f"/albums/{copy['albumId']}", {"title": "Mine"})
    document = (await alpha.anon.page(f"/albums/{album}", headers=DOCUMENT)).json()
    assert (document["type"], document["totalItems"]) == ("OrderedCollection", 2)
    assert document["attributedTo"] == ann.uri and secret not in str(document)
    await ann.put(f"/albums/{album}", {"privacy": "private", "title": "Hidden"})
    await settle(alpha, beta)
    assert await there(bob, ann) == []
    with beta.inside():
        assert await Album.all().count() == await AlbumImage.all().count() == 0
    hidden = await alpha.anon.call("GET", f"https://alpha.test/albums/{album}", headers=DOCUMENT)
    assert hidden.status_code == 404 and "Hidden" not in hidden.text
    await ann.put(f"/albums/{album}", {"privacy": "public"})
    await settle(alpha, beta)
    assert [one["title"] for one in await there(bob, ann)] == ["Hidden"]
    await ann.delete(f"/albums/{album}")
    await settle(alpha, beta)
    assert await there(bob, ann) == []


async def test_friends_on_two_servers_fill_a_private_album(friends: Servers) -> None:
    alpha, beta, ann, bob = friends
    fay = await beta.user("fay")
    await fay.follow(ann.address)
    await settle(alpha, beta)
    album = await album_of(ann, privacy="private")
    own = await shared(ann, caption="hers", privacy="friends")
    await ann.post(f"/albums/{album}/images", {"postId": own})
    await ann.post(f"/albums/{album}/authors", {"userId": await known_to(ann, bob)})
    await settle(alpha, beta)
    (asked,) = (await bob.get("/albums/invitations"))["albums"]
    copy = asked["albumId"]
    assert (asked["title"], asked["imagesCount"], asked["user"]["username"]) == ("Summer", 0, "ann")
    await bob.post(f"/albums/{copy}/accept")
    await settle(alpha, beta)
    assert await captions(bob, copy) == ["hers"]
    await fay.refused(404, "GET", f"/albums/{copy}")
    with alpha.inside():
        assert await AlbumAuthor.filter(accepted_at__isnull=False).count() == 1
    his, close = await shared(bob, caption="his"), await shared(bob, caption="close", privacy="friends")
    await bob.post(f"/albums/{copy}/images", {"postId": his})
    await bob.refused(422, "POST", f"/albums/{copy}/images", {"postId": close})
    await settle(alpha, beta)
    assert await captions(ann, album) == await captions(bob, copy) == ["his", "hers"]
    await bob.delete(f"/albums/{copy}/images/{his}")
    await settle(alpha, beta)
    assert await captions(ann, album) == await captions(bob, copy) == ["hers"]
    await bob.delete(f"/albums/{copy}/authors/{bob.id}")
    await settle(alpha, beta)
    await bob.refused(404, "GET", f"/albums/{copy}")
    assert (await ann.get(f"/albums/{album}"))["authors"] == []
    await ann.post(f"/albums/{album}/authors", {"userId": await known_to(ann, bob)})
    await settle(alpha, beta)
    await ann.delete(f"/albums/{album}/authors/{await known_to(ann, bob)}")
    await settle(alpha, beta)
    assert (await bob.get("/albums/invitations"))["albums"] == []
    with beta.inside():
        assert await Album.all().count() == await AlbumAuthor.all().count() == 0


async def test_a_collection_is_known_to_followers_and_an_author_elsewhere_leaves_it_for_good(friends: Servers) -> None:
    alpha, beta, ann, bob = friends
    cat = await beta.user("cat")
    await ann.follow(cat.address)
    await settle(alpha, beta)
    words = [await posted(bob, "his"), await posted(cat, "hers")]
    await settle(alpha, beta)
    at_alpha = {one["content"]: one["postId"] for one in await ann.feed()}
    his, hers = at_alpha["<p>his</p>"], at_alpha["<p>hers</p>"]
    made = await gathered(ann, his, hers)
    await settle(alpha, beta)
    (copy,) = await there(bob, ann)
    assert (copy["kind"], copy["title"], copy["imagesCount"]) == ("collection", "Boats", 2)
    assert await inside(beta.anon, copy["albumId"]) == words[::-1]
    document = (await alpha.anon.page(f"/albums/{made}", headers=DOCUMENT)).json()
    assert document["gathers"] == "posts" and len(document["orderedItems"]) == 2
    # Of two authors there, one leaves, and the other wants to be gathered by nobody at all.
    await cat.refused(403, "DELETE", f"/albums/{copy['albumId']}/images/{words[0]}")
    await bob.delete(f"/albums/{copy['albumId']}/images/{words[0]}")
    await settle(alpha, beta)
    assert await captions(alpha.anon, made) == ["hers"] == await captions(beta.anon, copy["albumId"])
    assert "for good" in str(await ann.refused(422, "POST", f"/albums/{made}/images", {"postId": his}))
    await cat.put("/users/me", {"settings": {"gatherable": False}})
    await settle(alpha, beta)
    policy = (await beta.anon.page("/@cat", headers=DOCUMENT)).json()["interactionPolicy"]
    assert policy == {"canFeature": {"automaticApproval": [cat.uri]}}
    assert await captions(alpha.anon, made) == [] == await captions(beta.anon, copy["albumId"])
    assert "gathered" in str(await ann.refused(422, "POST", f"/albums/{await gathered(ann)}/images", {"postId": hers}))
    # A server that does not listen gets nothing shown here of what its author took out.
    with beta.inside():
        assert await AlbumRefusal.all().count() == 1
    with alpha.inside():
        assert await AlbumRefusal.all().delete() == 1
    await ann.post(f"/albums/{made}/images", {"postId": his})
    await settle(alpha, beta)
    assert await captions(alpha.anon, made) == ["his"] and await captions(beta.anon, copy["albumId"]) == []


async def test_what_is_taken_out_while_its_owner_says_what_is_in_it_is_out(
    friends: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha, beta, ann, bob = friends
    his = await posted(bob, "his")
    await settle(alpha, beta)
    (seen,) = [one["postId"] for one in await ann.feed() if one["content"] == "<p>his</p>"]
    made = await gathered(ann, seen)
    await settle(alpha, beta)
    (copy,) = await there(bob, ann)
    assert await inside(bob, copy["albumId"]) == [his]
    with beta.inside():
        author = await Actor.get(id=bob.id)
    await ann.put(f"/albums/{made}", {"title": "Ships"})

    async def after_its_author(album_id: str) -> None:  # who was first: this is waited for
        monkeypatch.undo()
        await album_items.take_out(author, album_id, his)

    monkeypatch.setattr(album_items, "alone_with", after_its_author)
    await settle(alpha, beta)
    (copy,) = await there(bob, ann)
    assert (copy["title"], copy["imagesCount"]) == ("Ships", 0) and await inside(ann, made) == []


async def test_nobody_elsewhere_touches_an_album_they_have_no_part_in(
    alpha: TestInstance, foreign: Foreign, ann: Person
) -> None:
    eve, zoe = foreign.person("eve"), foreign.person("zoe")
    album, image = await album_of(ann), await shared(ann)
    await ann.post(f"/albums/{album}/images", {"postId": image})
    note = eve.note("<p>bait</p>", attachment=[PICTURE], capabilities={}, commentsEnabled=True)
    assert await arrive(alpha, eve, eve.activity("Create", note)) == "done"
    with alpha.inside():
        uri = alpha.instance.url(f"/albums/{album}")
    invite = {"type": "Invite", "actor": ann.uri, "object": eve.id, "target": uri}
    lie = {"id": uri, "type": "OrderedCollection", "name": "lie", "to": [PUBLIC], "orderedItems": []}
    for activity in (
        eve.activity("Add", note["id"], target=uri),
        eve.activity("Remove", f"https://alpha.test/objects/{image}", target=uri),
        eve.activity("Accept", invite),
        eve.activity("Update", lie | {"attributedTo": ann.uri}),
        eve.activity("Update", lie | {"attributedTo": eve.id}),
        eve.activity("Delete", {"id": uri, "type": "Tombstone"}),
        eve.activity("Invite", ann.uri, target=lie | {"id": f"{eve.id}/album", "attributedTo": eve.id}),
        eve.activity("Invite", ann.uri, target=lie | {"id": f"{eve.id}/2", "attributedTo": eve.id, "gathers": "posts"}),
    ):
        assert await arrive(alpha, eve, activity) in ("refused", "ignored"), activity
    assert await inside(alpha.anon, album) == [image]
    # An album of theirs is theirs alone, too; of what others keep for a few, it shows nothing.
    secret = await shared(ann, privacy="followers")
    theirs = {"id": f"{zoe.id}/albums/1", "type": "OrderedCollection", "attributedTo": zoe.id, "name": "Bait"}
    theirs |= {
        "to": [PUBLIC],
        "orderedItems": [note["id"], f"https://alpha.test/objects/{secret}", None, 7, "x" * 9999],
    }
    assert await arrive(alpha, zoe, zoe.activity("Update", theirs)) == "done"
    for activity in (
        eve.activity("Update", theirs | {"attributedTo": eve.id, "name": "lie"}),
        eve.activity("Delete", {"id": theirs["id"], "type": "Tombstone"}),
        eve.activity("Update", theirs | {"id": "https://evil.test/1", "attributedTo": eve.id}),
    ):
        assert await arrive(alpha, eve, activity) in ("refused", "ignored"), activity
    with alpha.inside():
        copy = await Album.get(uri=theirs["id"])
        assert copy.title == "Bait" and await Album.all().count() == 2
        assert await AlbumImage.filter(album_id=copy.id).count() == 1
    assert await arrive(alpha, zoe, zoe.activity("Delete", {"id": theirs["id"], "type": "Tombstone"})) == "done"
    with alpha.inside():
        assert not await Album.exists(uri=theirs["id"])


PICTURE = {"type": "Document", "mediaType": "image/jpeg", "url": "https://foreign.test/1.jpg"}
