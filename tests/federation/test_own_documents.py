"""The documents of our actors and entries: what they say, who gets them, and in which form."""

from __future__ import annotations

import orjson
import pytest

from core import actors
from core.database import new_id, now
from core.federation.domains import decide
from core.federation.keys import decode_multikey, load_public
from core.federation.models import Key, Outgoing
from core.federation.negotiation import prefers_document
from core.federation.remote_actors import actor_by_uri
from core.models import Actor, Entry, Mention
from core.testing import Foreign, ForeignActor, Person, TestInstance, counted_queries, settle, world

AP = "application/activity+json"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


async def document(instance: TestInstance, path: str, accept: str = AP):
    return await instance.client.get(path, headers={"accept": accept})


async def follower_of(instance: TestInstance, person: Person, server: Foreign, name: str = "bob") -> ForeignActor:
    """Somebody on another server who follows a person here."""
    bob = server.person(name)
    with instance.inside():
        stored = await actor_by_uri(bob.id)
        assert stored is not None
        await actors.follow(stored, person.actor)
    return bob


# -- Actors -----------------------------------------------------------------------------------------------------------


async def test_an_actors_document_has_all_that_peers_insist_on(alpha, ann):
    await ann.put("/users/me", {"bio": "I *like* tea", "fields": [{"name": "Site", "value": "https://ann.test"}]})
    answer = await document(alpha, f"/actors/{ann.id}")
    assert answer.status_code == 200 and answer.headers["content-type"] == AP
    assert "accept" in answer.headers["vary"].lower()
    found = answer.json()
    assert found["id"] == ann.uri and found["type"] == "Person" and found["preferredUsername"] == "ann"
    for name in ("inbox", "outbox", "followers", "following", "featured"):
        assert found[name] == f"{ann.uri}/{name}"
    assert found["endpoints"] == {"sharedInbox": "https://alpha.test/inbox"}
    assert found["url"] == "https://alpha.test/@ann" and found["published"].endswith("Z")
    assert "<em>like</em>" in found["summary"]
    assert found["attachment"][0]["type"] == "PropertyValue" and found["attachment"][0]["name"] == "Site"
    key = found["publicKey"]
    assert key["id"] == f"{ann.uri}#main-key" and key["owner"] == ann.uri
    assert load_public(key["publicKeyPem"]).key_size == 2048
    (method,) = found["assertionMethod"]
    assert method["type"] == "Multikey" and method["controller"] == ann.uri
    decode_multikey(method["publicKeyMultibase"])


async def test_the_keys_of_an_actor_stay_and_their_private_half_is_sealed(alpha, ann):
    first = (await document(alpha, f"/actors/{ann.id}")).json()["publicKey"]
    alpha.instance.cache.drop_prefix("")
    assert (await document(alpha, f"/actors/{ann.id}")).json()["publicKey"] == first
    with alpha.inside():
        sealed = [key.private_sealed for key in await Key.filter(actor_id=ann.id)]
    assert len(sealed) == 2 and not any("PRIVATE" in text or not text for text in sealed)


async def test_a_changed_profile_shows_at_once(alpha, ann):
    await document(alpha, f"/actors/{ann.id}")
    await ann.put("/users/me", {"fullName": "Ann of the Sea", "isLocked": True, "isBot": True})
    found = (await document(alpha, f"/actors/{ann.id}")).json()
    assert (found["name"], found["type"], found["manuallyApprovesFollowers"]) == ("Ann of the Sea", "Service", True)


async def test_a_prepared_document_is_given_to_everybody_whoever_signs(alpha, ann, foreign):
    bob = foreign.person("bob")
    path = f"/actors/{ann.id}"
    first = await bob.fetch(alpha, path)
    with counted_queries(alpha) as queries:
        assert (await bob.fetch(alpha, path)).content == first.content
        assert (await document(alpha, path)).content == first.content
    assert queries == []
    etag = first.headers["etag"]
    assert (await alpha.client.get(path, headers={"accept": AP, "if-none-match": etag})).status_code == 304


