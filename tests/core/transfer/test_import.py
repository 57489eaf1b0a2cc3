"""What somebody took along elsewhere comes in line by line, each once, and whatever is wrong with one is said."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from typing import Any

import pytest

from core.accounts.proof_models import SecurityEvent
from core.database import value
from core.models import Follow
from core.testing import PASSWORD, Foreign, Person, TestInstance, settle, world
from core.transfer import bringing, importing
from tests.core.transfer.packing import bring, outcome, packed, person, refused

FOLLOWS = "Account address,Show boosts,Notify on new posts,Languages\n"


async def names(who: Person, path: str) -> set[str]:
    return {user["acct"] for user in (await who.get(path))["users"]}


async def blocked_servers(who: Person) -> list[str]:
    return [one["domain"] for one in (await who.get("/domain-blocks"))["domainBlocks"]]


async def following(who: Person) -> set[str]:
    return await names(who, f"/users/{who.id}/following")


async def test_who_moves_to_another_server_finds_there_whom_they_follow_and_block(
    alpha_and_beta: tuple[TestInstance, TestInstance],
) -> None:
    alpha, beta = alpha_and_beta
    foreign = Foreign("foreign.test").join(alpha, beta)
    rita = foreign.person("rita")
    ann, bob, cleo, dora = await alpha.users("ann", "bob", "cleo", "dora")
    there = await beta.user("ann")
    await ann.follow(bob)
    await ann.follow(rita.address)
    await ann.post(f"/users/{cleo.id}/block")
    await ann.post(f"/users/{dora.id}/mute")
    await ann.post("/domain-blocks", {"domain": "spam.test"})
    post = await bob.publish("to be found again")
    await ann.post(f"/posts/{post['postId']}/bookmark")
    await settle(alpha, beta)
    archive = (await ann.call("GET", "/users/me/export")).content
    foreign.inbox.clear()
    transfer = await bring(there, "archive", archive)
    assert transfer["state"] == "waiting"
    await settle(alpha, beta)
    report = await outcome(there, transfer)
    assert (report["failed"], report["reasons"]) == (0, {})
    assert await following(there) == {"bob@alpha.test"}  # who said yes at once; rita has been asked
    assert await names(there, "/blocks") == {"cleo@alpha.test"}
    assert await names(there, "/mutes") == {"dora@alpha.test"}
    assert await blocked_servers(there) == ["spam.test"]
    assert [one["uri"] for one in (await there.get("/bookmarks"))["posts"]] == [post["uri"]]
    assert "ann@beta.test" in await names(bob, f"/users/{bob.id}/followers")
    (asked,) = foreign.activities("Follow")
    assert (asked["actor"], asked["object"]) == (there.uri, rita.id)
    again = await bring(there, "archive", archive)
    await settle(alpha, beta)
    report = await outcome(there, again)
    assert (report["done"], report["failed"]) == (0, 0)
    assert len(foreign.activities("Follow")) == 1


async def test_the_report_counts_what_was_done_was_so_already_and_failed(
    alpha: TestInstance, ann: Person, foreign: Foreign
) -> None:
    await alpha.users("bob", "cleo")
    foreign.person("rita")
    await ann.follow("bob")
    lines = FOLLOWS + "bob@alpha.test,true\ncleo@alpha.test,true,false,\n@rita@foreign.test\nann@alpha.test\n"
    lines += 'nobody@foreign.test\nnobody\n"not an address"\n\n=cmd()\n'
    transfer = await bring(ann, "follows", lines.encode("utf-8-sig"))
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert (report["done"], report["already"], report["failed"]) == (2, 1, 5)
    reasons = {one["line"]: one["reason"] for one in report["lines"]}
    assert reasons["ann@alpha.test"] == "You cannot follow yourself."
    assert reasons["not an address"] == "This is no address of a person."
    assert reasons.keys() == {"ann@alpha.test", "nobody@foreign.test", "nobody", "not an address", "=cmd()"}
    assert await following(ann) == {"bob", "cleo"}
    with alpha.inside():
        event = await SecurityEvent.get(name="import_done")
        assert (event.account_id, event.details["done"]) == (ann.id, 2)


@pytest.mark.parametrize(("kind", "path"), [("blocks", "/blocks"), ("mutes", "/mutes")])
async def test_lists_of_blocks_and_mutes_need_no_heading(
    alpha: TestInstance, ann: Person, bob: Person, kind: str, path: str
) -> None:
    await bring(ann, kind, b"bob@alpha.test\r\n")
    await settle(alpha)
    assert await names(ann, path) == {"bob"}


async def test_blocked_servers_come_as_other_servers_write_them(alpha: TestInstance, ann: Person) -> None:
    await ann.post("/domain-blocks", {"domain": "b.example"})
    lines = "#domain\nA.example\nb.example\nb\u00fccher.example,severity\nalpha.test\nno domain\nann@c.example\n"
    transfer = await bring(ann, "domain_blocks", lines.encode("utf-8-sig"))
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert (report["done"], report["already"], report["failed"]) == (2, 1, 3)
    assert {one["line"]: one["reason"].partition(",")[0] for one in report["lines"]} == {
        "alpha.test": "This is the server you are on.",
        "no domain": "This is not the domain of a server",
        "ann@c.example": "This is not the domain of a server",
    }
    assert await blocked_servers(ann) == ["xn--bcher-kva.example", "a.example", "b.example"]


async def test_lists_are_taken_along_and_made_where_they_are_missing(
    alpha_and_beta: tuple[TestInstance, TestInstance],
) -> None:
    alpha, beta = alpha_and_beta
    ann, bob, there = await alpha.user("ann"), await alpha.user("bob"), await beta.user("ann")
    await ann.follow(bob)
    made = await ann.post("/lists", {"title": "Choir, and band"})
    await ann.post(f"/lists/{made['listId']}/members", {"userIds": [bob.id]})
    archive = (await ann.call("GET", "/users/me/export")).content
    await bring(there, "archive", archive)
    await settle(alpha, beta)
    (found,) = (await there.get("/lists"))["lists"]
    assert (found["title"], found["membersCount"]) == ("Choir, and band", 1)
    lines = b'List name,Account address\n"Choir, and band",bob@alpha.test\nNews,bob@alpha.test\nNews,eve@alpha.test\n'
    lines += b"x" * 200 + b",bob@alpha.test\n"
    transfer = await bring(there, "lists", lines)
    await settle(alpha, beta)
    report = await outcome(there, transfer)
    assert (report["done"], report["already"], report["failed"]) == (1, 1, 2)
    assert [one["title"] for one in (await there.get("/lists"))["lists"]] == ["Choir, and band", "News"]


async def test_bookmarks_of_other_servers_are_fetched_there(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign
) -> None:
    note = foreign.person("rita").note("<p>far away</p>")
    mine = await bob.publish("near")
    hidden = await bob.publish("not for ann", visibility="private")
    lines = f"{note['id']}\n{mine['uri']}\n{hidden['uri']}\nhttps://foreign.test/notes/none\nnonsense\n"
    transfer = await bring(ann, "bookmarks", lines.encode())
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert (report["done"], report["failed"]) == (2, 3)
    assert {one["uri"] for one in (await ann.get("/bookmarks"))["posts"]} == {note["id"], mine["uri"]}


async def test_an_import_goes_on_where_it_was_interrupted_and_does_nothing_twice(
    alpha: TestInstance, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"user{number}" for number in range(6)]
    await alpha.users(*people)
    transfer = await bring(ann, "follows", (FOLLOWS + "".join(f"{name}@alpha.test\n" for name in people)).encode())
    taken: list[str] = []
    original = bringing.act_of

    async def dies(actor: Any, part: str, line: str, pace: Any) -> Any:
        if len(taken) == 3:
            raise KeyboardInterrupt
        taken.append(line)
        return await original(actor, part, line, pace)

    with alpha.inside(), monkeypatch.context() as broken:
        broken.setattr(importing, "act_of", dies)
        with pytest.raises(KeyboardInterrupt):
            await importing.run_import(transfer_id=transfer["transferId"])
    half = await ann.get(f"/users/me/transfers/{transfer['transferId']}")
    assert (half["state"], half["stepsDone"], half["steps"]) == ("running", 3, 6)
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert (report["done"], report["already"], report["failed"]) == (6, 0, 0)
    with alpha.inside():
        assert await Follow.filter(follower_id=ann.id).count() == 6
        assert list((alpha.folder / "transfers").iterdir()) == []


async def test_a_long_import_is_done_in_several_stretches(
    alpha: TestInstance, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "SLICE_SECONDS", 0)
    people = [f"user{number}" for number in range(4)]
    await alpha.users(*people)
    transfer = await bring(ann, "follows", "".join(f"{name}@alpha.test\n" for name in people).encode())
    await settle(alpha)
    assert (await outcome(ann, transfer))["done"] == 4


async def test_other_servers_are_asked_at_a_walking_pace() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with world("alpha.test", rate_limits__enabled=True, rate_limits__import_look_ups_per_minute=6) as (alpha,):
        with alpha.inside():
            pace = bringing.Pace(sleep)
            for host in ("one.test", "two.test", "one.test"):
                await pace.keep(host)
    assert len(waits) == 1 and 0 < waits[0] <= 10


async def test_one_thing_is_brought_at_a_time_and_only_its_person_watches_it(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    transfer = await bring(ann, "follows", b"bob@alpha.test\n")
    await refused(ann, "follows", b"bob@alpha.test\n", 409)
    await bob.refused(404, "GET", f"/users/me/transfers/{transfer['transferId']}")
    await bring(bob, "follows", b"ann@alpha.test\n")
    await settle(alpha)
    assert (await ann.refused(404, "GET", f"/users/me/transfers/{transfer['transferId']}/archive"))["status"] == 404


async def test_who_left_meanwhile_gets_nothing_done_in_their_name(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await bring(ann, "follows", b"bob@alpha.test\n")
    await ann.delete("/users/me", {"password": PASSWORD})
    await settle(alpha)
    with alpha.inside():
        assert not await Follow.exists()
        assert await value("SELECT state FROM core_transfer") == "failed"


# -- Liars and accidents -------------------------------------------------------
def link(name: str) -> bytes:
    return packed({"actor.json": person(), name: "x"})


def bomb() -> bytes:
    return packed({"actor.json": person(), "following_accounts.csv": b"a" * (21 * 1_048_576)})


def truncated() -> bytes:
    return packed({"actor.json": person()})[:-30]


@pytest.mark.parametrize(
    ("kind", "content", "field", "said"),
    [
        ("archive", b"PK no zip", "file", "no zip archive"),
        ("archive", truncated(), "file", "no zip archive"),
        ("archive", packed({"cat.txt": "meow"}), "file", "nothing in this archive"),
        ("archive", link("../../../etc/cron.d/x"), "file", "“../../../etc/cron.d/x”"),
        ("archive", link("/etc/passwd"), "file", "“/etc/passwd”"),
        ("archive", link("posts\\..\\..\\x.json"), "file", "leads out of the archive"),
        ("archive", link("C:/x"), "file", "leads out of the archive"),
        ("follows", packed({"actor.json": person()}), "file", "choose “archive”"),
        ("follows", b"\xff\xfe\x00", "file", "This is no CSV file"),
        ("follows", b"ann\0bob", "file", "This is no CSV file"),
        ("follows", b"a@b.example\n" * 20_001, "file", "too many lines"),
        ("passwords", b"x", "type", "One of archive"),
        ("", b"x", "type", "One of archive"),
    ],
)
async def test_what_is_no_archive_or_list_is_refused_by_name_and_nothing_is_kept(
    alpha: TestInstance, ann: Person, kind: str, content: bytes, field: str, said: str
) -> None:
    problem = await refused(ann, kind, content)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert said in problem["errors"][0]["message"]
    assert (await ann.get("/users/me/transfers"))["transfers"] == []
    assert list((alpha.folder / "transfers").iterdir()) == []


async def test_a_zip_bomb_is_not_unpacked(alpha: TestInstance, ann: Person) -> None:
    transfer = await bring(ann, "archive", bomb())
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert report["state"] == "failed"
    assert "“following_accounts.csv” in it is too large" in report["error"]


def lying(name: str, content: bytes, says: int, method: int) -> bytes:
    """An archive with a member that says it is smaller than it is."""
    archive = bytearray(packed({"actor.json": person(), name: content}, method=method))
    entry = archive.rindex(name.encode()) - 46
    assert archive[entry : entry + 4] == b"PK\x01\x02"
    archive[entry + 24 : entry + 28] = says.to_bytes(4, "little")
    return bytes(archive)


@pytest.mark.parametrize("name", ["following_accounts.csv", "outbox.json", "avatar.png"])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2], ids=["deflate", "bzip2"])
async def test_what_says_it_is_small_does_not_fill_the_memory(
    alpha: TestInstance, ann: Person, name: str, method: int
) -> None:
    archive = lying(name, bytes(32 * 1_048_576), 1000, method)
    tracemalloc.start()
    try:
        transfer = await bring(ann, "archive", archive)
        await settle(alpha)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 * 1_048_576, f"{most} bytes"
    report = await outcome(ann, transfer)
    assert "in it cannot be read" in report.get("error", "") + str(report["reasons"])


async def test_many_files_for_one_plugin_are_too_large_together(alpha: TestInstance, ann: Person) -> None:
    filler = b"[" + b" " * 6_000_000 + b"]"
    archive = packed({"actor.json": person(), **{f"posts/{number}.json": filler for number in range(4)}})
    transfer = await bring(ann, "archive", archive)
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert (report["state"], report["error"]) == ("failed", "What lies in “posts” in it is too large: at most 20 MB.")


async def test_a_link_in_an_archive_is_refused(ann: Person) -> None:
    info = zipfile.ZipInfo("outbox.json")
    info.external_attr = 0o120777 << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "leads elsewhere" in (await refused(ann, "archive", target.getvalue()))["errors"][0]["message"]


async def test_a_request_without_a_file_or_too_large_is_refused() -> None:
    async with world("alpha.test", limits__import_bytes=1000) as (alpha,):
        ann = await alpha.user("ann")
        problem = await ann.refused(422, "POST", "/users/me/import", files={"type": (None, "follows")})
        assert problem["errors"][0]["field"] == "file"
        await refused(ann, "follows", b"x" * 1001, 413)
        await refused(ann, "follows", b"x" * 1_000_000, 413)
        await ann.refused(415, "POST", "/users/me/import", {"type": "follows"})
        await alpha.anon.refused(401, "POST", "/users/me/import", files={"file": ("f", b"x")}, data={"type": "x"})
