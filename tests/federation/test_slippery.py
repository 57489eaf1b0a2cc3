"""Ways round a rule: ids of another host than names, old words said again, lists that are lies, keys that hang."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import revisions
from core.asgi import Receive, Scope, Send
from core.database import execute, now
from core.federation import fetching, follower_comparison, keys_store
from core.federation.domains import decide
from core.federation.keys import SigningKey, encode_multikey
from core.federation.proofs import proved
from core.federation.received import forget_received
from core.federation.signatures import sign_cavage
from core.federation.synchronization import digest_of
from core.models import Actor, Follow, Tombstone
from core.testing import Foreign, ForeignActor, Person, TestInstance, settle
from core.testing.foreign import ACTIVITY_JSON, PUBLIC
from plugins.posts import lists
from tests.federation.arrivals import arrive, outcome, stored
from tests.federation.odd_server import OddServer


@pytest.fixture
def mallory(alpha: TestInstance) -> ForeignActor:
    """Whoever attacks."""
    return Foreign("evil.test").join(alpha).person("mallory")


# -- Names of one host, ids of another ---------------------------------------------------------------------------------
@pytest.fixture
def split(alpha: TestInstance) -> ForeignActor:
    """Somebody whose name is of one host and whose id is of another, as both say."""
    zed = Foreign("ids.test").join(alpha).person("zed", webfinger="zed@names.test")
    OddServer("names.test").join(alpha).finger("zed", zed.id)
    return zed


async def state_of(alpha: TestInstance, who: ForeignActor) -> tuple[str, bool, bool, int]:
    """Whose name it is, whether they are suspended or silenced, and how many follows they have part in."""
    with alpha.inside():
        actor = await Actor.get(uri=who.id)
        follows = await Follow.filter(follower_id=actor.id).count()
    return actor.domain, actor.suspended_at is not None, actor.silenced_at is not None, follows


@pytest.mark.parametrize("host", ["ids.test", "names.test"])
async def test_a_block_of_either_host_counts_for_whoever_has_a_name_of_one_and_an_id_of_the_other(
    alpha: TestInstance, ann: Person, split: ForeignActor, host: str
) -> None:
    assert await arrive(alpha, split, split.activity("Follow", ann.uri)) == "done"
    assert await arrive(alpha, split, split.activity("Create", split.note("<p>hello</p>"))) == "done"
    assert await state_of(alpha, split) == ("names.test", False, False, 1)
    with alpha.inside():
        await decide(host, "silence")
    assert await state_of(alpha, split) == ("names.test", False, True, 1)
    with alpha.inside():
        await decide(host, "block")
    await settle(alpha)
    assert await state_of(alpha, split) == ("names.test", True, False, 0)
    assert (await ann.call("GET", "/users/@zed@names.test")).status_code == 404
    assert (await ann.get("/feed", scope="global"))["posts"] == []
    with alpha.inside():
        await decide(host, "")
    assert await state_of(alpha, split) == ("names.test", False, False, 0)


async def test_one_block_lifted_leaves_the_other_in_force(alpha: TestInstance, split: ForeignActor) -> None:
    await split.send(alpha, split.activity("Like", "https://alpha.test/objects/none"))
    with alpha.inside():
        await decide("ids.test", "block")
        await decide("names.test", "block")
        await decide("ids.test", "")
    assert await state_of(alpha, split) == ("names.test", True, False, 0)


async def test_whoever_comes_later_with_an_id_of_a_silenced_host_is_silenced(
    alpha: TestInstance, split: ForeignActor
) -> None:
    with alpha.inside():
        await decide("ids.test", "silence")
    await split.send(alpha, split.activity("Like", "https://alpha.test/objects/none"))
    assert await state_of(alpha, split) == ("names.test", False, True, 0)


async def test_nobody_reads_what_is_for_others_as_the_server_of_a_name_that_people_of_many_servers_have(
    alpha: TestInstance, ann: Person, split: ForeignActor, mallory: ForeignActor
) -> None:
    secret = await ann.publish("for followers", visibility="followers")
    own = split.server.person("server", type="Application", webfinger="server@names.test")
    alpha.neighbours["names.test"].finger("server", own.id)
    mallory.more |= {"type": "Application", "webfinger": "mallory@names.test"}
    assert await arrive(alpha, split, split.activity("Follow", ann.uri)) == "done"
    assert (await own.fetch(alpha, secret["uri"])).status_code == 200  # names of one host, ids of another: one server
    alpha.neighbours["names.test"].finger("mallory", mallory.id)
    assert (await mallory.fetch(alpha, secret["uri"])).status_code == 404
    assert (await state_of(alpha, mallory))[0] == "names.test"
    assert (await split.fetch(alpha, secret["uri"])).status_code == 200


# -- Old words said again ----------------------------------------------------------------------------------------------
@pytest.fixture
def zoe(foreign: Foreign) -> tuple[ForeignActor, SigningKey]:
    """Somebody decent whose activities bear proofs."""
    zoe, private = foreign.person("zoe"), Ed25519PrivateKey.generate()
    key = {"id": f"{zoe.id}#proofs", "type": "Multikey", "controller": zoe.id}
    zoe.more["assertionMethod"] = [key | {"publicKeyMultibase": encode_multikey(private.public_key())}]
    return zoe, SigningKey(f"{zoe.id}#proofs", private)


async def test_nobody_brings_back_a_profile_that_was_once_proved(
    alpha: TestInstance, ann: Person, zoe: tuple[ForeignActor, SigningKey], mallory: ForeignActor
) -> None:
    who, key = zoe
    old = proved(who.activity("Update", who.document() | {"name": "Old"}, to=[PUBLIC]), key, now() - timedelta(days=9))
    await arrive(alpha, who, who.activity("Update", who.document() | {"name": "New"}, to=[PUBLIC]))
    assert (await mallory.send(alpha, old)).status_code == 401
    await settle(alpha)
    assert (await ann.get(f"/users/{who.address}"))["fullName"] == "New"


async def test_nobody_undoes_an_edit_with_what_was_proved_before_it(
    alpha: TestInstance, zoe: tuple[ForeignActor, SigningKey], mallory: ForeignActor
) -> None:
    who, key = zoe
    note = who.note("<p>first</p>")
    undated = proved(who.activity("Update", dict(note), to=[PUBLIC]), key, now() - timedelta(hours=2))
    dated = note | {"content": "<p>second</p>", "updated": (now() + timedelta(hours=1)).isoformat()}
    policy = {"canQuote": {"automaticApproval": [PUBLIC]}}
    dated_policy = who.activity("Update", dated | {"interactionPolicy": policy}, to=[PUBLIC])
    older = proved(dated_policy, key, now() - timedelta(hours=1))
    await arrive(alpha, who, who.activity("Create", note))
    last = note | {"content": "<p>third</p>", "updated": (now() + timedelta(hours=2)).isoformat()}
    await arrive(alpha, who, who.activity("Update", last | {"interactionPolicy": {"canQuote": {"always": [who.id]}}}))
    assert (await mallory.send(alpha, undated)).status_code == 401
    assert (await mallory.send(alpha, older)).status_code == 202
    await settle(alpha)
    entry = await stored(alpha, note["id"])
    assert entry is not None and (entry.content, entry.quote_policy) == ("<p>third</p>", "nobody")
    assert await outcome(alpha, older) == "ignored"


# -- Lists that are lies -----------------------------------------------------------------------------------------------
async def claims_followers(alpha: TestInstance, who: ForeignActor, uris: list[str]) -> None:
    """Have somebody's server say that all of these follow them, in a signed header and in the list it leads to."""
    url, body = f"{who.id}/sync", orjson.dumps(who.activity("Like", "https://alpha.test/objects/none"))
    who.server.documents["/users/mallory/sync"] = {"id": url, "type": "OrderedCollection", "orderedItems": uris}
    claim = f'collectionId="{who.id}/followers", url="{url}", digest="{digest_of(uris)}"'
    headers = {"Content-Type": ACTIVITY_JSON, "Collection-Synchronization": claim}
    inbox = f"{alpha.base_url}/inbox"
    signed = sign_cavage("POST", inbox, headers, body, SigningKey(who.key_id, who.key), now=now())
    assert (await alpha.client.post("/inbox", content=body, headers=headers | signed)).status_code == 202
    await settle(alpha)


