"""What somebody has chosen goes along to another server: lists as they are, filters, hashtags, threads, circles."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import orjson
import pytest

from core.testing import Person, TestInstance, settle, world
from tests.core.transfer.packing import bring, outcome, packed, person
from tests.core.transfer.test_export import exported

LATER = "2035-01-01T00:00:00+00:00"


def rezipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


async def choose(ann: Person, bob: Person, cid: Person) -> dict[str, Any]:
    """Ann chooses one of everything; what her archive says of it."""
    quiet = await ann.post("/lists", {"title": "Quiet", "replies": "none", "exclusive": True})
    await ann.post(f"/lists/{quiet['listId']}/members", {"userIds": [bob.id]})
    words = {"words": [{"text": "ferry", "wholeWord": True}], "people": [cid.id], "languages": ["de"]}
    await ann.post("/filters", {"title": "Ferries", "action": "hide", "contexts": ["home", "public"], **words})
    await ann.post("/tags/Tides/follow")
    post = await bob.publish("Where to?", poll={"options": ["North", "South"]})
    await ann.post(f"/posts/{post['postId']}/vote", {"choices": [1]})
    await ann.put(f"/posts/{post['postId']}/reactions/🎉")
    await ann.post(f"/posts/{post['postId']}/mute-thread")
    await ann.put(f"/users/{bob.id}/follow", {"showShares": False})
    await ann.post(f"/users/{cid.id}/mute", {"expiresAt": LATER})
    own = await ann.publish("look here first")
    await ann.post(f"/posts/{own['postId']}/pin")
    await ann.put("/markers", {"home": {"lastReadId": own["postId"]}})
    circle = await ann.post("/circles", {"name": "Choir"})
    await ann.post(f"/circles/{circle['circleId']}/members", {"userId": bob.id})
    return post


async def test_what_was_chosen_is_in_the_archive_and_chosen_again_on_another_server() -> None:
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, bob, cid = await alpha.users("ann", "bob", "cid")
        await ann.follow(bob)
        await bob.follow(ann)
        post = await choose(ann, bob, cid)
        files = await exported(ann)
        chosen = orjson.loads(files["choices.json"])
        assert chosen["lists"] == [{"title": "Quiet", "replies": "none", "exclusive": True}]
        assert chosen["followedTags"] == ["Tides"] and chosen["mutedThreads"] == [post["uri"]]
        assert chosen["votes"] == [{"object": post["uri"], "content": "South"}]
        assert chosen["reactions"] == [{"object": post["uri"], "content": "🎉"}]
        assert [circle["members"] for circle in chosen["circles"]] == [["bob@alpha.test"]]
        assert chosen["follows"] == [{"address": "bob@alpha.test", "showShares": False, "showReplies": True}]
        (own,) = chosen["pins"]
        assert chosen["readTo"] == [{"object": own, "content": "home"}]
        assert b"bob@alpha.test,false,false," in files["following_accounts.csv"]
        assert files["followers.csv"].splitlines()[1:] == [b"bob@alpha.test"]
        assert b"cid" not in files["muted_accounts.csv"]  # a table cannot say until when: it would be for good
        (rule,) = chosen["filters"]
        assert (rule["people"], rule["words"]) == (["cid@alpha.test"], [{"text": "ferry", "wholeWord": True}])

        new = await beta.user("annie")
        for name in ("cid", "bob"):
            await new.get(f"/users/@{name}@alpha.test")
        await new.follow("@bob@alpha.test")
        await bob.follow("@annie@beta.test")
        await settle(alpha, beta)
        await bob.publish("@annie@beta.test look", inReplyTo=post["postId"])
        await settle(alpha, beta)
        transfer = await bring(new, "archive", rezipped(files))
        await settle(alpha, beta)
        report = await outcome(new, transfer)
        assert report["state"] == "done", report
        (quiet,) = (await new.get("/lists"))["lists"]
        assert (quiet["title"], quiet["replies"], quiet["exclusive"]) == ("Quiet", "none", True)
        (again,) = (await new.get("/filters"))["filters"]
        assert (again["title"], again["action"], again["languages"]) == ("Ferries", "hide", ["de"])
        assert again["words"] == [{"text": "ferry", "wholeWord": True}]
        assert [user["acct"] for user in again["people"]] == ["cid@alpha.test"]
        assert [tag["tag"] for tag in (await new.get("/followed-tags"))["tags"]] == ["Tides"]
        (choir,) = (await new.get("/circles"))["circles"]
        assert (choir["name"], choir["membersCount"]) == ("Choir", 1)
        brought = orjson.loads((await exported(new))["choices.json"])
        assert brought["follows"] == chosen["follows"]
        (mute,) = brought["mutesUntil"]
        assert mute["address"] == "cid@alpha.test" and mute["expiresAt"].startswith("2035-01-01")
        assert not (brought["votes"] or brought["reactions"] or brought["pins"])
        once_more = await bring(new, "archive", rezipped(files))
        await settle(alpha, beta)
        assert (await outcome(new, once_more))["done"] <= report["done"]
        assert len((await new.get("/filters"))["filters"]) == 1 and len((await new.get("/lists"))["lists"]) == 1


@pytest.mark.parametrize(
    "choices",
    [
        [],
        {"lists": [{"title": "x" * 500}], "filters": [{"title": "", "words": "all"}], "circles": [{"members": 7}]},
        {"followedTags": ["two words", "\0", "x" * 5000, {"a": 1}], "mutedThreads": ["file:///etc", {}, ["x"]]},
        {"filters": [{"title": "A", "words": [{"text": "\0"}, 7], "expiresAt": "never", "action": "explode"}]},
        {"lists": {"title": "no list"}, "circles": "none", "filters": [None, 3]},
        {"lists": [{"title": "A", "replies": "everybody"}]},
        {"follows": [{"address": "bob", "showShares": False}, {"address": "\0"}, "bob", {"address": ["bob"]}]},
        {"mutesUntil": [{"address": "bob"}, {"address": "bob", "expiresAt": "2001-01-01T00:00:00Z"}, "bob", {}]},
    ],
)
async def test_choices_that_make_no_sense_are_counted_and_nothing_comes_of_them(
    alpha: TestInstance, ann: Person, bob: Person, choices: Any
) -> None:
    transfer = await bring(ann, "archive", packed({"actor.json": person(), "choices.json": choices}))
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert report["state"] == "done" and report["done"] == 0
    for what in ("lists", "filters", "circles"):
        assert (await ann.get(f"/{what}"))[what] == []
    assert (await ann.get("/mutes"))["users"] == []
