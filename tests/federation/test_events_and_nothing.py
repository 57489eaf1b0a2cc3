"""When and where an event takes place stands on its page; what holds nothing at all is no post."""

from __future__ import annotations

from typing import Any

import pytest

from core.testing import Foreign, Person, TestInstance
from core.testing.foreign import ForeignActor
from tests.federation.arrivals import arrive, stored

PLACE = {"type": "Place", "name": "Foo Bar", "address": "15 Fediverse Street, 8010 Fediverse Town", "latitude": 47.0}
POSTAL = {"type": "PostalAddress", "addressCountry": "Austria", "addressLocality": "Town", "streetAddress": "Street 15"}


@pytest.fixture
def zoe(foreign: Foreign) -> ForeignActor:
    return foreign.person("zoe")


async def came(alpha: TestInstance, ann: Person, zoe: ForeignActor, **more: Any) -> tuple[str, dict[str, Any] | None]:
    """What became of an object that names ann, and the post it is, if it is one."""
    note = zoe.note(more.pop("content", ""), cc=[ann.uri], tag=[{"type": "Mention", "href": ann.uri}], **more)
    became = await arrive(alpha, zoe, zoe.activity("Create", note))
    entry = await stored(alpha, note["id"])
    return became, await ann.get(f"/posts/{entry.id}") if entry else None


@pytest.mark.parametrize(("more", "words"), [
    ({"startTime": "2026-05-01T18:00:00Z", "endTime": "2026-05-01T20:30:00Z", "timezone": "Europe/Paris",
      "location": PLACE},
     ["2026-05-01 20:00–22:30 (Europe/Paris)", "Foo Bar, 15 Fediverse Street, 8010 Fediverse Town"]),
    ({"startTime": "2014-12-31T23:00:00-08:00", "endTime": "2015-01-01T04:00:00-08:00",
      "location": {**PLACE, "address": POSTAL}},
     ["2014-12-31 23:00 – 2015-01-01 04:00 (UTC-0800)", "Foo Bar, Street 15, Town, Austria"]),
    ({"startTime": "2026-05-01T18:00:00Z", "location": [PLACE, {"type": "VirtualLocation", "name": "Live",
      "url": "https://tv.test/a"}, {"type": "VirtualLocation", "name": "Lie", "url": "javascript:alert(1)"}, 7]},
     ["2026-05-01 18:00 (UTC)", "Foo Bar", 'href="https://tv.test/a"']),
    ({"startTime": "soon", "timezone": "../../etc/passwd", "location": {"name": "<script>alert(1)</script>Barn"}},
     ["Barn"]),
    ({"startTime": "2026-05-01T18:00:00Z", "timezone": "Mars/Olympus"}, ["2026-05-01 18:00 (UTC)"]),
    ({"startTime": "0001-01-01T00:00:00+23:59", "timezone": "Europe/Paris", "location": "At the <b>lake</b>"},
     ["At the lake"]),
])  # fmt: skip
async def test_an_event_says_when_and_where_it_is(
    alpha: TestInstance, ann: Person, zoe: ForeignActor, more: dict[str, Any], words: list[str]
) -> None:
    _, post = await came(alpha, ann, zoe, type="Event", name="Party", content="<p>Bring bread</p>", **more)
    assert post and post["title"] == "Party"
    for said in (*words, "<p>Bring bread</p>"):
        assert said in post["content"], post["content"]
    assert "<script" not in post["content"] and "javascript" not in post["content"]


async def test_a_note_with_a_place_says_only_its_words(alpha: TestInstance, ann: Person, zoe: ForeignActor) -> None:
    _, post = await came(alpha, ann, zoe, content="<p>Here</p>", location=PLACE, startTime="2026-05-01T18:00:00Z")
    assert post and post["content"] == "<p>Here</p>"


@pytest.mark.parametrize("content", ["", "<p></p>", " \n", "<p><br></p>", "<script>alert(1)</script>"])
async def test_what_holds_nothing_is_not_stored(
    alpha: TestInstance, ann: Person, zoe: ForeignActor, content: str
) -> None:
    assert await came(alpha, ann, zoe, content=content) == ("ignored", None)


async def test_whatever_there_is_to_be_seen_is_a_post_and_an_edit_may_take_it_away(
    alpha: TestInstance, ann: Person, zoe: ForeignActor
) -> None:
    picture = {"type": "Document", "mediaType": "image/png", "url": "https://media.test/a.png"}
    question = {"type": "Question", "oneOf": [{"type": "Note", "name": one} for one in ("Rye", "Spelt")]}
    for more in ({"attachment": [picture]}, question, {"summary": "Spiders"}, {"type": "Article", "name": "A title"}):
        assert (await came(alpha, ann, zoe, **more))[0] == "done", more
    note = zoe.note("Words", cc=[ann.uri], tag=[{"type": "Mention", "href": ann.uri}])
    await arrive(alpha, zoe, zoe.activity("Create", note))
    edited = {**note, "content": "", "updated": "2099-01-01T00:00:00Z"}
    await arrive(alpha, zoe, zoe.activity("Update", edited))
    entry = await stored(alpha, note["id"])
    assert entry and entry.content == ""
    page = f"/{zoe.address}/{entry.id}"
    assert "A post without words" in (await ann.browser().get(page)).text  # and no gap that nobody understands
