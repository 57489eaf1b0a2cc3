"""Posts that wait for their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.accounts import administration
from core.accounts.models import Account
from core.database import execute, now, value, when
from core.storage.files import expire
from core.testing import Person, TestInstance, Visitor, settle
from core.testing.people import PASSWORD, data_of, fields_of
from plugins.posts.models import ScheduledPost
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import uploaded

NOBODY = "0190a000-0000-7000-8000-000000000000"


def after(**time: float) -> str:
    """A moment from now, as the API writes one."""
    return (datetime.now(UTC) + timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def schedule(author: Person, content: str = "Tomorrow's news", **more: Any) -> str:
    """Write a post for tomorrow; its id."""
    body = {"content": content, "publishAt": after(days=1), **more}
    answer = await author.call("POST", "/posts", json=body)
    assert answer.status_code == 202
    return str(data_of(answer)["postId"])


async def a_day_later(instance: TestInstance) -> None:
    """Let everything that waits be due, and do it."""
    with instance.inside():
        await execute("UPDATE core_job SET due_at = $1", now())
    await settle(instance)


async def test_a_post_for_later_answers_its_id_and_time(ann: Person) -> None:
    at = after(hours=2)
    answer = await ann.call("POST", "/posts", json={"content": "x", "publishAt": at})
    assert answer.status_code == 202
    said = data_of(answer)
    assert said["publishAt"] == at.replace("Z", ".000Z")
    assert answer.headers["Location"] == f"/api/v1/posts/{said['postId']}"


async def test_it_is_nowhere_before_its_time(alpha: TestInstance, ann: Person, bob: Person, anon: Visitor) -> None:
    await bob.follow(ann)
    post_id = await schedule(ann)
    await settle(alpha)
    for who in (ann, bob):
        await who.refused(404, "GET", f"/posts/{post_id}")
    for who, path in ((bob, "/feed"), (anon, "/posts"), (anon, "/users/ann/posts")):
        assert (await who.get(path))["posts"] == []
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_it_is_everywhere_after(alpha: TestInstance, ann: Person, bob: Person, anon: Visitor) -> None:
    await bob.follow(ann)
    post_id = await schedule(ann, "News #today for @bob", visibility="unlisted", contentWarning="W", language="de")
    await a_day_later(alpha)
    [post] = await bob.feed()
    assert (post["postId"], post["visibility"], post["contentWarning"]) == (post_id, "unlisted", "W")
    assert (post["language"], post["tags"], post["mentions"][0]["username"]) == ("de", ["today"], "bob")
    assert await anon.call("GET", f"/posts/{post_id}")
    assert (await ann.get("/users/me"))["postsCount"] == 1


async def test_a_job_that_runs_twice_publishes_once(alpha: TestInstance, ann: Person) -> None:
    await schedule(ann)
    with alpha.inside():
        await execute(
            "INSERT INTO core_job (id, name, arguments, lane, state, attempts, due_at, error, created_at)"
            " SELECT $1, name, arguments, lane, state, attempts, due_at, error, created_at FROM core_job"
            " WHERE name LIKE '%publish_due'",
            NOBODY,
        )
    await a_day_later(alpha)
    assert len(await ann.feed()) == 1


async def test_an_answer_for_later_answers_then(alpha: TestInstance, ann: Person, bob: Person) -> None:
    root = (await ann.publish("root"))["postId"]
    await schedule(bob, inReplyTo=root)
    assert (await ann.get(f"/posts/{root}"))["commentsCount"] == 0
    await a_day_later(alpha)
    assert (await ann.get(f"/posts/{root}"))["commentsCount"] == 1


@pytest.mark.parametrize("how", ["deleted", "blocked"])
async def test_an_answer_to_what_is_gone_becomes_a_draft_that_says_why(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, how: str
) -> None:
    root = (await ann.publish("root"))["postId"]
    await schedule(bob, inReplyTo=root)
    if how == "deleted":
        await ann.delete(f"/posts/{root}")
    else:
        await ann.post(f"/users/{bob.id}/block")
    await a_day_later(alpha)
    assert (await anon.get("/users/bob/posts?replies=true"))["posts"] == []
    (draft,) = (await bob.get("/drafts"))["drafts"]
    assert (draft["content"], draft["inReplyTo"]) == ("Tomorrow's news", None)
    assert draft["problem"] == "What this was to answer is gone. It can still be posted on its own."
    page = (await bob.browser().get("/drafts")).text
    assert "This was not published at its time" in page and draft["problem"] in page
    path = f"/drafts/{draft['draftId']}"
    kept = await bob.put(path, {"content": "Yesterday's news", "version": draft["version"]})
    assert kept["problem"] is None
    assert (await bob.post(f"{path}/publish"))["content"] == "<p>Yesterday&#x27;s news</p>".replace("&#x27;", "'")


async def test_a_draft_that_says_why_is_published_as_it_is(alpha: TestInstance, ann: Person, bob: Person) -> None:
    root = (await ann.publish("root"))["postId"]
    await schedule(bob, inReplyTo=root)
    await ann.delete(f"/posts/{root}")
    await a_day_later(alpha)
    (draft,) = (await bob.get("/drafts"))["drafts"]
    post = await bob.post(f"/drafts/{draft['draftId']}/publish")
    assert (post["content"], post["inReplyTo"]) == ("<p>Tomorrow's news</p>", None)


async def test_it_is_published_even_if_what_it_quotes_has_gone(alpha: TestInstance, ann: Person, bob: Person) -> None:
    quoted = (await ann.publish("Quote me"))["postId"]
    post_id = await schedule(bob, quote=quoted)
    await ann.delete(f"/posts/{quoted}")
    await a_day_later(alpha)
    assert (await bob.get(f"/posts/{post_id}"))["quote"] is None


async def test_its_author_takes_it_back_and_nobody_else(alpha: TestInstance, ann: Person, eve: Person) -> None:
    post_id = await schedule(ann)
    await eve.refused(404, "DELETE", f"/posts/{post_id}")
    assert await ann.delete(f"/posts/{post_id}") == {"postId": post_id}
    await a_day_later(alpha)
    assert await ann.feed() == []
    await ann.refused(404, "DELETE", f"/posts/{post_id}")


async def test_who_was_suspended_meanwhile_publishes_nothing(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    await schedule(ann)
    with alpha.inside():
        await administration.suspend(ann.actor)
        await a_day_later(alpha)
        assert await value("SELECT COUNT(*) FROM core_entry") == 0


async def test_who_was_suspended_when_its_time_came_finds_it_among_their_drafts(
    alpha: TestInstance, ann: Person, admin: Person, anon: Visitor
) -> None:
    await schedule(ann, poll={"options": ["Yes", "No"], "expiresIn": 3600})
    await admin.post(f"/admin/users/{ann.id}/suspend")
    await a_day_later(alpha)
    await admin.post(f"/admin/users/{ann.id}/unsuspend")
    await settle(alpha)
    tokens = await anon.post("/auth/login", {"username": "ann", "password": PASSWORD})
    ann.headers = {"Authorization": f"Bearer {tokens['accessToken']}"}
    (draft,) = (await ann.get("/drafts"))["drafts"]
    assert (draft["content"], draft["poll"]["options"]) == ("Tomorrow's news", ["Yes", "No"])
    assert (await ann.get("/scheduled"))["scheduled"] == []
    assert (await anon.get("/users/ann/posts"))["posts"] == []
    assert (await ann.post(f"/drafts/{draft['draftId']}/publish"))["content"] == "<p>Tomorrow's news</p>"


async def test_what_may_not_be_published_any_more_becomes_a_draft_with_its_files(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    root = (await ann.publish("root"))["postId"]
    file = (await uploaded(bob, saved(quarters(60, 40), "JPEG")))["fileId"]
    await schedule(bob, inReplyTo=root, fileIds=[file])
    await ann.put(f"/posts/{root}", {"content": "root", "replyPolicy": "nobody"})
    await a_day_later(alpha)
    (draft,) = (await bob.get("/drafts"))["drafts"]
    assert (draft["content"], draft["inReplyTo"]) == ("Tomorrow's news", root)
    assert draft["problem"] == "Its author does not want anybody to answer this."
    assert [one["fileId"] for one in draft["attachments"]] == [file]
    assert (await bob.get("/scheduled"))["scheduled"] == []
    assert (await ann.get(f"/posts/{root}/comments"))["comments"] == []
    with alpha.inside():
        held = await value("SELECT unused_since FROM core_file WHERE id = $1", file)
        assert when(held) > now() + timedelta(days=300)
        assert await expire() == 0
    assert (await bob.get(f"/files/{file}"))["fileId"] == file


async def test_who_leaves_leaves_nothing_that_waits(alpha: TestInstance, ann: Person) -> None:
    await schedule(ann)
    with alpha.inside():
        await administration.remove(ann.actor)
    await settle(alpha)
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM posts_scheduled") == 0


@pytest.mark.parametrize(
    "at", ["soon", "2026-13-01T00:00:00Z", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00", "0001-01-01T00:00:00+14:00",
           "9999-12-31T23:59:59-14:00", 4102444800, "4102444800", "4102444800.5", "", True]
)  # fmt: skip
async def test_a_time_that_cannot_be_is_refused(alpha: TestInstance, ann: Person, at: object) -> None:
    problem = await ann.refused(422, "POST", "/posts", {"content": "x", "publishAt": at})
    assert fields_of(problem) == ["publishAt"]
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM core_job WHERE name LIKE '%publish_due'") == 0


async def test_what_could_not_be_published_is_refused_now(alpha: TestInstance, ann: Person, eve: Person) -> None:
    hidden = (await ann.publish(visibility="private"))["postId"]
    for body, status in (
        ({"content": ""}, 422),
        ({"contentWarning": "x" * 501}, 422),
        ({"inReplyTo": NOBODY}, 404),
        ({"quote": NOBODY}, 404),
        ({"inReplyTo": hidden}, 404),
        ({"quote": hidden}, 404),
    ):
        wanted = {"content": "x", "publishAt": after(days=1), **body}
        await eve.refused(status, "POST", "/posts", wanted)
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM core_job WHERE name LIKE '%publish_due'") == 0


async def test_what_is_written_for_later_is_taken_along_and_brought_back_once(alpha: TestInstance, ann: Person) -> None:
    await schedule(ann, "Not yet")
    with alpha.inside():
        account = await Account.get(actor_id=ann.id)
        archive = dict(await alpha.instance.hooks.export_account.answers(account=account))
        assert [one["body"]["content"] for one in archive["posts"]["scheduled.json"]] == ["Not yet"]
        for _ in range(2):
            await alpha.instance.hooks.import_account(account=account, archive=archive)
        assert await ScheduledPost.filter(author_id=ann.id).count() == 1
        await ScheduledPost.all().delete()
        await alpha.instance.hooks.import_account(account=account, archive=archive)
        assert [one.body["content"] for one in await ScheduledPost.filter(author_id=ann.id)] == ["Not yet"]
