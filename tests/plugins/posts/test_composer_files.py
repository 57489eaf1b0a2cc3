"""Files in the composer without scripts: added, described, moved, left out, and posted."""

from __future__ import annotations

import re

import httpx

from core.testing import Person, TestInstance
from core.testing.pages import token_of
from tests.core.storage.photos import quarters, saved

PHOTO, OTHER = saved(quarters(300, 200), "JPEG"), saved(quarters(200, 300), "PNG")


async def send(
    browser: httpx.AsyncClient, path: str, contents: list[bytes], **texts: str | list[str]
) -> httpx.Response:
    page = await browser.get("/compose", follow_redirects=True)
    parts = [("file", ("a", content, "image/jpeg")) for content in contents] or [("file", ("", b"", "image/jpeg"))]
    headers = {"Referer": str(page.url)}
    return await browser.post(path, data={"csrfToken": token_of(page.text), **texts}, files=parts, headers=headers)


def listed(page: str) -> list[str]:
    return re.findall(r'name="fileId" value="([^"]+)"', page)


async def test_files_are_posted_with_the_words(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await send(browser, "/compose", [PHOTO, OTHER], content="Look")
        assert answer.status_code == 303
        page = (await browser.get(answer.headers["location"])).text
    (post,) = await ann.feed()
    assert [one["width"] for one in post["attachments"]] == [300, 200]
    assert page.count('class="tile"') == 2 and 'width="300" height="200"' in page


async def test_files_are_added_described_moved_and_left_out_before_they_are_posted(ann: Person) -> None:
    async with ann.browser() as browser:
        page = (await send(browser, "/compose", [PHOTO, OTHER], content="Words so far", files="add")).text
        first, second = listed(page)
        assert "Words so far" in page and await ann.feed() == []
        known = {"content": "Words", "fileId": [first, second], f"alt-{first}": "Wide", f"alt-{second}": "High"}
        page = (await send(browser, "/compose", [], **known, files=f"later:{first}")).text
        assert listed(page) == [second, first] and "Wide" in page
        assert listed((await send(browser, "/compose", [], **known, files=f"remove:{first}")).text) == [second]
        await send(browser, "/compose", [], **known)
    (post,) = await ann.feed()
    assert [one["alt"] for one in post["attachments"]] == ["Wide", "High"]


async def test_an_edit_changes_what_is_said_of_files_and_which_there_are(ann: Person) -> None:
    async with ann.browser() as browser:
        await send(browser, "/compose", [PHOTO, OTHER], content="Look")
        (post,) = await ann.feed()
        path = f"/posts/{post['postId']}/edit"
        first, second = listed((await browser.get(path)).text)
        await send(browser, path, [], content="Look", fileId=[second], **{f"alt-{second}": "High"})
    (post,) = await ann.feed()
    assert [(one["fileId"], one["alt"]) for one in post["attachments"]] == [(second, "High")] and first != second


async def test_what_cannot_be_taken_is_said_beside_the_files(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await send(browser, "/compose", [b"<html>"], content="My words")
    assert answer.status_code == 422 and "no file of a kind we know" in answer.text and "My words" in answer.text
    assert await ann.feed() == []


async def test_nobody_posts_or_describes_files_of_others(ann: Person, bob: Person, alpha: TestInstance) -> None:
    async with ann.browser() as browser:
        (file_id,) = listed((await send(browser, "/compose", [PHOTO], files="add")).text)
    async with bob.browser() as browser:
        await send(browser, "/compose", [], content="Mine", fileId=[file_id], **{f"alt-{file_id}": "Stolen"})
    assert (await bob.feed())[0]["attachments"] == []
    assert (await ann.get(f"/files/{file_id}"))["alt"] is None
    assert (await alpha.anon.page("/compose/file", "POST", files={"file": PHOTO})).status_code in (401, 403)


async def test_what_stays_in_view_is_chosen_by_whoever_brought_the_picture_alone(
    ann: Person, bob: Person, alpha: TestInstance
) -> None:
    async with ann.browser() as browser:
        (file_id,) = listed((await send(browser, "/compose", [PHOTO], files="add")).text)
        path = f"/compose/file/{file_id}"
        assert 'name="across"' in (await browser.get(path)).text
        saved_there = await send(browser, path, [], across="0.5", up="-1")
        assert saved_there.headers["location"] == f"{path}?saved"
        assert 'value="0.5"' in (await browser.get(path)).text
        assert (await send(browser, path, [], across="2", up="0")).status_code == 422
        assert (await send(browser, path, [], across="left", up="0")).status_code == 422
        assert (await browser.post(path, data={"across": "0", "up": "0"})).status_code == 403  # no page of ours
    async with bob.browser() as browser:
        assert (await browser.get(path)).status_code == 404
        assert (await send(browser, path, [], across="0", up="0")).status_code == 404
    assert (await alpha.anon.page(path)).status_code == 303
    assert (await alpha.anon.page(path, "POST", data={"across": "0"})).status_code in (401, 403)
    assert (await ann.get(f"/files/{file_id}"))["focus"] == [0.5, -1]


async def test_a_file_that_comes_alone_is_cut_turned_and_described_at_once(ann: Person) -> None:
    half = '{"x": 0, "y": 0, "width": 0.5, "height": 1}'
    async with ann.browser() as browser:
        answer = await send(browser, "/compose/file", [PHOTO], crop=half, turn="90", focus="0,1", alt="Wide")
        (file_id,) = listed(answer.text)
        assert "Wide" in answer.text and 'data-focus="0.0,1.0"' in answer.text
        assert (await send(browser, "/compose/file", [PHOTO], crop="half")).status_code == 422
        assert (await send(browser, "/compose/file", [PHOTO], turn="1")).status_code == 422
    file = await ann.get(f"/files/{file_id}")
    assert (file["width"], file["height"], file["focus"]) == (100, 300, [0, 1])
