"""What those in charge do with accounts: to those below them only, never to the last admin, and never unseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.accounts.models import Account
from core.accounts.proof_models import Passkey, RecoveryCode
from core.database import now
from core.models import Actor
from core.testing import PASSWORD, Person, TestInstance, Visitor, settle
from core.testing.people import fields_of


@pytest.fixture
async def moderator(alpha: TestInstance) -> AsyncIterator[Person]:
    yield await alpha.user("minder", role="moderator")


async def log_of(admin: Person, **query: Any) -> list[tuple[str, str | None, str | None]]:
    """What happened, to whom, by whom: first things first."""
    events = (await admin.get("/admin/audit-log", limit=50, **query))["events"]
    names = [(e["event"], *(e[who]["username"] if e[who] else None for who in ("user", "by"))) for e in events]
    return names[::-1]


# -- Roles ---------------------------------------------------------------------
async def test_admins_give_roles_and_it_counts_at_once(alpha: TestInstance, ann: Person, admin: Person) -> None:
    await ann.refused(403, "POST", "/users", {})
    for name in (ann.id, "ann", "@ann"):
        assert (await admin.put(f"/admin/users/{name}/role", {"role": "moderator"}))["role"] == "moderator"
    await ann.refused(422, "POST", "/users", {})
    assert (await admin.put("/admin/users/ann/role", {"role": "user"}))["role"] == "user"
    await ann.refused(403, "POST", "/users", {})
    assert await log_of(admin) == [("role_changed", "ann", "keeper")] * 2
    for wrong in ({"role": "king"}, {"role": 7}, {}):
        assert fields_of(await admin.refused(422, "PUT", "/admin/users/ann/role", wrong)) == ["role"]
    await admin.refused(404, "PUT", "/admin/users/nobody/role", {"role": "user"})


async def test_nobody_else_gives_roles(ann: Person, moderator: Person, anon: Visitor, alpha: TestInstance) -> None:
    await anon.refused(401, "PUT", "/admin/users/ann/role", {"role": "admin"})
    for who in (ann, moderator):
        for target in (who, ann):
            await who.refused(403, "PUT", f"/admin/users/{target.id}/role", {"role": "admin"})
    with alpha.inside():
        assert not await Actor.exists(role="admin")


async def test_an_admin_does_nothing_to_another_admin_but_may_step_down(alpha: TestInstance, admin: Person) -> None:
    other = await alpha.user("other", role="admin")
    for method, path, body in (
        ("PUT", "/admin/users/other/role", {"role": "user"}),
        ("POST", "/admin/users/other/suspend", None),
        ("DELETE", "/admin/users/other/second-factor", None),
        ("DELETE", "/users/other", None),
        ("PUT", "/users/other", {"bio": "mine"}),
    ):
        assert (await admin.refused(403, method, path, body))["code"] == "not_above_them"
    assert (await other.put("/admin/users/other/role", {"role": "user"}))["role"] == "user"
    await other.refused(403, "GET", "/admin/audit-log")


async def test_the_last_admin_neither_steps_down_nor_leaves(alpha: TestInstance, ann: Person, admin: Person) -> None:
    assert (await admin.refused(409, "PUT", "/admin/users/keeper/role", {"role": "user"}))["code"] == "last_admin"
    second = await alpha.user("second", role="admin")
    with alpha.inside():  # somebody suspended does not look after anything
        await Actor.filter(id=second.id).update(suspended_at=now())
    assert (await admin.refused(409, "PUT", "/admin/users/keeper/role", {"role": "user"}))["code"] == "last_admin"
    assert (await admin.refused(403, "DELETE", "/users/keeper"))["code"] == "not_above_them"
    await admin.refused(403, "POST", "/admin/users/keeper/suspend")
    assert (await admin.get("/users/me"))["role"] == "admin"


async def test_of_two_admins_who_step_down_at_once_one_stays(alpha: TestInstance, admin: Person) -> None:
    other = await alpha.user("other", role="admin")
    answers = await asyncio.gather(
        *(who.call("PUT", f"/admin/users/{who.name}/role", json={"role": "user"}) for who in (admin, other))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


# -- Suspending and deleting ---------------------------------------------------
async def test_moderators_suspend_members_and_let_them_in_again(
    alpha: TestInstance, ann: Person, moderator: Person, admin: Person
) -> None:
    headers = {"User-Agent": "Firefox"}
    answer = await moderator.call("POST", "/admin/users/ann/suspend", headers=headers)
    assert answer.json()["data"]["state"] == "suspended"
    await ann.refused(401, "GET", "/users/me")
    assert (await moderator.refused(409, "POST", "/admin/users/ann/suspend"))["code"] == "already_suspended"
    assert (await moderator.post("/admin/users/ann/unsuspend"))["state"] == "active"
    assert (await moderator.refused(409, "POST", "/admin/users/ann/unsuspend"))["code"] == "not_suspended"
    assert await log_of(admin, user="ann") == [("suspended", "ann", "minder"), ("unsuspended", "ann", "minder")]
    [_, first] = (await admin.get("/admin/audit-log", user="minder"))["events"]
    assert (first["address"], first["userAgent"]) == ("127.0.0.1", "Firefox")


async def test_moderators_do_nothing_to_those_who_stand_as_high(
    alpha: TestInstance, moderator: Person, admin: Person
) -> None:
    await alpha.user("other_mod", role="moderator")
    for name in ("keeper", "other_mod", "minder"):
        for method, path in (("POST", f"/admin/users/{name}/suspend"), ("DELETE", f"/users/{name}")):
            assert (await moderator.refused(403, method, path))["code"] == "not_above_them"
    assert await log_of(admin) == []


async def test_an_account_is_deleted_by_those_in_charge_and_nobody_else(
    alpha: TestInstance, ann: Person, bob: Person, moderator: Person, admin: Person, anon: Visitor
) -> None:
    post = await ann.publish("mine")
    await anon.refused(401, "DELETE", "/users/ann")
    for target in ("ann", "bob", "minder"):
        await bob.refused(403, "DELETE", f"/users/{target}")
    await moderator.delete("/users/ann")
    await settle(alpha)
    await bob.refused(404, "GET", "/users/ann")
    assert not await bob.sees(post["postId"])
    await moderator.refused(404, "DELETE", "/users/ann")
    assert ("account_deleted", "ann", "minder") in await log_of(admin)


# -- What somebody signs in with -----------------------------------------------
async def test_an_admin_takes_a_lost_second_factor_away(
    alpha: TestInstance, ann: Person, moderator: Person, admin: Person
) -> None:
    path = "/admin/users/ann/second-factor"
    assert (await admin.refused(409, "DELETE", path))["code"] == "no_second_factor"
    with alpha.inside():
        await Account.filter(id=ann.id).update(totp_secret="sealed", totp_step=7)
        await RecoveryCode.create(account_id=ann.id, hash="x")
        await Passkey.create(account_id=ann.id, credential="c", public_key="k", name="Phone")
    for who in (ann, moderator):
        await who.refused(403, "DELETE", path)
    await admin.delete(path)
    with alpha.inside():
        account = await Account.get(id=ann.id)
        assert (account.totp_secret, account.totp_confirmed_at) == ("", None)
        assert not await RecoveryCode.exists() and not await Passkey.exists()
    assert ("second_factor_removed", "ann", "keeper") in await log_of(admin)
    await settle(alpha)
    assert ["Your account was changed"] == [mail["subject"] for mail in alpha.mails(ann.email)]


# -- The log -------------------------------------------------------------------
async def test_people_read_what_happened_to_them_but_not_who_in_charge_it_was(
    alpha: TestInstance, ann: Person, bob: Person, moderator: Person
) -> None:
    body = {"username": "ann", "password": "not the one"}
    await alpha.anon.refused(401, "POST", "/auth/login", body, headers={"User-Agent": "curl"})
    await settle(alpha)
    await moderator.put("/users/ann", {"bio": "tidied"})
    [changed, failed] = (await ann.get("/auth/security-events"))["events"]
    assert (changed["event"], changed["by"], changed["address"]) == ("profile_changed", "staff", None)
    assert (failed["event"], failed["by"], failed["userAgent"]) == ("sign_in_failed", "unknown", "curl")
    assert failed["description"] == "Somebody tried to sign in and failed"
    assert moderator.id not in str(changed) + str(failed) and PASSWORD not in str(failed)
    assert (await bob.get("/auth/security-events"))["events"] == []
    await alpha.anon.refused(401, "GET", "/auth/security-events")


async def test_the_log_is_read_in_pages_and_by_what_is_sought(alpha: TestInstance, ann: Person, admin: Person) -> None:
    for role in ("moderator", "user", "moderator"):
        await admin.put("/admin/users/ann/role", {"role": role})
    await admin.post("/admin/users/ann/suspend")
    first = await admin.get("/admin/audit-log", limit=3)
    rest = await admin.get("/admin/audit-log", limit=3, cursor=first["pagination"]["nextCursor"])
    assert [len(page["events"]) for page in (first, rest)] == [3, 1]
    assert not rest["pagination"]["hasMore"]
    assert await log_of(admin, event="suspended") == [("suspended", "ann", "keeper")]
    assert len(await log_of(admin, user="keeper")) == len(await log_of(admin, user=ann.id)) == 4
    assert await log_of(admin, user="nobody") == []
    at = rest["events"][0]["createdAt"]
    assert len(await log_of(admin, since=at)) == 4 and await log_of(admin, until=at) == []
    await admin.refused(422, "GET", "/admin/audit-log", params={"since": "yesterday"})
    await admin.refused(422, "GET", "/admin/audit-log", params={"cursor": "x"})


async def test_the_log_is_for_admins(ann: Person, moderator: Person, anon: Visitor) -> None:
    await anon.refused(401, "GET", "/admin/audit-log")
    for who in (ann, moderator):
        await who.refused(403, "GET", "/admin/audit-log")
