"""How other servers find who is here: WebFinger, host-meta and NodeInfo."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from core.database import now
from core.models import Actor
from core.testing import Person, TestInstance, counted_queries, world


async def finger(instance: TestInstance, resource: str, **query: str):
    return await instance.client.get("/.well-known/webfinger", params={"resource": resource, **query})


async def test_a_handle_leads_to_the_actor_by_one_link_of_the_exact_type(alpha, ann):
    answer = await finger(alpha, "acct:ann@alpha.test")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jrd+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    descriptor = answer.json()
    assert descriptor["subject"] == "acct:ann@alpha.test"
    assert [(link["type"], link["href"]) for link in descriptor["links"] if link["rel"] == "self"] == [
        ("application/activity+json", ann.uri)
    ]
    assert set(descriptor["aliases"]) == {ann.uri, "https://alpha.test/@ann"}


@pytest.mark.parametrize(
    "resource", ["acct:ANN@Alpha.Test", "ann@alpha.test", "@ann@alpha.test", "https://alpha.test/@ann", "actor"]
)
async def test_every_way_to_name_somebody_gives_the_same_answer(alpha, ann, resource):
    answer = await finger(alpha, ann.uri if resource == "actor" else resource)
    assert answer.json()["subject"] == "acct:ann@alpha.test"


@pytest.mark.parametrize(
    "resource",
    ["acct:nobody@alpha.test", "acct:ann@elsewhere.test", "https://elsewhere.test/@ann", "https://alpha.test/about",
     "https://alpha.test/@ann/x", "https://alpha.test/actors/x", "acct:ann@alpha.test:8080"],
)  # fmt: skip
async def test_whom_nobody_knows_here_is_404(alpha, ann, resource):
    assert (await finger(alpha, resource)).status_code == 404


@pytest.mark.parametrize(
    "resource",
    ["", "ann", "acct:ann", "acct:@alpha.test", "acct:ann@", "mailto:x", "x" * 3000, "acct:a\x00@alpha.test",
     "acct:ann@a b", "https://[/x"],
)  # fmt: skip
async def test_a_resource_that_is_none_is_400(alpha, ann, resource):
    assert (await finger(alpha, resource)).status_code == 400


async def test_a_missing_resource_is_400(alpha):
    assert (await alpha.client.get("/.well-known/webfinger")).status_code == 400


async def test_whoever_left_is_410(alpha, ann):
    with alpha.inside():
        await Actor.filter(id=ann.id).update(removed_at=now())
    assert (await finger(alpha, "acct:ann@alpha.test")).status_code == 410


async def test_the_server_itself_is_found_by_its_address_and_by_its_name(alpha):
    by_address = (await finger(alpha, "https://alpha.test/")).json()
    assert {link["rel"]: link["href"] for link in by_address["links"]}[
        "https://www.w3.org/ns/activitystreams#Service"
    ] == "https://alpha.test/actor"
    by_name = (await finger(alpha, "acct:alpha.test@alpha.test")).json()
    assert by_name["links"][0] == {
        "rel": "self", "type": "application/activity+json", "href": "https://alpha.test/actor",
    }  # fmt: skip


async def test_only_the_links_asked_for_are_given(alpha, ann):
    answer = await finger(alpha, "acct:ann@alpha.test", rel="self")
    assert [link["rel"] for link in answer.json()["links"]] == ["self"]


async def test_a_handle_host_that_is_not_the_servers_host_is_answered_for():
    async with world("social.split.test", server__domain="split.test") as (instance,):
        await instance.user("ann")
        answer = await finger(instance, "acct:ann@split.test")
        assert answer.json()["subject"] == "acct:ann@split.test"
        assert (await finger(instance, "acct:ann@social.split.test")).json() == answer.json()


async def test_a_second_question_is_answered_without_the_database_signed_or_not(alpha, foreign, ann):
    bob = foreign.person("bob")
    path = f"/.well-known/webfinger?resource={quote('acct:ann@alpha.test')}"
    first = await alpha.client.get(path)
    with counted_queries(alpha) as queries:
        second = await alpha.client.get(path)
        await alpha.client.get(path, headers=bob.signed("GET", alpha.base_url + path))
    assert first.content == second.content and queries == []


async def test_an_answer_kept_is_forgotten_when_the_profile_changes(alpha, ann: Person):
    before = (await finger(alpha, "acct:ann@alpha.test")).json()
    with alpha.inside():
        await Actor.filter(id=ann.id).update(avatar_url="https://alpha.test/files/a.png")
    await ann.put("/users/me", {"bio": "new"})
    after = (await finger(alpha, "acct:ann@alpha.test")).json()
    assert len(before["links"]) == 3
    assert after["links"][2] == {
        "rel": "http://webfinger.net/rel/avatar", "type": "image/png", "href": "https://alpha.test/files/a.png",
    }  # fmt: skip


async def test_host_meta_says_where_handles_are_looked_up(alpha):
    answer = await alpha.client.get("/.well-known/host-meta")
    assert answer.headers["content-type"].startswith("application/xrd+xml")
    assert 'template="https://alpha.test/.well-known/webfinger?resource={uri}"' in answer.text


async def test_nodeinfo_is_there_in_both_versions_and_complete(alpha, ann):
    await ann.publish()
    links = (await alpha.client.get("/.well-known/nodeinfo")).json()["links"]
    found = {link["rel"].rpartition("/")[2]: link["href"] for link in links}
    assert found["activitystreams#Application"] == "https://alpha.test/actor"
    for version in ("2.0", "2.1"):
        answer = await alpha.client.get(found[version])
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["access-control-allow-origin"] == "*"
        description = answer.json()
        assert description.keys() == {
            "version", "software", "protocols", "services", "openRegistrations", "usage", "metadata",
        }  # fmt: skip
        assert description["version"] == version
        assert description["software"]["name"] == "kith" and description["protocols"] == ["activitypub"]
        assert description["openRegistrations"] is True
        assert description["usage"] == {
            "users": {"total": 1, "activeMonth": 1, "activeHalfyear": 1}, "localPosts": 1,
        }  # fmt: skip
    assert (await alpha.client.get("/nodeinfo/3.0")).status_code == 404


async def test_a_server_that_does_not_federate_tells_nobody_about_anybody():
    async with world("alone.test", federation__enabled=False) as (alone,):
        ann = await alone.user("ann")
        paths = (
            "/.well-known/webfinger?resource=acct:ann@alone.test", "/.well-known/host-meta", "/nodeinfo/2.1", "/actor",
            f"/actors/{ann.id}", f"/actors/{ann.id}/outbox",
        )  # fmt: skip
        for path in paths:
            assert (await alone.client.get(path)).status_code == 404, path
