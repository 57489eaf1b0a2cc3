"""Everything that is stored about somebody is theirs to take along, and nobody else's."""

from __future__ import annotations

import asyncio
import csv
import io
import tracemalloc
import zipfile
from datetime import timedelta
from typing import Any

import orjson
import pytest

from core.accounts import administration
from core.accounts.models import Account, Session
from core.accounts.proof_models import SecurityEvent
from core.database import now, recorded
from core.models import Actor
from core.storage.models import ProfilePicture
from core.storage.service import hold
from core.testing import PASSWORD, Foreign, Person, TestInstance, Visitor, settle
from core.transfer import exporting, service
from core.transfer.models import Transfer
from tests.core.many_posts import write_many
from tests.core.transfer.packing import bring

Files = dict[str, bytes]


async def exported(person: Person) -> Files:
    answer = await person.call("GET", "/users/me/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    return unpacked(answer.content)


def unpacked(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


async def test_the_archive_has_what_somebody_wrote_likes_and_keeps(ann: Person, bob: Person) -> None:
    theirs = await bob.publish("from bob")
    post = await ann.publish("first words #harbour and @bob", contentWarning="boats")
    await ann.put(f"/posts/{post['postId']}", {"content": "better words #harbour and @bob"})
    secret = await ann.publish("for me alone", visibility="private")
    for act in ("like", "share", "bookmark"):
        await ann.post(f"/posts/{theirs['postId']}/{act}")
    files = await exported(ann)
    outbox = orjson.loads(files["outbox.json"])
    assert outbox["type"] == "OrderedCollection"
    create, private, share = outbox["orderedItems"]
    assert (share["type"], share["object"]) == ("Announce", theirs["uri"])
    assert (private["object"]["id"], private["object"]["visibility"]) == (secret["uri"], "private")
    note = create["object"]
    assert (note["id"], note["attributedTo"], note["summary"]) == (post["uri"], ann.uri, "boats")
    assert note["source"]["content"] == "better words #harbour and @bob"
    assert [former["source"]["content"] for former in note["formerVersions"]] == ["first words #harbour and @bob"]
    assert {tag["name"] for tag in note["tag"]} == {"#harbour", "@bob@alpha.test"}
    assert bob.uri in [*note["to"], *note["cc"]]
    for name in ("likes.json", "bookmarks.json"):
        assert orjson.loads(files[name])["orderedItems"] == [theirs["uri"]]
    assert table(files["bookmarks.csv"]) == [[theirs["uri"]]]
    actor = orjson.loads(files["actor.json"])
    assert (actor["id"], actor["outbox"], actor["preferredUsername"]) == (ann.uri, "outbox.json", "ann")


async def test_the_tables_have_the_columns_that_other_servers_read(
    alpha: TestInstance, ann: Person, foreign: Foreign
) -> None:
    bob, cleo, dora = await alpha.users("bob", "cleo", "dora")
    rita = foreign.person("rita")
    await ann.follow(bob)
    await ann.follow(rita.address)
    await ann.post(f"/users/{cleo.id}/block")
    await ann.post(f"/users/{dora.id}/mute")
    for domain in ("spam.test", "bücher.example"):
        await ann.post("/domain-blocks", {"domain": domain})
    files = await exported(ann)
    assert table(files["following_accounts.csv"]) == [
        ["Account address", "Show boosts", "Notify on new posts", "Languages"],
        ["rita@foreign.test", "true", "false", ""],
        ["bob@alpha.test", "true", "false", ""],
    ]
    assert table(files["blocked_accounts.csv"]) == [["cleo@alpha.test"]]
    muted = [["Account address", "Hide notifications"], ["dora@alpha.test", "true"]]
    assert table(files["muted_accounts.csv"]) == muted
    assert table(files["blocked_domains.csv"]) == [["xn--bcher-kva.example"], ["spam.test"]]


async def test_the_archive_has_what_the_server_knows_of_an_account_but_no_secret(
    alpha: TestInstance, ann: Person, anon: Visitor
) -> None:
    tokens = await anon.post("/auth/login", {"username": "ann", "password": PASSWORD})
    await ann.put("/users/me", {"settings": {"theme": "dark"}})
    with alpha.inside():
        hashes = [(await Account.get(id=ann.id)).password_hash]
        hashes += [session.refresh_hash for session in await Session.filter(account_id=ann.id)]
    files = await exported(ann)
    account = orjson.loads(files["account.json"])
    assert (account["email"], account["settings"]["theme"]) == (ann.email, "dark")
    assert len(account["sessions"]) == 2
    assert "export_asked" in [event["name"] for event in account["securityEvents"]]
    whole = b"".join(files.values())
    for secret in (PASSWORD, ann.refresh_token, ann.access_token, tokens["refreshToken"], *hashes):
        assert secret.encode() not in whole


async def test_every_plugin_has_a_folder_with_what_it_gives(ann: Person) -> None:
    await ann.post("/posts", {"content": "later", "publishAt": "2035-01-01T00:00:00Z"})
    files = await exported(ann)
    (waiting,) = orjson.loads(files["posts/scheduled.json"])
    assert waiting["body"]["content"] == "later"
    assert orjson.loads(files["federation/actor.json"])["id"] == ann.uri


async def test_pictures_lie_in_the_archive(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        blob = await alpha.instance.storage.put(b"picture", "image/webp")
        await ProfilePicture.create(actor_id=ann.id, role="avatar", blob_id=blob.id, width=1, height=1)
        await hold(blob.id)
    files = await exported(ann)
    assert files["avatar.webp"] == b"picture"
    assert orjson.loads(files["actor.json"])["icon"]["url"] == "avatar.webp"


async def test_a_page_says_what_lies_where(alpha: TestInstance, ann: Person) -> None:
    files = await exported(ann)
    index = files["README.html"].decode()
    for name in files.keys() - {"README.html"}:
        assert f'href="{name}"' in index
    assert "@ann" in index


async def test_an_archive_is_made_by_a_job_downloaded_once_it_is_there_and_told_of_by_mail(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await ann.publish("hello")
    asked = await ann.call("POST", "/users/me/export")
    assert asked.status_code == 202
    transfer = asked.json()["data"]
    assert (transfer["state"], transfer["downloadUrl"]) == ("waiting", None)
    await ann.refused(409, "POST", "/users/me/export")
    await settle(alpha)
    done = await ann.get(f"/users/me/transfers/{transfer['transferId']}")
    assert (done["state"], done["stepsDone"]) == ("done", done["steps"])
    assert [one["transferId"] for one in (await ann.get("/users/me/transfers"))["transfers"]] == [done["transferId"]]
    got = await ann.page(done["downloadUrl"])
    assert len(got.content) == done["size"]
    assert (got.headers["cache-control"], "attachment" in got.headers["content-disposition"]) == (
        "private, no-store",
        True,
    )
    assert b"hello" in unpacked(got.content)["outbox.json"]
    (mail,) = alpha.mails(ann.email)
    assert "archive" in str(mail["subject"])
    with alpha.inside():
        names = [event.name for event in await SecurityEvent.filter(account_id=ann.id).order_by("id")]
        assert names == ["export_asked", "export_downloaded"]
    for person in (bob, alpha.anon):
        status = 404 if person is bob else 401
        for path in ("", "/archive"):
            await person.refused(status, "GET", f"/users/me/transfers/{done['transferId']}{path}")
    assert (await bob.get("/users/me/transfers"))["transfers"] == []


async def test_another_archive_is_made_a_day_later_and_not_sooner(alpha: TestInstance, ann: Person) -> None:
    first = await exported(ann)
    answer = await ann.call("POST", "/users/me/export")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 3600
    await ann.publish("later words")
    assert (await exported(ann)).keys() == first.keys()
    with alpha.inside():
        await Transfer.all().update(created_at=now() - timedelta(days=1, seconds=1))
    assert b"later words" in (await exported(ann))["outbox.json"]


async def test_a_large_archive_is_made_by_a_job_for_get_too(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await write_many(ann, 2001)
    answer = await ann.call("GET", "/users/me/export")
    assert answer.status_code == 202
    assert answer.json()["data"]["state"] == "waiting"
    await ann.refused(409, "GET", "/users/me/export")
    await settle(alpha)
    assert len(orjson.loads((await exported(ann))["outbox.json"])["orderedItems"]) == 2001


async def test_of_two_exports_asked_for_at_once_one_is_made(alpha: TestInstance, ann: Person) -> None:
    answers = await asyncio.gather(*(ann.call("POST", "/users/me/export") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]


async def test_an_archive_is_deleted_after_a_week(alpha: TestInstance, ann: Person) -> None:
    await exported(ann)
    with alpha.inside():
        transfer = await Transfer.get()
        assert service.file_of(transfer).stat().st_mode & 0o777 == 0o600
        await Transfer.all().update(expires_at=now() - timedelta(seconds=1))
        await service.forget_old_transfers()
    await settle(alpha)
    assert list((alpha.folder / "transfers").iterdir()) == []
    assert (await ann.refused(410, "GET", f"/users/me/transfers/{transfer.id}/archive"))["code"] == "gone"


async def test_an_interrupted_export_is_made_anew_and_one_that_fails_says_so(
    alpha: TestInstance, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ann.publish("hello")
    transfer = await ann.post("/users/me/export")

    async def dies(*arguments: Any) -> None:
        raise KeyboardInterrupt

    async def fails(*arguments: Any) -> None:
        raise ValueError

    with alpha.inside():
        with monkeypatch.context() as broken:
            broken.setattr(exporting, "_write", dies)
            with pytest.raises(KeyboardInterrupt):
                await exporting.make_export(transfer_id=transfer["transferId"])
    await settle(alpha)
    assert (await ann.get(f"/users/me/transfers/{transfer['transferId']}"))["state"] == "done"
    with alpha.inside():
        await Transfer.all().update(created_at=now() - timedelta(days=2))
        monkeypatch.setattr(exporting, "_write", fails)
    second = await ann.post("/users/me/export")
    await settle(alpha)
    assert (await ann.get(f"/users/me/transfers/{second['transferId']}"))["state"] == "failed"
    assert [path.suffix for path in (alpha.folder / "transfers").iterdir()] == [".zip"]


async def test_what_lies_there_goes_with_the_account(alpha: TestInstance, ann: Person) -> None:
    await exported(ann)
    with alpha.inside():
        await administration.remove(await Actor.get(id=ann.id))
    await settle(alpha)
    assert list((alpha.folder / "transfers").iterdir()) == []


async def test_six_thousand_posts_take_little_memory_and_few_statements(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await write_many(ann, 6_000)
    transfer = await ann.post("/users/me/export")
    with alpha.inside():
        tracemalloc.start()
        with recorded() as statements:
            await exporting.make_export(transfer_id=transfer["transferId"])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        made = await Transfer.get(id=transfer["transferId"])
    assert made.state == "done"
    with zipfile.ZipFile(alpha.folder / "transfers" / f"{made.id}.zip") as archive:
        assert len(orjson.loads(archive.read("outbox.json"))["orderedItems"]) == 6_000
    assert peak < 6_000_000, peak  # the outbox alone is larger
    assert len(statements) < 6_000 / 200 * 10 + 100, len(statements)


async def test_a_session_that_has_not_proved_itself_lately_gets_nothing(alpha: TestInstance, ann: Person) -> None:
    transfer = await ann.post("/users/me/export")
    await settle(alpha)
    with alpha.inside():
        await Session.all().update(proved_at=now() - timedelta(hours=1))
    archive = f"/transfers/{transfer['transferId']}/archive"
    for method, path in (("POST", "/export"), ("GET", "/export"), ("GET", archive)):
        problem = await ann.refused(403, method, f"/users/me{path}")
        assert problem["code"] == "proof_required"


async def test_what_spreadsheets_would_work_out_is_text_to_them_and_comes_back_as_it_was(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    title = '=HYPERLINK("https://evil.test";"Open")'
    for person in (ann, eve):
        await person.follow(bob)
    made = await ann.post("/lists", {"title": title})
    await ann.post(f"/lists/{made['listId']}/members", {"userIds": [bob.id]})
    lists = (await exported(ann))["lists.csv"]
    assert table(lists)[1] == [f"'{title}", bob.address.removeprefix("@")]
    await bring(eve, "lists", lists)
    await settle(alpha)
    assert [one["title"] for one in (await eve.get("/lists"))["lists"]] == [title]
