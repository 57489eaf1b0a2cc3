"""What the document of a foreign actor may say, and what is made of it."""

from __future__ import annotations

import pytest

from core.database import now
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import Refused
from core.models import Actor
from tests.federation.odd_server import actor


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "javascript:alert(1)"}, "id"),
        ({"id": None}, "id"),
        ({"id": {"id": "https://odd.test/users/mallory"}}, "id"),
        ({"id": "https://odd.test/users/mallory#me"}, "id"),
        ({"id": "http://odd.test/users/mallory", "inbox": "http://odd.test/inbox"}, "https"),
        ({"type": "Note"}, "no actor"),
        ({"type": None}, "no actor"),
        ({"type": {"type": "Person"}}, "no actor"),
        ({"preferredUsername": ""}, "preferredUsername"),
        ({"preferredUsername": "a@b"}, "preferredUsername"),
        ({"preferredUsername": "a b"}, "preferredUsername"),
        ({"preferredUsername": "../x"}, "preferredUsername"),
        ({"preferredUsername": ["mallory"]}, "preferredUsername"),
        ({"preferredUsername": "x" * 300}, "preferredUsername"),
        ({"inbox": None}, "inbox"),
        ({"inbox": "https://victim.test/inbox"}, "inbox"),
        ({"inbox": "file:///etc/passwd"}, "inbox"),
        ({"inbox": {"no": "id"}}, "inbox"),
    ],
)
async def test_an_actor_without_what_it_must_have_is_refused(alpha, odd, change, reason):
    document = actor(odd) | change
    with alpha.inside():
        with pytest.raises(Refused, match=reason):
            await store_actor(document, str(document["id"]))
        assert await Actor.filter(domain="odd.test").count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"name": 7, "summary": ["x"], "icon": "no address", "image": [{"url": None}], "attachment": "x"},
        {"url": "javascript:alert(1)", "alsoKnownAs": {"a": "b"}, "movedTo": ["x", "y"], "published": "yesterday"},
        {"endpoints": ["x"], "followers": "https://victim.test/followers", "featured": 1, "published": "9999-99-99"},
        {"attachment": {"haha": "nonsense"}, "publicKey": 7, "assertionMethod": "x", "webfinger": "@@@"},
        {"publicKey": {"id": "x"}, "icon": {"type": "Image", "url": {"href": 5}}, "published": "2999-01-01T00:00:00Z"},
        {"type": ["Thing", "Person"], "name": "\x00\x07", "summary": "\x00", "attachment": [None, 1, {"type": []}]},
        {"name": "\u200b\u3164\u202e"},
        {"name": "", "tag": "x", "discoverable": "yes", "manuallyApprovesFollowers": 1},
    ],
)
async def test_what_may_be_absent_and_is_malformed_counts_as_absent(alpha, odd, change):
    document = actor(odd) | change
    with alpha.inside():
        stored = await store_actor(document, str(document["id"]))
        stored = await Actor.get(id=stored.id)
    assert stored.name == "mallory" and stored.summary == "" and stored.profile_fields == []
    assert (stored.avatar_url, stored.cover_url, stored.moved_to_uri, stored.followers_url) == ("", "", "", "")
    assert stored.url == stored.uri and stored.also_known_as == []
    assert not stored.is_locked and not stored.is_discoverable
    assert stored.created_at <= now()


async def test_what_is_too_long_is_cut_and_what_is_too_much_is_left_out(alpha, odd):
    field = {"type": "PropertyValue", "name": "n" * 1000, "value": "<b>v</b>" * 2000}
    document = actor(odd) | {
        "name": "x" * 10_000,
        "summary": "<p>" + "y" * 100_000,
        "attachment": [field] * 500,
        "alsoKnownAs": [f"https://odd.test/{number}" for number in range(500)],
        "icon": {"url": "https://odd.test/" + "z" * 3000},
    }
    with alpha.inside():
        stored = await Actor.get(id=(await store_actor(document, document["id"])).id)
    assert len(stored.name) == 2048 and len(stored.summary) <= 20_010
    assert len(stored.profile_fields) == 50 and len(stored.profile_fields[0]["name"]) == 255
    assert len(stored.also_known_as) == 20 and stored.avatar_url == ""


@pytest.mark.parametrize(
    ("policy", "gatherable"),
    [
        (None, True),
        ({"canQuote": {"automaticApproval": []}}, True),
        ({"canFeature": "x"}, True),
        ({"canFeature": {"automaticApproval": ["x", "https://www.w3.org/ns/activitystreams#Public"]}}, True),
        ({"canFeature": {"automaticApproval": "as:Public"}}, True),
        ({"canFeature": {"automaticApproval": ["https://odd.test/users/m"]}}, False),
        ({"canFeature": {"manualApproval": ["https://www.w3.org/ns/activitystreams#Public"]}}, False),
        ({"canFeature": {"automaticApproval": [{"id": 7}, None]}}, False),
    ],
)
async def test_posts_are_gathered_unless_their_author_says_that_not_everybody_may_feature_them(
    alpha, odd, policy, gatherable
):
    document = actor(odd) | {"interactionPolicy": policy}
    with alpha.inside():
        assert (await store_actor(document, str(document["id"]))).is_gatherable is gatherable


async def test_fields_and_pictures_are_read_as_servers_write_them(alpha, odd):
    document = actor(
        odd,
        type=["Service", "Person"],
        url=[{"type": "Link", "mediaType": "text/html", "href": "https://odd.test/@m"}, "https://odd.test/m.json"],
        icon=[{"type": "Image", "url": "https://cdn.test/a.png"}],
        image={"type": "Image", "url": [{"href": "https://cdn.test/b.png"}]},
        attachment={"type": "PropertyValue", "name": "Web", "value": '<a href="https://m.test" rel="me">m.test</a>'},
        alsoKnownAs="https://old.test/users/m",
        manuallyApprovesFollowers=True,
        published="2020-02-02T02:02:02.123456Z",
        endpoints={"sharedInbox": "https://odd.test/inbox"},
    )
    with alpha.inside():
        stored = await Actor.get(id=(await store_actor(document, document["id"])).id)
    assert (stored.type, stored.url) == ("service", "https://odd.test/@m")
    assert (stored.avatar_url, stored.cover_url) == ("https://cdn.test/a.png", "https://cdn.test/b.png")
    assert stored.profile_fields[0]["name"] == "Web" and 'href="https://m.test"' in stored.profile_fields[0]["value"]
    assert stored.also_known_as == ["https://old.test/users/m"] and stored.is_locked
    assert stored.created_at.year == 2020 and stored.shared_inbox_url == "https://odd.test/inbox"


async def test_a_changed_profile_is_a_new_version_and_an_unchanged_one_is_not(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        first = (await actor_by_uri(bob.id)).version
        assert (await actor_by_uri(bob.id, refresh=True)).version == first
        bob.more["name"] = "Robert"
        assert (await actor_by_uri(bob.id, refresh=True)).version == first + 1
