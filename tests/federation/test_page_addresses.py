"""Servers that remember what we publish by its page, as Pixelfed does, and answer, like and share that."""

from __future__ import annotations

import pytest

from core.testing import ForeignActor, Person, TestInstance
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored


@pytest.fixture
def zoe(foreign) -> ForeignActor:
    return foreign.person("zoe")


async def counts(ann: Person, post: dict[str, object]) -> tuple[int, int, int]:
    seen = await ann.get(f"/posts/{post['postId']}")
    return seen["likesCount"], seen["sharesCount"], seen["commentsCount"]


async def test_what_is_done_to_the_page_of_a_post_is_done_to_the_post(
    alpha: TestInstance, ann: Person, zoe: ForeignActor
) -> None:
    post = await ann.publish("A harbour")
    assert post["url"] != post["uri"]
    like, share = zoe.activity("Like", post["url"]), zoe.activity("Announce", post["url"], to=[PUBLIC])
    for activity in (like, share):
        assert await arrive(alpha, zoe, activity) == "done"
    answer = zoe.note("<p>Lovely</p>", inReplyTo=post["url"], cc=[ann.uri])
    assert await arrive(alpha, zoe, zoe.activity("Create", answer)) == "done"
    assert await counts(ann, post) == (1, 1, 1)
    entry = await stored(alpha, answer["id"])
    assert entry is not None and entry.reply_to_uri == post["uri"]

    bare = {key: value for key, value in like.items() if key != "id"}  # found by what it was done to
    assert await arrive(alpha, zoe, zoe.activity("Undo", bare)) == "done"
    assert await arrive(alpha, zoe, zoe.activity("Undo", share)) == "done"
    assert await counts(ann, post) == (0, 0, 1)


async def test_a_page_of_ours_is_quoted_as_the_post_it_shows(
    alpha: TestInstance, ann: Person, zoe: ForeignActor
) -> None:
    post = await ann.publish("Quote me")
    quoting = zoe.note("<p>Look</p>", quote=post["url"], cc=[ann.uri])
    request = zoe.activity("QuoteRequest", post["url"], instrument=quoting["id"])
    assert await arrive(alpha, zoe, request) == "done"
    (accept,) = zoe.server.activities("Accept")
    quoting["quoteAuthorization"] = accept["result"]
    assert await arrive(alpha, zoe, zoe.activity("Create", quoting)) == "done"
    assert (await ann.get(f"/posts/{post['postId']}"))["quotesCount"] == 1


async def test_the_page_that_a_renamed_author_had_leads_to_the_post_still(
    alpha: TestInstance, ann: Person, zoe: ForeignActor
) -> None:
    post = await ann.publish("A harbour")
    before = post["url"].replace("/@ann/", "/@earlier/")
    assert await arrive(alpha, zoe, zoe.activity("Like", before)) == "done"
    for other in (f"https://alpha.test/@ann/{post['postId']}/edits", "https://alpha.test/@ann/nothing"):
        assert await arrive(alpha, zoe, zoe.activity("Like", other)) != "done"
    assert (await counts(ann, post))[0] == 1


async def test_a_page_of_ours_that_is_reported_is_the_post(
    alpha: TestInstance, ann: Person, admin: Person, zoe: ForeignActor
) -> None:
    post = await ann.publish("Advert")
    assert await arrive(alpha, zoe, zoe.activity("Flag", [ann.uri, post["url"]], content="An advert")) == "done"
    (report,) = (await admin.get("/admin/reports"))["reports"]
    assert [one["postId"] for one in report["posts"]] == [post["postId"]]
