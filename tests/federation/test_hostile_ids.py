"""Ids that no database takes, wherever an activity names something: refused or ignored at once, never tried again."""

from __future__ import annotations

import pytest

from core.federation.models import Received
from core.testing import Foreign, Person, TestInstance, settle

IDS = ["\0", "https://foreign.test/\0", "https://foreign.test/" + "a" * 3000, "https://alpha.test/objects/\0", "\u202e"]
NAMES = ["object", "target", "instrument", "result", "to", "origin"]
VERBS = "Follow Accept Reject Like EmojiReact Announce Undo Add Remove Block Move Flag QuoteRequest Invite".split()


@pytest.mark.parametrize("verb", VERBS)
async def test_no_id_of_any_activity_is_looked_for_again_and_again(
    alpha: TestInstance, ann: Person, foreign: Foreign, verb: str
) -> None:
    zoe = foreign.person("zoe", featured="https://foreign.test/users/zoe/featured")
    post = (await ann.publish("words"))["uri"]
    sent: dict[str, str] = {}
    for name in NAMES:
        for strange in IDS:
            for value in (strange, [strange, ann.uri], {"id": strange, "type": "OrderedCollection", "actor": zoe.id}):
                said = {"object": post, "target": zoe.more["featured"], "content": "🎉"}
                activity = zoe.activity(verb, **{**said, name: value})
                assert (await zoe.send(alpha, activity)).status_code == 202
                sent[activity["id"]] = f"{name}={str(value)[:60]!r}"
    await settle(alpha)
    with alpha.inside():
        states = {one.uri: one.state for one in await Received.filter(uri__in=list(sent))}
    assert states.keys() <= sent.keys() and len(states) == len(sent)
    assert {sent[uri]: state for uri, state in states.items() if state not in ("done", "ignored", "refused")} == {}
