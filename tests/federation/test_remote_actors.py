"""Actors of other servers: found, kept fresh, told apart, and removed when they leave."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core import actors
from core.database import now
from core.federation.keys_store import find_key
from core.federation.looking_up import look_up
from core.federation.models import Key
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import FetchError, Refused, Unreachable
from core.models import Actor, Follow, Tombstone
from core.testing import Foreign, Person, TestInstance, settle, world
from tests.federation.odd_server import OddServer, actor


async def test_a_handle_is_looked_up_by_webfinger_and_the_actor_is_known_afterwards(alpha, foreign):
    bob = foreign.person("Bob", summary="<p>Hi<script>alert(1)</script></p>")
    bob.more["name"] = "Bob the\x00 Builder"
    with alpha.inside():
        found = await look_up("@Bob@foreign.test")
        assert found is not None and found.uri == bob.id
        stored = await Actor.get(uri=bob.id)
    assert (stored.username, stored.username_key, stored.domain) == ("Bob", "bob", "foreign.test")
    assert (stored.name, stored.summary) == ("Bob the Builder", "<p>Hi</p>")
    assert (await alpha.anon.get("/users/@bob@foreign.test"))["acct"] == "Bob@foreign.test"


async def test_an_actor_is_looked_up_by_its_address_and_by_that_of_its_page(alpha, odd):
    document = actor(odd, url="https://odd.test/@mallory")
    address = odd.answer("/users/mallory", document)
    odd.answer("/@mallory", document)
    odd.finger("mallory", address)
    with alpha.inside():
        by_address = await look_up(address)
        by_page = await look_up("https://odd.test/@mallory")
    assert by_address is not None and by_page is not None and by_address.id == by_page.id


async def test_what_is_fetched_is_signed_by_the_server_itself(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        await look_up(bob.address)
    fetched = next(one for one in foreign.asked if one.path == "/users/bob")
    assert 'keyId="https://alpha.test/actor#main-key"' in fetched.headers["signature"]
    assert fetched.headers["accept"].startswith("application/activity+json")


async def test_two_servers_of_our_make_find_each_other(alpha_and_beta):
    alpha, beta = alpha_and_beta
    bob = await beta.user("bob")
    with alpha.inside():
        found = await look_up(bob.address)
        assert isinstance(found, Actor)
        keys = {key.kind for key in await Key.filter(actor_id=found.id)}
    assert (found.uri, found.acct, found.type) == (bob.uri, "bob@beta.test", "person")
    assert found.shared_inbox_url == "https://beta.test/inbox"
    assert keys == {"rsa", "ed25519"}


async def test_somebody_known_is_not_fetched_again(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        await look_up(bob.address)
        foreign.asked.clear()
        await look_up(bob.address)
        await actor_by_uri(bob.id)
    assert foreign.asked == []


async def test_one_unknown_actor_asked_for_many_times_at_once_is_stored_once(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        found = await asyncio.gather(*(actor_by_uri(bob.id) for _ in range(8)))
        assert len({one.id for one in found if one}) == 1
        assert await Actor.filter(uri=bob.id).count() == 1


async def test_an_actor_not_seen_for_a_week_is_fetched_anew_by_a_job(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        stored = await actor_by_uri(bob.id)
        assert stored is not None
        await Actor.filter(id=stored.id).update(fetched_at=now() - timedelta(days=8))
        bob.more["name"] = "Robert"
        assert (await actor_by_uri(bob.id)).name == "Bob"
    await settle(alpha)
    with alpha.inside():
        assert (await Actor.get(id=stored.id)).name == "Robert"


async def test_a_server_that_is_down_is_told_apart_from_one_that_has_nobody(alpha, foreign):
    with alpha.inside():
        assert await actor_by_uri("https://foreign.test/users/nobody") is None
        foreign.status = 503
        with pytest.raises(Unreachable):
            await actor_by_uri("https://foreign.test/users/nobody")
        assert await look_up("@nobody@foreign.test") is None


async def test_a_known_actor_is_still_found_while_its_server_is_down(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        stored = await look_up(bob.address)
        assert stored is not None
        await Actor.filter(id=stored.id).update(fetched_at=now() - timedelta(days=2))
        foreign.status = 502
        again = await look_up(bob.address)
    assert again is not None and again.id == stored.id


async def test_a_server_set_up_anew_takes_its_names_with_it(alpha, odd):
    old = odd.answer("/old/mallory", actor(odd) | {"id": "https://odd.test/old/mallory"})
    odd.finger("mallory", old)
    with alpha.inside():
        before = await actor_by_uri(old)
        new = odd.answer("/users/mallory", actor(odd))
        odd.finger("mallory", new)
        after = await actor_by_uri(new)
        assert before is not None and after is not None
        found = await look_up("@mallory@odd.test")
        assert found is not None and found.id == after.id != before.id
        assert await Actor.filter(domain="odd.test").count() == 2


async def test_a_person_and_a_group_of_one_name_are_both_known(alpha, odd):
    person = odd.answer("/u/books", actor(odd, "books") | {"id": "https://odd.test/u/books"})
    group = odd.answer("/c/books", actor(odd, "books") | {"id": "https://odd.test/c/books", "type": "Group"})
    odd.finger("books", person, group)
    with alpha.inside():
        first, second = await actor_by_uri(person), await actor_by_uri(group)
        assert first is not None and second is not None and first.acct == second.acct
        assert (await look_up("@books@odd.test")).id == first.id


async def test_nobody_takes_a_name_that_the_host_gives_to_somebody_else(alpha, odd):
    real = odd.answer("/users/mallory", actor(odd))
    odd.finger("mallory", real)
    fake = odd.answer("/uploads/x", actor(odd) | {"id": "https://odd.test/uploads/x"})
    with alpha.inside():
        stored = await actor_by_uri(real)
        assert await actor_by_uri(fake) is None
        assert stored is not None and (await look_up("@mallory@odd.test")).id == stored.id


async def test_whoever_answers_410_is_gone_here_too_with_all_follows(alpha, foreign, ann):
    bob = foreign.person("bob")
    with alpha.inside():
        stored = await actor_by_uri(bob.id)
        assert stored is not None
        await actors.follow(stored, ann.actor)
        assert (await Actor.get(id=ann.id)).followers_count == 1
        foreign.status = 410
        assert await actor_by_uri(bob.id, refresh=True) is None
    foreign.status = 0
    await settle(alpha)
    with alpha.inside():
        gone = await Actor.get(id=stored.id)
        assert gone.removed_at is not None and gone.summary == ""
        assert await Follow.all().count() == 0 and (await Actor.get(id=ann.id)).followers_count == 0
        assert await Tombstone.exists(uri=bob.id, actor_uri=bob.id)
        assert await Key.filter(actor_id=stored.id).count() == 0
        assert await find_key(bob.key_id) is None
        with pytest.raises(Refused, match="has left"):
            await store_actor(bob.document(), bob.id)
    await ann.refused(404, "GET", f"/users/{stored.id}")


async def test_a_404_does_not_remove_anybody(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        stored = await actor_by_uri(bob.id)
        foreign.status = 404
        assert await actor_by_uri(bob.id, refresh=True) is None
        assert stored is not None and (await Actor.get(id=stored.id)).removed_at is None


async def test_a_domain_cannot_bring_hundreds_of_servers_at_once(alpha):
    refused = 0
    with alpha.inside():
        for number in range(15):
            server = OddServer(f"s{number}.wild.test").join(alpha)
            address = server.answer("/users/mallory", actor(server))
            try:
                await store_actor(actor(server), address)
            except FetchError:
                refused += 1
                with pytest.raises(Refused):
                    await store_actor(actor(server), address)
    assert refused == 5


async def test_many_people_of_one_server_that_bears_another_name_are_no_new_servers(alpha):
    site, social = OddServer("split.test").join(alpha), OddServer("social.split.test").join(alpha)
    with alpha.inside():
        for number in range(15):
            name = f"p{number}"
            address = social.answer(f"/users/{name}", actor(social, name))
            for server in (site, social):
                server.finger(name, address, subject=f"{name}@split.test")
            stored = await actor_by_uri(address)
            assert stored is not None and stored.domain == "split.test"


@pytest.mark.parametrize("uri", ["", "x", "\x00", "https://odd.test/\x00", "acct:a@odd.test", "https://odd.test/ x"])
async def test_an_identity_that_is_no_address_is_nobodys(alpha, uri):
    with alpha.inside():
        assert await actor_by_uri(uri) is None


async def test_plain_http_and_ports_are_for_tests_and_demos_only(alpha: TestInstance, ann: Person) -> None:
    document = actor("http://odd.test:8080")
    with alpha.inside():
        with pytest.raises(Refused):
            await store_actor(document, document["id"])
    async with world("demo.test", federation__allow_http=True, federation__allow_private_addresses=True) as (demo,):
        Foreign("odd.test").join(demo)
        with demo.inside():
            stored = await store_actor(document, document["id"])
            assert stored.domain == "odd.test:8080"
