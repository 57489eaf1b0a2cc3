"""Whatever other servers write is taken, passed over or refused, and never breaks anything."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from core.emoji_models import Reaction
from core.federation.actor_reading import read_actor
from core.federation.addresses import is_address, same_origin
from core.federation.documents import ACTOR_TYPES, as_list, first_known_type, id_of
from core.federation.models import Received
from core.federation.origin import owners_of
from core.fetch import Refused
from core.models import Attachment, Entry, Follow
from core.reaction_models import Boost, Like
from core.testing import settle, world
from tests.federation.strangers import FIXTURES, fixtures, loaded, make_known, reach_nobody

FOLDERS = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()) if FIXTURES.is_dir() else []
NOBODY = "https://nobody.test/users/nobody"
REAL = {"done", "ignored", "refused", "waiting"}


@pytest.fixture
async def open_minded():
    """An instance that may be sent to from any address."""
    async with world("alpha.test", federation__allow_http=True, federation__allow_private_addresses=True) as (
        instance,
    ):
        yield instance


def sender_of(document):
    """Who could have sent a document: its actor, else whom it is attributed to, else anybody."""
    if isinstance(document, dict):
        for uri in (id_of(document.get("actor")), *owners_of(document)):
            if is_address(uri) and "#" not in uri:
                return uri
    return NOBODY


def wrapped(document, sender):
    """A thing in a Create by its owner, as it would come; an activity as it is."""
    if not isinstance(document, dict) or "actor" in document:
        return document
    origin = "/".join(sender.split("/")[:3])
    return {"id": f"{origin}/activities/{abs(hash(str(document)))}", "type": "Create", "actor": sender} | {
        "object": document | {"attributedTo": document.get("attributedTo") or sender}
    }


@pytest.mark.skipif(not FOLDERS, reason="the recorded documents are not here")
@pytest.mark.parametrize("folder", FOLDERS)
async def test_every_recorded_document_is_taken_passed_over_or_refused(open_minded, folder):
    statuses, count = Counter(), 0
    for name, body in fixtures(FIXTURES / folder):
        reach_nobody(open_minded, body)
        document = loaded(body)
        sender = await make_known(open_minded, sender_of(document))
        for sent in (body, orjson.dumps(wrapped(document, sender.id))):
            answer = await sender.post(open_minded, sent)
            assert answer.status_code in (202, 400, 401, 403), f"{name}: {answer.status_code} {answer.text}"
            statuses[answer.status_code] += 1
        count += 1
        if isinstance(document, dict) and first_known_type(document, ACTOR_TYPES):
            with open_minded.inside():
                try:
                    read_actor(document)
                except Refused as refusal:
                    assert refusal.reason
    assert count
    await settle(open_minded)
    with open_minded.inside():
        for received in await Received.all():
            assert received.state in REAL and "failed" not in received.outcome, f"{received.uri}: {received.outcome}"
            assert received.outcome or received.state == "done", received.uri


# -- What is known is stored as it says --------------------------------------------------------------------------------

OPEN_SPELLINGS = ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public")
STORED_TYPES = ("Note", "Article", "Page", "Question")


def is_true(activity):
    """Whether a Create is what it must be: everything in it of one server, and its object the actor's."""
    thing = activity.get("object")
    if activity.get("type") != "Create" or not isinstance(thing, dict) or not isinstance(thing.get("id"), str):
        return False
    actor = id_of(activity.get("actor"))
    return (
        first_known_type(thing, STORED_TYPES) != ""
        and owners_of(thing) == [actor]
        and same_origin(actor, str(activity.get("id")), thing["id"])
        and bool(thing.get("content") or thing.get("contentMap") or not thing.get("name"))
    )


def expected_visibility(activity, followers_url):
    thing = activity["object"]
    to, cc = (as_list(thing.get(key, activity.get(key))) for key in ("to", "cc"))
    if any(uri in OPEN_SPELLINGS for uri in to):
        return "public"
    if any(uri in OPEN_SPELLINGS for uri in cc):
        return "unlisted"
    return "followers" if followers_url in (*to, *cc) else "direct"


