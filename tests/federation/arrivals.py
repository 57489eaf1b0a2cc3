"""What tests of what comes in have in common: have something arrive, and see what became of it."""

from __future__ import annotations

from core.entries import Document
from core.federation.models import Received
from core.models import Entry
from core.testing import ForeignActor, TestInstance, settle


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
