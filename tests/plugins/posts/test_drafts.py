"""Drafts kept on the server, and posts for later as their authors look at them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.accounts import administration
from core.accounts.models import Account
from core.database import execute, now, value
from core.storage import files
from core.testing import Person, TestInstance, Visitor, settle
from core.testing.people import data_of, fields_of
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import uploaded
from tests.plugins.posts.test_scheduled import NOBODY, after, schedule


async def test_a_draft_keeps_all_that_a_post_may_be(ann: Person, bob: Person) -> None:
    root, quoted = (await bob.publish("root"))["postId"], (await bob.publish("quoted"))["postId"]
    picture = await uploaded(ann, saved(quarters(60, 40), "JPEG"), alt="Four colours")
    body = {"content": "Half a sent", "contentWarning": "W", "visibility": "followers", "language": "de",
            "inReplyTo": root, "quote": quoted, "localOnly": True, "replyPolicy": "followers", "sensitive": True,
            "poll": {"options": ["Yes"], "multiple": True, "expiresIn": 60}, "fileIds": [picture["fileId"]],
            "publishAt": after(days=2)}  # fmt: skip
    made = await ann.post("/drafts", body)
    (draft,) = (await ann.get("/drafts"))["drafts"]
    assert draft == made == await ann.get(f"/drafts/{made['draftId']}")
    same = ("content", "contentWarning", "visibility", "language", "inReplyTo", "quote", "localOnly", "sensitive")
    assert {name: draft[name] for name in same} == {name: body[name] for name in same}
    assert draft["poll"] == {"options": ["Yes"], "multiple": True, "expiresAt": None, "expiresIn": 60}
    assert [one["alt"] for one in draft["attachments"]] == ["Four colours"]
    assert (await ann.get("/feed"))["posts"] == []


async def test_an_empty_draft_is_one_and_comes_back_as_it_is(ann: Person) -> None:
    made = await ann.post("/drafts", {})
    assert (made["content"], made["visibility"], made["poll"], made["attachments"]) == ("", None, None, [])


async def test_two_devices_do_not_overwrite_each_other(ann: Person) -> None:
    made = await ann.post("/drafts", {"content": "one"})
    path = f"/drafts/{made['draftId']}"
    assert (await ann.put(path, {"content": "two", "version": 1}))["version"] == 2
    for never_seen in (1, 0, -1, 2**31, 2**64):  # beyond what a column of PostgreSQL holds, too
        await ann.refused(409, "PUT", path, {"content": "three", "version": never_seen})
    assert (await ann.get(path))["content"] == "two"
    assert (await ann.put(path, {"content": "whatever it said"}))["version"] == 3


async def test_a_draft_is_published_once_with_its_files(ann: Person, bob: Person) -> None:
    picture = await uploaded(ann, saved(quarters(60, 40), "JPEG"))
    body = {"content": "Done", "visibility": "unlisted", "fileIds": [picture["fileId"]]}
    path = f"/drafts/{(await ann.post('/drafts', body))['draftId']}"
    await bob.refused(404, "POST", f"{path}/publish")
    post = await ann.post(f"{path}/publish")
    assert (post["visibility"], len(post["attachments"])) == ("unlisted", 1)
    await ann.refused(404, "POST", f"{path}/publish")
    assert (await ann.get("/drafts"))["drafts"] == [] and len(await ann.feed()) == 1


async def test_a_draft_that_cannot_be_published_stays(ann: Person) -> None:
    path = f"/drafts/{(await ann.post('/drafts', {'contentWarning': 'W'}))['draftId']}"
    problem = await ann.refused(422, "POST", f"{path}/publish")
    assert fields_of(problem) == ["content"] and (await ann.get(path))["contentWarning"] == "W"


async def test_a_draft_with_a_time_waits_for_it(alpha: TestInstance, ann: Person) -> None:
    made = await ann.post("/drafts", {"content": "Later", "publishAt": after(days=1)})
    answer = await ann.call("POST", f"/drafts/{made['draftId']}/publish")
    assert answer.status_code == 202
    assert [one["postId"] for one in (await ann.get("/scheduled"))["scheduled"]] == [data_of(answer)["postId"]]
    assert (await ann.get("/drafts"))["drafts"] == []


async def test_files_of_drafts_stay_and_go_with_them(alpha: TestInstance, ann: Person) -> None:
    picture = await uploaded(ann, saved(quarters(60, 40), "JPEG"))
    made = await ann.post("/drafts", {"fileIds": [picture["fileId"]]})
    with alpha.inside():
        assert await files.expire() == 0
        held = await value("SELECT COUNT(*) FROM core_file WHERE unused_since > $1", now() + timedelta(days=300))
    await ann.delete(f"/drafts/{made['draftId']}")
    with alpha.inside():
        left = await value("SELECT COUNT(*) FROM core_file WHERE unused_since > $1", now() + timedelta(days=300))
    assert (held, left) == (1, 0)


async def test_a_draft_lets_no_file_go_that_a_post_shows(alpha: TestInstance, ann: Person) -> None:
    picture = await uploaded(ann, saved(quarters(60, 40), "JPEG"))
    made = await ann.post("/drafts", {"fileIds": [picture["fileId"]]})
    await ann.publish("Shown", fileIds=[picture["fileId"]])
    await ann.delete(f"/drafts/{made['draftId']}")
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM core_file WHERE unused_since IS NULL") == 1


async def test_nobody_keeps_files_of_others_in_a_draft(ann: Person, bob: Person) -> None:
    picture = await uploaded(ann, saved(quarters(60, 40), "JPEG"))
    problem = await bob.refused(422, "POST", "/drafts", {"fileIds": [picture["fileId"]]})
    assert fields_of(problem) == ["fileIds"] and (await bob.get("/drafts"))["drafts"] == []


@pytest.mark.parametrize(
    ("field", "body"),
    [("content", {"content": "x" * 50_001}), ("contentWarning", {"contentWarning": "x" * 501}),
     ("poll", {"poll": {"options": ["x"] * 51}}), ("quote", {"quote": "x"}), ("inReplyTo", {"inReplyTo": "x"}),
     ("visibility", {"visibility": "all"}), ("fileIds", {"fileIds": ["x"]}), ("fileIds", {"fileIds": [NOBODY]})],
)  # fmt: skip
async def test_what_no_draft_can_be_is_refused(ann: Person, field: str, body: dict[str, object]) -> None:
    assert fields_of(await ann.refused(422, "POST", "/drafts", body)) == [field]
    assert (await ann.get("/drafts"))["drafts"] == []


async def test_drafts_are_nobody_elses(ann: Person, eve: Person, anon: Visitor) -> None:
    path = f"/drafts/{(await ann.post('/drafts', {'content': 'Mine'}))['draftId']}"
    for method, body in (("GET", None), ("PUT", {"content": "Hers"}), ("DELETE", None)):
        await eve.refused(404, method, path, body)
        await anon.refused(401, method, path, body)
    assert (await eve.get("/drafts"))["drafts"] == [] and (await ann.get(path))["content"] == "Mine"


async def test_drafts_come_page_by_page(ann: Person) -> None:
    for number in range(5):
        await ann.post("/drafts", {"content": str(number)})
    first = await ann.get("/drafts", limit=3)
    rest = await ann.get("/drafts", limit=3, cursor=first["pagination"]["nextCursor"])
    assert [one["content"] for one in [*first["drafts"], *rest["drafts"]]] == ["4", "3", "2", "1", "0"]


async def test_what_waits_is_listed_changed_and_published_now(alpha: TestInstance, ann: Person, eve: Person) -> None:
    picture, other = [await uploaded(ann, saved(quarters(60, 40 + n), "JPEG")) for n in range(2)]
    later = await schedule(ann, "second", publishAt=after(days=2), fileIds=[picture["fileId"]])
    await schedule(ann, "first")
    assert [one["content"] for one in (await ann.get("/scheduled"))["scheduled"]] == ["first", "second"]
    body = {"content": "Second", "publishAt": after(hours=1), "fileIds": [other["fileId"]]}
    await eve.refused(404, "PUT", f"/scheduled/{later}", body)
    changed = await ann.put(f"/scheduled/{later}", body)
    assert [one["content"] for one in (await ann.get("/scheduled"))["scheduled"]] == ["Second", "first"]
    post = await ann.post(f"/scheduled/{changed['postId']}/publish")
    assert [one["fileId"] for one in post["attachments"]] == [other["fileId"]] and post["content"] == "<p>Second</p>"
    with alpha.inside():
        await execute("UPDATE core_job SET due_at = $1", now())
        assert await value("SELECT COUNT(*) FROM core_file WHERE unused_since IS NULL") == 1
    await settle(alpha)
    assert [one["content"] for one in await ann.feed()] == ["<p>first</p>", "<p>Second</p>"]


async def test_what_waits_is_taken_back_and_a_time_that_has_passed_is_refused(ann: Person) -> None:
    post_id = await schedule(ann)
    await ann.refused(422, "PUT", f"/scheduled/{post_id}", {"content": "x", "publishAt": "2020-01-01T00:00:00Z"})
    await ann.refused(422, "PUT", f"/scheduled/{post_id}", {"content": ""})
    assert [one["content"] for one in (await ann.get("/scheduled"))["scheduled"]] == ["Tomorrow's news"]
    await ann.delete(f"/scheduled/{post_id}")
    await ann.refused(404, "DELETE", f"/scheduled/{post_id}")
    assert (await ann.get("/scheduled"))["scheduled"] == []


async def test_drafts_are_taken_along_brought_back_once_and_forgotten(alpha: TestInstance, ann: Person) -> None:
    await ann.post("/drafts", {"content": "Half a thought", "poll": {"options": ["A", "B"]}})
    with alpha.inside():
        account = await Account.get(actor_id=ann.id)
        archive = dict(await alpha.instance.hooks.export_account.answers(account=account))
        await execute("DELETE FROM posts_draft")
        broken = [{"body": 7}, "no", {"body": {"content": ["x"]}}, *archive["posts"]["drafts.json"]]
        for _ in range(2):
            archive["posts"] = {"drafts.json": broken}
            await alpha.instance.hooks.import_account(account=account, archive=archive)
    (draft,) = (await ann.get("/drafts"))["drafts"]
    assert draft["content"] == "Half a thought" and draft["poll"]["options"] == ["A", "B"]
    with alpha.inside():
        await administration.remove(ann.actor)
    await settle(alpha)
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM posts_draft") == 0