async def test_a_claimed_list_of_followers_makes_us_send_so_much_and_no_more(
    alpha: TestInstance, mallory: ForeignActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_comparison, "EXPLAINED_AT_MOST", 3)
    monkeypatch.setattr(follower_comparison, "COMPARED_PER_HOUR", 2)
    people = [await alpha.user(f"person{number}") for number in range(5)]
    for _ in range(4):
        await claims_followers(alpha, mallory, [one.uri for one in people])
    assert len(mallory.server.activities("Undo")) == 2 * 3
    assert [one.path for one in mallory.server.asked].count("/users/mallory/sync") == 2


# -- What an address tells ---------------------------------------------------------------------------------------------
async def test_nobody_learns_from_its_page_that_there_is_a_post_for_others_and_by_whom(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    secret = await ann.publish("for followers", visibility="followers")
    nothing = f"{alpha.base_url}/objects/{ann.id}"
    for path in (secret["uri"], nothing):
        answers = [await one.page(path, headers={"Accept": "text/html"}) for one in (alpha.anon, bob)]
        assert [answer.status_code for answer in answers] == [404, 404]
    led = await ann.page(secret["uri"], headers={"Accept": "text/html"})
    assert (led.status_code, led.headers["location"]) == (302, secret["url"])


async def test_nobody_follows_the_server_itself(alpha: TestInstance, mallory: ForeignActor) -> None:
    assert await arrive(alpha, mallory, mallory.activity("Follow", "https://alpha.test/actor")) == "ignored"
    with alpha.inside():
        assert await Follow.all().count() == 0
    assert [one["type"] for one in mallory.server.activities()] == ["Reject"]


# -- Keys that hang ----------------------------------------------------------------------------------------------------
async def test_who_cannot_be_asked_for_a_key_just_now_is_to_come_again(
    alpha: TestInstance, ann: Person, mallory: ForeignActor
) -> None:
    follow = mallory.activity("Follow", ann.uri)
    mallory.server.status = 503
    answer = await mallory.send(alpha, follow)
    assert (answer.status_code, int(answer.headers["retry-after"])) == (503, keys_store.FAILED_SECONDS)
    mallory.server.status = 0
    asked = len(mallory.server.asked)
    assert (await mallory.send(alpha, follow)).status_code == 503  # nor is it asked again and again
    assert len(mallory.server.asked) == asked
    alpha.instance.cache.drop_prefix("key:")
    assert await arrive(alpha, mallory, follow) == "done"


async def test_keys_that_hang_keep_nobody_out_whose_key_is_known(
    alpha: TestInstance, ann: Person, mallory: ForeignActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = asyncio.Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        await hanging.wait()

    assert await arrive(alpha, mallory, mallory.activity("Follow", ann.uri)) == "done"
    monkeypatch.setattr(keys_store, "AT_ONCE", 3)
    lured = []
    for number in range(5):
        alpha.neighbours[f"slow{number}.test"] = hang
        who = Foreign(f"slow{number}.test").person("who")
        lured.append(asyncio.create_task(who.send(alpha, who.activity("Follow", ann.uri))))
    done, waiting = await asyncio.wait(lured, timeout=5, return_when=asyncio.ALL_COMPLETED)
    assert [one.result().status_code for one in done] == [429, 429] and len(waiting) == 3
    like = mallory.activity("Like", (await ann.publish())["uri"])
    assert await arrive(alpha, mallory, like) == "done"
    hanging.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} <= {401, 503}


# -- Having us flood others --------------------------------------------------------------------------------------------
async def test_nobody_has_us_ask_a_third_server_without_measure(
    alpha: TestInstance, mallory: ForeignActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PROVOKED_PER_MINUTE", 12)
    third = Foreign("third.test").join(alpha)
    strangers = [f"{third.base_url}/users/nobody-{number}" for number in range(10)]
    tags = [{"type": "Mention", "href": uri, "name": "@nobody"} for uri in strangers]
    names = mallory.note("<p>hello</p>", cc=strangers, tag=tags)
    for number in range(5):
        mallory.server.documents[f"/notes/n{number}"] = note = names | {"id": f"https://evil.test/notes/n{number}"}
        assert await arrive(alpha, mallory, mallory.activity("Create", note)) == "done"
        await arrive(alpha, mallory, mallory.activity("Announce", f"{third.base_url}/notes/{number}"))
    assert 12 <= len(third.asked) <= 15  # and what a slow machine earns anew meanwhile
    other = Foreign("other.test").join(alpha).person("other")
    friend = third.person("friend")
    note = other.note("<p>hello</p>", cc=[friend.id], tag=[{"type": "Mention", "href": friend.id, "name": "@f"}])
    assert await arrive(alpha, other, other.activity("Create", note)) == "done"
    with alpha.inside():
        assert await Actor.exists(uri=friend.id)  # others are not in the way of that


# -- Numbers and times beyond measure ----------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "2030-01-01T00:00:00Z"])
async def test_a_poll_with_more_votes_than_there_are_people_and_no_end_is_shown_as_far_as_it_can_be(
    alpha: TestInstance, ann: Person, mallory: ForeignActor, end: str
) -> None:
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 10**12}} for name in "abcde"
    ]
    question = mallory.note("<p>how many?</p>", oneOf=options, endTime=end) | {"type": "Question"}
    assert await arrive(alpha, mallory, mallory.activity("Create", question)) == "done"
    again = mallory.activity("Update", question | {"endTime": end})
    assert await arrive(alpha, mallory, again) in ("done", "ignored")
    (post,) = (await ann.get("/feed", scope="global"))["posts"]
    assert len(post["poll"]["options"]) == 5
    assert (post["poll"]["expiresAt"] is None) == end.startswith("9999")
    with alpha.inside():
        assert await execute("DELETE FROM core_poll") == 1


