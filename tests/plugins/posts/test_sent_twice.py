"""A form that is sent twice publishes once: by a second tab, the back button, or a finger that presses again."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from core.testing import Person
from core.testing.pages import token_of
from core.web import sending
from plugins.posts import service
from tests.plugins.posts.page_reader import posts_of
from tests.plugins.posts.test_composer_files import PHOTO

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")


async def opened(browser: httpx.AsyncClient, path: str = "/compose") -> dict[str, str]:
    """What a composer holds that nobody sees."""
    page = (await browser.get(path)).text
    keys = re.findall(r'name="formKey" value="([^"]+)"', page)
    assert len(keys) == 1
    return {"csrfToken": token_of(page), "formKey": keys[0], "next": path}


async def send(
    browser: httpx.AsyncClient, form: dict[str, str], content: str, *, photos: int = 0, **more: str
) -> httpx.Response:
    files = [("file", ("field.jpg", PHOTO, "image/jpeg"))] * photos or [("file", ("", b"", "image/jpeg"))]
    headers = {"Referer": str(browser.base_url), **({"HX-Request": "true"} if more.pop("scripts", "") else {})}
    return await browser.post("/compose", data={**form, "content": content, **more}, files=files, headers=headers)


async def contents(person: Person) -> list[str]:
    return [re.sub(r"<[^>]+>", "", post["content"]) for post in await person.feed()]


async def test_a_form_sent_again_leads_to_the_post_that_was_made(ann: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser)
        first, second = await send(browser, form, "Once", photos=1), await send(browser, form, "Once", photos=1)
        assert (first.status_code, second.status_code) == (303, 303)
        assert first.headers["location"] == second.headers["location"]
        assert "Once" in (await browser.get(second.headers["location"])).text
    (post,) = await ann.feed()
    assert len(post["attachments"]) == 1


async def test_two_that_come_at_the_same_time_publish_once(ann: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser)
        answers = await asyncio.gather(*(send(browser, form, "Once") for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await contents(ann) == ["Once"]


async def test_other_words_and_another_form_are_another_post(ann: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser)
        for content in ("Good morning", "Good evening"):
            await send(browser, form, content)
        await send(browser, await opened(browser), "Good morning")
    assert await contents(ann) == ["Good morning", "Good evening", "Good morning"]


async def test_what_was_refused_is_sent_again_as_it_is(ann: Person, bob: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser)
        refused = await send(browser, form, "Once", publishAt="soon")
        assert refused.status_code == 422 and await ann.feed() == []
        assert (await send(browser, form, "Once")).status_code == 303
    async with bob.browser() as browser:
        his = await opened(browser)
        await send(browser, {**his, "formKey": form["formKey"]}, "Once")
    assert (await contents(ann), await contents(bob)) == (["Once"], ["Once"])


async def test_a_post_for_later_and_a_draft_are_kept_and_posted_once(ann: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser)
        for _ in range(2):
            answer = await send(browser, form, "Later", publishAt=TOMORROW, timeZone="UTC")
            assert answer.headers["location"] == "/scheduled"
        assert len((await ann.get("/scheduled"))["scheduled"]) == 1
        made = await ann.post("/drafts", {"content": "Half a thought"})
        form = await opened(browser, f"/compose?draft={made['draftId']}")
        for _ in range(2):
            await send(browser, form, "A whole thought", draftId=made["draftId"], draftVersion="1")
    assert await contents(ann) == ["A whole thought"]


async def test_a_page_with_scripts_that_never_heard_the_answer_gets_the_same_card(ann: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser, "/")
        first, second = [await send(browser, form, "Once", scripts="yes") for _ in range(2)]
    assert posts_of(first.text) == posts_of(second.text) == [(await ann.feed())[0]["postId"]]
    assert await contents(ann) == ["Once"]


async def test_a_form_that_bears_no_key_is_taken_all_the_same(ann: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser)
        del form["formKey"]
        for _ in range(2):
            assert (await send(browser, form, "Hello")).status_code == 303
    assert await contents(ann) == ["Hello", "Hello"]


async def break_off(browser: httpx.AsyncClient, form: dict[str, str], content: str, after: float) -> None:
    """Send it and hang up so many seconds later, as a browser does whose button is pressed again."""
    headers = {"Referer": str(browser.base_url)}
    parts = [("file", ("", b"", "image/jpeg"))]
    request = browser.build_request("POST", "/compose", data={**form, "content": content}, files=parts, headers=headers)
    transport = browser._transport
    assert isinstance(transport, httpx.ASGITransport)
    body, heard = await request.aread(), False
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": request.url.scheme,
        "path": "/compose",
        "raw_path": b"/compose",
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 123),
        "server": (request.url.host, 443),
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }

    async def receive() -> dict[str, object]:
        nonlocal heard
        if not heard:
            heard = True
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.sleep(after)
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        pass

    try:
        await transport.app(scope, receive, send)  # type: ignore[arg-type]
    except asyncio.CancelledError:
        pass


async def test_a_press_that_breaks_off_the_first_one_publishes_once(ann: Person) -> None:
    async with ann.browser() as browser:
        for number in range(60):
            form = await opened(browser)
            await break_off(browser, form, f"Once {number}", after=number * 0.0004)
            assert (await send(browser, form, f"Once {number}")).status_code == 303
    assert await contents(ann) == [f"Once {number}" for number in reversed(range(40, 60))]
    assert (await ann.get("/users/me"))["postsCount"] == 60


async def test_pressed_again_when_it_was_too_slow_it_is_the_same_post_with_the_same_pictures(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 2)
    write, begun, may_go_on = service.write, asyncio.Event(), asyncio.Event()

    async def slow(*arguments: object, **options: object) -> object:
        begun.set()
        await may_go_on.wait()
        return await write(*arguments, **options)  # type: ignore[arg-type]

    async with ann.browser() as browser:
        form = await opened(browser)
        page = (await send(browser, form, "Once", photos=1, files="add")).text
        (file_id,) = re.findall(r'name="fileId" value="([^"]+)"', page)
        form = {**form, "fileId": file_id}
        monkeypatch.setattr(service, "write", slow)
        first = asyncio.ensure_future(send(browser, form, "Once"))
        await begun.wait()
        second = await send(browser, form, "Once")
        assert second.status_code == 422 and "on its way already" in second.text
        again = {name: re.findall(rf'name="{name}" value="([^"]+)"', second.text)[0] for name in ("formKey", "fileId")}
        assert again == {"formKey": form["formKey"], "fileId": file_id}
        monkeypatch.setattr(sending, "PATIENCE", 200)
        may_go_on.set()
        third = await send(browser, {**form, **again}, "Once")
        assert third.headers["location"] == (await first).headers["location"]
    (post,) = await ann.feed()
    assert len(post["attachments"]) == 1


async def test_what_was_deleted_since_is_published_again(ann: Person) -> None:
    async with ann.browser() as browser:
        form = await opened(browser)
        for _ in range(2):
            answer = await send(browser, form, "Hello")
            assert (await browser.get(answer.headers["location"])).status_code == 200
            await ann.delete("/posts/" + answer.headers["location"].rpartition("/")[2])
    assert await contents(ann) == []
