"""Names: asked for, followed, and believed only where name and actor mean each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.database import now
from core.federation.fetching import NotThere
from core.federation.looking_up import find_elsewhere, look_up
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import Refused
from core.models import Actor
from tests.federation.odd_server import JRD, OddServer, actor


async def test_a_server_may_bear_another_name_than_its_handles_where_both_say_so(alpha):
    site, social = OddServer("split.test").join(alpha), OddServer("social.split.test").join(alpha)
    address = social.answer("/users/mallory", actor(social))
    social.finger("mallory", address, subject="mallory@split.test")
    site.finger("mallory", address)
    with alpha.inside():
        stored = await actor_by_uri(address)
        assert (await look_up("@mallory@split.test")).id == stored.id
    assert stored is not None and stored.domain == "split.test"


async def test_a_stated_handle_is_believed_only_where_its_host_agrees(alpha, odd, victim):
    address = odd.answer("/users/mallory", actor(odd, webfinger="mallory@victim.test"))
    victim.finger("mallory", "https://victim.test/users/mallory")
    with alpha.inside():
        stored = await actor_by_uri(address)
        assert stored is not None and stored.domain == "odd.test"
    victim.finger("mallory", address)
    with alpha.inside():
        await Actor.filter(id=stored.id).update(fetched_at=now() - timedelta(days=8))
        stored = await actor_by_uri(address, refresh=True)
        assert stored is not None and stored.domain == "victim.test"


async def test_a_handle_that_leads_to_somebody_else_is_refused(alpha, odd):
    address = odd.answer("/users/mallory", actor(odd))
    odd.finger("mallory", "https://odd.test/users/somebody-else")
    with alpha.inside():
        with pytest.raises(Refused, match="leads to somebody else"):
            await store_actor(actor(odd), address)
        assert await actor_by_uri(address) is None


async def test_webfinger_answers_that_lead_in_circles_are_refused(alpha, odd, victim):
    address = odd.answer("/users/mallory", actor(odd))
    odd.finger("mallory", address, subject="mallory@victim.test")
    victim.finger("mallory", address, subject="mallory@odd.test")
    with alpha.inside():
        with pytest.raises(Refused, match="from one name to another"):
            await find_elsewhere("@mallory@odd.test")
    assert len(odd.asked) + len(victim.asked) == 2


async def test_a_webfinger_subject_on_a_host_that_knows_nothing_of_it_is_refused(alpha, odd, victim):
    address = odd.answer("/users/mallory", actor(odd))
    odd.finger("mallory", address, subject="president@victim.test")
    victim.finger("president", "https://victim.test/users/president")
    victim.answer("/users/president", actor(victim, "president"))
    with alpha.inside():
        with pytest.raises(Refused, match="leads to somebody else"):
            await store_actor(actor(odd), address)


async def test_where_webfinger_is_missing_a_name_belongs_to_the_actors_own_host(alpha, odd):
    address = odd.answer("/users/mallory", actor(odd))
    with alpha.inside():
        stored = await actor_by_uri(address)
    assert stored is not None and stored.acct == "mallory@odd.test"


async def test_host_meta_is_read_where_webfinger_lies_elsewhere(alpha, odd):
    address = odd.answer("/users/mallory", actor(odd))
    template = '<XRD xmlns="x"><Link rel="lrdd" template="https://odd.test/finger?resource={uri}"/></XRD>'
    odd.answer("/.well-known/host-meta", template.encode(), type="application/xrd+xml")
    jrd = {
        "subject": "acct:mallory@odd.test",
        "links": [{"rel": "self", "type": "application/activity+json", "href": address}],
    }
    odd.answer("/finger", jrd, type=JRD)
    with alpha.inside():
        found = await look_up("@mallory@odd.test")
    assert found is not None and found.uri == address


@pytest.mark.parametrize(
    "link_type",
    ["application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'],
)
async def test_both_types_of_self_links_are_understood(alpha, odd, link_type):
    address = odd.answer("/users/mallory", actor(odd))
    links = [
        {"rel": "self", "type": "application/ld+json", "href": "https://odd.test/no"},
        {"rel": "self", "type": "text/html", "href": "https://odd.test/no"},
        {"rel": "self", "type": link_type, "href": address},
        {"rel": "self", "type": link_type, "href": "javascript:alert(1)"},
        "nonsense",
    ]
    odd.answer("/.well-known/webfinger", {"subject": "acct:mallory@odd.test", "links": links}, type=JRD)
    with alpha.inside():
        found = await look_up("@mallory@odd.test")
    assert found is not None and found.uri == address


@pytest.mark.parametrize(
    "answer",
    [
        {"subject": "acct:gargron@quitter.no", "links": [{"rel": "salmon", "href": "https://hacker.com/x"}]},
        {"subject": "acct:localhost@kickass.zone", "links": []},
        {"subject": "https://odd.test/users/mallory", "links": "x"},
        {"links": [{"rel": "self"}]},
        [],
        {"subject": ["acct:mallory@odd.test"], "links": None},
        {
            "subject": "acct:@",
            "links": [{"rel": "self", "type": "application/activity+json", "href": "https://a.test"}],
        },
    ],
)
async def test_a_webfinger_answer_that_names_nobody_is_refused(alpha, odd, answer):
    odd.answer("/.well-known/webfinger", answer, type=JRD)
    with alpha.inside():
        with pytest.raises(Refused):
            await find_elsewhere("@mallory@odd.test")


async def test_a_page_of_html_is_no_webfinger_answer(alpha, odd):
    odd.answer("/.well-known/webfinger", b"<!doctype html><title>Example</title>", type="text/html; charset=utf-8")
    with alpha.inside():
        with pytest.raises(NotThere):
            await find_elsewhere("@mallory@odd.test")


@pytest.mark.parametrize(
    "address",
    ["@a@b@c", "@", "nobody", "@a@", "@@b.test", "@a@b.test/x", "@a b@c.test", "@a@127.0.0.1", "@a@localhost",
     "https://", "http://odd.test/x", "https://odd.test:99999/", "ftp://odd.test/", "\x00", "@a\x00@b.test",
     "https://user@odd.test/", "https://[::1]/", "@" + "a" * 300 + "@b.test"],
)  # fmt: skip
async def test_an_address_that_is_none_finds_nobody(alpha, address):
    with alpha.inside():
        assert await look_up(address) is None
