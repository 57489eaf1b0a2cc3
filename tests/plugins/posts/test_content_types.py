"""Posts that are typed as Markdown or as plain text, as their authors choose."""

from __future__ import annotations

from typing import Any

import pytest

from core.testing import Person, TestInstance, settle, world
from core.testing.pages import submit
from tests.plugins.posts.page_reader import shown

TYPED = "**not** bold\n- @bob #tag"
LITERAL = "<p>**not** bold<br>- "


def kept(post: dict[str, Any]) -> tuple[bool, str, str]:
    return post["content"].startswith(LITERAL), post["source"], post["contentType"]


async def test_plain_text_stays_as_it_was_typed_and_an_edit_keeps_it(ann: Person, bob: Person) -> None:
    plain = await ann.publish(TYPED, contentType="text/plain")
    assert kept(plain) == (True, TYPED, "text/plain")
    assert [one["username"] for one in plain["mentions"]] == ["bob"] and plain["tags"] == ["tag"]
    edited = await ann.put(f"/posts/{plain['postId']}", {"content": "**still** not"})
    assert (edited["content"], edited["contentType"]) == ("<p>**still** not</p>", "text/plain")
    changed = await ann.put(f"/posts/{plain['postId']}", {"content": "**still** not", "contentType": "text/markdown"})
    assert changed["content"] == "<p><strong>still</strong> not</p>"
    comment = await ann.post(f"/posts/{plain['postId']}/comments", {"content": "*so*", "contentType": "text/plain"})
    assert comment["content"] == "<p>*so*</p>"
    assert (await bob.get(f"/posts/{plain['postId']}"))["source"] is None


async def test_a_person_chooses_how_they_usually_write_and_how_this_once(ann: Person) -> None:
    await ann.put("/users/me", {"settings": {"contentType": "text/plain"}})
    assert kept(await ann.publish(TYPED))[0]
    assert (await ann.publish("*soft*", contentType="text/markdown"))["content"] == "<p><em>soft</em></p>"
    assert '<option value="text/plain" selected>' in await shown(ann, "/compose")
    async with ann.browser() as browser:
        form = {"content": "*page*", "contentType": "text/markdown"}
        assert (await submit(browser, "/compose", form)).status_code == 303
        (post, *_) = await ann.feed()
        assert post["content"] == "<p><em>page</em></p>"
        page = (await browser.get(f"/posts/{post['postId']}/edit")).text
        assert '<option value="text/markdown" selected>' in page
        draft = await ann.post("/drafts", form)
        assert draft["contentType"] == "text/markdown"
        assert (
            '<option value="text/markdown" selected>' in (await browser.get(f"/compose?draft={draft['draftId']}")).text
        )
        settings = {"language": "", "theme": "auto", "defaultVisibility": "public", "contentType": "text/markdown"}
        assert (await submit(browser, "/settings", settings)).status_code == 303
        assert "data-unsaid" not in (await browser.get("/compose")).text
        assert (await submit(browser, "/settings", {**settings, "contentType": "text/html"})).status_code == 422
        wrong = await submit(browser, "/compose", {"content": "x", "contentType": "text/html"})
        assert wrong.status_code == 422 and "text/markdown, text/plain" in wrong.text
    assert (await ann.get("/users/me"))["settings"]["remindDescriptions"] is False


@pytest.mark.parametrize("wanted", ["text/html", "markdown", ""])
async def test_what_nobody_can_type_here_is_refused_by_name(ann: Person, wanted: str) -> None:
    refused = await ann.refused(422, "POST", "/posts", {"content": "x", "contentType": wanted})
    assert [error["field"] for error in refused["errors"]] == ["contentType"]
    assert await ann.feed() == []


async def test_other_servers_are_told_what_it_was_typed_as() -> None:
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, bob = await alpha.user("ann"), await beta.user("bob")
        await bob.follow(ann.address)
        await settle(alpha, beta)
        post = await ann.publish("*plain*", contentType="text/plain")
        await settle(alpha, beta)
        document = await document_of(alpha, post["postId"])
        assert document["source"] == {"content": "*plain*", "mediaType": "text/plain"}
        (there,) = await bob.feed()
        assert (there["content"], there["source"], there["contentType"]) == ("<p>*plain*</p>", None, None)


async def document_of(instance: TestInstance, post_id: str) -> dict[str, Any]:
    answer = await instance.anon.page(f"/objects/{post_id}", headers={"Accept": "application/activity+json"})
    found: dict[str, Any] = answer.json()
    return found
