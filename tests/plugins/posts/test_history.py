"""What an edit changed is shown, and a post can be deleted and written anew."""

from __future__ import annotations

from datetime import timedelta

from core.database import now
from core.models import Entry
from core.testing import Person, TestInstance, Visitor
from core.testing.pages import submit
from tests.core.storage.uploading import uploaded
from tests.plugins.posts.page_reader import shown
from tests.plugins.posts.test_composer_files import PHOTO, listed, send


async def test_an_edit_shows_which_words_and_files_came_and_went(ann: Person, anon: Visitor) -> None:
    async with ann.browser() as browser:
        await send(browser, "/compose", [PHOTO], content="The red ferry runs.", contentWarning="Boats")
        (post,) = await ann.feed()
        edit = f"/posts/{post['postId']}/edit"
        texts: dict[str, str | list[str]] = {"content": "The blue ferry runs <late>.", "contentWarning": "Boats"}
        await send(browser, edit, [], **texts)
    page = (await anon.page(f"/@ann/{post['postId']}/history")).text
    assert "added: </span>blue</ins>" in page and "removed: </span>red</del>" in page
    assert "&lt;late&gt;.</ins>" in page and "<late>" not in page
    assert "removed: </span>No description</del>" in page
    assert "Changed by" in page and "Written by" in page
    first, now = (await anon.get(f"/posts/{post['postId']}/history"))["revisions"]
    assert [len(first["attachments"]), len(now["attachments"])] == [1, 0]
    assert first["attachments"][0]["type"] == "image"


async def test_other_words_for_pictures_are_a_change_like_any_other(
    ann: Person, bob: Person, anon: Visitor, alpha: TestInstance
) -> None:
    files = [await uploaded(ann, PHOTO, alt=alt) for alt in ("A ship", "")]
    post = await ann.publish("Look", fileIds=[one["fileId"] for one in files])
    for file, alt in zip(files, ("A ferry", "The quay"), strict=True):
        await ann.put(f"/files/{file['fileId']}", {"alt": alt, "focus": [0, 1]})
    await ann.put(f"/files/{files[0]['fileId']}", {"alt": "A ferry", "focus": [0, 0]})  # is no change of words
    history = f"/posts/{post['postId']}/history"
    told = [[one["alt"] for one in version["attachments"]] for version in (await anon.get(history))["revisions"]]
    assert told == [["A ship", None], ["A ferry", "The quay"]]
    page = (await anon.page(f"/@ann{history.removeprefix('/posts')}")).text
    assert "removed: </span>A ship</del>" in page and "added: </span>A ferry</ins>" in page
    with alpha.inside():
        await Entry.filter(id=post["postId"]).update(edited_at=now() - timedelta(hours=1))
    await bob.refused(404, "PUT", f"/files/{files[0]['fileId']}", {"alt": "Mine"})
    await ann.put(f"/files/{files[0]['fileId']}", {"alt": "The ferry"})
    told = [[one["alt"] for one in version["attachments"]] for version in (await anon.get(history))["revisions"]]
    assert told == [["A ship", None], ["A ferry", "The quay"], ["The ferry", "The quay"]]


async def test_what_few_may_see_has_a_history_for_few(ann: Person, bob: Person) -> None:
    post = await ann.publish("mine", visibility="private")
    await ann.put(f"/posts/{post['postId']}", {"content": "still mine"})
    await bob.refused(404, "GET", f"/posts/{post['postId']}/history")
    assert (await bob.page(f"/@ann/{post['postId']}/history")).status_code == 404
    own = await shown(ann, f"/@ann/{post['postId']}")
    assert f"/posts/{post['postId']}/pin" not in own and "Delete and write anew" in own
    public = (await ann.publish("open"))["postId"]
    assert f"/posts/{public}/pin" in await shown(ann, f"/@ann/{public}")


async def test_a_post_is_deleted_and_written_anew_with_all_it_had(ann: Person, bob: Person) -> None:
    root = (await bob.publish("root"))["postId"]
    async with ann.browser() as browser:
        texts: dict[str, str | list[str]] = {"content": "**Tpyo**", "contentWarning": "W", "inReplyTo": root,
            "poll": "on", "pollOption": ["Yes", "No"], "pollDuration": "3600", "visibility": "followers"}  # fmt: skip
        await send(browser, "/compose", [PHOTO], **texts)
        (post,) = await ann.feed()
        answer = await submit(browser, f"/posts/{post['postId']}/redraft")
        assert answer.status_code == 303 and await ann.feed() == []
        await ann.refused(404, "GET", f"/posts/{post['postId']}")
        at = answer.headers["location"]
        page = (await browser.get(at)).text
        assert all(f'value="{value}"' in page for value in ("Yes", "No", root, "W")) and "**Tpyo**" in page
        known = {**texts, "fileId": listed(page), "content": "**Typo**", "draftId": at.partition("=")[2]}
        await send(browser, "/compose", [], **known)
    (again,) = await ann.feed()
    assert again["content"] == "<p><strong>Typo</strong></p>" and len(again["attachments"]) == 1
    assert (again["inReplyTo"], again["visibility"]) == (root, "followers")
    assert (await ann.get("/drafts"))["drafts"] == []


async def test_nobody_has_somebody_elses_post_written_anew(ann: Person, bob: Person, alpha: TestInstance) -> None:
    post = await ann.publish("mine")
    await bob.refused(403, "POST", f"/posts/{post['postId']}/redraft")
    await alpha.anon.refused(401, "POST", f"/posts/{post['postId']}/redraft")
    assert (await ann.get(f"/posts/{post['postId']}"))["content"] == "<p>mine</p>"
    assert (await bob.get("/drafts"))["drafts"] == []
