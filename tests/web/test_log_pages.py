"""The page of one account for those in charge, and the pages of the security log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from core.testing import Person, TestInstance
from core.testing.pages import submit


@pytest.fixture
async def minder(alpha: TestInstance) -> AsyncIterator[Person]:
    yield await alpha.user("minder", role="moderator")


@pytest.fixture
async def browser(admin: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with admin.browser() as opened:
        yield opened


async def test_an_admin_looks_after_an_account_on_its_page(ann: Person, browser: httpx.AsyncClient) -> None:
    at = f"/admin/users/{ann.id}"
    page = (await browser.get("/admin/users/ann")).text
    assert "ann@example.org" in page and "on 1 device" in page and "Suspend @ann" in page
    for act, values, said in (
        ("role", {"role": "moderator"}, "The role was changed from Member to Moderator"),
        ("suspend", {}, "The account was suspended"),
        ("unsuspend", {}, "The account was let in again"),
    ):
        answer = await submit(browser, f"{at}/{act}", values, on=at)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{at}?saved")
        assert said in (await browser.get(answer.headers["location"])).text
    answer = await submit(browser, f"{at}/second-factor/remove", on=at)
    assert answer.status_code == 409 and "nothing but their password" in answer.text
    assert (await submit(browser, f"{at}/delete", on=at)).headers["location"] == "/admin/users?saved"
    assert (await browser.get(at)).status_code == 404


async def test_nothing_is_offered_that_would_be_refused(
    alpha: TestInstance, ann: Person, admin: Person, minder: Person
) -> None:
    async with minder.browser() as browser:
        of_member = (await browser.get(f"/admin/users/{ann.id}")).text
        assert "Suspend @ann" in of_member and f"/admin/users/{ann.id}/role" not in of_member
        assert "What happened" not in of_member
        of_admin = (await browser.get(f"/admin/users/{admin.id}")).text
        assert "there is nothing you can do" in of_admin and "account-acts" not in of_admin
        answer = await submit(browser, f"/admin/users/{admin.id}/suspend", on=f"/admin/users/{ann.id}")
        assert answer.status_code == 403
        answer = await submit(browser, f"/admin/users/{ann.id}/role", {"role": "admin"}, on=f"/admin/users/{ann.id}")
        assert answer.status_code == 403
    assert (await admin.get("/admin/users/ann"))["role"] == "user"


async def test_the_last_admin_is_told_why_they_stay_one(admin: Person, browser: httpx.AsyncClient) -> None:
    at = f"/admin/users/{admin.id}"
    answer = await submit(browser, f"{at}/role", {"role": "user"}, on=at)
    assert answer.status_code == 409 and "This server needs an admin" in answer.text


async def test_acts_come_from_our_pages_only(ann: Person, admin: Person) -> None:
    async with admin.browser() as browser:
        for act in ("role", "suspend", "unsuspend", "second-factor/remove", "delete"):
            assert (await browser.post(f"/admin/users/{ann.id}/{act}")).status_code == 403, act
    assert (await ann.get("/users/me"))["role"] == "user"


async def test_people_read_their_own_log_in_words(alpha: TestInstance, ann: Person, minder: Person) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
    await alpha.anon.call("POST", "/auth/login", json={"username": "ann", "password": "no"}, headers=agent)
    await alpha.instance.database.engine.settle()
    await minder.put("/users/ann", {"bio": "tidied"})
    async with ann.browser() as browser:
        page = (await browser.get("/settings/security/log")).text
        assert "Somebody tried to sign in and failed" in page and "Firefox on Linux" in page and "127.0.0.1" in page
        assert "by somebody who looks after this place" in page and "minder" not in page
        assert "kept for 400 days" in page
        assert (await browser.get("/settings/security/log?cursor=x")).status_code == 422
    async with minder.browser() as browser:
        assert "Nothing yet" in (await browser.get("/settings/security/log")).text
    answer = await alpha.anon.page("/settings/security/log")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/settings/security/log")


async def test_the_whole_log_is_narrowed_and_walked(
    alpha: TestInstance, ann: Person, bob: Person, admin: Person, browser: httpx.AsyncClient
) -> None:
    for _ in range(16):
        await admin.put("/admin/users/ann/role", {"role": "moderator"})
        await admin.put("/admin/users/ann/role", {"role": "user"})
    await admin.post("/admin/users/bob/suspend")
    first = (await browser.get("/admin/audit")).text
    assert first.count("log-line") == 30 and "<b>The account was suspended</b>" in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = (await browser.get(older)).text
    assert second.count("log-line") == 3 and "<b>The account was suspended</b>" not in second
    narrowed = (await browser.get("/admin/audit?event=suspended")).text
    assert narrowed.count("log-line") == 1
    assert (await browser.get("/admin/audit?user=@bob")).text.count("log-line") == 1
    assert "Nothing like this" in (await browser.get("/admin/audit?user=nobody")).text
    assert "Nothing like this" in (await browser.get("/admin/audit?until=2001-01-01")).text
    for odd in ("since=9999-99-99", "until=9999-12-31", "event=%00", "user=%00"):
        assert (await browser.get(f"/admin/audit?{odd}")).status_code == 200, odd


async def test_the_whole_log_is_for_admins(alpha: TestInstance, ann: Person, minder: Person) -> None:
    for who in (ann, minder):
        async with who.browser() as browser:
            assert (await browser.get("/admin/audit")).status_code == 403
    assert (await alpha.anon.page("/admin/audit")).status_code in (303, 401)
