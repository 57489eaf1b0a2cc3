"""A form that is sent twice publishes once: by a second tab, the back button, or a finger that presses again."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx

from core.testing import Person
from core.testing.pages import token_of
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
