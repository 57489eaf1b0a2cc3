"""Drafts, posts for later and previews on pages, without scripts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.testing import Person, TestInstance
from tests.plugins.posts.test_composer_files import PHOTO, listed, send

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def test_a_draft_is_saved_gone_on_with_and_posted(ann: Person, bob: Person) -> None:
    root = (await bob.publish("root"))["postId"]
    async with ann.browser() as browser:
        texts: dict[str, str | list[str]] = {"content": "Half a thought", "contentWarning": "W", "inReplyTo": root,
            "poll": "on", "pollOption": ["Yes", "No"], "pollDuration": "3600", "visibility": "followers"}  # fmt: skip
        answer = await send(browser, "/compose/draft", [PHOTO], **texts)
        assert answer.headers["location"] == "/drafts"
        assert "Half a thought" in (await browser.get("/drafts")).text and await ann.feed() == []
        (draft,) = (await ann.get("/drafts"))["drafts"]
        page = (await browser.get(f"/compose?draft={draft['draftId']}")).text
        assert all(f'value="{value}"' in page for value in ("Yes", "No", root, "W", draft["draftId"]))
        (file_id,) = listed(page)
        known = {**texts, "draftId": draft["draftId"], "fileId": file_id, "content": "A whole thought"}
        await send(browser, "/compose", [], **known)
    assert (await ann.get("/drafts"))["drafts"] == []
    (post,) = await ann.feed()
    assert (post["inReplyTo"], len(post["attachments"]), post["visibility"]) == (root, 1, "followers")


async def test_what_another_device_changed_is_not_overwritten(ann: Person) -> None:
    made = await ann.post("/drafts", {"content": "one"})
    await ann.put(f"/drafts/{made['draftId']}", {"content": "two"})
    async with ann.browser() as browser:
        await send(browser, "/compose/draft", [], content="three", draftId=made["draftId"], draftVersion="1")
    assert [one["content"] for one in (await ann.get("/drafts"))["drafts"]] == ["three", "two"]


async def test_a_draft_is_thrown_away_by_its_author_alone(ann: Person, bob: Person) -> None:
    made = await ann.post("/drafts", {"content": "mine"})
    path = f"/drafts/{made['draftId']}/delete"
    async with bob.browser() as browser:
        assert (await send(browser, path, [])).status_code == 404
        assert (await browser.get(f"/compose?draft={made['draftId']}")).status_code == 404
        await send(browser, "/compose/draft", [], content="stolen", draftId=made["draftId"])
    assert (await ann.get("/drafts"))["drafts"][0]["content"] == "mine"
    async with ann.browser() as browser:
        assert (await send(browser, path, [])).status_code == 303
    assert (await ann.get("/drafts"))["drafts"] == []


async def test_a_post_is_kept_for_later_where_its_writer_is(ann: Person) -> None:
    local = TOMORROW.astimezone(ZoneInfo("Asia/Tokyo"))
    texts = {"content": "Later", "publishAt": local.strftime("%Y-%m-%dT%H:%M"), "timeZone": "Asia/Tokyo"}
    async with ann.browser() as browser:
        assert (await send(browser, "/compose", [PHOTO], **texts)).headers["location"] == "/scheduled"
        (waiting,) = (await ann.get("/scheduled"))["scheduled"]
        assert waiting["publishAt"] == TOMORROW.strftime("%Y-%m-%dT%H:%M:00.000Z")
        assert "Later" in (await browser.get("/scheduled")).text
        page = (await browser.get(f"/compose?scheduled={waiting['postId']}")).text
        assert TOMORROW.strftime("%Y-%m-%dT%H:%M") in page and len(listed(page)) == 1
        await send(browser, "/compose", [], content="Changed", scheduledId=waiting["postId"], fileId=listed(page))
        (changed,) = (await ann.get("/scheduled"))["scheduled"]
        assert (changed["content"], changed["publishAt"]) == ("Changed", waiting["publishAt"])
        assert (await send(browser, f"/scheduled/{changed['postId']}/publish", [])).status_code == 303
    (post,) = await ann.feed()
    assert post["content"] == "<p>Changed</p>" and len(post["attachments"]) == 1


@pytest.mark.parametrize(
    ("at", "zone"), [("soon", "UTC"), ("2020-01-01T00:00", "UTC"), ("2099-01-01T00:00", "Moon/Tranquillity")]
)
async def test_a_time_that_cannot_be_is_said_and_the_words_stay(ann: Person, at: str, zone: str) -> None:
    async with ann.browser() as browser:
        answer = await send(browser, "/compose", [], content="My words", publishAt=at, timeZone=zone)
    assert answer.status_code == 422 and "My words" in answer.text and "field-error" in answer.text
    assert (await ann.get("/scheduled"))["scheduled"] == [] and await ann.feed() == []


async def test_what_waits_is_taken_back(ann: Person, bob: Person) -> None:
    later = {"content": "Later", "publishAt": TOMORROW.isoformat()}
    post_id = (await ann.post("/posts", later))["postId"]
    async with bob.browser() as browser:
        for act in ("delete", "publish"):
            assert (await send(browser, f"/scheduled/{post_id}/{act}", [])).status_code == 404
    async with ann.browser() as browser:
        assert (await send(browser, f"/scheduled/{post_id}/delete", [])).status_code == 303
    assert (await ann.get("/scheduled"))["scheduled"] == []


async def test_a_preview_shows_the_post_and_publishes_nothing(ann: Person, bob: Person) -> None:
    text = "**Strong** <script>alert(1)</script> for @bob"
    async with ann.browser() as browser:
        answer = await send(browser, "/compose/preview", [], content=text, visibility="friends")
        wrong = await send(browser, "/compose/preview", [], content="", visibility="friends")
    assert "<strong>Strong</strong>" in answer.text and "<script>alert" not in answer.text
    assert 'href="/@bob"' in answer.text and "How it will look" in answer.text and text[:10] in answer.text
    assert wrong.status_code == 422
    assert await ann.feed() == [] and (await ann.get("/drafts"))["drafts"] == []


async def test_strangers_keep_and_preview_nothing(alpha: TestInstance) -> None:
    for path in ("/compose/draft", "/compose/preview"):
        assert (await alpha.anon.page(path, "POST", data={"content": "x"})).status_code in (401, 403)
    for path in ("/drafts", "/scheduled"):
        assert (await alpha.anon.page(path)).headers["location"].startswith("/login")