# -- Deleting what was never there -------------------------------------------------------------------------------------
async def test_deletions_of_what_was_never_here_are_remembered_as_long_as_it_may_come_and_those_of_what_was_for_good(
    alpha: TestInstance, mallory: ForeignActor
) -> None:
    known, late = mallory.note("<p>known</p>"), mallory.note("<p>late</p>")
    assert await arrive(alpha, mallory, mallory.activity("Create", known)) == "done"
    for note in (known, late):
        await arrive(alpha, mallory, mallory.activity("Delete", {"id": note["id"], "type": "Tombstone"}))
    await arrive(alpha, mallory, mallory.activity("Create", late))
    assert await stored(alpha, late["id"]) is None
    for days in (29, 2):
        with alpha.inside():
            await execute("UPDATE core_tombstone SET created_at = $1", now() - timedelta(days=days))
            await forget_received()
            assert await Tombstone.all().count() == 2
    with alpha.inside():
        await execute("UPDATE core_tombstone SET created_at = $1", now() - timedelta(days=31))
        await forget_received()
        assert [one.uri for one in await Tombstone.all()] == [known["id"]]


# -- Changing one's mind for ever --------------------------------------------------------------------------------------
async def test_of_endless_edits_the_first_and_the_latest_are_kept_and_not_more_is_shown_than_can_be(
    alpha: TestInstance, ann: Person, mallory: ForeignActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "AT_MOST", 4)
    note = mallory.note("<p>word 0</p>")
    assert await arrive(alpha, mallory, mallory.activity("Create", note)) == "done"
    for number in range(1, 9):
        assert await arrive(alpha, mallory, mallory.activity("Update", note | {"content": f"<p>word {number}</p>"}))
    entry = await stored(alpha, note["id"])
    assert entry is not None
    path = f"/posts/{entry.id}/history"
    said = [one["content"][8:9] for one in (await ann.get(path))["revisions"]]
    assert said == ["0", "4", "5", "6", "7", "8"]
    monkeypatch.setattr(lists, "REVISED_AT_MOST", 2 * len("<p>word 0</p>"))
    assert [one["content"][8:9] for one in (await ann.get(path))["revisions"]] == ["6", "7", "8"]


async def test_who_cannot_ask_for_a_key_tells_nothing_of_what_it_hides(alpha: TestInstance, ann: Person) -> None:
    secret = await ann.publish("for followers", visibility="followers")
    nobody = Foreign("silent.test").join(alpha)
    nobody.status = 503
    who = nobody.person("who")
    for path in (secret["uri"], f"{alpha.base_url}/objects/{ann.id}"):
        assert (await who.fetch(alpha, path)).status_code == 404
