"""The pages under /admin: who gets in, and what they see of the people here."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.testing import Person, TestInstance, world


async def test_only_those_in_charge_find_the_way_to_admin(alpha: TestInstance, ann: Person, admin: Person) -> None:
    moderator = await alpha.user("minder", role="moderator")
    for who, finds in ((ann, False), (moderator, True), (admin, True)):
        async with who.browser() as browser:
            assert ('href="/admin"' in (await browser.get("/")).text) is finds
            answer = await browser.get("/admin")
            assert answer.status_code == (303 if finds else 403)


@pytest.mark.parametrize("path", ["/admin", "/admin/users", "/admin/nowhere"])
async def test_strangers_are_asked_to_log_in_and_come_back(alpha: TestInstance, path: str) -> None:
    async with alpha.browser({}) as browser:
        answer = await browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


async def test_the_accounts_are_found_by_name_address_and_state(
    alpha: TestInstance, ann: Person, bob: Person, admin: Person
) -> None:
    await alpha.user("minder", role="moderator")
    async with admin.browser() as browser:
        everybody = (await browser.get("/admin/users")).text
        assert "4 accounts" in everybody and "ann@example.org" in everybody
        found = (await browser.get("/admin/users", params={"term": "BOB@"})).text
        assert "bob@example.org" in found and "ann@example.org" not in found
        assert "No account is like this." in (await browser.get("/admin/users?state=suspended")).text
        assert (await browser.get("/admin/users?page=999999999999&state=odd")).status_code == 200
    async with ann.browser() as browser:
        assert (await browser.get("/admin/users")).status_code == 403


async def test_the_api_lists_accounts_for_those_in_charge_only(ann: Person, bob: Person, admin: Person) -> None:
    listed = await admin.get("/admin/users", term="@ann")
    assert [user["email"] for user in listed["users"]] == ["ann@example.org"]
    assert (listed["users"][0]["state"], listed["pagination"]["total"]) == ("active", 1)
    assert [user["username"] for user in (await admin.get("/admin/users", role="admin"))["users"]] == ["keeper"]
    assert (await admin.get("/admin/users/bob"))["userId"] == bob.id
    await admin.refused(404, "GET", "/admin/users/nobody")
    await admin.refused(422, "GET", "/admin/users?state=odd")
    await ann.refused(403, "GET", "/admin/users")
    await ann.refused(403, "GET", "/admin/users/bob")


async def test_whoever_looks_after_plugins_is_told_of_one_that_keeps_failing(tmp_path: Path) -> None:
    (tmp_path / "grumpy").mkdir()
    (tmp_path / "grumpy" / "__init__.py").write_text(
        "from core import hookimpl\nAPI = '>=1.0'\n@hookimpl\nasync def entry_published(entry):\n    1 / 0\n"
    )
    async with world("here.test", plugins=("posts", "grumpy"), drop_ins=tmp_path) as (here,):
        admin, moderator = await here.user("keeper", role="admin"), await here.user("minder", role="moderator")
        async with admin.browser() as browser:
            assert "grumpy" not in (await browser.get("/admin/users")).text
            for number in range(3):
                await admin.post("/posts", {"content": f"Post {number}"})
            page = (await browser.get("/admin/users")).text
        assert "“entry_published” of the plugin “grumpy” was switched off until the next start." in page
        assert "ZeroDivisionError at __init__.py:5" in page
        async with moderator.browser() as browser:
            assert "grumpy" not in (await browser.get("/admin/users")).text
