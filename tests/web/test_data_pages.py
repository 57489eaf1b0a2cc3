"""The pages where somebody takes along what is stored about them, brings what they took elsewhere, and leaves."""

from __future__ import annotations

import re
import zipfile
from datetime import timedelta
from io import BytesIO

import httpx

from core.accounts.models import Account, Session
from core.database import now
from core.testing import PASSWORD, Person, TestInstance, settle
from core.testing.pages import submit, token_of
from tests.core.transfer.packing import create, outbox, packed, person

DATA, DELETE = "/settings/data", "/settings/delete"


async def send_file(browser: httpx.AsyncClient, kind: str, content: bytes) -> httpx.Response:
    token = token_of((await browser.get(DATA)).text)
    files = {"file": ("x", content, "application/octet-stream")} if content else {"other": ("x", b"x")}
    return await browser.post(f"{DATA}/import", data={"csrfToken": token, "type": kind}, files=files)


def archive_path(page: str) -> str:
    found = re.search(r'action="(/settings/data/[^"]+/archive)"', page)
    assert found
    return found[1]


async def test_an_archive_is_asked_for_watched_and_downloaded_without_scripts(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await ann.publish("hello")
    async with ann.browser() as browser:
        assert (await submit(browser, f"{DATA}/export", on=DATA)).headers["location"] == DATA
        page = (await browser.get(DATA)).text
        assert "Under way" in page and 'hx-trigger="every 2s"' in page
        assert "Make an archive" not in page
        await settle(alpha)
        page = (await browser.get(DATA)).text
        assert "Done" in page and "hx-trigger" not in page.partition('id="transfers"')[2].partition(">")[0]
        got = await submit(browser, archive_path(page), on=DATA)
        assert got.headers["content-type"] == "application/zip"
        assert b"hello" in zipfile.ZipFile(BytesIO(got.content)).read("outbox.json")
    async with bob.browser() as browser:
        assert (await submit(browser, archive_path(page), on=DATA)).status_code == 404


async def test_only_the_part_that_changes_is_sent_to_a_script(alpha: TestInstance, ann: Person) -> None:
    await ann.post("/users/me/export")
    async with ann.browser() as browser:
        part = (await browser.get(DATA, headers={"HX-Request": "true"})).text
    assert part.lstrip().startswith('<div id="transfers"')
    assert "<html" not in part


async def test_who_signed_in_long_ago_types_their_password_first(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await Session.all().update(proved_at=now() - timedelta(hours=1))
    async with ann.browser() as browser:
        refused = await submit(browser, f"{DATA}/export", on=DATA)
        assert refused.status_code == 422
        assert "Type your password" in refused.text
        wrong = await submit(browser, f"{DATA}/export", {"password": "Wrong-Harbour-1"}, on=DATA)
        assert "This is not your password." in wrong.text
        assert (await submit(browser, f"{DATA}/export", {"password": PASSWORD}, on=DATA)).status_code == 303
        await settle(alpha)
        with alpha.inside():
            await Session.all().update(proved_at=now() - timedelta(hours=1))
        page = (await browser.get(DATA)).text
        assert (await submit(browser, archive_path(page), on=DATA)).status_code == 422
        got = await submit(browser, archive_path(page), {"password": PASSWORD}, on=DATA)
        assert got.headers["content-type"] == "application/zip"


async def test_who_has_no_password_proves_otherwise_that_it_is_them(alpha: TestInstance, ann: Person) -> None:
    """Somebody who signs in with a passkey, or by another service."""
    with alpha.inside():
        await Account.filter(id=ann.id).update(password_hash="")
    async with ann.browser() as browser:
        assert (await submit(browser, f"{DATA}/export", on=DATA)).status_code == 303
        await settle(alpha)
        archive = archive_path((await browser.get(DATA)).text)
        with alpha.inside():
            await Session.all().update(proved_at=now() - timedelta(hours=1))
        for path in (DATA, DELETE):
            page = (await browser.get(path)).text
            assert f'href="/settings/confirm?next={path}"' in page
            assert 'type="password"' not in page
        for act in (f"{DATA}/export", archive):
            asked = await submit(browser, act, on=DATA)
            assert (asked.status_code, asked.headers["location"]) == (303, "/settings/confirm?next=%2Fsettings%2Fdata")
        asked = await submit(browser, DELETE, {"username": "ann"}, on=DELETE)
        assert asked.headers["location"] == "/settings/confirm?next=%2Fsettings%2Fdelete"
    with alpha.inside():
        assert (await Account.get(id=ann.id)).leaves_at is None


async def test_who_stays_after_all_is_told_so(alpha: TestInstance, ann: Person) -> None:
    async with ann.browser() as browser:
        await submit(browser, DELETE, {"username": "ann", "password": PASSWORD}, on=DELETE)
    async with alpha.browser({}) as browser:
        said = {"login": "ann", "password": PASSWORD, "stays": "true"}
        kept = await submit(browser, "/login", said, on="/login")
        assert kept.headers["location"] == "/settings/account?stayed"
        assert "Your account is kept" in (await browser.get("/settings/account?stayed")).text
    async with alpha.browser({}) as browser:  # who was not about to go is told nothing of it
        assert (await submit(browser, "/login", said, on="/login")).headers["location"] == "/"


async def test_a_file_is_imported_and_what_came_of_it_is_told(alpha: TestInstance, ann: Person, bob: Person) -> None:
    async with ann.browser() as browser:
        assert (await send_file(browser, "follows", b"bob@alpha.test\n<b>nobody</b>\n")).status_code == 303
        await settle(alpha)
        page = (await browser.get(DATA)).text
        assert "1 brought in" in page and "1 failed" in page
        assert "&lt;b&gt;nobody&lt;/b&gt;" in page
        whole = packed({"actor.json": person(), "outbox.json": outbox(create(1, "old words"))})
        assert (await send_file(browser, "archive", whole)).status_code == 303
        await settle(alpha)
        assert "old words" in (await browser.get("/@ann")).text
    assert (await ann.get(f"/users/{bob.id}"))["isFollowing"] is True


async def test_a_wrong_file_comes_back_with_what_is_wrong(ann: Person) -> None:
    async with ann.browser() as browser:
        for kind, content, said in (
            ("archive", b"no zip", "This is no zip archive."),
            ("follows", b"", "Choose a file."),
            ("everything", b"x", "One of archive"),
        ):
            page = await send_file(browser, kind, content)
            assert page.status_code == 422, kind
            assert said in page.text


async def test_leaving_names_what_goes_and_asks_for_name_and_password(alpha: TestInstance, ann: Person) -> None:
    async with ann.browser() as browser:
        page = (await browser.get(DELETE)).text
        for words in ("For 7 days", "Other servers are asked to erase", "stays taken"):
            assert words in page
        for typed, said in (
            ({"username": "bob", "password": PASSWORD}, "This is not your name"),
            ({"username": "ann", "password": "Wrong-Harbour-1"}, "This is not your password."),
            ({"username": "ann", "password": ""}, "Type your password."),
        ):
            answer = await submit(browser, DELETE, typed, on=DELETE)
            assert (answer.status_code, said in answer.text) == (422, True)
        left = await submit(browser, DELETE, {"username": "@Ann", "password": PASSWORD}, on=DELETE)
        assert left.status_code == 200
        assert "Goodbye, @ann" in left.text
        assert (await browser.get(DELETE)).headers["location"].startswith("/login")
    with alpha.inside():
        assert (await Account.get(id=ann.id)).leaves_at is not None


async def test_strangers_are_sent_to_log_in(alpha: TestInstance) -> None:
    async with alpha.browser() as browser:
        for path in (DATA, DELETE):
            assert (await browser.get(path)).headers["location"].startswith("/login")