async def test_a_suspended_actor_is_said_to_be_suspended_and_little_else(alpha, ann):
    await ann.put("/users/me", {"bio": "Something bad"})
    with alpha.inside():
        await Actor.filter(id=ann.id).update(suspended_at=now())
    alpha.instance.cache.drop_prefix("")
    found = (await document(alpha, f"/actors/{ann.id}")).json()
    assert found["suspended"] is True and found["summary"] == "" and found["publicKey"]
    assert (await document(alpha, f"/actors/{ann.id}/outbox")).status_code == 404


async def test_a_removed_actor_is_410_with_a_tombstone(alpha, ann):
    with alpha.inside():
        await Actor.filter(id=ann.id).update(removed_at=now())
    answer = await document(alpha, f"/actors/{ann.id}")
    assert answer.status_code == 410
    assert answer.json()["type"] == "Tombstone" and answer.json()["id"] == ann.uri


@pytest.mark.parametrize("actor_id", ["x", "0", "01a1f90a-78ad-76cb-84b0-88494bf2af01", "%00", "a" * 3000])
async def test_an_actor_that_is_not_there_is_404(alpha, actor_id):
    assert (await document(alpha, f"/actors/{actor_id}")).status_code == 404


async def test_people_of_other_servers_have_no_documents_here(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        stored = await actor_by_uri(bob.id)
    assert (await document(alpha, f"/actors/{stored.id}")).status_code == 404


async def test_the_server_itself_is_an_application_that_publishes_nothing(alpha):
    found = (await document(alpha, "/actor")).json()
    assert (found["type"], found["preferredUsername"]) == ("Application", "alpha.test")
    assert found["id"] == "https://alpha.test/actor" and found["inbox"] == "https://alpha.test/inbox"
    assert found["publicKey"]["id"] == "https://alpha.test/actor#main-key"
    assert (await document(alpha, "/actor/outbox")).json()["totalItems"] == 0
    assert (await document(alpha, "/actor/x")).status_code == 404


# -- Pages and documents ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "otherwise", "expected"),
    [
        ("application/activity+json", False, True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', False, True),
        ('APPLICATION/LD+JSON ; charset=utf-8 ; profile="x"', False, True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True, False),
        ("application/activity+json;q=0.5, text/html", True, False),
        ("text/html;q=0.5, application/activity+json;q=0.9", False, True),
        ("application/activity+json, text/html", False, True),
        ("text/html, application/activity+json", True, False),
        ("application/activity+json;q=0", False, False),
        ("application/activity+json;q=x", False, False),
        ("*/*", True, True),
        ("*/*", False, False),
        ("", True, True),
        ("", False, False),
        ("application/json", False, True),
        ("," * 5000, False, False),
    ],
)
def test_who_wants_a_document_and_who_a_page(accept, otherwise, expected):
    assert prefers_document(accept, otherwise=otherwise) is expected


async def test_a_browser_that_follows_a_documents_address_gets_to_the_page(alpha, ann):
    post = await ann.publish()
    for path, page in ((ann.uri, "/@ann"), (post["uri"], f"/@ann/{post['postId']}")):
        answer = await document(alpha, path, "text/html,*/*;q=0.8")
        assert answer.status_code == 302 and answer.headers["location"] == f"https://alpha.test{page}"
        assert answer.headers["vary"] == "Accept"
        assert (await document(alpha, path, "*/*")).headers["content-type"] == AP


async def test_a_page_has_its_document_at_the_same_address(alpha, ann):
    post = await ann.publish()
    assert (await document(alpha, "/@ann")).json()["id"] == ann.uri
    assert (await document(alpha, "/@ANN")).json()["id"] == ann.uri
    assert (await document(alpha, f"/@ann/{post['postId']}")).json()["id"] == post["uri"]
    assert (await document(alpha, "/@a%00n")).status_code == 404
    page = await document(alpha, "/@ann", "text/html")
    assert page.headers["content-type"].startswith("text/html") and "accept" in page.headers["vary"].lower()


# -- Entries ----------------------------------------------------------------------------------------------------------


async def test_a_public_post_is_there_for_everybody_with_a_context(alpha, ann):
    post = await ann.publish("hello")
    answer = await document(alpha, f"/objects/{post['postId']}")
    assert answer.status_code == 200 and answer.headers["content-type"] == AP
    found = answer.json()
    assert found["id"] == post["uri"] and found["type"] == "Note" and found["@context"]
    assert "public" in answer.headers["cache-control"]


@pytest.mark.parametrize("visibility", ["followers", "friends", "private", "direct"])
async def test_what_is_not_for_everybody_does_not_exist_for_strangers(alpha, ann, foreign, visibility):
    with alpha.inside():
        post = await ann.publish("secret", visibility="followers")
        await Entry.filter(id=post["postId"]).update(visibility=visibility)
    eve = foreign.person("eve")
    hidden = await document(alpha, f"/objects/{post['postId']}")
    missing = await document(alpha, "/objects/01a1f90a-78ad-76cb-84b0-88494bf2af01")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content
    assert (await eve.fetch(alpha, f"/objects/{post['postId']}")).status_code == 404
    for part in ("replies", "likes", "shares"):
        assert (await eve.fetch(alpha, f"/objects/{post['postId']}/{part}")).status_code == 404
    assert (await document(alpha, f"/contexts/{post['postId']}")).status_code == 404


async def test_a_followers_server_may_fetch_what_is_for_followers_and_nobody_keeps_it(alpha, ann, foreign):
    bob = await follower_of(alpha, ann, foreign)
    post = await ann.publish("for friends", visibility="followers")
    path = f"/objects/{post['postId']}"
    answer = await bob.fetch(alpha, path)
    assert answer.status_code == 200 and "for friends" in answer.json()["content"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["vary"] == "Accept, Signature"
    assert (await document(alpha, path)).status_code == 404
    other = Foreign("other.test").join(alpha).person("eve")
    assert (await other.fetch(alpha, path)).status_code == 404


async def test_the_server_of_somebody_addressed_may_fetch_a_direct_post(alpha, ann, foreign):
    bob = foreign.person("bob")
    post = await ann.publish("psst", visibility="followers")
    with alpha.inside():
        stored = await actor_by_uri(bob.id)
        assert stored is not None
        await Entry.filter(id=post["postId"]).update(visibility="direct")
        assert (await bob.fetch(alpha, f"/objects/{post['postId']}")).status_code == 404
        await Mention.create(entry_id=post["postId"], actor_id=stored.id)
    assert (await bob.fetch(alpha, f"/objects/{post['postId']}")).status_code == 200


async def test_a_block_hides_from_the_one_it_is_about_and_from_nobody_else_on_their_server(alpha, ann, foreign):
    bob, eve = await follower_of(alpha, ann, foreign), await follower_of(alpha, ann, foreign, "eve")
    server = foreign.person("foreign.test", type="Application")
    with alpha.inside():
        blocked = await actor_by_uri(eve.id)
        assert blocked is not None
        await actors.block(ann.actor, blocked)
    secret = f"/objects/{(await ann.publish('for followers', visibility='followers'))['postId']}"
    assert (await bob.fetch(alpha, secret)).status_code == 200
    assert (await server.fetch(alpha, secret)).status_code == 200
    assert (await eve.fetch(alpha, secret)).status_code == 404


async def test_a_server_whose_only_follower_was_blocked_gets_nothing_for_followers(alpha, ann, foreign):
    await follower_of(alpha, ann, foreign)
    server = foreign.person("foreign.test", type="Application")
    path = f"/objects/{(await ann.publish('for followers', visibility='followers'))['postId']}"
    assert (await server.fetch(alpha, path)).status_code == 200
    with alpha.inside():
        bob = await Actor.get(username="bob", domain="foreign.test")
        await actors.block(ann.actor, bob)
    assert (await server.fetch(alpha, path)).status_code == 404


async def test_somebody_who_asks_in_person_sees_what_is_theirs_to_see(alpha, ann, foreign):
    await follower_of(alpha, ann, foreign)
    passer_by = foreign.person("passer")
    path = f"/objects/{(await ann.publish('for followers', visibility='followers'))['postId']}"
    assert (await passer_by.fetch(alpha, path)).status_code == 404


@pytest.mark.parametrize("fault", ["signer", "old", "wrong path", "unknown key", "nonsense", "suspended", "blocked"])
async def test_a_bad_signature_opens_nothing(alpha, ann, foreign, fault):
    bob, eve = await follower_of(alpha, ann, foreign), foreign.person("eve")
    path = f"/objects/{(await ann.publish('secret', visibility='followers'))['postId']}"
    url = alpha.base_url + path
    headers = bob.signed("GET", url)
    if fault == "signer":
        headers = bob.signed("GET", url, signer=eve)
    elif fault == "old":
        headers = bob.signed("GET", url, age=now() - now().replace(year=2020))
    elif fault == "wrong path":
        headers = bob.signed("GET", alpha.base_url + "/actor")
    elif fault == "unknown key":
        headers = bob.signed("GET", url, key_id="https://foreign.test/users/nobody#main-key")
    elif fault == "nonsense":
        headers["Signature"] = "keyId="
    elif fault == "suspended":
        with alpha.inside():
            await Actor.filter(uri=bob.id).update(suspended_at=now())
    elif fault == "blocked":
        with alpha.inside():
            await decide("foreign.test", "block")
    answer = await alpha.client.get(path, headers={**headers, "Accept": AP})
    assert answer.status_code == 404


async def test_a_public_post_is_given_whatever_the_signature_is_worth(alpha, ann):
    post = await ann.publish()
    answer = await alpha.client.get(f"/objects/{post['postId']}", headers={"accept": AP, "signature": "nonsense"})
    assert answer.status_code == 200


async def test_a_changed_post_shows_at_once(alpha, ann):
    post = await ann.publish("one")
    path = f"/objects/{post['postId']}"
    await document(alpha, path)
    await ann.put(f"/posts/{post['postId']}", {"content": "two"})
    with alpha.inside():
        await alpha.instance.database.engine.settle()
    assert "two" in (await document(alpha, path)).json()["content"]


async def test_a_deleted_public_post_is_410_with_a_tombstone_and_a_private_one_never_was(alpha, ann):
    public, private = await ann.publish(), await ann.publish(visibility="followers")
    await document(alpha, f"/objects/{public['postId']}")
    for post in (public, private):
        await ann.delete(f"/posts/{post['postId']}")
    with alpha.inside():
        await alpha.instance.database.engine.settle()
    answer = await document(alpha, f"/objects/{public['postId']}")
    assert answer.status_code == 410 and answer.headers["content-type"] == AP
    assert answer.json()["type"] == "Tombstone" and answer.json()["id"] == public["uri"] and answer.json()["deleted"]
    assert (await document(alpha, f"/objects/{private['postId']}")).status_code == 404


async def test_what_stays_here_has_no_document(alpha, ann):
    post = await ann.publish("only here", localOnly=True)
    assert (await document(alpha, f"/objects/{post['postId']}")).status_code == 404
    outbox = await document(alpha, f"/actors/{ann.id}/outbox?before=ffffffff-ffff-ffff-ffff-ffffffffffff")
    assert outbox.json()["orderedItems"] == []


async def test_an_activity_is_there_for_everybody_where_it_was_addressed_to_them(alpha, ann):
    post = await ann.publish()
    answers = {}
    with alpha.inside():
        for name, body, entry_id in (
            ("public", {"type": "Announce", "to": [PUBLIC]}, post["postId"]),
            ("of another address", {"id": f"{ann.uri}/shares/1", "type": "Announce", "to": [PUBLIC]}, None),
            ("unlisted", {"type": "Update", "to": [], "cc": PUBLIC}, None),
            ("follow", {"type": "Follow", "to": ["https://x.test/u"]}, None),
        ):
            outgoing_id = new_id()
            text = orjson.dumps({"id": f"https://alpha.test/activities/{outgoing_id}", **body}).decode()
            stored = await Outgoing.create(
                id=outgoing_id, sender_id=ann.id, verb="create", entry_id=entry_id, body=text
            )
            answers[name] = (await alpha.client.get(f"/activities/{stored.id}")).status_code
        await ann.delete(f"/posts/{post['postId']}")
        create = await Outgoing.filter(entry_id=post["postId"], verb="create").first()
    assert answers == {"public": 200, "of another address": 404, "unlisted": 200, "follow": 404}
    assert create is None or (await alpha.client.get(f"/activities/{create.id}")).status_code == 404
    for wrong in ("x", "01a1f90a-78ad-76cb-84b0-88494bf2af01"):
        assert (await alpha.client.get(f"/activities/{wrong}")).status_code == 404


async def test_a_publication_has_one_id_where_it_is_delivered_listed_and_fetched(alpha, ann, foreign):
    await follower_of(alpha, ann, foreign)
    post = await ann.publish("hello")
    await settle(alpha)
    (delivered,) = foreign.activities("Create")
    address = f"/actors/{ann.id}/outbox?before=ffffffff-ffff-ffff-ffff-ffffffffffff"
    (listed,) = (await document(alpha, address)).json()["orderedItems"]
    answer = await document(alpha, delivered["id"])
    assert answer.status_code == 200 and answer.headers["content-type"] == AP
    fetched = answer.json()
    assert fetched["@context"] and fetched["id"] == listed["id"] == delivered["id"]
    for found in (listed, fetched):
        assert found["object"]["id"] == post["uri"]
        assert {key: found[key] for key in ("type", "actor", "published", "to", "cc")} == {
            key: delivered[key] for key in ("type", "actor", "published", "to", "cc")
        }


async def test_a_publication_is_fetched_by_those_who_may_see_what_was_published(alpha, ann, foreign):
    bob = await follower_of(alpha, ann, foreign)
    secret, gone = await ann.publish("secret", visibility="followers"), await ann.publish("gone")
    await settle(alpha)
    addresses = {one["object"]["content"]: one["id"] for one in foreign.activities("Create")}
    await ann.delete(f"/posts/{gone['postId']}")
    for address in addresses.values():
        assert (await document(alpha, address)).status_code == 404
    assert (await bob.fetch(alpha, addresses["<p>secret</p>"])).json()["object"]["id"] == secret["uri"]
    other = Foreign("other.test").join(alpha).person("eve")
    assert (await other.fetch(alpha, addresses["<p>secret</p>"])).status_code == 404


# -- Where every fetch has to be signed -------------------------------------------------------------------------------


async def test_with_authorized_fetch_only_those_who_sign_are_served_and_nobody_blocked():
    async with world("shy.test", federation__authorized_fetch=True) as (shy,):
        ann = await shy.user("ann")
        post = await ann.publish()
        good, bad = Foreign("good.test").join(shy).person("bob"), Foreign("bad.test").join(shy).person("eve")
        other = good.server.person("other")
        with shy.inside():
            await decide("bad.test", "block")
        paths = (f"/actors/{ann.id}", f"/objects/{post['postId']}", f"/actors/{ann.id}/outbox", "/@ann")
        for path in paths:
            assert (await document(shy, path)).status_code == 401, path
            answer = await good.fetch(shy, path)
            assert answer.status_code == 200 and "no-store" in answer.headers["cache-control"], path
            assert "signature" in answer.headers["vary"].lower()
            assert (await bad.fetch(shy, path)).status_code == 403, path
            assert (await document(shy, path)).status_code == 401, path
        with shy.inside():
            stored = await actor_by_uri(other.id)
            assert stored is not None
            await actors.block(ann.actor, stored)
        assert (await other.fetch(shy, paths[1])).status_code == 404
        assert (await good.fetch(shy, paths[1])).status_code == 200
        assert (await good.server.person("good.test", type="Application").fetch(shy, paths[1])).status_code == 200
        forged = {**good.signed("GET", shy.base_url + paths[0], signer=other), "Accept": AP}
        assert (await shy.client.get(paths[0], headers=forged)).status_code == 401
        assert (await document(shy, "/actor")).status_code == 200


async def test_two_servers_that_insist_on_signatures_find_each_other():
    settings = {"federation__authorized_fetch": True}
    async with world("one.test", "two.test", **settings) as (one, two):
        ann = await one.user("ann")
        with two.inside():
            found = await actor_by_uri(ann.uri)
        assert found is not None and found.acct == "ann@one.test"
