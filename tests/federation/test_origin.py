"""Nobody speaks for another server: every Create in which one address was moved elsewhere is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import orjson
import pytest

from core.errors import Rejected, Unauthenticated
from core.federation.documents import id_of
from core.federation.normalise import read_activity
from core.federation.origin import check_fetched, check_owner, check_sender, own_object
from core.models import Entry
from core.testing import settle, world
from tests.federation.arrivals import outcome
from tests.federation.strangers import FIXTURES, fixtures, loaded, make_known, reach_nobody
from tests.federation.test_fixtures import FOLDERS, is_true

DOCUMENTS = Path(__file__).parent.parent / "documents"
ELSEWHERE = "elsewhere.test"
CREATES = sorted(path for path in DOCUMENTS.rglob("create_*.json") if "chat" not in path.name)


def moved(uri):
    """The same address on another host."""
    return urlunsplit(urlsplit(uri)._replace(netloc=ELSEWHERE))


def move_id(activity):
    activity["id"] = moved(activity["id"])


def move_actor(activity):
    activity["actor"] = moved(id_of(activity["actor"]))


def move_object(activity):
    activity["object"]["id"] = moved(activity["object"]["id"])


def move_owner(activity):
    owner = activity["object"]["attributedTo"]
    uri = id_of(owner[0] if isinstance(owner, list) else owner)
    activity["object"]["attributedTo"] = moved(uri)


def name_a_second_owner(activity):
    owner = activity["object"]["attributedTo"]
    owners = owner if isinstance(owner, list) else [owner]
    activity["object"]["attributedTo"] = [*owners, moved(id_of(owners[0]))]


def move_port(activity):
    parts = urlsplit(activity["object"]["id"])
    activity["object"]["id"] = urlunsplit(parts._replace(netloc=f"{parts.netloc}:8443"))


def move_scheme(activity):
    parts = urlsplit(activity["object"]["id"])
    activity["object"]["id"] = urlunsplit(parts._replace(scheme="http" if parts.scheme == "https" else "https"))


MOVES = [move_id, move_actor, move_object, move_owner, name_a_second_owner, move_port, move_scheme]


@pytest.fixture
async def open_minded():
    async with world("alpha.test", federation__allow_http=True, federation__allow_private_addresses=True) as (
        instance,
    ):
        yield instance


async def must_be_refused(instance, sender, activity, name):
    """A Create that is a lie: 401 at the door, or refused behind it, and nothing of it is kept."""
    uris = [activity["object"]["id"], id_of(activity["object"].get("url"))]
    answer = await sender.post(instance, orjson.dumps(activity))
    assert answer.status_code in (202, 401), name
    await settle(instance)
    if answer.status_code == 202:
        not_kept = "not stored" if "signature" in activity else "refused"
        assert await outcome(instance, activity) in ("refused", not_kept), name
    with instance.inside():
        assert not await Entry.exists(uri__in=uris), name


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
@pytest.mark.parametrize("path", CREATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_a_create_with_one_address_of_another_server_is_refused(alpha, path, move):
    activity = orjson.loads(path.read_bytes())
    reach_nobody(alpha, path.read_bytes())
    sender = await make_known(alpha, id_of(activity["actor"]))
    await make_known(alpha, moved(sender.id))
    move(activity)
    await must_be_refused(alpha, sender, activity, path.name)


@pytest.mark.parametrize("path", CREATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_a_create_signed_by_somebody_of_another_server_is_401(alpha, path):
    activity = orjson.loads(path.read_bytes())
    activity.pop("signature", None)  # with one, its origin is asked: test_forwarded.py
    await make_known(alpha, id_of(activity["actor"]))
    stranger = await make_known(alpha, moved(id_of(activity["actor"])))
    assert (await stranger.post(alpha, orjson.dumps(activity))).status_code == 401


@pytest.mark.skipif(not FOLDERS, reason="the recorded documents are not here")
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
async def test_no_recorded_create_passes_with_one_address_of_another_server(open_minded, move):
    tried = 0
    for name, body in fixtures(FIXTURES):
        activity = loaded(body)
        if not isinstance(activity, dict) or not is_true(activity):
            continue
        reach_nobody(open_minded, body)
        sender = await make_known(open_minded, id_of(activity["actor"]))
        await make_known(open_minded, moved(sender.id))
        lie = copy.deepcopy(activity)
        # Many recordings share their ids: each lie is a new one.
        lie["id"] = f"{lie['id']}/{move.__name__}/{tried}"
        lie["object"]["id"] = f"{lie['object']['id']}/{move.__name__}/{tried}"
        move(lie)
        await must_be_refused(open_minded, sender, lie, name)
        tried += 1
    assert tried > 150


# -- The rules by themselves -------------------------------------------------------------------------------------------

ZOE = "https://a.test/users/zoe"
CREATE = {
    "id": "https://a.test/activities/1",
    "type": "Create",
    "actor": ZOE,
    "object": {"id": "https://a.test/notes/1", "type": "Note", "attributedTo": ZOE},
}


def about(**object):
    return read_activity(CREATE | {"object": CREATE["object"] | object})


def test_an_object_of_the_actors_own_counts_as_it_is_embedded():
    assert own_object(read_activity(CREATE)) == CREATE["object"]


@pytest.mark.parametrize("owner", [ZOE, [ZOE], {"id": ZOE, "type": "Person"}, [{"id": ZOE}, "https://a.test/c"]])
def test_an_owner_may_be_named_embedded_or_listed(owner):
    assert own_object(about(attributedTo=owner)) is not None


@pytest.mark.parametrize("object", ["https://a.test/notes/1", {"id": "https://a.test/notes/1", "type": "Note"}])
def test_an_object_that_is_only_named_or_has_no_owner_must_be_fetched(object):
    assert own_object(read_activity(CREATE | {"object": object})) is None


@pytest.mark.parametrize(
    "object",
    [
        {"attributedTo": "https://a.test/users/eve"},
        {"attributedTo": ["https://a.test/users/eve"]},
        {"attributedTo": "https://b.test/users/zoe"},
        {"attributedTo": [ZOE, "https://b.test/users/zoe"]},
        {"attributedTo": ""},
        {"attributedTo": []},
        {"attributedTo": 7},
        {"id": "https://b.test/notes/1"},
        {"id": "https://a.test.b.test/notes/1"},
        {"id": "https://a.test@b.test/notes/1"},
        {"id": "https://a.test:444/notes/1"},
        {"id": "http://a.test/notes/1"},
        {"id": "notes/1"},
        {"id": ""},
        {"id": None},
        {"id": ["https://a.test/notes/1"]},
    ],
    ids=str,
)
def test_an_object_that_is_not_the_actors_is_refused(object):
    with pytest.raises(Rejected):
        own_object(about(**object))


@pytest.mark.parametrize("object", [None, [], ["https://a.test/1", "https://a.test/2"], 7, ""], ids=str)
def test_a_create_of_nothing_or_of_many_is_refused(object):
    with pytest.raises(Rejected):
        own_object(read_activity(CREATE | {"object": object}))


def test_hosts_are_compared_as_they_are_looked_up():
    assert own_object(about(id="HTTPS://A.TEST:443/notes/1")) is not None


@pytest.mark.parametrize(
    ("id", "actor", "signer"),
    [
        ("https://a.test/1", ZOE, "https://a.test/users/eve"),
        ("https://a.test/1", "https://a.test/users/eve", ZOE),
        ("https://b.test/1", ZOE, ZOE),
        ("https://a.test:8443/1", ZOE, ZOE),
        ("http://a.test/1", ZOE, ZOE),
    ],
)
def test_an_activity_is_its_signers_and_of_the_signers_server(id, actor, signer):
    with pytest.raises(Unauthenticated):
        check_sender(read_activity(CREATE | {"id": id, "actor": actor}), signer)


def test_what_was_fetched_is_what_was_asked_for_and_its_owners():
    document = CREATE["object"]
    check_fetched(document, document["id"], ZOE)
    with pytest.raises(Rejected):
        check_fetched(document, "https://a.test/notes/2", ZOE)
    with pytest.raises(Rejected):
        check_fetched(document, document["id"], "https://a.test/users/eve")
    with pytest.raises(Rejected):
        check_owner({**document, "attributedTo": None}, ZOE)
