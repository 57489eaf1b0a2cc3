"""The door: who gets in, with what, and what everybody else is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest

from core.database import now
from core.early_answers import LARGEST_SWALLOWED
from core.federation.domains import decide
from core.federation.keys import SigningKey
from core.federation.models import Received
from core.federation.removal import remove_actor
from core.federation.signatures import sign_rfc9421
from core.models import Actor
from core.testing import Foreign, settle, world
from tests.federation.arrivals import count_stored

LIMIT = 1_048_576


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


async def post(instance, body, headers, path="/inbox"):
    return await instance.client.post(path, content=body, headers=headers)


def like_of(zoe):
    return zoe.activity("Like", "https://alpha.test/objects/1")


async def test_a_signed_activity_is_stored_before_it_is_acknowledged(alpha, zoe):
    activity = like_of(zoe)
    answer = await zoe.send(alpha, activity)
    assert (answer.status_code, answer.content) == (202, b"")
    with alpha.inside():
        received = await Received.get(uri=activity["id"])
    assert (received.state, received.verb, received.actor_uri) == ("waiting", "Like", zoe.id)
    assert orjson.loads(received.body) == activity


async def test_once_it_was_acted_on_its_body_is_forgotten_and_its_name_is_not(alpha, zoe):
    activity = like_of(zoe)
    await zoe.send(alpha, activity)
    await settle(alpha)
    with alpha.inside():
        received = await Received.get(uri=activity["id"])
    assert (received.state, received.body) == ("ignored", "")


async def test_a_signature_by_rfc_9421_is_as_good(alpha, zoe):
    body, url = orjson.dumps(like_of(zoe)), "https://alpha.test/inbox"
    headers = {"Content-Type": "application/activity+json"}
    key = SigningKey(zoe.key_id, zoe.key)
    signed = headers | sign_rfc9421("POST", url, headers, body, key, now=now())
    assert (await post(alpha, body, signed)).status_code == 202


async def test_the_same_activity_twice_is_acknowledged_twice_and_stored_once(alpha, zoe):
    activity = like_of(zoe)
    assert (await zoe.send(alpha, activity)).status_code == 202
    await settle(alpha)
    assert (await zoe.send(alpha, activity)).status_code == 202
    assert await count_stored(alpha) == 1


async def test_what_nobody_here_acts_on_is_acknowledged_and_not_stored(alpha, zoe):
    assert (await zoe.send(alpha, zoe.activity("View", "https://alpha.test/objects/1"))).status_code == 202
    assert await count_stored(alpha) == 0


# -- 401 ---------------------------------------------------------------------------------------------------------------


async def refused(alpha, zoe, activity=None, **how):
    answer = await zoe.send(alpha, activity or like_of(zoe), **how)
    assert await count_stored(alpha) == 0
    return answer.status_code


async def test_without_a_signature_nobody_gets_in(alpha, zoe):
    body = orjson.dumps(like_of(zoe))
    answer = await post(alpha, body, {"Content-Type": "application/activity+json"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert await count_stored(alpha) == 0


async def test_a_signature_by_another_key_is_refused(alpha, foreign, zoe):
    assert await refused(alpha, zoe, signer=foreign.person("eve")) == 401


async def test_a_stale_signature_is_refused(alpha, zoe):
    assert await refused(alpha, zoe, age=timedelta(hours=2)) == 401


async def test_a_signature_from_the_future_is_refused(alpha, zoe):
    assert await refused(alpha, zoe, age=-timedelta(minutes=30)) == 401


async def test_the_digest_of_another_body_is_refused(alpha, zoe):
    assert await refused(alpha, zoe, digest_of=b"{}") == 401


async def test_a_key_that_cannot_be_found_is_refused(alpha, zoe):
    assert await refused(alpha, zoe, key_id="https://foreign.test/users/nobody#main-key") == 401


async def test_a_key_id_that_is_no_address_is_refused(alpha, zoe):
    assert await refused(alpha, zoe, key_id="zoe") == 401


async def test_a_signature_for_another_host_is_refused(alpha, zoe):
    body = orjson.dumps(like_of(zoe))
    headers = zoe.signed("POST", "https://beta.test/inbox", body)
    assert (await post(alpha, body, headers)).status_code == 401


async def test_a_signature_for_another_path_is_refused(alpha, zoe):
    body = orjson.dumps(like_of(zoe))
    headers = zoe.signed("POST", "https://alpha.test/actors/1/inbox", body)
    assert (await post(alpha, body, headers)).status_code == 401


async def test_an_activity_in_the_name_of_a_neighbour_is_refused(alpha, foreign, zoe):
    neighbour = foreign.person("neighbour")
    assert await refused(alpha, zoe, like_of(neighbour)) == 401


async def test_an_activity_in_the_name_of_somebody_here_is_refused(alpha, ann, zoe):
    assert await refused(alpha, zoe, like_of(zoe) | {"actor": ann.uri}) == 401


async def test_a_key_that_changed_is_fetched_anew(alpha, foreign, zoe):
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 202
    zoe.key = foreign.person("other").key
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 202


async def test_a_bad_signature_makes_the_key_be_fetched_anew_only_once(alpha, foreign, zoe):
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 202
    asked = len(foreign.asked)
    for _ in range(5):
        assert (await zoe.send(alpha, like_of(zoe), signer=foreign.person("eve"))).status_code == 401
    assert len([one for one in foreign.asked[asked:] if one.path == "/users/zoe"]) == 1


# -- 4xx ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b'"text"', b"\xff\xfe{}", b'{"a":' * 40 + b"1" + b"}" * 40, b'{"type":"Like"}'],
    ids=["empty", "cut off", "list", "number", "text", "not utf-8", "too deep", "no actor"],
)
async def test_a_malformed_body_is_400_though_it_is_signed(alpha, zoe, body):
    headers = zoe.signed("POST", "https://alpha.test/inbox", body)
    assert (await post(alpha, body, headers)).status_code == 400


@pytest.mark.parametrize("missing", ["id", "type", "actor"])
async def test_an_activity_that_lacks_what_it_must_have_is_400(alpha, zoe, missing):
    activity = like_of(zoe)
    del activity[missing]
    assert (await zoe.send(alpha, activity)).status_code == 400


async def test_an_activity_of_two_actors_is_400(alpha, foreign, zoe):
    activity = like_of(zoe) | {"actor": [zoe.id, foreign.person("eve").id]}
    assert (await zoe.send(alpha, activity)).status_code == 400


async def test_one_actor_in_a_list_or_embedded_is_one_actor(alpha, zoe):
    assert (await zoe.send(alpha, like_of(zoe) | {"actor": [zoe.id]})).status_code == 202
    assert (await zoe.send(alpha, like_of(zoe) | {"actor": {"id": zoe.id, "type": "Person"}})).status_code == 202


async def test_a_body_that_says_it_is_too_large_is_refused_unread(alpha):
    read = []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    headers = [(b"content-type", b"application/activity+json"), (b"content-length", str(LIMIT + 1).encode())]
    answered = []
    assert await through_the_door(alpha, headers, receive, answered=lambda: answered.extend(read)) == 413
    assert answered == [], "it was answered before anything was read"


async def test_a_body_that_turns_out_too_large_is_not_read_to_its_end(alpha, zoe):
    signed = zoe.signed("POST", "https://alpha.test/inbox", b"")
    headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
    read = 0

    async def receive():
        nonlocal read
        read += 65_536
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    answered = []
    assert await through_the_door(alpha, headers, receive, answered=lambda: answered.append(read)) == 413
    assert answered[0] <= LIMIT + 65_536
    assert read <= LARGEST_SWALLOWED + LIMIT + 2 * 65_536, "who never ends is not listened to for ever"


async def through_the_door(instance, headers, receive, path="/inbox", answered=lambda: None):
    """The status of a POST made by hand; `answered` is called when the answer begins."""
    sent = []

    async def send(message):
        if not sent:
            answered()
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
    }
    await asyncio.create_task(instance.instance.asgi(scope, receive, send))
    return sent[0]["status"] if sent else None


async def test_who_hangs_up_while_sending_is_not_answered(alpha, zoe):
    signed = zoe.signed("POST", "https://alpha.test/inbox", b"")
    headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]

    async def receive():
        return {"type": "http.disconnect"}

    assert await through_the_door(alpha, headers, receive) is None


@pytest.mark.parametrize("type", ["application/json", "text/html", "", "application/x-www-form-urlencoded"])
async def test_other_media_types_are_415(alpha, zoe, type):
    body = orjson.dumps(like_of(zoe))
    headers = zoe.signed("POST", "https://alpha.test/inbox", body) | {"Content-Type": type}
    assert (await post(alpha, body, headers)).status_code == 415


@pytest.mark.parametrize(
    "type",
    [
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        "application/activity+json; charset=utf-8",
        "Application/Activity+JSON",
    ],
)
async def test_both_media_types_are_taken_with_any_parameters(alpha, zoe, type):
    body = orjson.dumps(like_of(zoe))
    headers = zoe.signed("POST", "https://alpha.test/inbox", body) | {"Content-Type": type}
    assert (await post(alpha, body, headers)).status_code == 202


async def test_a_compressed_body_is_415(alpha, zoe):
    body = orjson.dumps(like_of(zoe))
    headers = zoe.signed("POST", "https://alpha.test/inbox", body) | {"Content-Encoding": "gzip"}
    assert (await post(alpha, body, headers)).status_code == 415


async def test_a_personal_inbox_is_as_good_as_the_shared_one(alpha, ann, zoe):
    activity = like_of(zoe)
    assert (await zoe.send(alpha, activity, path=f"/actors/{ann.id}/inbox")).status_code == 202
    with alpha.inside():
        assert (await Received.get(uri=activity["id"])).inbox_owner == ann.id


async def test_an_inbox_nobody_has_is_404(alpha, zoe):
    for name in ("00000000-0000-0000-0000-000000000000", "ann", "%00"):
        assert (await zoe.send(alpha, like_of(zoe), path=f"/actors/{name}/inbox")).status_code == 404


async def test_the_inbox_of_somebody_elsewhere_is_404(alpha, zoe):
    await zoe.send(alpha, like_of(zoe))
    with alpha.inside():
        actor = await Actor.get(uri=zoe.id)
    assert (await zoe.send(alpha, like_of(zoe), path=f"/actors/{actor.id}/inbox")).status_code == 404


async def test_the_inbox_of_who_has_left_is_410(alpha, ann, zoe):
    with alpha.inside():
        await Actor.filter(id=ann.id).update(removed_at=now())
    assert (await zoe.send(alpha, like_of(zoe), path=f"/actors/{ann.id}/inbox")).status_code == 410


async def test_a_blocked_domain_is_403_and_its_key_is_not_asked_for(alpha, foreign, zoe):
    with alpha.inside():
        await decide("foreign.test", "block")
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 403
    assert foreign.asked == []
    assert await count_stored(alpha) == 0


async def test_a_domain_under_a_blocked_one_is_403(alpha):
    zoe = Foreign("deep.under.foreign.test").join(alpha).person("zoe")
    with alpha.inside():
        await decide("foreign.test", "block")
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 403


async def test_who_is_suspended_here_is_403(alpha, zoe):
    await zoe.send(alpha, like_of(zoe))
    with alpha.inside():
        await Actor.filter(uri=zoe.id).update(suspended_at=now())
        alpha.instance.cache.drop_prefix("")
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 403


async def test_who_has_left_their_server_gets_in_no_more(alpha, foreign, zoe):
    await zoe.send(alpha, like_of(zoe))
    with alpha.inside():
        await remove_actor(await Actor.get(uri=zoe.id))
    assert (await zoe.send(alpha, like_of(zoe))).status_code == 401


async def test_where_federation_is_off_there_is_no_inbox():
    async with world("closed.test", federation__enabled=False) as (closed,):
        zoe = Foreign("foreign.test").join(closed).person("zoe")
        assert (await zoe.send(closed, like_of(zoe))).status_code == 404
