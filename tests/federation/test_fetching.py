"""Documents of other servers: believed only where they come from, in the right type and size."""

from __future__ import annotations

import pytest

from core.federation.fetching import NotThere, budget, fetch_document
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import Refused, TooMuch
from core.models import Actor
from tests.federation.odd_server import actor


async def test_an_actor_that_claims_the_id_of_another_host_is_fetched_from_there(alpha, odd, victim):
    odd.answer("/users/mallory", actor(victim, summary="Spoofed"))
    real = victim.answer("/users/mallory", actor(victim, summary="Real"))
    victim.finger("mallory", real)
    with alpha.inside():
        assert await actor_by_uri("https://odd.test/users/mallory") is None
        found = await Actor.get_or_none(uri=real)
    assert found is not None and found.summary == "Real"


async def test_an_actor_that_claims_an_id_which_is_not_there_is_refused(alpha, odd, victim):
    address = odd.answer("/users/mallory", actor(victim))
    with alpha.inside():
        with pytest.raises(NotThere):
            await fetch_document(address)
        with pytest.raises(Refused):
            await store_actor(actor(victim), address)
        assert await Actor.filter(domain="victim.test").count() == 0


async def test_two_addresses_that_name_each_other_are_refused_after_one_more_request(alpha, odd):
    odd.answer("/one", {"id": "https://odd.test/two", "type": "Note"})
    odd.answer("/two", {"id": "https://odd.test/one", "type": "Note"})
    with alpha.inside():
        with pytest.raises(Refused, match="not where its id says"):
            await fetch_document("https://odd.test/one")
    assert odd.asked == ["/one", "/two"]


async def test_an_open_redirect_of_a_server_does_not_speak_for_it(alpha, odd, victim):
    victim.answer("/go", status=302, location="https://odd.test/lie")
    odd.answer("/lie", {"id": "https://victim.test/go", "type": "Note"})
    with alpha.inside():
        with pytest.raises(Refused, match="not where its id says"):
            await fetch_document("https://victim.test/go")


async def test_a_redirect_to_the_server_an_id_belongs_to_is_followed(alpha, odd, victim):
    odd.answer("/old", status=301, location="https://victim.test/new")
    victim.answer("/new", {"id": "https://victim.test/new", "type": "Note"})
    with alpha.inside():
        assert (await fetch_document("https://odd.test/old"))["id"] == "https://victim.test/new"


async def test_endless_redirects_are_refused(alpha, odd):
    odd.answer("/round", status=302, location="https://odd.test/round")
    with alpha.inside():
        with pytest.raises(Refused):
            await fetch_document("https://odd.test/round")
    assert len(odd.asked) <= 4


@pytest.mark.parametrize(
    "media_type",
    ["", "text/html", "application/json", "application/ld+json", "text/plain; charset=utf-8",
     'application/ld+json; profile="https://example.org/other"', "image/png", "application/activity+json-seq"],
)  # fmt: skip
async def test_a_document_of_another_media_type_is_refused(alpha, odd, media_type):
    odd.answer("/users/mallory", actor(odd), type=media_type)
    with alpha.inside():
        with pytest.raises(Refused, match="no ActivityStreams document"):
            await fetch_document("https://odd.test/users/mallory")


@pytest.mark.parametrize(
    "media_type",
    ["application/activity+json; charset=utf-8", "Application/Activity+JSON",
     'application/ld+json; profile="https://www.w3.org/ns/activitystreams"; charset=utf-8',
     'application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted https://www.w3.org/ns/activitystreams"'],
)  # fmt: skip
async def test_the_media_types_of_documents_are_believed_in_every_spelling(alpha, odd, media_type):
    address = odd.answer("/users/mallory", actor(odd), type=media_type)
    with alpha.inside():
        assert (await fetch_document(address))["id"] == address


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"https://odd.test/x"', "not a JSON object"),
        (b"{}", "no id"),
        (b'{"id": ["https://odd.test/x"]}', "no id"),
        (b'{"id": NaN}', "not JSON"),
        (b'{"id": "\\ud800"}', "not JSON"),
        (b'{"id":"https://odd.test/x","a":' + b"[" * 40 + b"]" * 40 + b"}", "nested too deeply"),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000, "not JSON|nested too deeply"),
    ],
)
async def test_a_body_that_is_no_document_is_refused(alpha, odd, body, reason):
    odd.answer("/x", body)
    with alpha.inside():
        with pytest.raises(Refused, match=reason):
            await fetch_document("https://odd.test/x")


async def test_a_huge_document_is_not_read_to_its_end(alpha, odd):
    odd.answer("/x", {"id": "https://odd.test/x", "content": "x" * 2_000_000})
    with alpha.inside():
        with pytest.raises(TooMuch):
            await fetch_document("https://odd.test/x")


async def test_a_linked_data_signature_is_dropped_before_anybody_can_trust_it(alpha, odd):
    odd.answer("/x", {"id": "https://odd.test/x", "signature": {"type": "RsaSignature2017"}})
    with alpha.inside():
        assert "signature" not in await fetch_document("https://odd.test/x")


async def test_an_activity_may_cost_so_many_requests_and_no_more(alpha, odd):
    for number in range(5):
        odd.answer(f"/{number}", {"id": f"https://odd.test/{number}"})
    with alpha.inside(), budget(3):
        for number in range(3):
            await fetch_document(f"https://odd.test/{number}")
        with pytest.raises(Refused, match="too much"), budget(100):
            await fetch_document("https://odd.test/4")


async def test_documents_of_this_server_are_not_asked_for_over_the_network(alpha, ann):
    with alpha.inside():
        with pytest.raises(Refused):
            await fetch_document(ann.uri)
        with pytest.raises(Refused):
            await store_actor(actor("https://alpha.test"), "https://alpha.test/users/mallory")
        found = await actor_by_uri(ann.uri)
        assert found is not None and found.id == ann.id
