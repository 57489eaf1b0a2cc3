"""What tests of what comes in have in common: have something arrive, and see what became of it."""

from __future__ import annotations

from pathlib import Path

import orjson

from core.entries import Document
from core.federation.documents import id_of
from core.federation.models import Received
from core.models import Entry
from core.testing import ForeignActor, Person, TestInstance, settle
from tests.federation.strangers import make_known, reach_nobody

DOCUMENTS = Path(__file__).parent.parent / "documents"  # one small example of each shape, for each make of server


async def arrive(instance: TestInstance, sender: ForeignActor, activity: Document, *, path: str = "/inbox") -> str:
    """Deliver an activity, which must be taken in, and say what became of it: done, ignored, refused, waiting."""
    answer = await sender.send(instance, activity, path=path)
    assert answer.status_code == 202, answer.text
    await settle(instance)
    return await outcome(instance, activity)


async def outcome(instance: TestInstance, activity: Document) -> str:
    """What became of an activity that arrived."""
    with instance.inside():
        received = await Received.get_or_none(uri=activity["id"])
    return received.state if received else "not stored"


async def stored(instance: TestInstance, uri: str) -> Entry | None:
    """The entry with this identity, deleted ones included."""
    with instance.inside():
        return await Entry.get_or_none(uri=uri)


async def count_stored(instance: TestInstance) -> int:
    """How many activities were stored."""
    with instance.inside():
        return await Received.all().count()


def document(name: str, ann: Person, post: str) -> bytes:
    """A document of another make of server, about Ann and what she published."""
    text = (DOCUMENTS / f"{name}.json").read_text("utf-8")
    return (
        text.replace("https://alpha.test/actors/ANN", ann.uri).replace("https://alpha.test/objects/POST", post).encode()
    )


async def deliver(instance: TestInstance, name: str, ann: Person, post: str = "") -> tuple[Document, str]:
    """Have a document arrive from whoever it is by; the activity, and what became of it."""
    body = document(name, ann, post)
    activity = orjson.loads(body)
    reach_nobody(instance, body)
    followers = next((uri for uri in activity.get("cc", ()) if str(uri).rstrip("/").endswith("followers")), "")
    sender = await make_known(instance, id_of(activity["actor"]), followers_url=followers)
    answer = await sender.post(instance, body)
    assert answer.status_code == 202, answer.text
    await settle(instance)
    return activity, await outcome(instance, activity)