def expected_files(thing):
    """How many files there are to be shown, counted simply; None where counting is not simple."""
    attached = as_list(thing.get("attachment"))
    if not all(isinstance(one, dict) and str(one.get("url")).startswith("http") for one in attached):
        return None
    known = [one for one in attached if one.get("type") in ("Document", "Image", "Video", "Audio")]
    return len({one["url"] for one in known}) if len(known) == len(attached) else None


# A script and no word beside it: without the script nothing is left, and of nothing no post is made.
NOTHING_LEFT = {"html_tags/26.json", "html_tags_article/26.json"}


@pytest.mark.skipif(not FOLDERS, reason="the recorded documents are not here")
@pytest.mark.parametrize("folder", FOLDERS)
async def test_recorded_posts_are_stored_as_they_say(open_minded, folder):
    sent, seen = {}, set()
    for name, body in fixtures(FIXTURES / folder):
        activity = loaded(body)
        if isinstance(activity, dict) and is_true(activity) and not seen & {activity["id"], activity["object"]["id"]}:
            seen |= {activity["id"], activity["object"]["id"]}
            reach_nobody(open_minded, body)
            sender = await make_known(open_minded, id_of(activity["actor"]))
            assert (await sender.post(open_minded, body)).status_code == 202, name
            sent[activity["object"]["id"]] = (name, activity, f"{sender.id}/followers")
    await settle(open_minded)
    for uri, (name, activity, followers_url) in sent.items():
        thing = activity["object"]
        with open_minded.inside():
            entry = await Entry.get_or_none(uri=uri)
            files = await Attachment.filter(entry_id=entry.id).count() if entry else 0
        if name in NOTHING_LEFT:
            assert entry is None, name
            continue
        assert entry is not None, name
        assert entry.visibility == expected_visibility(activity, followers_url), name
        wanted = expected_files(thing)
        assert wanted is None or thing.get("image") or files == min(wanted, 16), name
        assert "<script" not in entry.content and "javascript:" not in entry.content, name
        assert entry.sensitive or thing.get("sensitive") is not True, name
        if thing["type"] == "Note" and isinstance(thing.get("summary"), str):
            assert bool(entry.content_warning) == bool(thing["summary"].strip()), name
        languages = thing.get("contentMap") if isinstance(thing.get("contentMap"), dict) else {}
        if len(languages) == 1 and all(isinstance(text, str) for text in languages.values()):
            assert [entry.language] == list(languages), name
        assert entry.reply_to_uri == id_of(thing.get("inReplyTo")), name


@pytest.mark.skipif(not FOLDERS, reason="the recorded documents are not here")
@pytest.mark.parametrize("verb", ["Follow", "Like", "Announce"])
async def test_recorded_acts_do_here_what_they_did_there_and_are_undone(open_minded, verb):
    ann = await open_minded.user("ann")
    post = await ann.publish("hello")
    target, seen = (ann.uri if verb == "Follow" else post["uri"]), set()
    for name, body in fixtures():
        activity = loaded(body)
        if not isinstance(activity, dict) or activity.get("type") != verb or "object" not in activity:
            continue
        if not same_origin(str(activity.get("id")), id_of(activity.get("actor"))) or activity["id"] in seen:
            continue
        seen.add(activity["id"])
        reach_nobody(open_minded, body)
        sender = await make_known(open_minded, id_of(activity["actor"]))
        done = activity | {"object": target}
        undo = {"id": f"{activity['id']}/undo", "type": "Undo", "actor": activity["actor"], "object": done}
        assert (await sender.post(open_minded, orjson.dumps(done))).status_code == 202, name
        await settle(open_minded)
        assert await how_often(open_minded, verb) == 1, name
        assert (await sender.post(open_minded, orjson.dumps(undo))).status_code == 202, name
        await settle(open_minded)
        assert await how_often(open_minded, verb) == 0, name
    assert len(seen) > 5


async def how_often(instance, verb):
    with instance.inside():
        signs = await Reaction.all().count() if verb == "Like" else 0  # of some makes every like bears one
        return signs + await {"Follow": Follow, "Like": Like, "Announce": Boost}[verb].all().count()
