"""Keys of other servers: whose they are, how often they are asked for, when they change."""

from __future__ import annotations

from contextlib import suppress

import pytest

from core.errors import RateLimited
from core.federation.keys_store import find_key
from core.federation.models import Key
from core.federation.remote_actors import actor_by_uri
from tests.federation.odd_server import actor


async def test_a_key_is_found_with_its_actor_and_remembered(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        found = await find_key(bob.key_id)
        asked = len(foreign.asked)
        again = await find_key(bob.key_id)
    assert found is not None and again is not None and found.actor.uri == bob.id
    assert len(foreign.asked) == asked


async def test_a_key_whose_owner_is_somebody_else_is_not_believed(alpha, foreign, odd):
    bob = foreign.person("bob")
    key = bob.document()["publicKey"]
    wrong = {**key, "id": "https://odd.test/users/mallory#main-key"}
    odd.answer("/users/mallory", actor(odd, publicKey=[wrong, {**key, "owner": "https://odd.test/users/mallory"}]))
    with alpha.inside():
        assert await find_key("https://odd.test/users/mallory#main-key") is None
        assert await Key.filter(private_sealed="").count() == 0


async def test_an_actor_cannot_take_over_the_key_of_another_one_on_its_server(alpha, foreign):
    bob = foreign.person("bob")
    eve = foreign.person("eve")
    stolen = {**eve.document()["publicKey"], "id": bob.key_id}
    eve.more["publicKey"] = [eve.document()["publicKey"], stolen]
    with alpha.inside():
        await find_key(bob.key_id)
        await actor_by_uri(eve.id)
        found = await find_key(bob.key_id)
        assert found is not None and found.actor.uri == bob.id
        assert await Key.filter(private_sealed="").count() == 2


async def test_ten_keys_of_an_actor_are_looked_at_and_no_more(alpha, foreign):
    bob = foreign.person("bob")
    key = bob.document()["publicKey"]
    bob.more["publicKey"] = [{**key, "id": f"{bob.id}#key-{number}"} for number in range(1000)]
    with alpha.inside():
        stored = await actor_by_uri(bob.id)
        assert stored is not None and await Key.filter(actor_id=stored.id).count() == 10


async def test_a_key_with_an_address_of_its_own_is_found_through_a_part_of_its_actor(alpha, foreign):
    bob = foreign.person("bob")
    key_id = f"{bob.id}/main-key"
    bob.more["publicKey"] = {**bob.document()["publicKey"], "id": key_id}
    stub = {"id": bob.id, "preferredUsername": "bob", "type": "Person", "publicKey": bob.document()["publicKey"]}
    foreign.documents["/users/bob/main-key"] = stub
    with alpha.inside():
        found = await find_key(key_id)
    assert found is not None and found.actor.uri == bob.id


async def test_a_key_that_is_a_document_of_its_own_counts_once_its_owner_lists_it(alpha, foreign):
    bob = foreign.person("bob")
    key_id = f"{foreign.base_url}/keys/1"
    key = {**bob.document()["publicKey"], "id": key_id}
    foreign.documents["/keys/1"] = {"type": "CryptographicKey", **key}
    with alpha.inside():
        assert await find_key(key_id) is None
        alpha.instance.cache.drop_prefix("key:")
        bob.more["publicKey"] = key_id
        found = await find_key(key_id)
    assert found is not None and found.actor.uri == bob.id


async def test_a_key_that_is_not_there_is_not_asked_for_again_and_again(alpha, foreign):
    with alpha.inside():
        for _ in range(5):
            assert await find_key("https://foreign.test/users/nobody#main-key") is None
    assert [one.path for one in foreign.asked].count("/users/nobody") == 1


async def test_a_new_key_is_fetched_when_the_old_one_fails_but_not_for_every_bad_signature(alpha, foreign):
    bob, other = foreign.person("bob"), foreign.person("other")
    with alpha.inside():
        before = await find_key(bob.key_id)
        bob.key = other.key
        after = await find_key(bob.key_id, refetch=True)
        asked = len(foreign.asked)
        for _ in range(5):
            await find_key(bob.key_id, refetch=True)
        known = await find_key(bob.key_id)
    assert before is not None and after is not None and known is not None
    assert before.key != after.key and after.key == known.key and len(foreign.asked) == asked


async def test_keys_of_one_host_are_fetched_so_often_a_minute_and_no_more(alpha, foreign):
    with alpha.inside():
        for number in range(100):
            with suppress(RateLimited):  # whoever is really there is told to come again
                await find_key(f"https://foreign.test/users/nobody-{number}#main-key")
    assert 60 <= len(foreign.asked) < 70  # a minute's worth, and what a slow machine earns anew meanwhile


async def test_a_key_that_was_taken_out_of_the_document_counts_no_longer(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        assert await find_key(bob.key_id)
        bob.more["publicKey"] = None
        await actor_by_uri(bob.id, refresh=True)
        assert await find_key(bob.key_id) is None


@pytest.mark.parametrize("key_id", ["", "x", "acct:bob@foreign.test", "https://", "https://[::1]/k", "https://a b/"])
async def test_a_key_id_that_is_no_address_finds_nothing(alpha, key_id):
    with alpha.inside():
        assert await find_key(key_id) is None
